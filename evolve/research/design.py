"""What an experiment is, once it is checked: its arms, what they are tried on, and the budget of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from evolve.config import RunConfig
from evolve.display.text import duration, plural
from evolve.errors import DataError, EvolveError
from evolve.objectives import Objective, Objectives
from evolve.planning.plan import FIXED
from evolve.settings import Given

Unit = Literal["evaluations", "work", "seconds"]
UNITS: dict[str, Unit] = {
    "evaluations": "evaluations",
    "generations": "evaluations",
    "work": "work",
    "duration": "seconds",
}
OF_SHARES = ("accuracy", "balanced_accuracy")  # measures that are shares, 0 to 1
ALONE, COMMAND = "alone", "command"
COMMON = ("image_size", "colour", "precision", "device", "gpu_share", "candidate_memory")  # for a fair comparison
OF_TRAININGS = {
    *COMMON,
    *("metric", "objectives", "fitness", "layers", "recipe", "average_weights"),
    *("candidate_timeout", "workers", "executor"),
}


@dataclass(frozen=True)
class Arm:
    """One of the things that are compared: settings of a run, a network that is trained alone (a founder's name or a
    notation), or the command of an outside program; the other two are None."""

    name: str
    settings: Given | None = None
    alone: str | None = None
    command: str | None = None

    def to_json(self) -> dict[str, Any]:
        if self.settings is None:
            return {ALONE: self.alone} if self.alone else {COMMAND: self.command}
        return dict(self.settings.values)


def arm_in_words(arm: Mapping[str, Any]) -> str:
    """An arm of that JSON, as it stands in the file."""
    return (
        ", ".join(f"{name} = {json.dumps(value, default=str)}" for name, value in arm.items()) or "the usual settings"
    )


@dataclass(frozen=True)
class Design:
    """A checked experiment.

    label: how messages call it: its file. file: that, or None. text: what stood in it.
    folder: in which outside programs run. datasets: names and paths, or else tables: paths. of_datasets: settings of
        searches on single data sets, where an arm has none of its own.
    budget: one of evaluations, generations, work and duration.
    common: settings of all arms. arms: the first is what the others are compared with.
    """

    label: str
    file: Path | None
    text: str
    folder: Path
    name: str
    question: str
    datasets: tuple[str, ...]
    of_datasets: Mapping[str, Given]
    tables: tuple[Path, ...]
    seeds: tuple[int, ...]
    target: float | None
    budget: Given
    common: Given
    arms: tuple[Arm, ...]

    @property
    def default(self) -> Arm:
        """What the other arms are compared with."""
        return self.arms[0]

    @property
    def unit(self) -> Unit:
        """What the budget is counted in."""
        return next(UNITS[name] for name in self.budget.values)

    @property
    def budget_in_words(self) -> str:
        """As "40 evaluations", "2e+13 units of work" or "10m 00s"."""
        [(name, value)] = self.budget.values.items()
        if name == "duration":
            return duration(value)
        return f"{value:.3g} units of work" if name == "work" else plural(value, name.removesuffix("s"))

    @property
    def evaluations(self) -> int | None:
        """Of the default arm, if the budget is their number."""
        return RunConfig.checked(self.given(self.default)).limit

    @property
    def objective(self) -> Objective:
        """What all arms are compared by: what the common settings rank by."""
        table = {"table": self.tables[0]} if self.tables else {}
        given = replace(self.common, values={**self.common.values, **table})
        return Objectives.of(RunConfig.checked(given).model_dump()).first

    def given(self, arm: Arm) -> Given:
        """All settings of an arm but its data and seed. Of one that is trained alone, those that a training heeds."""
        common = self.common.over(Given(FIXED))
        if arm.settings is not None:
            return arm.settings.over(common).over(self.budget)
        kept = {name: value for name, value in common.values.items() if name in OF_TRAININGS}
        return replace(common, values=kept)

    @contextmanager
    def naming(self, arm: Arm) -> Iterator[None]:
        """Errors that a user can repair name the arm."""
        place = f"[arms.{arm.name}]"
        try:
            yield
        except EvolveError as error:
            if isinstance(error, DataError) or place in str(error):  # data are no arm's fault
                raise
            raise type(error)(f"{self.label} {place}: {error}") from None
