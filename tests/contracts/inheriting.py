"""A strategy that uses every way of going on from another training; for tests of the engine."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from random import Random
from typing import ClassVar

from evolve.search.births import Births
from evolve.search.strategy import Answer, Member, Promotion, Proposal, Strategy, member
from evolve.settings import Settings
from evolve.values import Budget, Request, Result, Schedule

SPANS = 3


class Inheriting(Strategy):
    """Each birth is a mutant of the newest candidate and inherits its weights. Every third birth goes on for an epoch
    under the schedule that it began with, and every other third one under a new one."""

    takes_updates: ClassVar[bool] = True

    class Options(Settings):
        """It has no settings."""

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._births = births
        self._newest: Member | None = None
        self._due: deque[Promotion] = deque()
        self._going_on: set[int] = set()
        self._exhausted = False

    def ask(self, rng: Random) -> Proposal | Promotion | Answer:
        if self._due:
            promotion = self._due.popleft()
            self._going_on.add(promotion.request.number)
            return promotion
        parent = None if self._births.founders_left else self._newest
        found = parent and self._births.child(lambda: [parent], rng)
        found = found or self._births.newcomer(rng)
        self._exhausted = found is None
        if found is None:
            return "done"
        return replace(found, inherits=parent.weights if parent else None, spans=SPANS)

    def tell(self, request: Request, result: Result) -> None:
        told = member(request, result)
        if request.continues is not None:
            self._going_on.discard(request.continues.request)
        if told is None:
            return
        self._newest = told
        if request.continues is None and told.number % 3 != 2:
            schedule = Schedule.SAME if told.number % 3 == 0 else Schedule.NEW
            self._due.append(Promotion(request, Budget(request.budget.images, 1), schedule))

    def needs_weights(self, budget: Budget) -> bool:
        return True

    def keep(self) -> set[int]:
        newest = {self._newest.request} if self._newest else set()
        return newest | self._going_on | {promotion.request.number for promotion in self._due}

    def stop_reasons(self) -> dict[str, str]:
        return {"exhausted": "no genome was found that was not born before"} if self._exhausted else {}
