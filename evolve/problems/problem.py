"""What a run is about: the search space, the evaluator that judges genomes, the budgets, and what a score depends on.

A problem turns requests into jobs. There are two: images, which are trained on, and tables, which are looked up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from evolve.values import Budget, Job, Purpose, Request
from genomes import Blueprint, SearchSpace


class Problem(Protocol):
    """See the module's text.

    space: the search space. first_space: the part of it that the search begins in.
    executor, evaluator, settings: where and by what jobs are evaluated.
    """

    @property
    def executor(self) -> str: ...
    @property
    def evaluator(self) -> str: ...
    @property
    def space(self) -> SearchSpace: ...
    @property
    def first_space(self) -> SearchSpace: ...
    @property
    def settings(self) -> dict[str, Any]:
        """JSON that builds the evaluator."""
        ...

    @property
    def rungs(self) -> tuple[Budget, ...]:
        """Budgets of the search, smallest first; one if nothing is promoted."""
        ...

    def budget(self, purpose: Purpose) -> Budget:
        """The budget of a request for that purpose; in the search that of a birth."""
        ...

    def job_key(self, key: str, budget: Budget, repeat: int, purpose: Purpose, start: str | None = None) -> str:
        """SHA-256 of all that decides the score of the candidate with that key. start: the job key of the request
        whose weights it continues, or None."""
        ...

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        """Predicted cost of a job, in any unit."""
        ...

    def job(self, request: Request, blueprint: Blueprint, save: Path | None) -> Job:
        """What a worker needs to know."""
        ...

    def saves(self, request: Request) -> bool:
        """Whether a request's weights are saved, for a promotion to go on from."""
        ...

    def keep_weights(self, job_keys: set[str]) -> None:
        """Deletes the saved weights of all other jobs."""
        ...

    def describe(self) -> dict[str, Any]:
        """What must be the same when a run is continued; for people, too."""
        ...
