"""The end of a run: leaders are scored again with fresh seeds on images the search never saw, the winner is trained in
full, and the test part is opened for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from evolve.errors import RunError
from evolve.ledger import Ledger, worst_reason
from evolve.problem import Problem
from evolve.run_view import rank
from evolve.storage.rows import RequestRow
from evolve.values import Candidate, Purpose, Request, Result, Status


@dataclass(frozen=True)
class Finish:
    """Requests for the end of a run. Those in `recorded` are found again, others are new.

    candidates: all of the run by birth number. scores: fitness of those that have one.
    """

    problem: Problem
    ledger: Ledger
    recorded: list[RequestRow]
    candidates: Mapping[int, Candidate]
    scores: Mapping[int, float]
    model_path: Callable[[int], Path]

    def leaders(self, count: int) -> list[Candidate]:
        """The `count` best of the search."""
        best = sorted(self.scores, key=lambda number: rank(None, self.scores[number], number))
        return [self.candidates[number] for number in best[:count]]

    def rescore(self, leaders: list[Candidate], repeats: int) -> list[Candidate]:
        """Scores leaders on the selection part. Returns all candidates that ever were, best mean first, those of
        before the run was continued among them. Raises RunError if there are none."""
        requests = [
            self._request(leader, Purpose.RESCORE, repeat) for leader in leaders for repeat in range(1, repeats + 1)
        ]
        results = self._perform(requests)
        rescored: dict[int, list[float]] = {}
        earlier = {row.number: row.candidate for row in self.recorded if row.purpose is Purpose.RESCORE}
        for number, candidate in (earlier | {r.number: r.candidate.number for r in requests}).items():
            result = self.ledger.results.get(number)
            if result is not None and result.fitness is not None:
                rescored.setdefault(candidate, []).append(result.fitness)
        if not rescored:
            raise RunError(f"no leader could be scored again; the most frequent reason: {worst_reason(results)}")
        ranked = sorted(rescored, key=lambda number: rank(fmean(rescored[number]), self.scores[number], number))
        return [self.candidates[number] for number in ranked]

    def train_winner(self, ranked: list[Candidate]) -> tuple[Request, Result]:
        """Trains the first of `ranked` in full; the next one if that fails. Raises RunError if all fail."""
        results = []
        for candidate in ranked:
            request = self._request(candidate, Purpose.FINAL, 0)
            [result] = self._perform([request])
            if result.status is Status.OK:
                return request, result
            results.append(result)
        raise RunError(f"no leader could be trained in full; the most frequent reason: {worst_reason(results)}")

    def _request(self, candidate: Candidate, purpose: Purpose, repeat: int) -> Request:
        assert candidate.key is not None
        budget = self.problem.budget(purpose)
        key = self.problem.job_key(candidate.key, budget, repeat, purpose)
        number = next((row.number for row in self.recorded if row.job_key == key and row.purpose is purpose), None)
        if number is not None:
            return Request(number, candidate, budget, repeat, purpose, key)
        request = Request(self.ledger.number(), candidate, budget, repeat, purpose, key)
        self.ledger.write([], [request])
        return request

    def _perform(self, requests: list[Request]) -> list[Result]:
        for request in requests:
            save = self.model_path(request.candidate.number) if request.purpose is Purpose.FINAL else None
            blueprint = self.problem.space.blueprint(request.candidate.genome)
            self.ledger.begin(request, self.problem.job(request, blueprint, save))
        return [self.ledger.result(request.number) for request in requests]
