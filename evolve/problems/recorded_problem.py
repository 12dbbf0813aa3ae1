"""The problem of finding the best genome of a recorded table: trainings are looked up, with the seconds that they took.

A search is told what a training scored on the validation part. At its end the winner is told what it is worth: the mean
of its trainings with the largest budget on the selection part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.execution.executor import Report, unheard
from evolve.jobs import Resources, TableJob
from evolve.problems.recorded_tables import RecordedDataset
from evolve.problems.spaces import pool_space
from evolve.problems.table_files import drawn
from evolve.problems.tables import table_job
from evolve.values import Budget, Purpose, Request, Result, Status, digest
from genomes import Blueprint, Genome, SearchSpace
from genomes.table_entry import TableEntry

Answer = tuple[str, str | None, Mapping[str, float]]
"""A status, a reason, and measures."""


@dataclass(frozen=True)
class RecordedProblem:
    """See the module's text. Raises ConfigError for budgets that were not recorded."""

    config: RunConfig
    data: RecordedDataset
    executor: str = "in-process"
    usual: ClassVar[Resources] = Resources()
    simulates_time: ClassVar[bool] = True

    def __post_init__(self) -> None:
        known = self.data.budgets
        if missing := [budget for budget in self.config.budgets if budget not in known]:
            given = f"{self.config.spelled('rungs')} {missing[0]}"
        elif not self.rungs:
            names = [name for name in ("images", "epochs") if getattr(self.config, name) is not None]
            given = " and ".join(self.config.assigned(name, getattr(self.config, name)) for name in names)
        else:
            return
        listed = ", ".join(map(str, known))
        raise ConfigError(f"{given} is not a budget of the table '{self.data.table}'; it has {listed}")

    @property
    def evaluators(self) -> dict[str, str]:
        return {TableJob.kind: "evolve.problems.recorded_problem:RecordedEvaluator"}

    @property
    def space(self) -> SearchSpace[Genome]:
        return pool_space(self.data)

    @property
    def first_space(self) -> SearchSpace[Genome]:
        return self.space

    @property
    def settings(self) -> dict[str, Any]:
        known = {"answers": self.data.answers, "truths": self.data.truths, "dataset": self.data.name}
        return {**known, "seed": self.config.seed}

    @cached_property
    def rungs(self) -> tuple[Budget, ...]:
        """Those that the user wants, or the smallest one of the table that has so many images and epochs."""
        if self.config.budgets:
            return self.config.budgets
        images, epochs = self.config.images, self.config.epochs
        fit = (one for one in self.data.budgets if images in (None, one.images) and epochs in (None, one.epochs))
        return tuple(fit)[:1]

    def budget(self, purpose: Purpose) -> Budget:
        if purpose is Purpose.FINAL:
            return self.data.largest
        return self.rungs[-1] if purpose is Purpose.RESCORE else self.rungs[0]

    def keep_weights(self, job_keys: set[str]) -> None:
        """A table has none."""

    def job_key(self, request: Request) -> str:
        assert request.candidate.key is not None
        training = (request.budget, request.purpose.kind, request.repeat, self.config.seed)
        return digest("recorded", self.data.digest, request.candidate.key, *training)

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        """The seconds that were recorded; none for what was not."""
        assert isinstance(blueprint, TableEntry)
        return self.data.seconds(blueprint.code, budget) or 0.0

    def job(
        self, request: Request, blueprint: Blueprint, model: str | None = None, keeps_weights: bool = False
    ) -> TableJob:
        return table_job(request, blueprint)

    def describe(self) -> dict[str, Any]:
        known = {"table": self.data.table, "name": self.data.name, "digest": self.data.digest}
        return {**known, "networks": len(self.data.pool)}

    def rescorings(self, wanted: int) -> int:
        """By the repeats that the search did not see."""
        repeats = [len(self.data.repeats(name, self.rungs[-1])) for name in self.data.pool]
        return min(wanted, min(filter(None, repeats), default=1) - 1)

    def truth(self, genome: Genome, measure: str) -> float | None:
        """What an entry is worth, which a search is told at its end; None if that is not recorded."""
        return self.data.mean(genome.notation(), self.data.largest, measure)


class RecordedEvaluator:
    """Looks trainings up.

    settings: "answers" and "truths" of a `RecordedDataset`, its name, "dataset", and "seed" of the run. Of a genome's
    repeats one is drawn per run as its score; repeat r is the r-th behind it, from the first again behind the last. A
    final request gets the truth. What is not recorded is a failure.
    """

    takes: ClassVar[type[TableJob]] = TableJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def evaluate(self, job: TableJob, report: Report = unheard) -> Result:
        """The result of a job."""
        status, reason, measures = self._truth(job) if job.test else self._answer(job)
        return Result(job.number, Status(status), measures, spent=asdict(job.budget), reason=reason)

    def _answer(self, job: TableJob) -> Answer:
        repeats = self._settings["answers"].get(job.code, {}).get(str(job.budget))
        if not repeats:
            return Status.FAILED, f"{self._training_of(job)} is not recorded", {}
        answer: Answer = repeats[drawn(self._settings["seed"], job.code, job.repeat, len(repeats))]
        return answer

    def _truth(self, job: TableJob) -> Answer:
        if measures := self._settings["truths"].get(job.code):
            return Status.OK, None, measures
        return Status.FAILED, f"{self._training_of(job)} is not recorded, or did not end well", {}

    def _training_of(self, job: TableJob) -> str:
        return f"a training of '{job.code}' with {job.budget} on {self._settings['dataset']}"
