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

from evolve.config import budget
from evolve.errors import ConfigError

FILE = "plan.json"
# Settings that plans decide.
DECIDED = {
    "population",
    "max_founders",
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
    """Seconds of a run by stage. by_clock: whether the last training ends in time; else it has the epochs that the user
    has set, and its seconds are foreseen."""

    search: float
    rescoring: float
    final: float
    by_clock: bool = True

    @property
    def total(self) -> float:
        return self.search + self.rescoring + self.final

    def with_final(self, seconds: float) -> Times:
        """With so much for the last training, and the difference for the search."""
        return replace(self, search=self.search + self.final - seconds, final=seconds)

    def scaled(self, seconds: float) -> Times:
        """The same shares of another time."""
        share = seconds / self.total
        return replace(self, search=share * self.search, rescoring=share * self.rescoring, final=share * self.final)

    def to_json(self) -> dict[str, Any]:
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
        return f", all fast enough to train on {rounded(slowest):,} images/s"

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


def rounded(value: float) -> int:
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
        raise ConfigError(f"plan {path}: there is no such file") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"plan {path}: is not a plan; a run leaves one as {FILE} in its folder") from None
    if others := sorted(settings.keys() - DECIDED):
        raise ConfigError(f"plan {path}: '{others[0]}' is nothing that a plan decides; give it by itself")
    return settings


def write_plan(plan: Plan, folder: Path) -> None:
    """Leaves the plan in the folder of a run."""
    (folder / FILE).write_text(json.dumps(plan.to_json(), indent=1) + "\n")
