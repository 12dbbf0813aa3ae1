"""How candidates are ranked by what is known of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from evolve.objectives import FITNESS, Objective, in_order
from evolve.storage.log import Scored
from evolve.values import Result

CLEARLY = 2  # standard errors that a leader is ahead by, if it is better and not just lucky


def accuracy(result: Result, objective: Objective) -> float | None:
    """What a full training came to: what a fitness function of the user's own returned, if there is one, else the
    accuracy, or what candidates are ranked by where there is none."""
    names = (FITNESS, "accuracy", objective.name)
    return next((result.measures[name] for name in names if name in result.measures), None)


@dataclass(frozen=True)
class MeanLead:
    """By how much the mean of one re-scored candidate is ahead of that of another, in fitness.

    error: standard error of that difference. The deviation of single scores is pooled from all re-scored candidates, as
    each has a few only; None where each was scored again once, so that nothing is known of it.
    """

    by: float
    error: float | None

    @property
    def interval(self) -> float | None:
        """Half the width of the interval that counts: as many standard errors as a clear lead has."""
        return None if self.error is None else CLEARLY * self.error

    @property
    def is_clear(self) -> bool:
        """Whether it is more than luck."""
        return self.by >= (self.interval or 0.0)


def mean_lead(rescored: Mapping[int, Sequence[float]], one: int, other: int) -> MeanLead:
    """The lead of `one` over `other`, both by birth number; negative if it is behind. rescored: as for `hall_order`."""
    by, spread = fmean(rescored[one]) - fmean(rescored[other]), _spread(rescored.values())
    error = None if spread is None else spread * math.sqrt(1 / len(rescored[one]) + 1 / len(rescored[other]))
    return MeanLead(by, error)


def hall_order(
    scored: Iterable[Scored], rescored: Mapping[int, Sequence[float]], raced: Sequence[int] | None = None
) -> list[Scored]:
    """Candidates with what the search knows of them, best first: re-scored ones by their mean fitness, the others
    behind; then as they stand in the search.

    First of all, though, stands the eldest of those that the best is ahead of by less than two standard errors of their
    difference, much as in the one-standard-error rule of Breiman et al. 1984 ("Classification and Regression Trees",
    https://doi.org/10.1201/9781315139470). Of candidates that cannot be told apart the youngest are the luckiest: they
    are the best of many children. rescored: scores of each re-scored candidate, by birth number. raced: those that
    were in a race, in their order there, which then stand first.
    """
    means = {number: fmean(scores) for number, scores in rescored.items()}

    def place(one: Scored) -> tuple[float, ...]:
        known = one.candidate in means
        return (float(not known), -means.get(one.candidate, 0.0), *in_order(one.standing, one.candidate))

    ranked = sorted(scored, key=place)
    if raced is not None:
        order = {number: place for place, number in enumerate(raced)}
        return sorted(ranked, key=lambda one: order.get(one.candidate, len(order)))
    again = [one for one in ranked if one.candidate in means]
    if not again:
        return ranked
    best = again[0].candidate
    alike = (one for one in again if not mean_lead(rescored, best, one.candidate).is_clear)
    eldest = min(alike, default=again[0])
    return [eldest, *(one for one in ranked if one != eldest)]


def _spread(rescored: Iterable[Sequence[float]]) -> float | None:
    """Standard deviation of the scores of one candidate, from all of them together; None where each has only one."""
    repeated = [scores for scores in rescored if len(scores) > 1]
    squares = sum((score - fmean(scores)) ** 2 for scores in repeated for score in scores)
    return math.sqrt(squares / sum(len(scores) - 1 for scores in repeated)) if repeated else None
