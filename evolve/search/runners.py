"""What a race knows of each candidate, and whether it pays to breed more of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evolve.objectives import Standing, in_order
from evolve.search.leads import Scale, Scores, luckiest
from evolve.search.strategy import Member
from evolve.values import LONGER, Candidate, Request, adoption


@dataclass
class Runner:
    """What is known of a candidate. first: its first request. longer: its score after a longer training. rank: how it
    stands, if it was promoted."""

    candidate: Candidate
    first: Request
    brief: float
    longer: float | None = None
    rank: Standing | None = None

    @property
    def number(self) -> int:
        return self.candidate.number

    @property
    def member(self) -> Member:
        """It as strategies see it."""
        return Member(self.number, self.candidate.genome, self.brief, adopted=adoption(self.candidate))

    @property
    def by_brief(self) -> tuple[float, int]:
        """Sorts the best after a brief training first."""
        return -self.brief, self.number

    @property
    def by_rank(self) -> tuple[int, float, int]:
        """Sorts those first that stand highest in the search."""
        return in_order(self.rank or Standing(self.first.budget.size, self.brief), self.number)

    @property
    def scores(self) -> Scores:
        """What it came to, of one that was trained longer."""
        assert self.longer is not None
        return Scores(self.brief, (self.longer,))


def gain_by_training(one: Runner, times: float, scale: Scale) -> float:
    """What so many times as long a last training brings, in the unit of the scale: as much for each doubling as its
    longer training brought."""
    if one.longer is None or scale.in_full:
        return 0.0
    growth = (scale(one.longer) - scale(one.brief)) / math.log(LONGER)
    return max(0.0, growth) * math.log(times)


def lead_of_newcomers(newcomers: Sequence[Runner], rival: Runner, scale: Scale) -> float:
    """By how much the best of those that were bred is ahead of the best start after brief trainings, beyond the luck of
    the best of so many."""
    if not newcomers:
        return -math.inf
    best = max(one.brief for one in newcomers)
    error = scale.seed_error * math.sqrt(2) * scale.slope(rival.brief)
    return scale(best) - scale(rival.brief) - luckiest(len(newcomers) + 1) * error
