"""The loop: ask, write down, evaluate, tell.

Resume is replay. A continued run builds its strategy anew from seed and settings and asks again; as long as there are
rows, every genome is compared with its row and the recorded result is told. The history is therefore a function of the
seed, the settings and the number of births, wherever and however often the run was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from evolve.clock import Clock
from evolve.errors import RunError
from evolve.ledger import Ledger, worst_reason
from evolve.problem import Problem
from evolve.search.strategy import Proposal, Strategy
from evolve.storage.rows import CandidateRow, RequestRow
from evolve.tally import Tally
from evolve.values import Candidate, Purpose, Request, Result, Status
from genomes import Blueprint, InvalidGenome, candidate_key


@dataclass
class Search:
    """One run's search.

    look_ahead: how many requests may be asked for and not told yet.
    recorded: rows of the search requests so far, with their candidates, in order. known: how many there are.
    limit: given the number of births so far and whether the next one is recorded, why no more are wanted, or None.
    births: candidates born so far. tally: what was told, in a few figures.
    """

    problem: Problem
    strategy: Strategy
    ledger: Ledger
    clock: Clock
    look_ahead: int
    seed: int
    recorded: Iterator[tuple[RequestRow, CandidateRow]]
    known: int
    limit: Callable[[int, bool], str | None]
    tally: Tally
    births: int = 0
    ended: str | None = None
    _running: dict[int, tuple[Request, float]] = field(default_factory=dict)

    def run(self) -> str:
        """Runs to the limit; returns why it ended. Raises Stopped, or RunError if no founder can be trained."""
        while True:
            self._ask()
            if not self._running:
                if self.ended is None:
                    raise RunError("the strategy waits, but nothing runs: a defect of the strategy")
                break
            number = self.clock.next()
            result = self.ledger.result(number)
            self._tell(*self._running.pop(number), result)
        if self.tally.told == self.tally.failures:
            self._give_up()
        return self.ended

    def _ask(self) -> None:
        """Asks for as many births as may be on their way, and opens a request for each."""
        while self.ended is None and len(self._running) < self.look_ahead:
            self.ended = self.limit(self.births, self.births < self.known)
            if self.ended is not None:
                break
            answer = self.strategy.ask(Random(f"{self.seed} birth {self.births + 1}"))
            if answer == "wait":
                break
            if answer == "done":
                self.ended = "; ".join(self.strategy.stop_reasons().values())
                break
            self._birth(answer)

    def _birth(self, proposal: Proposal) -> None:
        """Opens the request for a new candidate; one that cannot be built has its result at once."""
        self.births += 1
        blueprint, reason = self._blueprint(proposal)
        candidate = _candidate(self.births, proposal, blueprint)
        replayed = self.births <= self.known
        number = self._replayed(candidate) if replayed else self.ledger.number()
        budget = self.problem.budget(Purpose.SEARCH)
        key, cost, job, invalid = None, 0.0, None, None
        if blueprint is not None and candidate.key is not None:
            key = self.problem.job_key(candidate.key, budget, 0, Purpose.SEARCH)
            cost = self.problem.cost(blueprint, budget)
        request = Request(number, candidate, budget, 0, Purpose.SEARCH, key)
        if blueprint is not None:
            job = self.problem.job(request, blueprint, None)
        else:
            invalid = Result(number, Status.INVALID, reason=reason)
        self._running[number] = (request, cost)
        self.clock.start(number, cost)
        self.ledger.open(request, job, written=replayed, result=invalid)

    def _blueprint(self, proposal: Proposal) -> tuple[Blueprint | None, str | None]:
        try:
            return proposal.blueprint or self.problem.space.blueprint(proposal.genome), None
        except InvalidGenome as error:
            return None, str(error)

    def _replayed(self, candidate: Candidate) -> int:
        """The number of the recorded request. Raises RunError if the row is not what was asked for now."""
        request, row = next(self.recorded)
        if candidate.genome.to_json() != row.genome or candidate.parents != row.parents:
            raise RunError(
                f"candidate {candidate.number} is recorded as '{row.notation}', but would now be born as "
                f"'{candidate.genome.notation()}': the code or a library has changed; continue with the versions "
                "that 'evolve show --json' names, or start a new run"
            )
        return request.number

    def _tell(self, request: Request, cost: float, result: Result) -> None:
        self.strategy.tell(request, result)
        self.tally.add(request.candidate, cost, result)
        if self.tally.told == self.tally.failures == self.tally.population:
            self._give_up()

    def _give_up(self) -> None:
        """Raises RunError: nothing could be trained."""
        raise RunError(
            f"none of the first {self.tally.told} candidates could be evaluated; the most frequent reason: "
            + worst_reason(self.tally.recent)
        )


def _candidate(number: int, proposal: Proposal, blueprint: Blueprint | None) -> Candidate:
    genome, born = proposal.genome, (proposal.parents, proposal.origin)
    if blueprint is None:
        return Candidate(number, genome, None, *born)
    key = candidate_key(genome, blueprint)
    return Candidate(number, genome, key, *born, blueprint.parameters, blueprint.multiply_adds)
