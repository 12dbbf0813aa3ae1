"""Networks that are all equally good, and nothing is trained: each score is luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, ClassVar

from evolve.execution.executor import Report, unheard
from evolve.jobs import TableJob
from evolve.problems.table_files import Table
from evolve.problems.tables import TableProblem
from evolve.values import Purpose, Request, Result, Status, digest
from genomes import Blueprint, Genome, SearchSpace
from genomes.graph.space import GraphSpace
from genomes.stack.space import StackSpace

WORTH, LUCK = 0.9, 0.01
NONE = Table("none", (2,), {})


@dataclass(frozen=True)
class LuckyNetworks(TableProblem):
    """Find the best network where none is."""

    table: Table = NONE
    encoding: str = "graph"

    @property
    def evaluators(self) -> dict[str, str]:
        return {TableJob.kind: "lucky_networks:Luck"}

    @property
    def simulates_time(self) -> bool:
        return False

    @property
    def space(self) -> SearchSpace[Genome]:
        spaces: Any = {"graph": GraphSpace, "stack": StackSpace}
        made: SearchSpace[Genome] = spaces[self.encoding]((8, 8, 1), 3)
        return made

    @property
    def settings(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def job_key(self, request: Request) -> str:
        told = request.candidate.key, request.budget, request.purpose.kind, request.repeat, self.seed
        return digest("lucky networks", *told)

    def job(
        self, request: Request, blueprint: Blueprint, model: str | None = None, keeps_weights: bool = False
    ) -> TableJob:
        return TableJob(
            number=request.number,
            key=str(request.job_key),
            code=str(request.candidate.key),
            budget=request.budget,
            repeat=request.repeat,
            test=request.purpose is Purpose.FINAL,
        )

    def rescorings(self, wanted: int) -> int:
        return wanted

    def truth(self, genome: Genome, measure: str) -> float | None:
        return WORTH


class Luck:
    """settings: "seed" of the run."""

    takes: ClassVar[type[TableJob]] = TableJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._seed = settings["seed"]

    def evaluate(self, job: TableJob, report: Report = unheard) -> Result:
        """The result of a job."""
        luck = Random(digest("luck", self._seed, job.code, job.repeat)).gauss(0, LUCK)
        return Result(
            job.number, Status.OK, {"accuracy": WORTH if job.test else WORTH + luck}, spent=asdict(job.budget)
        )
