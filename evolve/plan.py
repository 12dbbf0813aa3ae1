"""The plan: how a run's time is spent, worked out from a short probe of the machine before the first birth.

A plan is settings of a run. With it the history of a run depends on seed and settings again, and the clock decides only
where the search ends and how many epochs the last training has. It can be run again, on any machine, by its counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evolve.config import RunConfig, budget
from evolve.errors import ConfigError
from evolve.search.strategy import strategy_class
from evolve.values import Budget

FINAL_SHARE = 0.85  # of the time, for the training of the winner
RESCORING_SHARE = 0.05
FINAL_EPOCHS = 20  # that the largest network must be able to have in the last training
PLENTY = 60  # epochs of it that are enough; what they leave of its time, up to half, goes to the search
TYPICAL_SHARE = 0.6  # work of a usual candidate, as a share of the most that is allowed
FILLED = 0.85  # the same where networks are made as wide as is allowed
GROWTH = (2.5, 5.0)  # times the work of small networks that large ones may have: at least, for it to pay; at most
SMALL_SHARE = 0.7  # of the time of the search, for the small networks of its beginning
AGAIN = 2  # trainings with the largest budget of the search that there is time for when leaders are scored again
ALL_CORES = 0.9  # how well one training uses all cores, compared with one training on each of them
BIRTHS = 1.2  # times the root of the seconds that all workers together have for the search
FEWEST = 8  # births, however little time there is
FEWEST_IMAGES = 200
MOST_RUNGS = 3
ENOUGH = 15_000  # images seen in a training that tells networks apart
ROOMY = 8  # births that rungs leave time for
MANY = 16  # small births, for which it pays to have small and large ones
LOOK_AHEAD = 2  # times the workers: enough to keep them busy, and as much as possible is known at each birth
CLOSING_SECONDS = 1.5  # to say what came out
SMALLEST = 200_000  # units of work for an image that are always allowed
FILE = "plan.json"
# Settings that plans decide.
DECIDED = {
    "population",
    "look_ahead",
    "rungs",
    "promote_one_in",
    "small_births",
    "small_work",
    "max_work",
    "fill",
    "max_multiply_adds",
    "leaders",
    "rescorings",
    "final_epochs",
    "evaluations",
}


@dataclass(frozen=True)
class Machine:
    """What a probe found out.

    rate: units of work a second of one worker while all work; training on an image takes three times its `work`.
    start: seconds that a brief training takes beside its training steps.
    usual: work of the networks that were tried, the median.
    """

    rate: float
    start: float
    workers: int
    usual: int


@dataclass(frozen=True)
class Times:
    """Seconds of a run by stage. final: 0 if the last training may take as long as its epochs need."""

    search: float
    rescoring: float
    final: float

    @property
    def total(self) -> float:
        return self.search + self.rescoring + self.final

    def to_json(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """settings: fields of `RunConfig` that it decides. seconds, machine: by stage, and what it was worked out for; None
    for a run that has counts instead of a time."""

    settings: Mapping[str, Any]
    seconds: Times | None = None
    machine: Machine | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def _pace(self) -> str:
        if self.machine is None:
            return ""
        slowest = self.machine.rate / 3 / self.settings["max_work"]
        return f", none that is trained on fewer than {_rounded(slowest):,} images a second"

    def in_words(self) -> str:
        """The plan as lines of text."""
        s, t = self.settings, self.seconds
        stages = (t.search, t.rescoring, t.final) if t else (0.0, 0.0, 0.0)
        search, again, final = (f" in {_minutes(seconds)}" if seconds else "" for seconds in stages)
        about = "about " if t else ""
        rungs = " -> ".join(f"{one.images:,} images x {one.epochs}" for one in map(budget, s["rungs"]))
        first = f", {s['small_births']} small ones and then the best of them wider" if "small_births" in s else ""
        one_in = f", of which the best 1 in {s['promote_one_in']} goes on" if len(s["rungs"]) > 1 else ""
        return "\n".join(
            (
                f"plan{f' for {_minutes(t.total)}' if t else ''}: {about}{s['evaluations']} candidates{search}"
                f"{first}{self._pace()}",
                f"      each trained on {rungs}{one_in}",
                f"      {s['leaders']} leaders scored again {s['rescorings']} times{again}",
                f"      the winner trained in full{final}, {about}{s['final_epochs']} epochs",
            )
        )


def times(seconds: float) -> Times:
    """The stages of a run that has so many seconds."""
    return Times(seconds * (1 - FINAL_SHARE - RESCORING_SHARE), seconds * RESCORING_SHARE, seconds * FINAL_SHARE)


def shortest(machine: Machine) -> float:
    """Seconds that a run needs at the very least: for a handful of trainings of nearly no images."""
    return 5 * machine.start / (1 - FINAL_SHARE - RESCORING_SHARE) / machine.workers


def make_plan(config: RunConfig, seconds: float, machine: Machine, train: int, images: int) -> Plan:
    """A plan for what is left of the time.

    seconds: of all that is still to be done. train: images that brief trainings may use. images: those of the last
    training. What the user has set stays as it is.
    """
    given, t, one_in = config.model_fields_set, times(seconds), config.promote_one_in
    workers = t.search * machine.workers  # seconds of all of them
    # Work of a network that there would be time to train for one epoch in the end.
    last = t.final * machine.rate * machine.workers * ALL_CORES / 3 / images
    sizes = _sizes(config, last / FINAL_EPOCHS, machine, train, workers)
    small, typical = sizes.small, sizes.typical
    needed = max(0.5, min(1.0, PLENTY * typical / last))  # of the time for the last training
    t = replace(t, search=t.search + (1 - needed) * t.final, final=needed * t.final)
    workers = t.search * machine.workers
    final_epochs = max(1, round(needed * last / typical))
    available = workers * (SMALL_SHARE if small else 1)

    def speed(work: float) -> float:
        """Images a second."""
        return float(machine.rate / 3 / work)

    births = max(FEWEST, round(BIRTHS * math.sqrt(available)))
    again = t.rescoring * machine.workers
    most = (again / AGAIN - machine.start) * speed(typical)  # images, so that leaders can be scored again
    rungs = config.budgets or _rungs(
        config, births, available / births, machine.start, speed(sizes.first), min(most, final_epochs * images), train
    )

    def birth(work: float) -> float:
        """Seconds, with its share of promotions."""
        trainings = (rung.size / speed(work) + machine.start for rung in rungs)
        return sum(training / float(one_in) ** place for place, training in enumerate(trainings))

    births = max(FEWEST, round(available / birth(sizes.first)))
    growing = {"small_births": births, "small_work": small} if small else {}
    births += round((workers - available) / birth(typical))
    trainings = max(1, int(again / (rungs[-1].size / speed(typical) + machine.start)))
    leaders = min(4, math.ceil(math.sqrt(trainings)))
    settings: dict[str, Any] = {
        "population": max(8, min(32, births // 2)),  # founders are not to die before they could breed
        "look_ahead": LOOK_AHEAD * machine.workers,
        "rungs": [str(one) for one in rungs],
        "promote_one_in": one_in,
        **growing,
        "max_work": sizes.largest,
        "fill": sizes.fill,
        "max_multiply_adds": sizes.largest,  # which `max_work` bounds
        "leaders": leaders,
        "rescorings": max(1, min(4, trainings // leaders)),
        "final_epochs": final_epochs,
        "evaluations": births,
    }
    settings |= {name: getattr(config, name) for name in settings if name in given and name != "rungs"}
    if "final_epochs" in given:
        t = _fixed(seconds, settings["final_epochs"] * images / speed(typical) / machine.workers / ALL_CORES)
    return Plan(settings, t, machine)


@dataclass(frozen=True)
class _Sizes:
    """Work that networks may have, see `RunConfig`, and what births have: the first ones and in the end."""

    small: int | None
    largest: int
    fill: bool
    first: float
    typical: float


def _sizes(config: RunConfig, longest: float, machine: Machine, train: int, available: float) -> _Sizes:
    """longest: work that there is time for in the last training. available: seconds of all workers for the search."""
    largest = config.max_work or _rounded(max(SMALLEST, longest))
    if small := _small(config, largest, machine, train, SMALL_SHARE * available):
        largest = config.max_work or min(largest, round(GROWTH[1] * small))
    # Where usual networks would take much of the time, all are as large as it allows; else they are of any size.
    fill = bool(small) or largest < GROWTH[1] * machine.usual
    fill = config.fill if "fill" in config.model_fields_set else fill
    typical = FILLED * largest if fill else min(machine.usual, TYPICAL_SHARE * largest)
    return _Sizes(small, largest, fill, FILLED * small if small else typical, typical)


def _small(config: RunConfig, largest: int, machine: Machine, train: int, available: float) -> int | None:
    """Work that networks may have at the beginning, if the search is to begin with small ones: where the time of a
    brief training goes to training, and not to making it ready, and there is room for some of them.

    available: seconds of all workers together.
    """
    if config.small_work or not strategy_class(config.strategy).takes_updates:
        return config.small_work
    small = _rounded(min(largest / GROWTH[0], machine.usual))
    seconds = 3 * FILLED * small * min(ENOUGH, 10 * train) / machine.rate
    return small if machine.start < seconds < available / MANY - machine.start else None


def _fixed(seconds: float, final: float) -> Times:
    """The stages if the last training takes as long as its epochs need, which is foreseen and not held to."""
    rescoring = seconds * RESCORING_SHARE
    final = min(final, 0.8 * seconds)
    return Times(seconds - rescoring - final, rescoring + final, 0.0)


def _rungs(
    config: RunConfig, births: int, each: float, start: float, speed: float, most: float, train: int
) -> tuple[Budget, ...]:
    """Up to three budgets with the same images and ever more epochs, so that what pays only when images are seen often,
    such as augmentation, pays on the highest rung, too. The lowest is long enough to tell networks apart, if that can
    be had at all: rather fewer births than such a budget that ranks them by chance.

    births: as many as there should be. each: seconds that one may then take, with its share of promotions.
    speed: images a second. most: images x epochs of the highest rung.
    """
    one_in, enough = config.promote_one_in, min(ENOUGH, 10 * train)
    if config.images or config.epochs:
        epochs = config.epochs or 1
        return (Budget(min(train, config.images or _images((each - start) * speed / epochs)), epochs),)
    seen, steps = (each - start) * speed, [1]
    for count in range(MOST_RUNGS, 0, -1):
        growing = [one_in**place for place in range(count)]
        starts = sum(start / step for step in growing)
        fits = count == 1 or growing[-1] * enough <= most
        if fits and births * each >= ROOMY * (count * enough / speed + starts):
            seen, steps = max(enough, min((each - starts) * speed / count, most / growing[-1])), growing
            break
    images = _images(seen)
    repeats = max(1, round(images / train))
    return tuple(Budget(min(train, images), step * repeats) for step in steps)


def _images(wanted: float) -> int:
    return max(FEWEST_IMAGES, _rounded(wanted))


def _rounded(value: float) -> int:
    """A whole number of two digits and noughts."""
    digits: int = 10 ** max(0, int(math.log10(max(1.0, value))) - 1)
    return int(value / digits) * digits


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def read_plan(path: Path) -> dict[str, Any]:
    """The settings of a plan in a file, or in the folder of a run. Raises ConfigError if it cannot be read, or holds
    anything that no plan decides: it may come from a stranger."""
    file = path / FILE if path.is_dir() else path
    try:
        settings = dict(json.loads(file.read_text())["settings"])
    except FileNotFoundError:
        raise ConfigError(f"--plan {path}: there is no such file") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"--plan {path}: is not a plan; a run leaves one as {FILE} in its folder") from None
    if others := sorted(settings.keys() - DECIDED):
        raise ConfigError(f"--plan {path}: '{others[0]}' is nothing that a plan decides; give it as a flag of its own")
    return settings


def write_plan(plan: Plan, folder: Path) -> None:
    """Leaves the plan in the folder of a run."""
    (folder / FILE).write_text(json.dumps(plan.to_json(), indent=1) + "\n")
