"""The loop: ask, write down, evaluate, tell.

Resume is replay. A continued run builds its strategy anew from seed and settings and asks again; as long as there are
rows, every genome is compared with its row and the recorded result is told. The history is therefore a function of the
seed, the settings and the number of births, wherever and however often the run was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from evolve.clock import VirtualClock
from evolve.errors import RunError
from evolve.ledger import Ledger, worst_reason
from evolve.problem import Problem
from evolve.search.strategy import Proposal, Strategy
from evolve.storage.rows import CandidateRow, RequestRow
from evolve.values import Candidate, Job, Purpose, Request, Result, Status
from genomes import Blueprint, InvalidGenome, candidate_key


@dataclass
class Search:
    """One run's search.

    recorded: rows of the search requests so far, with their candidates.
    limit: given the number of births so far and whether the next one is recorded, why no more are wanted, or None.
    costs: predicted cost of each request.
    """

    problem: Problem
    strategy: Strategy
    ledger: Ledger
    clock: VirtualClock
    seed: int
    population: int
    recorded: list[tuple[RequestRow, CandidateRow]]
    limit: Callable[[int, bool], str | None]
    candidates: dict[int, Candidate] = field(default_factory=dict)
    told: list[tuple[Request, Result]] = field(default_factory=list)
    costs: dict[int, float] = field(default_factory=dict)
    ended: str | None = None

    def run(self) -> str:
        """Runs to the limit; returns why it ended. Raises Stopped, or RunError if no founder can be trained."""
        requests: dict[int, Request] = {}
        while True:
            requests |= {request.number: request for request in self._ask()}
            if self.clock.idle:
                if self.ended is None:
                    raise RunError("the strategy waits, but nothing runs: a defect of the strategy")
                break
            number = self.clock.next()
            result = self.ledger.result(number)
            self.clock.finish()
            self._tell(requests[number], result)
        if not any(result.status is Status.OK for _, result in self.told):
            self._give_up()
        return self.ended

    def _ask(self) -> list[Request]:
        """Asks for as many births as the clock has room for; writes the new ones down together and begins them."""
        births: list[tuple[Request, Job | None, Result | None]] = []
        while self.ended is None and self.clock.free:
            birth = len(self.candidates) + 1
            self.ended = self.limit(len(self.candidates), birth <= len(self.recorded))
            if self.ended is not None:
                break
            answer = self.strategy.ask(Random(f"{self.seed} birth {birth}"))
            if answer == "wait":
                break
            if answer == "done":
                self.ended = "; ".join(self.strategy.stop_reasons().values())
                break
            births.append(self._birth(birth, answer))
        new = [(request, invalid) for request, _, invalid in births if request.candidate.number > len(self.recorded)]
        if new:
            invalid = [result for _, result in new if result is not None]
            self.ledger.write([request.candidate for request, _ in new], [request for request, _ in new], invalid)
        for request, job, _ in births:
            self.ledger.begin(request, job)
        return [request for request, _, _ in births]

    def _birth(self, birth: int, proposal: Proposal) -> tuple[Request, Job | None, Result | None]:
        """The candidate's request, its job, and the result of one that cannot be built."""
        blueprint, reason = self._blueprint(proposal)
        known = {"key": None} if blueprint is None else _known(proposal, blueprint)
        candidate = Candidate(birth, proposal.genome, parents=proposal.parents, origin=proposal.origin, **known)  # type: ignore[arg-type]
        self.candidates[birth] = candidate
        number = self._replayed(candidate) if birth <= len(self.recorded) else self.ledger.number()
        budget = self.problem.budget(Purpose.SEARCH)
        if blueprint is None or candidate.key is None:
            self._start(number, 0.0)
            request = Request(number, candidate, budget, 0, Purpose.SEARCH, None)
            return request, None, Result(number, Status.INVALID, reason=reason)
        key = self.problem.job_key(candidate.key, budget, 0, Purpose.SEARCH)
        request = Request(number, candidate, budget, 0, Purpose.SEARCH, key)
        self._start(number, self.problem.cost(blueprint, budget))
        return request, self.problem.job(request, blueprint, None), None

    def _start(self, number: int, cost: float) -> None:
        self.costs[number] = cost
        self.clock.start(number, cost)

    def _blueprint(self, proposal: Proposal) -> tuple[Blueprint | None, str | None]:
        try:
            return self.problem.space.blueprint(proposal.genome), None
        except InvalidGenome as error:
            return None, str(error)

    def _replayed(self, candidate: Candidate) -> int:
        """The number of the recorded request. Raises RunError if the row is not what was asked for now."""
        request, row = self.recorded[candidate.number - 1]
        if candidate.genome.to_json() != row.genome or candidate.parents != row.parents:
            raise RunError(
                f"candidate {candidate.number} is recorded as '{row.notation}', but would now be born as "
                f"'{candidate.genome.notation()}': the code or a library has changed; continue with the versions "
                "that 'evolve show --json' names, or start a new run"
            )
        return request.number

    def _tell(self, request: Request, result: Result) -> None:
        self.strategy.tell(request, result)
        self.told.append((request, result))
        if len(self.told) == self.population and not any(r.status is Status.OK for _, r in self.told):
            self._give_up()

    def _give_up(self) -> None:
        """Raises RunError: nothing could be trained."""
        raise RunError(
            f"none of the first {len(self.told)} candidates could be evaluated; the most frequent reason: "
            + worst_reason(result for _, result in self.told)
        )


def _known(proposal: Proposal, blueprint: Blueprint) -> Mapping[str, object]:
    return {
        "key": candidate_key(proposal.genome, blueprint),
        "parameters": blueprint.parameters,
        "multiply_adds": blueprint.multiply_adds,
    }
