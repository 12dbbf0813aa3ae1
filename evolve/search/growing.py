"""Growth: architectures are looked for among small networks, of which many can be tried, and the best are then made as
wide as the run allows, as it is done where cells are searched narrow and trained wide (Zoph et al. 2017, "Learning
Transferable Architectures for Scalable Image Recognition", https://arxiv.org/abs/1707.07012).

Here both happen within one search. So many births are small; the next ones are the best of those that are known then,
made wider, and first of all the best that has no parents: of many children the one that leads is lucky, too. Then the
strategy goes on among large ones. Plans have births fill the limits of their time (`Births`), so that networks are
compared that take about as long to train: it is their shapes that compete, not their sizes.
"""

from __future__ import annotations

from random import Random
from typing import ClassVar

from evolve.search.births import Births
from evolve.search.strategy import Facts, Member, Proposal, Strategy, Wish, member
from evolve.settings import Settings
from evolve.values import Budget, Request, Result

WIDENED = 4


class Growing(Strategy):
    """Wraps a strategy that takes updates. It is a strategy itself, without options.

    births: where `strategy` gets its genomes from, the first `small` of them in a space of small networks.
    """

    takes_updates: ClassVar[bool] = True
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, strategy: Strategy, births: Births, small: int) -> None:
        self._strategy, self._births, self._small = strategy, births, small
        self._members: dict[int, Member] = {}
        self._first: set[int] = set()  # those without parents
        self._asked = 0
        self._widened: set[int] = set()  # or could not be

    def ask(self, rng: Random) -> Wish:
        proposal = self._wider() or self._strategy.ask(rng)
        self._asked += isinstance(proposal, Proposal)
        return proposal

    def _wider(self) -> Proposal | None:
        while self._asked >= self._small and len(self._widened) < WIDENED:
            waiting = [one for number, one in self._members.items() if number not in self._widened]
            first = [one for one in waiting if one.number in self._first and not self._widened]
            if not waiting:
                return None
            best = max(first or waiting, key=lambda one: one.rank)
            self._widened.add(best.number)
            if proposal := self._births.wider(best):
                return proposal
        return None

    def tell(self, request: Request, result: Result) -> None:
        """A failure on a higher rung, or of a child, leaves what is known."""
        told = member(request, result)
        if told and told.number <= self._small:
            self._members[told.number] = told
            if not request.candidate.parents:
                self._first.add(told.number)
        self._strategy.tell(request, result)

    def needs_weights(self, budget: Budget) -> bool:
        return self._strategy.needs_weights(budget)

    def keep(self) -> set[int]:
        return self._strategy.keep()

    def stop_reasons(self) -> dict[str, str]:
        return self._strategy.stop_reasons()

    def facts(self) -> Facts:
        return self._strategy.facts()
