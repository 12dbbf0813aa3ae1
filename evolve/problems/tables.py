"""The problem of finding the best entry of a table of published scores, which are looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from evolve.jobs import Resources, TableJob
from evolve.problems.spaces import table_space
from evolve.problems.table_files import Table, truth
from evolve.values import Budget, Purpose, Request, digest
from genomes import Blueprint, Genome, SearchSpace
from genomes.table_entry import TableEntry

USUAL_GENERATIONS = 8  # of a search that nothing else limits


@dataclass(frozen=True)
class TableProblem:
    """Find the best entry of a table."""

    seed: int
    table: Table
    executor: str = "in-process"
    usual: ClassVar[Resources] = Resources()

    @property
    def evaluators(self) -> dict[str, str]:
        return {TableJob.kind: "evolve.problems.table_files:TableEvaluator"}

    @property
    def simulates_time(self) -> bool:
        return all("cost" in entry for entry in self.table.entries.values())

    @property
    def space(self) -> SearchSpace[Genome]:
        return table_space(self.table)

    @property
    def first_space(self) -> SearchSpace[Genome]:
        return self.space

    @property
    def settings(self) -> dict[str, Any]:
        return {"table": self.table.to_json(), "seed": self.seed}

    @property
    def rungs(self) -> tuple[Budget, ...]:
        return (Budget(1, 1),)

    def budget(self, purpose: Purpose) -> Budget:
        return Budget(1, 1)

    def keep_weights(self, job_keys: set[str]) -> None:
        """A table has none."""

    def job_key(self, request: Request) -> str:
        assert request.candidate.key is not None
        purpose = request.purpose.kind
        return digest(
            "table", self.table.digest, request.candidate.key, request.budget, purpose, request.repeat, self.seed
        )

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        return float(getattr(blueprint, "cost", None) or blueprint.multiply_adds or 1.0)

    def job(
        self, request: Request, blueprint: Blueprint, model: str | None = None, keeps_weights: bool = False
    ) -> TableJob:
        return table_job(request, blueprint)

    def describe(self) -> dict[str, Any]:
        return {"table": self.table.name, "digest": self.table.digest}

    def rescorings(self, wanted: int) -> int:
        """By the trainings that the search did not see."""
        return min(wanted, self.table.trainings - 1)

    def truth(self, genome: Genome, measure: str) -> float | None:
        """What an entry is worth, which a search is told at its end. measure: the only one there is."""
        return truth(self.table.entries[genome.notation()])


def table_job(request: Request, blueprint: Blueprint) -> TableJob:
    """What an evaluator of a table needs to know."""
    assert isinstance(blueprint, TableEntry)
    return TableJob(
        number=request.number,
        key=str(request.job_key),
        code=blueprint.code,
        budget=request.budget,
        repeat=request.repeat,
        test=request.purpose is Purpose.FINAL,
    )
