"""Growth: architectures are looked for among small networks, of which many can be tried, and the best are then made as
wide as the run allows, as it is done where cells are searched narrow and trained wide (Zoph et al. 2017, "Learning
Transferable Architectures for Scalable Image Recognition", https://arxiv.org/abs/1707.07012).

Here both happen within one search. So many births are small; the next ones are the best of them, made wider, and first
of all the best that has no parents: of many children the one that leads is lucky, too. Then the strategy goes on among
large ones. Plans have births fill the limits of their time (`Births`), so that networks are
compared that take about as long to train: it is their shapes that compete, not their sizes.
"""

from __future__ import annotations

from random import Random
from typing import ClassVar

from evolve.search.strategy import Answer, Births, Member, Promotion, Proposal, Strategy, member
from evolve.settings import Settings
from evolve.values import Request, Result
from genomes import SearchSpace

WIDENED = 4


class Growing:
    """Wraps a strategy that takes updates. It is a strategy itself, without options.

    births: where `strategy` gets its genomes from, in a space of small networks.
    large: the space from then on.
    small: how many births are small.
    """

    takes_updates: ClassVar[bool] = True
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, strategy: Strategy, births: Births, large: SearchSpace, small: int) -> None:
        self._strategy, self._births, self._large, self._small = strategy, births, large, small
        self._members: dict[int, Member] = {}
        self._first: set[int] = set()  # those without parents
        self._asked = 0
        self._to_widen: list[Member] = []

    def ask(self, rng: Random) -> Proposal | Promotion | Answer:
        if self._asked == self._small:
            self._grow()
        proposal = self._wider() or self._strategy.ask(rng)
        self._asked += isinstance(proposal, Proposal)
        return proposal

    def _grow(self) -> None:
        if self._births.space is not self._large:
            self._births.space = self._large
            best = sorted(self._members.values(), key=lambda one: one.rank, reverse=True)
            first = [one for one in best if one.number in self._first][:1]
            self._to_widen = (first + [one for one in best if one not in first])[:WIDENED]
            self._members.clear()

    def _wider(self) -> Proposal | None:
        while self._to_widen:
            if proposal := self._births.wider(self._to_widen.pop(0)):
                return proposal
        return None

    def tell(self, request: Request, result: Result) -> None:
        """A failure on a higher rung, or of a child, leaves what is known."""
        told = member(request, result)
        if told and self._births.space is not self._large:
            self._members[told.number] = told
            if not request.candidate.parents:
                self._first.add(told.number)
        self._strategy.tell(request, result)

    def keep(self) -> set[int]:
        return self._strategy.keep()

    def stop_reasons(self) -> dict[str, str]:
        return self._strategy.stop_reasons()
