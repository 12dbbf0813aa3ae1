"""Twins: the same network with one group of augmentation more, trained beside it where a probe leaves that open.

They are trained with two budgets of the same images. A group of augmentation is worth it if its gap grows with the
epochs and, carried on in their logarithm, is above zero at the last training: early on it costs accuracy in any case.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from evolve.search.augmentation import Kept, Question
from evolve.search.births import Births
from evolve.search.runners import Runner
from evolve.search.strategy import Examination, Proposal
from evolve.values import Budget, Purpose

SHORTER = 3  # times, the epochs of the first budget, where twins have one that follows from another


class Twins:
    """Those of one race. question: what is asked of its data set, with the budgets of twins."""

    def __init__(self, births: Births, question: Question) -> None:
        self._births, self._question = births, question
        self._groups: dict[int, str] = {}  # of each twin, by birth number
        self._plain = 0
        self._scores: dict[tuple[int, int], float] = {}  # by birth number and epochs

    def __contains__(self, number: int) -> bool:
        return number in self._groups

    def born(self, best: Runner, kept: Sequence[Kept], number: int) -> Iterator[Proposal]:
        """The twins of the most promising network. kept: what it said of changed images. number: of the next birth."""
        self._plain = best.number
        for one in kept if self._question.twins else ():
            if one.verdict == "open" and one.group in self._question.genes:
                genes = self._question.decided([one], {one.group})
                if twin := self._births.reborn(best.member, genes):
                    self._groups[number + len(self._groups)] = one.group
                    yield twin

    def leave_out(self, born: int) -> None:
        """No more of them are born than among the first so many births."""
        self._groups = {number: group for number, group in self._groups.items() if number <= born}

    def trainings(self, known: Mapping[int, Runner]) -> Iterator[Examination]:
        """Those of twins that could be trained at all, and of the network that they are twins of."""
        for number in (self._plain, *self._groups) if self._groups else ():
            if number in known:
                for budget in self._question.twins:
                    yield Examination(known[number].candidate, budget, Purpose.TWIN)

    def hear(self, number: int, budget: Budget, score: float) -> None:
        """What came of a training, in the unit of the scale."""
        self._scores[number, budget.epochs] = score

    @property
    def won(self) -> set[str]:
        """Groups of augmentation that gain at the last training."""
        return {group for number, group in self._groups.items() if self._gains(number)}

    def _gains(self, twin: int) -> bool:
        epochs = [budget.epochs for budget in self._question.twins]
        if any((number, count) not in self._scores for number in (self._plain, twin) for count in epochs):
            return False  # one of them failed
        first, second = (self._scores[twin, count] - self._scores[self._plain, count] for count in epochs)
        growth = (second - first) / math.log(epochs[1] / epochs[0])
        return growth > 0 and second + growth * math.log(max(1.0, self._question.last_epochs / epochs[1])) > 0

    def of(self, parent: int, known: Mapping[int, Runner]) -> Iterator[Runner]:
        """The twins of that candidate that could be trained."""
        if parent == self._plain:
            yield from (known[number] for number in self._groups if number in known)
