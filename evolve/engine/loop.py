"""The loop: ask, write down, evaluate, tell.

Resume is replay. A continued run builds its strategy anew from seed and settings and asks again; as long as there are
rows, every genome is compared with its row and the recorded result is told. The history is therefore a function of the
seed, the settings and the number of births, wherever and however often the run was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from evolve.engine.clock import Clock
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.replay import CUT, Replay
from evolve.engine.stats import Stats
from evolve.errors import RunError
from evolve.problems.problem import Problem
from evolve.search.racing import Racing
from evolve.search.strategy import Examination, Promotion, Proposal, Strategy
from evolve.values import (
    SEARCHING,
    Candidate,
    Fact,
    Purpose,
    Request,
    Result,
    Schedule,
    Status,
    is_reborn,
    worst_reason,
)
from genomes import Blueprint, InvalidGenome, candidate_key


@dataclass
class Search:
    """One run's search.

    look_ahead: how many requests may be asked for and not told yet.
    replay: what earlier sessions wrote down.
    ends: given the number of births so far, whether the next request is recorded, and whether a race goes on that is
        to be finished, why no more are wanted, or None.
    births: candidates born so far. stats: what was told, in a few figures.
    """

    problem: Problem
    strategy: Strategy
    dispatcher: Dispatcher
    clock: Clock
    look_ahead: int
    seed: int
    replay: Replay
    ends: Callable[[int, bool, bool], str | None]
    stats: Stats
    births: int = 0
    ended: str | None = None
    _asked: int = 0  # requests so far
    _new: int = 0  # of them, that no earlier session had
    _running: dict[int, Request] = field(default_factory=dict)
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
            self._tell(self._running.pop(number), result)
        if self.stats.told == self.stats.failures:
            self._give_up()
        return self.ended

    def _ask(self) -> None:
        """Asks for as many trainings as may be on their way, and opens a request for each."""
        while self.ended is None and len(self._running) < self.look_ahead:
            race = self.strategy if isinstance(self.strategy, Racing) and self.strategy.racing else None
            if race and self.replay.cut == self._asked:
                race.cut_short()  # as an earlier session did
            if not (race and race.only_copies):
                self.ended = self.ends(self.births, self._is_recorded(race), race is not None)
            if self.ended is not None and not (race and self._cut_short(race)):
                break
            answer = self.strategy.ask(Random(f"{self.seed} birth {self.births + 1}"))
            if answer == "wait":
                break
            if answer == "done":
                self.ended = "; ".join(self.strategy.stop_reasons().values())
                break
            if isinstance(answer, Promotion):
                self._promote(answer, Purpose.SEARCH)
            elif isinstance(answer, Examination):
                self._examine(answer)
            else:
                self._birth(answer)

    def _is_recorded(self, race: Racing | None) -> bool:
        """Whether what is asked for next is recorded, or may be, so that no clock is asked about it: in a race longer
        trainings are asked for in order, but are on record as they were done."""
        before_its_end = race is not None and (self.replay.examining or self._asked < (self.replay.cut or 0))
        return self.replay.active or before_its_end

    def _cut_short(self, race: Racing) -> bool:
        """Where a race is late, leaves out what is left of it but for copies. Returns whether there may be any. That is
        written down, as a clock decides it; a search that has ended here before stays as it is."""
        if (self.replay.ended and not self._new) or not race.cut_short():
            return False
        if self.replay.cut is None:
            self.dispatcher.store.act(CUT, requests=self._asked)
        self.ended = None
        return True

    def close(self, due: Callable[[], Promotion | Examination | None], late: Callable[[float], bool]) -> None:
        """Now that no more are born: the longer trainings that are due, round by round, as many as are not late.

        due: the next one, or None. late: whether there is no time for work of that predicted cost.
        """
        while wanted := list(_until_none(due)):
            while wanted and late(sum(map(self._cost_of, wanted))):
                wanted.pop()
            for one in wanted:
                if isinstance(one, Promotion):
                    self._promote(one, Purpose.CLOSING)
                else:
                    self._examine(one)
            for number in list(self._running):
                result = self.dispatcher.result(number)
                self._tell(self._running.pop(number), result)

    def _cost_of(self, wanted: Promotion | Examination) -> float:
        candidate = wanted.request.candidate if isinstance(wanted, Promotion) else wanted.candidate
        return self.problem.cost(self.problem.space.blueprint(candidate.genome), wanted.budget)

    def _birth(self, proposal: Proposal) -> None:
        """Opens the request for a new candidate; one that cannot be built has its result at once."""
        self.births += 1
        blueprint, reason = self._blueprint(proposal)
        candidate, budget = _candidate(self.births, proposal, blueprint), self.problem.budget(Purpose.SEARCH)
        goes_on = (None, proposal.inherits, proposal.spans)
        self._open(Request(0, candidate, budget, 0, Purpose.SEARCH, None, *goes_on), blueprint, reason)

    def _promote(self, promotion: Promotion, purpose: Purpose) -> None:
        candidate, continues = promotion.request.candidate, promotion.request.continued(promotion.schedule)
        spans = promotion.request.spans if promotion.schedule is Schedule.SAME else promotion.spans
        blueprint = self.problem.space.blueprint(candidate.genome)
        request = Request(0, candidate, promotion.budget, 0, purpose, None, continues, spans=spans)
        self._open(request, blueprint)

    def _examine(self, wanted: Examination) -> None:
        candidate, blueprint = wanted.candidate, self.problem.space.blueprint(wanted.candidate.genome)
        self._open(Request(0, candidate, wanted.budget, 0, wanted.purpose, None, probes=wanted.probes), blueprint)

    def _open(self, asked: Request, blueprint: Blueprint | None, reason: str | None = None) -> None:
        """Opens a request that has no number and no key yet."""
        cost, job, invalid = 0.0, None, None
        if blueprint is not None:
            asked = replace(asked, job_key=self.problem.job_key(asked))
            if not (is_reborn(asked.candidate) and asked.purpose in SEARCHING):  # else it is a copy
                cost = self.problem.cost(blueprint, asked.budget)
        searched = asked.purpose is Purpose.SEARCH
        known = self.replay.number(asked) if searched else self.replay.beside(asked)
        request = replace(asked, number=known or self.dispatcher.number())
        self._new += known is None
        if blueprint is not None:
            job = self.problem.job(request, blueprint, keeps_weights=self.strategy.needs_weights(request.budget))
        else:
            invalid = Result(request.number, Status.INVALID, reason=reason)
        self._running[request.number] = request
        self._asked += 1
        self.stats.begin(request, cost)
        if asked.purpose is not Purpose.CLOSING:
            self.clock.start(request.number, cost)
        self.dispatcher.open(request, job, written=known is not None, result=invalid, blueprint=blueprint)

    def _blueprint(self, proposal: Proposal) -> tuple[Blueprint | None, str | None]:
        try:
            return proposal.blueprint or self.problem.space.blueprint(proposal.genome), None
        except InvalidGenome as error:
            return None, str(error)

    def _tell(self, request: Request, result: Result) -> None:
        self.strategy.tell(request, result)
        self.stats.add(request, result)
        if facts := self.replay.new(self.strategy.facts()):
            self.dispatcher.store.add(facts=[Fact(self.births, kind, detail) for kind, detail in facts])
        self._let_go(request)
        if self.stats.told == self.stats.failures == self.stats.population:
            self._give_up()

    def _let_go(self, request: Request) -> None:
        """Weights that nobody will go on from are deleted."""
        if request.job_key is not None and self.strategy.needs_weights(request.budget):
            self._saved[request.number] = str(request.job_key)
        if not self._saved:
            return
        wanted = self.strategy.keep()
        self._saved = {number: key for number, key in self._saved.items() if number in wanted}
        if self.replay.active:  # what is recorded may still go on from any
            return
        needed = {key for request in self._running.values() for key in _weights_of(request)}
        self.problem.keep_weights({*self._saved.values(), *needed, *self.dispatcher.weights_in_use})

    def _give_up(self) -> None:
        """Raises RunError: nothing could be trained."""
        raise RunError(
            f"none of the first {self.stats.told} candidates could be evaluated; the most frequent reason: "
            + worst_reason(self.stats.recent)
        )


def _until_none(due: Callable[[], Promotion | Examination | None]) -> Iterator[Promotion | Examination]:
    while (one := due()) is not None:
        yield one


def _weights_of(request: Request) -> Iterator[str]:
    """Keys of the weights that a request leaves, and begins with."""
    if request.job_key is not None:
        yield request.job_key
    if request.continues is not None:
        yield request.continues.weights
    if request.inherits is not None:
        yield request.inherits


def _candidate(number: int, proposal: Proposal, blueprint: Blueprint | None) -> Candidate:
    genome, born = proposal.genome, (proposal.parents, proposal.steps)
    if blueprint is None:
        return Candidate(number, genome, None, *born)
    key = candidate_key(genome, blueprint)
    return Candidate(number, genome, key, *born, blueprint.parameters, blueprint.multiply_adds)
