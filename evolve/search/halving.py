"""Successive halving without barriers, known as ASHA, around a strategy (Li et al. 2018, "A System for Massively
Parallel Hyperparameter Tuning", https://arxiv.org/abs/1810.05934).

Every candidate begins on the lowest rung, with the smallest budget. One that is among the best `one_in`-th of those
that were ever told on its rung goes on to the next one, where its training continues from its weights. A promotion that
is due comes before a birth; nothing waits for a rung to fill.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import ClassVar

from evolve.objectives import Standing, in_order
from evolve.search.strategy import Facts, Promotion, Strategy, Wish
from evolve.settings import Settings
from evolve.values import Budget, Purpose, Request, Result

Place = tuple[int, float, int]


@dataclass
class Rung:
    """Those that were told at one budget.

    scores: places of all of them, see `in_order`, by request number; a failure is last. They grow with the history:
        160 bytes each, 16 MB for 100,000 results.
    waiting: of those that were not promoted, the best `room`. requests: theirs, by number.
    """

    room: int
    scores: list[Place] = field(default_factory=list)
    waiting: list[Place] = field(default_factory=list)
    requests: dict[int, Request] = field(default_factory=dict)

    def tell(self, request: Request, fitness: float | None) -> None:
        """One more result. Of those that wait the worst goes if there are too many."""
        standing = Standing(request.budget.size, -inf if fitness is None else fitness)
        score = in_order(standing, request.number)
        insort(self.scores, score)
        if fitness is None:
            return
        insort(self.waiting, score)
        self.requests[request.number] = request
        if len(self.waiting) > self.room:
            del self.requests[self.waiting.pop()[-1]]

    def promoted(self, one_in: int) -> Request | None:
        """Takes out the best that waits, if it is among the best `one_in`-th."""
        if not self.waiting or bisect_left(self.scores, self.waiting[0]) >= len(self.scores) // one_in:
            return None
        return self.requests.pop(self.waiting.pop(0)[-1])


class Halving(Strategy):
    """Promotes the candidates of `strategy`, which must take updates. It is a strategy itself, without options.

    rungs: budgets, smallest first; each is what is added, not a sum. one_in: at least 2.
    room: how many may wait on each rung for their promotion; the weights of so many are kept.
    """

    takes_updates: ClassVar[bool] = True
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, strategy: Strategy, rungs: Sequence[Budget], one_in: int, room: int) -> None:
        self._strategy, self._budgets, self._one_in = strategy, list(rungs), one_in
        self._rungs = [Rung(room) for _ in self._budgets]
        self._promoted: dict[int, int] = {}  # request whose weights are being continued -> the rung it was on

    def ask(self, rng: Random) -> Wish:
        return self.due() or self._strategy.ask(rng)

    def due(self) -> Promotion | None:
        """The promotion that is due, from the highest rung first; None if there is none."""
        for place in range(len(self._rungs) - 2, -1, -1):
            if request := self._rungs[place].promoted(self._one_in):
                self._promoted[request.number] = place
                return Promotion(request, self._budgets[place + 1])
        return None

    def tell(self, request: Request, result: Result) -> None:
        """A failure on a higher rung changes nothing of what is known from the lower one. Of what was trained longer
        for another reason only the strategy hears."""
        if request.continues is None:
            self._rungs[0].tell(request, result.fitness)
        elif request.purpose is not Purpose.CHALLENGE and request.continues.request in self._promoted:
            self._rungs[self._promoted.pop(request.continues.request) + 1].tell(request, result.fitness)
        if request.continues is None or result.fitness is not None:
            self._strategy.tell(request, result)

    def needs_weights(self, budget: Budget) -> bool:
        """On all rungs but the highest, and where the strategy needs them."""
        return budget < self._budgets[-1] or self._strategy.needs_weights(budget)

    def keep(self) -> set[int]:
        """Those that wait on a rung with another one above, and those whose training is being continued."""
        waiting = {number for rung in self._rungs[:-1] for number in rung.requests}
        return waiting | set(self._promoted) | self._strategy.keep()

    def stop_reasons(self) -> dict[str, str]:
        return self._strategy.stop_reasons()

    def facts(self) -> Facts:
        return self._strategy.facts()
