"""How far a run is: figures for a display, with the time that is left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import fmean

from evolve.loop import Search
from evolve.values import Budget, Purpose, Status


@dataclass(frozen=True)
class Progress:
    """The state of a run at one moment.

    evaluations: results that are there, those recorded by an earlier session included; the other figures are of the
    results that were told. best, mean: fitness; the mean is over the last population of results.
    per_minute: evaluations. left: seconds until the run is finished, or None while unknown.
    """

    phase: str
    generation: int
    generations: int | None
    evaluations: int
    limit: int | None
    best: float | None
    best_candidate: int | None
    mean: float | None
    failures: int
    per_minute: float | None
    left: float | None


class Pace:
    """Watches a search and predicts how long the rest takes, from the cost and the seconds of what is done."""

    def __init__(
        self, search: Search, limit: int | None, workers: int, deadline: float | None, end_trainings: int
    ) -> None:
        self._search, self._workers, self._deadline = search, workers, deadline
        self._limit = limit
        self._rescorings = end_trainings
        self._begun = time.monotonic()
        self._known = len(search.ledger.results)
        self._phase, self._phase_ends = "searching", 0.0

    def begin_phase(self, name: str, *seconds: float | None) -> None:
        """A stage after the search, and how long it and what follows it are predicted to take."""
        self._phase, self._phase_ends = name, time.monotonic() + sum(part or 0.0 for part in seconds)

    def seconds(self, cost: float, workers: int = 1) -> float | None:
        """Predicted seconds of work of that cost, or None while nothing was measured."""
        search = self._search
        done = [
            (search.costs[request.number], float(result.timing["seconds"]))
            for request, result in search.told
            if "seconds" in result.timing and result.status is Status.OK
        ]
        spent, total = sum(seconds for _, seconds in done), sum(cost for cost, _ in done)
        return cost / total * spent / workers if total and spent else None

    def end_cost(self) -> tuple[float, float]:
        """Predicted cost of re-scoring and of the final training, as if the leaders were like the best so far."""
        best = self._best()
        if best is None:
            return 0.0, 0.0
        blueprint = self._search.problem.space.blueprint(self._search.candidates[best].genome)

        def cost(purpose: Purpose) -> float:
            budget: Budget = self._search.problem.budget(purpose)
            return self._search.problem.cost(blueprint, budget)

        return cost(Purpose.RESCORE) * self._rescorings, cost(Purpose.FINAL)

    def _best(self) -> int | None:
        scored = [
            (result.fitness, -request.candidate.number)
            for request, result in self._search.told
            if result.fitness is not None
        ]
        return -max(scored)[1] if scored else None

    def _left(self) -> float | None:
        if self._phase != "searching":
            return max(0.0, self._phase_ends - time.monotonic())
        told = self._search.told
        rescoring, final = self.end_cost()
        end = (self.seconds(rescoring, self._workers), self.seconds(final))
        mean = (
            self.seconds(fmean(self._search.costs[request.number] for request, _ in told), self._workers)
            if told
            else None
        )
        rest = [] if self._limit is None or mean is None else [(self._limit - len(told)) * mean]
        rest += [] if self._deadline is None else [max(0.0, self._deadline - time.monotonic())]
        return None if not rest or None in end else min(rest) + sum(part or 0.0 for part in end)

    def _generation(self) -> int:
        """Of the birth told last; a generation is a population of births."""
        return max(0, len(self._search.told) - 1) // self._search.population + 1

    def now(self) -> Progress:
        """The figures of this moment."""
        search = self._search
        fitnesses = [result.fitness for _, result in search.told]
        recent = [fitness for fitness in fitnesses[-search.population :] if fitness is not None]
        minutes = (time.monotonic() - self._begun) / 60
        new = len(search.ledger.results) - self._known
        best = self._best()
        return Progress(
            phase=self._phase,
            generation=self._generation(),
            generations=None if self._limit is None else -(-self._limit // search.population),
            evaluations=sum(number in search.ledger.results for number in search.costs),
            limit=self._limit,
            best=max((fitness for fitness in fitnesses if fitness is not None), default=None),
            best_candidate=best,
            mean=fmean(recent) if recent else None,
            failures=sum(fitness is None for fitness in fitnesses),
            per_minute=new / minutes if new and minutes > 0.02 else None,
            left=self._left(),
        )
