"""The plan: how a run's time is spent, worked out before the first birth from how fast the machine trains.

A plan is settings of a run. With it the history of a run depends on seed and settings alone; the clock decides only
where the search ends and how many epochs the last training has. It can be run again, on any machine, by its counts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from evolve.display.text import plural
from evolve.errors import ConfigError
from evolve.settings import path_of
from evolve.values import Budget

FILE = "plan.json"
# Settings that plans decide.
DECIDED = {
    "population",
    "max_founders",
    "challengers",
    "newcomers",
    "twins",
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
    "rescoring_images",
    "rescoring_epochs",
    "final_epochs",
    "evaluations",
}
# What a plan for units of work, and an experiment, fixes beside these, as it would depend on the machine: the numbers
# that are computed with, and GiB that a worker may hold.
FIXED: Mapping[str, Any] = {"precision": "float32", "candidate_memory": 4.0}
ALL_CORES = 0.9  # how well one training uses all cores, compared with one training on each of them


@dataclass(frozen=True)
class Machine:
    """How fast a machine trains.

    rate: units of work a second of one worker while all of them work; training on an image takes three times its
    `work`. start: seconds of a brief training that are not spent in training steps. usual: median work of the networks
    that were tried. together: how well one training uses all cores, compared with one training on each of them.
    """

    rate: float
    start: float
    workers: int
    usual: int
    together: float = ALL_CORES


@dataclass(frozen=True)
class Stages:
    """Seconds of a run by stage, or its units of work. by_clock: whether the clock ends the last training; else it
    has the epochs that the user has set, and what they take is foreseen. stretches: whether it also takes what the
    search has left of its share, and then has more epochs than planned."""

    search: float
    rescoring: float
    final: float
    by_clock: bool = True
    stretches: bool = True

    @property
    def total(self) -> float:
        return self.search + self.rescoring + self.final

    def with_final(self, seconds: float) -> Stages:
        """With so much for the last training, and the difference for the search."""
        return replace(self, search=self.search + self.final - seconds, final=seconds)

    def with_search(self, seconds: float) -> Stages:
        """With so much for the search, and the difference for the last training."""
        return replace(self, search=seconds, final=self.final + self.search - seconds)

    def scaled(self, total: float) -> Stages:
        """The same shares of another time, or of work."""
        share = total / self.total
        return replace(self, search=share * self.search, rescoring=share * self.rescoring, final=share * self.final)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """settings: fields of `RunConfig` that it decides. seconds, machine: by stage, and what it was worked out for; None
    for a run that has counts or units of work instead of a time. left, search: where there is no time for a search, the
    seconds that were left, and those that the shortest search takes; else None. work: by stage, for a run that has
    units of work; `left` and `search` are then units, too."""

    settings: Mapping[str, Any]
    seconds: Stages | None = None
    machine: Machine | None = None
    left: float | None = None
    search: float | None = None
    work: Stages | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def of_one(self) -> bool:
        """Whether one network is all that there is time for."""
        return self.search is not None

    def _pace(self) -> str:
        if self.work is not None:
            return f", of at most {self.settings['max_work']:,} units an image"
        if self.machine is None:
            return ""
        slowest = self.machine.rate / 3 / self.settings["max_work"]
        return f", all fast enough to train on {rounded(slowest):,} images/s"

    def in_words(self, takes: str = "", bred: bool = True, asked: bool = True, wished: bool = False) -> str:
        """The plan as lines of text. takes: how long it takes, of a run that has counts or work instead of a time.
        bred: whether newcomers are, and not drawn at random. asked: whether a network is asked about augmentation.
        wished: whether it is the user who said how many newcomers there are."""
        s, t = self.settings, self.seconds or self.work
        if t and self.left is not None and self.search is not None:
            return "\n".join((*self._of_one(t, self.left, self.search), *([f"      {takes}"] if takes else [])))
        stages = (t.search, t.rescoring, t.final) if t else (0.0, 0.0, 0.0)
        search, again, final = (f" in {self._amount(amount)}" if amount else "" for amount in stages)
        about = "about " if t else ""
        most = "up to " if t and wished and s["newcomers"] else about
        rungs = " -> ".join(_budget(Budget.read(one)) for one in s["rungs"])
        first = f", {s['small_births']} small ones and then the best of them wider" if s.get("small_births") else ""
        one_in = f", of which the best 1 in {s['promote_one_in']} goes on" if len(s["rungs"]) > 1 else ""
        longer = Budget.read(s["rungs"][0]).longer
        for_all = f" for {self._amount(t.total)}" if t else ""
        for_all += " units of work" if self.work else ""
        folds = ", on other folds" if longer.folds > 1 else ""
        longest = max(longer, Budget.read(s["rungs"][-1]))
        again_on = longest.with_more(s.get("rescoring_images"), s.get("rescoring_epochs"))
        more = f" on {_budget(again_on)}" if again_on != longest and not folds else ""
        leaders = f"{plural(s['leaders'], 'leader')} scored again {_times(s['rescorings'])}{folds}{more}{again}"
        return "\n".join(
            (
                f"plan{for_all}: {most}{plural(s['evaluations'], 'candidate')}{search}{first}{self._pace()}",
                f"      each trained on {rungs}{one_in}",
                *(_race(s, longer, bred, asked, wished) if s["evaluations"] > 1 else []),
                *([f"      {leaders}"] if s["evaluations"] > 1 else []),
                f"      the winner trained in full{final}, {about}{plural(s['final_epochs'], 'epoch')}",
                *([f"      {takes}"] if takes else []),
            )
        )

    def _amount(self, stage: float) -> str:
        return units(stage) if self.work else minutes(stage)

    def _of_one(self, t: Stages, left: float, search: float) -> Iterator[str]:
        about = f"about {plural(self.settings['final_epochs'], 'epoch')}"
        if self.work:
            yield f"plan for {units(t.total)} units of work: no search, as the shortest one takes {units(search)}"
            yield f"      one small network is trained in full, {about}, and tested"
            return
        yield (
            f"plan for {minutes(t.total)}: no time for a search, as the shortest one takes {minutes(search)} on this "
            "machine, which is slow, or busy just now"
        )
        yield f"      one small network is trained in full in {minutes(t.final)}, {about}, and tested"
        if t.total > left + 1:
            had = f"only {minutes(left)} are left" if left > 0 else "the time is over already"
            yield f"      this takes longer than you asked for: {had}"


def _race(settings: Mapping[str, Any], longer: Budget, bred: bool, asked: bool, wished: bool) -> Iterator[str]:
    """What a race of starts does, and why. bred, asked, wished: as of `Plan.in_words`."""
    count = min(settings["challengers"], settings["evaluations"])
    best = "start" if count == 1 else f"{count} starts"
    if longer.folds > 1:
        yield f"      no images are set apart for scores; the best {best} also on other folds"
    else:
        counts = "what counts is where its curve leads, not how fast it starts"
        yield f"      the best {best} also on {_budget(longer)}: {counts}"
    if asked:
        twins = " and ".join(_budget(Budget.read(one)) for one in settings["twins"])
        tried = f", on {twins}" if twins else " over folds" if longer.folds > 1 else ""
        yield "      the best of them is tested on changed images: augmentation is on where it still knows them;"
        decides = f"twins that are trained with it and without decide{tried}" if tried else "it is off"
        yield f"      where that is unclear, {decides}"
    yield f"      {_newcomers(settings.get('newcomers'), bred, wished, longer.folds > 1)}"


def _newcomers(count: int | None, bred: bool, wished: bool, over_folds: bool) -> str:
    """What is born after a race, and why. count: None where the number of births is given. bred, wished: as of
    `Plan.in_words`. over_folds: whether all are trained in full."""
    if count == 0:
        if wished:
            return "no newcomers, as you say"
        pays = "in this time, training the best start for longer brings more"
        return f"no newcomers: {'there is no time for any' if over_folds else pays}"
    most = "newcomers as far as births are left" if count is None else f"{plural(count, 'newcomer')} at most"
    how = "bred from the best" if bred else "drawn at random"
    return f"{most}, {how}: one wins only if it is ahead beyond luck"


def _budget(one: Budget) -> str:
    size = f"{plural(one.images, 'image')} x {plural(one.epochs, 'epoch')}"
    return f"{size}, once without each of {one.folds} folds" if one.folds > 1 else size


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def rounded(value: float) -> int:
    """A whole number of two digits and noughts."""
    digits: int = 10 ** max(0, int(math.log10(max(1.0, value))) - 1)
    return int(value / digits) * digits


def minutes(seconds: float) -> str:
    """A time that was planned or foreseen, no more exact than such times are: '42 s', '2.5 min', '75 min', '3.5 h'."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.1f} min" if seconds < 600 else f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def units(work: float) -> str:
    """Units of work, to two digits, as people type them: '2e13', '4.8e11'."""
    digits, power = f"{work:.1e}".split("e")
    return f"{digits.removesuffix('.0')}e{int(power)}"


def read_plan(path: Path) -> dict[str, Any]:
    """The settings of a plan in a file, or in the folder of a run. Raises ConfigError if it cannot be read, or holds
    anything that no plan decides: it may come from a stranger."""
    file = path_of(path)
    file = file / FILE if file.is_dir() else file
    try:
        settings = dict(json.loads(file.read_text(encoding="utf-8-sig"))["settings"])
    except FileNotFoundError:
        raise ConfigError(f"plan {path}: there is no such file") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"plan {path}: is not a plan; a run leaves one as {FILE} in its folder") from None
    if others := sorted(settings.keys() - DECIDED - FIXED.keys()):
        raise ConfigError(f"plan {path}: a plan does not decide '{others[0]}'; give it as a setting of its own")
    return settings


def write_plan(plan: Plan, folder: Path) -> None:
    """Leaves the plan in the folder of a run."""
    (folder / FILE).write_text(json.dumps(plan.to_json(), indent=1) + "\n")
