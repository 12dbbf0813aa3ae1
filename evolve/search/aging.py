"""Aging evolution, called regularized evolution by its authors (Real et al. 2018, "Regularized Evolution for Image
Classifier Architecture Search", https://arxiv.org/abs/1802.01548).

The population is a queue. Each birth is a mutant of the best of some members drawn at random; the newest takes the
place of the oldest, however good that is. A network that was lucky once is so forgotten, and what lasts has proved
itself again in its children. Unlike in the paper, where 25 of 100 are drawn, by default half of a usual population
are, and all of a small one, and breeding begins when half of it was asked for: with few births there is no time to
lose.
"""

from __future__ import annotations

from random import Random
from typing import ClassVar

from pydantic import Field

from evolve.search.births import Births
from evolve.search.strategy import Answer, Member, Proposal, Strategy, member
from evolve.settings import Settings
from evolve.values import Request, Result


class Aging(Strategy):
    """Tournaments of `sample` members, or all if there are fewer; mutation; the oldest dies."""

    takes_updates: ClassVar[bool] = True

    class Options(Settings):
        """Settings of aging evolution."""

        sample: int = Field(8, ge=1, description="a whole number of at least 1", examples=[5])

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._births, self._population, self._options = births, population, options
        self._members: dict[int, Member] = {}  # oldest first
        self._asked = 0

    def ask(self, rng: Random) -> Proposal | Answer:
        self._asked += 1
        ready = bool(self._members) and 2 * self._asked > self._population
        return self._births.child_or_newcomer(ready, lambda: [self._parent(rng)], rng) or "done"

    def tell(self, request: Request, result: Result) -> None:
        """A failure is not taken in. An update leaves its member as old as it was."""
        told, update = member(request, result), request.continues is not None
        if told is None or (update and told.number not in self._members):
            return
        self._members[told.number] = told
        if len(self._members) > self._population:
            del self._members[next(iter(self._members))]

    def _parent(self, rng: Random) -> Member:
        members = list(self._members.values())
        return max(rng.sample(members, min(self._options.sample, len(members))), key=lambda m: m.rank)

    def stop_reasons(self) -> dict[str, str]:
        return self._births.stop_reasons()
