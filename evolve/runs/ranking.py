"""How candidates are ranked by what is known of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
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


def hall_order(scored: Iterable[Scored], rescored: Mapping[int, Sequence[float]]) -> list[Scored]:
    """Candidates with what the search knows of them, best first: re-scored ones by their mean fitness, the others
    behind; then as they stand in the search.

    First of all, though, stands the eldest of those that the best is ahead of by less than two standard errors of their
    difference, much as in the one-standard-error rule of Breiman et al. 1984 ("Classification and Regression Trees",
    https://doi.org/10.1201/9781315139470). Of candidates that cannot be told apart the youngest are the luckiest: they
    are the best of many children. rescored: scores of each re-scored candidate, by birth number.
    """
    means = {number: fmean(scores) for number, scores in rescored.items()}

    def place(one: Scored) -> tuple[float, ...]:
        known = one.candidate in means
        return (float(not known), -means.get(one.candidate, 0.0), *in_order(one.standing, one.candidate))

    ranked = sorted(scored, key=place)
    again = [one for one in ranked if one.candidate in means]
    if not again:
        return ranked
    best, spread = again[0].candidate, _spread(rescored.values())

    def is_alike(number: int) -> bool:
        error = spread * math.sqrt(1 / len(rescored[best]) + 1 / len(rescored[number]))
        return means[best] - means[number] < CLEARLY * error

    eldest = min((one for one in again if is_alike(one.candidate)), default=again[0])
    return [eldest, *(one for one in ranked if one != eldest)]


def _spread(rescored: Iterable[Sequence[float]]) -> float:
    """Standard deviation of the scores of one candidate, from all of them together; 0 where each has only one."""
    repeated = [scores for scores in rescored if len(scores) > 1]
    squares = sum((score - fmean(scores)) ** 2 for scores in repeated for score in scores)
    return math.sqrt(squares / sum(len(scores) - 1 for scores in repeated)) if repeated else 0.0
