"""The end of a run: leaders are scored again with fresh seeds on images the search never saw, the winner is trained in
full, and the test part is opened for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from evolve.errors import RunError
from evolve.ledger import Ledger, worst_reason
from evolve.problem import Problem
from evolve.storage.store import RequestRow
from evolve.values import Candidate, Purpose, Request, Result, Status


@dataclass(frozen=True)
class Finish:
    """Requests for the end of a run. Those in `recorded` are found again, others are new."""

    problem: Problem
    ledger: Ledger
    recorded: list[RequestRow]
    model_path: Callable[[int], Path]

    def rescore(self, leaders: list[Candidate], repeats: int) -> list[tuple[Candidate, float]]:
        """Leaders with their mean score on the selection part, best first. Raises RunError if none can be scored."""
        requests = [
            self._request(leader, Purpose.RESCORE, repeat) for leader in leaders for repeat in range(1, repeats + 1)
        ]
        results = self._perform(requests)
        scores: dict[int, list[float]] = {}
        for request, result in zip(requests, results, strict=True):
            if result.fitness is not None:
                scores.setdefault(request.candidate.number, []).append(result.fitness)
        ranked = [(leader, fmean(scores[leader.number])) for leader in leaders if leader.number in scores]
        if not ranked:
            raise RunError(f"no leader could be scored again; the most frequent reason: {worst_reason(results)}")
        return sorted(ranked, key=lambda pair: (-pair[1], pair[0].number))

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
