"""Tables of our own trainings: genomes on data sets, at budgets, with repeats, and what came of each training.

    language = evolve.open_table("recorded.jsonl").dataset("language")
    print(language.mean("fast", "15000x8"))
    print(language.hits("fast", "5000x1", repeat=1).mean())

The test parts of the data sets were never opened: `validation` is the part that a search decides on, and `selection`,
which no search sees, stands for the truth. How such a table is written down: `recorded_files.py`.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from evolve.errors import DataError
from evolve.values import Budget, Spent, Status, digest
from genomes.json_value import Json, JsonObject

Part = Literal["validation", "selection"]


def budget_of(value: Budget | str) -> Budget:
    """A budget, or what one such as '5000x3' means. Raises ValueError for anything else."""
    return value if isinstance(value, Budget) else Budget.read(str(value))


# What is checked when a file is read; see `recorded_files.py`.
Count = Annotated[int, Field(ge=0)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[Number, Field(ge=0, le=1)]
Amount = Annotated[Number, Field(ge=0)]
BudgetOf = Annotated[Budget, BeforeValidator(budget_of)]


@dataclass(frozen=True)
class Scores:
    """How good a network is on one part. accuracy, balanced_accuracy: shares from 0 to 1; the latter is None of the
    train part. loss: cross-entropy."""

    accuracy: Share
    loss: Number
    balanced_accuracy: Share | None = None

    def measures(self) -> dict[str, float]:
        """As a training of a run returns them."""
        known = {"accuracy": self.accuracy, "balanced_accuracy": self.balanced_accuracy, "loss": self.loss}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class RecordedTraining:
    """One training of a genome on a data set.

    budget: on how many images and epochs. repeat: from 0; repeats differ in their random numbers.
    status: how it ended; unless that is OK there are no scores, and `reason` says why.
    validation, selection, train: its scores on these parts.
    packed_hits: see `RecordedDataset.hits`. curve: figures by epoch: epoch, loss, accuracy, validation_accuracy.
    clean: of a network without augmentation, its accuracy on some validation images, at most 2,000; balanced accuracy
        from version 0.14 on. changed: the same where all of them are changed, by group of augmentation: mirror, move,
        erase, colour, turn.
    seconds: of a processor, what one quiet core would take. wall_seconds: of the clock. work: in units of work.
    parameters, multiply_adds: of the network. spent: what was really done. version: of evolve. machine: what it ran on.
    """

    dataset: str
    genome: str
    budget: BudgetOf
    repeat: Count
    status: Status
    reason: str | None = None
    validation: Scores | None = None
    selection: Scores | None = None
    train: Scores | None = None
    packed_hits: Annotated[str | None, Field(alias="hits")] = field(default=None, repr=False)
    curve: tuple[Mapping[str, Number], ...] = field(default=(), repr=False)
    clean: Share | None = None
    changed: Mapping[str, Share] = field(default_factory=dict)
    seconds: Amount | None = None
    wall_seconds: Amount | None = None
    work: Amount | None = None
    parameters: Count | None = None
    multiply_adds: Count | None = None
    spent: Spent = field(default_factory=dict, repr=False)
    version: str | None = None
    machine: Mapping[str, object] = field(default_factory=dict, repr=False)

    def scores(self, part: Part) -> Scores | None:
        """Its scores on that part, or None if it failed."""
        return self.validation if part == "validation" else self.selection


@dataclass(frozen=True, eq=False, kw_only=True)
class RecordedDataset:
    """All that a table says of one data set. Equal to itself only, so that what is worked out for it is found again
    quickly. Budgets are given as `Budget(5000, 3)` or "5000x3".

    table, name: of the table and of the data set. data: SHA-256 of the latter, with its split. input_shape: (height,
    width, channels). sizes: images by part. chance: accuracy of guessing, by part.
    genomes: name -> notation; founders: names of those that searches begin with; twins: name -> name of the same genome
        without augmentation; budgets: -> repeats that were to be recorded, the smallest budget first.
    trainings: those that were recorded, also those that failed, by genome, budget and repeat.
    """

    table: str
    name: str
    data: str
    input_shape: tuple[int, int, int]
    classes: int
    sizes: Mapping[str, int]
    chance: Mapping[str, float]
    genomes: Mapping[str, str] = field(repr=False)
    founders: tuple[str, ...]
    twins: Mapping[str, str]
    budgets: Mapping[Budget, int]
    trainings: Mapping[tuple[str, Budget, int], RecordedTraining] = field(repr=False)

    @property
    def smallest(self) -> Budget:
        """The budget with the fewest images x epochs."""
        return next(iter(self.budgets))

    @property
    def largest(self) -> Budget:
        """The budget with the most images x epochs, whose trainings tell the truth."""
        return list(self.budgets)[-1]

    @cached_property
    def pool(self) -> tuple[str, ...]:
        """Names of the genomes that can be searched: those of which a training with the smallest budget is recorded."""
        return tuple(name for name in self.genomes if self.repeats(name, self.smallest))

    def training(self, genome: str, budget: Budget | str, repeat: int = 0) -> RecordedTraining | None:
        """One training, or None if it is not recorded."""
        return self.trainings.get((genome, budget_of(budget), repeat))

    def repeats(self, genome: str, budget: Budget | str) -> tuple[RecordedTraining, ...]:
        """The recorded trainings of a genome with that budget, failed ones among them, in order."""
        return self._repeats.get((genome, budget_of(budget)), ())

    def mean(
        self, genome: str, budget: Budget | str, measure: str = "accuracy", part: Part = "selection"
    ) -> float | None:
        """Mean of a measure over those repeats that ended well; None if there are none."""
        found = [one.scores(part) for one in self.repeats(genome, budget)]
        values = [value for scores in found if scores and (value := scores.measures().get(measure)) is not None]
        return fmean(values) if values else None

    def seconds(self, genome: str, budget: Budget | str) -> float | None:
        """Mean of the processor seconds of the repeats; None if none is recorded."""
        found = [one.seconds for one in self.repeats(genome, budget) if one.seconds is not None]
        return fmean(found) if found else None

    def hits(self, genome: str, budget: Budget | str, repeat: int = 0) -> NDArray[np.bool_] | None:
        """Which validation images were recognised, in their order: shape (images,); None if that is not recorded."""
        training = self.training(genome, budget, repeat)
        if training is None or training.packed_hits is None:
            return None
        packed = np.frombuffer(b64decode(training.packed_hits), np.uint8)
        return np.unpackbits(packed, count=self.sizes["validation"]).astype(bool)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that a search may see of it, and of the truth."""
        seconds = {f"{genome} {budget}": self.seconds(genome, budget) for genome, budget in self._repeats}
        known = [dict(self.genomes), list(self.founders), self.answers, self.truths, seconds]
        said = [self.table, self.name, self.data, *known]
        return digest(json.dumps(said, sort_keys=True))

    @cached_property
    def answers(self) -> JsonObject:
        """What the evaluator of a search may be asked for: by genome and budget the answers of the repeats, each a
        status, a reason, and measures."""
        answers: dict[str, dict[str, list[Json]]] = {}
        for (genome, budget), repeats in self._repeats.items():
            answers.setdefault(genome, {})[str(budget)] = [_answer(one, one.validation) for one in repeats]
        return {**answers}

    @cached_property
    def truths(self) -> JsonObject:
        """By genome, measures on the selection part, means over the repeats of the largest budget; of those that have
        any."""
        names = tuple(Scores(0, 0, 0).measures())
        found = {name: {one: self.mean(name, self.largest, one) for one in names} for name in self.genomes}
        return {name: {**measures} for name, measures in found.items() if measures["accuracy"] is not None}

    @cached_property
    def _repeats(self) -> dict[tuple[str, Budget], tuple[RecordedTraining, ...]]:
        found: dict[tuple[str, Budget], tuple[RecordedTraining, ...]] = {}
        for (genome, budget, _), training in sorted(self.trainings.items(), key=lambda item: item[0][2]):
            found[genome, budget] = (*found.get((genome, budget), ()), training)
        return found


def _answer(training: RecordedTraining, scores: Scores | None) -> list[Json]:
    return [training.status.value, training.reason, {**scores.measures()} if scores else {}]


@dataclass(frozen=True, eq=False)
class RecordedTable:
    """A table by its data sets. name: of the table. datasets: by name."""

    name: str
    datasets: Mapping[str, RecordedDataset]

    def dataset(self, name: str) -> RecordedDataset:
        """What it says of the data set of that name. Raises DataError if it has none."""
        if name not in self.datasets:
            raise DataError(f"the table '{self.name}' has no data set '{name}'; it has {', '.join(self.datasets)}")
        return self.datasets[name]
