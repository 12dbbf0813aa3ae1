"""What a run is about: the search space, the evaluator that judges genomes, the budgets, and what a score depends on.

A problem turns requests into jobs. There are three: images, which are trained on, and tables, of published scores or of
our own trainings, which are looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from evolve.jobs import Job, Resources
from evolve.values import Budget, Purpose, Request
from genomes import Blueprint, Genome, SearchSpace
from genomes.json_value import JsonObject


class Problem(Protocol):
    """See the module's text.

    simulates_time: whether costs are seconds that somebody else has measured. The time of a search is then the virtual
        clock's.
    space: the search space. first_space: the part of it that the search begins in.
    executor: the name of the executor that evaluates jobs; see `EXECUTORS`.
    """

    @property
    def executor(self) -> str: ...
    @property
    def simulates_time(self) -> bool: ...
    @property
    def space(self) -> SearchSpace[Genome]: ...
    @property
    def first_space(self) -> SearchSpace[Genome]: ...
    @property
    def evaluators(self) -> Mapping[str, str]:
        """What judges jobs: the kind of job -> 'module:Class', the main one first."""
        ...

    @property
    def usual(self) -> Resources:
        """What most jobs need; workers for them are started before the first job comes."""
        ...

    @property
    def settings(self) -> JsonObject:
        """JSON that builds each of the evaluators."""
        ...

    @property
    def rungs(self) -> tuple[Budget, ...]:
        """Budgets of the search, smallest first; one if nothing is promoted."""
        ...

    def budget(self, purpose: Purpose) -> Budget:
        """The budget of a request for that purpose; in the search that of a birth."""
        ...

    def rescorings(self, wanted: int) -> int:
        """How often a leader can be scored again with results that its search did not see: `wanted` times, or fewer."""
        ...

    def job_key(self, request: Request) -> str:
        """SHA-256 of all that decides the outcome of a request whose candidate can be built."""
        ...

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        """Predicted cost of a job, in any unit."""
        ...

    def job(self, request: Request, blueprint: Blueprint, model: str | None = None, keeps_weights: bool = False) -> Job:
        """What a worker needs to know. model: name to save the trained model under. keeps_weights: whether another
        training may go on from its weights."""
        ...

    def keep_weights(self, job_keys: set[str]) -> None:
        """Deletes the saved weights of all other jobs."""
        ...

    def describe(self) -> JsonObject:
        """What must be the same when a run is continued; for people, too."""
        ...
