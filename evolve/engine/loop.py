"""The loop: ask, write down, evaluate, tell.

Resume is replay. A continued run builds its strategy anew from seed and settings and asks again; as long as there are
rows, every genome is compared with its row and the recorded result is told. The history is therefore a function of the
seed, the settings and the number of births, wherever and however often the run was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from evolve.engine.clock import Clock
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.stats import Stats
from evolve.errors import RunError
from evolve.problems.problem import Problem
from evolve.search.strategy import Promotion, Proposal, Strategy
from evolve.storage.rows import CandidateRow, RequestRow
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status, worst_reason
from genomes import Blueprint, InvalidGenome, candidate_key


@dataclass
class Search:
    """One run's search.

    look_ahead: how many requests may be asked for and not told yet.
    recorded: rows of the search requests so far, with their candidates, in order. known: how many there are.
    limit: given the number of births so far and whether the next one is recorded, why no more are wanted, or None.
    closings: of promotions when no more were born, the request number by job key, as earlier sessions wrote them.
    births: candidates born so far. stats: what was told, in a few figures.
    """

    problem: Problem
    strategy: Strategy
    dispatcher: Dispatcher
    clock: Clock
    look_ahead: int
    seed: int
    recorded: Iterator[tuple[RequestRow, CandidateRow]]
    known: int
    limit: Callable[[int, bool], str | None]
    stats: Stats
    closings: Mapping[str, int] = field(default_factory=dict)
    births: int = 0
    ended: str | None = None
    _opened: int = 0
    _running: dict[int, tuple[Request, float]] = field(default_factory=dict)
    _saved: dict[int, str] = field(default_factory=dict)

    def run(self) -> str:
        """Runs to the limit; returns why it ended. Raises Stopped, or RunError if no founder can be trained."""
        while True:
            self._ask()
            if not self._running:
                if self.ended is None:
                    raise RunError("the strategy waits, but nothing runs: a defect of the strategy")
                break
            number = self.clock.next()
            result = self.dispatcher.result(number)
            self._tell(*self._running.pop(number), result)
        if self.stats.told == self.stats.failures:
            self._give_up()
        return self.ended

    def _ask(self) -> None:
        """Asks for as many trainings as may be on their way, and opens a request for each."""
        while self.ended is None and len(self._running) < self.look_ahead:
            self.ended = self.limit(self.births, self._replaying)
            if self.ended is not None:
                break
            answer = self.strategy.ask(Random(f"{self.seed} birth {self.births + 1}"))
            if answer == "wait":
                break
            if answer == "done":
                self.ended = "; ".join(self.strategy.stop_reasons().values())
                break
            if isinstance(answer, Promotion):
                self._promote(answer, Purpose.SEARCH)
            else:
                self._birth(answer)

    def close(self, promotion: Callable[[], Promotion | None], late: Callable[[float], bool]) -> None:
        """Now that no more are born: the promotions that are due, round by round, unless that would be late.

        promotion: the next one that is due, or None. late: whether there is no time for work of that predicted cost.
        """
        while (due := list(iter(promotion, None))) and not late(sum(map(self._cost_of, due))):
            for one in due:
                self._promote(one, Purpose.CLOSING)
            for number in list(self._running):
                result = self.dispatcher.result(number)
                self._tell(*self._running.pop(number), result)

    def _cost_of(self, promotion: Promotion) -> float:
        blueprint = self.problem.space.blueprint(promotion.request.candidate.genome)
        return self.problem.cost(blueprint, promotion.budget)

    @property
    def running_cost(self) -> float:
        """Predicted cost of what was opened and has no result yet."""
        return sum(cost for number, (_, cost) in self._running.items() if not self.dispatcher.is_there(number))

    @property
    def _replaying(self) -> bool:
        """Whether the next request is recorded."""
        return self._opened < self.known

    def _birth(self, proposal: Proposal) -> None:
        """Opens the request for a new candidate; one that cannot be built has its result at once."""
        self.births += 1
        blueprint, reason = self._blueprint(proposal)
        candidate = _candidate(self.births, proposal, blueprint)
        self._open(candidate, blueprint, self.problem.budget(Purpose.SEARCH), Purpose.SEARCH, reason=reason)

    def _promote(self, promotion: Promotion, purpose: Purpose) -> None:
        candidate = promotion.request.candidate
        blueprint = self.problem.space.blueprint(candidate.genome)
        self._open(candidate, blueprint, promotion.budget, purpose, promotion.request)

    def _open(
        self,
        candidate: Candidate,
        blueprint: Blueprint | None,
        budget: Budget,
        purpose: Purpose,
        start: Request | None = None,
        reason: str | None = None,
    ) -> None:
        key, cost, job, invalid = None, 0.0, None, None
        if blueprint is not None and candidate.key is not None:
            key = self.problem.job_key(candidate.key, budget, 0, Purpose.SEARCH, start.job_key if start else None)
            cost = self.problem.cost(blueprint, budget)
        number = self._recorded_number(candidate, budget, purpose, start, key)
        request = Request(number or self.dispatcher.number(), candidate, budget, 0, purpose, key, start)
        if blueprint is not None:
            job = self.problem.job(request, blueprint, None)
        else:
            invalid = Result(request.number, Status.INVALID, reason=reason)
        self._opened += purpose is Purpose.SEARCH
        self._running[request.number] = (request, cost)
        if purpose is Purpose.SEARCH:
            self.clock.start(request.number, cost)
        self.dispatcher.open(request, job, written=number is not None, result=invalid)

    def _blueprint(self, proposal: Proposal) -> tuple[Blueprint | None, str | None]:
        try:
            return proposal.blueprint or self.problem.space.blueprint(proposal.genome), None
        except InvalidGenome as error:
            return None, str(error)

    def _recorded_number(
        self, candidate: Candidate, budget: Budget, purpose: Purpose, start: Request | None, key: str | None
    ) -> int | None:
        """The number under which an earlier session wrote the request, or None. Raises RunError if the row is not what
        was asked for now."""
        if purpose is Purpose.CLOSING:
            return self.closings.get(key or "")
        if not self._replaying:
            return None
        request, row = next(self.recorded)
        same = (candidate.number, budget, start and start.number) == (row.number, request.budget, request.start_from)
        if not same or candidate.genome.to_json() != row.genome or candidate.parents != row.parents:
            raise RunError(
                f"request {request.number} is recorded as candidate {row.number}, '{row.notation}', with "
                f"{request.budget}; now it would be candidate {candidate.number}, '{candidate.genome.notation()}', "
                f"with {budget}: the code or a library has changed; continue with the versions that "
                "'evolve show --json' names, or start a new run"
            )
        return request.number

    def _tell(self, request: Request, cost: float, result: Result) -> None:
        self.strategy.tell(request, result)
        self.stats.add(request, cost, result)
        self._let_go(request)
        if self.stats.told == self.stats.failures == self.stats.population:
            self._give_up()

    def _let_go(self, request: Request) -> None:
        """Weights that nobody will go on from are deleted."""
        if self.problem.saves(request):
            self._saved[request.number] = str(request.job_key)
        if not self._saved:
            return
        wanted = self.strategy.keep()
        self._saved = {number: key for number, key in self._saved.items() if number in wanted}
        if self._replaying:  # what is recorded may still go on from any
            return
        running = [str(request.job_key) for request, _ in self._running.values()]
        self.problem.keep_weights({*self._saved.values(), *running})

    def _give_up(self) -> None:
        """Raises RunError: nothing could be trained."""
        raise RunError(
            f"none of the first {self.stats.told} candidates could be evaluated; the most frequent reason: "
            + worst_reason(self.stats.recent)
        )


def _candidate(number: int, proposal: Proposal, blueprint: Blueprint | None) -> Candidate:
    genome, born = proposal.genome, (proposal.parents, proposal.origin)
    if blueprint is None:
        return Candidate(number, genome, None, *born)
    key = candidate_key(genome, blueprint)
    return Candidate(number, genome, key, *born, blueprint.parameters, blueprint.multiply_adds)
