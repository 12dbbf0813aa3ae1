"""The statistics of comparisons, by SciPy as far as it has them: Holm's correction and Nemenyi's difference it has not.

Values are paired: two arms on the same data set with the same seed. Nothing here knows a run or a file.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.05  # of significance, of all comparisons of an experiment together
POWER = 0.8
RESAMPLES = 9999
# Pairs that a t test needs for each one of the signed-rank test, if differences are normally distributed and many
# (Hodges and Lehmann 1956, https://doi.org/10.1214/aoms/1177728261).
EFFICIENCY = 3 / math.pi
Array = NDArray[np.float64]
Name = TypeVar("Name")


@dataclass(frozen=True)
class Interval:
    """An interval that holds the true value, such as a mean or a mean difference, in 95 of 100 experiments."""

    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """One arm against another, over pairs.

    mean: of the differences, in their unit. t, bootstrap: 95 % intervals of that mean; None with a single pair.
    p: two-sided, of Wilcoxon's signed-rank test. adjusted: p after Holm's correction for all comparisons that were made
    together. ahead, equal: pairs in which the first arm is ahead, and without a difference. wins: the probability that
    it is ahead on a new pair; None with a single one.
    """

    pairs: int
    mean: float
    t: Interval | None
    bootstrap: Interval | None
    p: float
    adjusted: float
    ahead: int
    equal: int
    wins: float | None

    @property
    def clear(self) -> bool:
        """Whether there is evidence of a difference. If not, the arms may still differ: few pairs show little."""
        return self.adjusted <= LEVEL


def compare(differences: Mapping[Name, Sequence[float]]) -> dict[Name, Comparison]:
    """Comparisons that are made together, by name, of those that have a pair.

    differences: per comparison one number for each pair, first arm less second; all finite. Without a pair it counts
    for Holm's correction nevertheless. Pairs of several data sets stand side by side, so the spread between data sets
    widens the intervals.
    """
    tests = {name: signed_rank(values) for name, values in differences.items()}
    adjusted = dict(zip(tests, holm(list(tests.values())), strict=True))
    return {
        name: Comparison(
            pairs=len(values),
            mean=mean(values),
            t=t_interval(values),
            bootstrap=bootstrap_interval(values),
            p=tests[name],
            adjusted=adjusted[name],
            ahead=sum(value > 0 for value in values),
            equal=sum(value == 0 for value in values),
            wins=chance_to_win(values),
        )
        for name, values in differences.items()
        if len(values)
    }


def mean(values: Sequence[float]) -> float:
    """The mean of one value or more; exactly theirs if they are equal, whatever rounding makes of it."""
    return fmean(values) if np.ptp(values) else float(values[0])


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of two values or more; exactly 0 if they are equal."""
    return float(np.std(values, ddof=1)) if np.ptp(values) else 0.0


def t_interval(values: Sequence[float]) -> Interval | None:
    """Student's 95 % interval of the mean; None for fewer than two values."""
    if len(values) < 2:
        return None
    if np.ptp(values) == 0:
        return Interval(float(values[0]), float(values[0]))
    return Interval(*map(float, stats.t.interval(1 - LEVEL, len(values) - 1, mean(values), stats.sem(values))))


def pooled_intervals(
    parts: Mapping[Name, Sequence[float]], least: Mapping[Name, float] | None = None
) -> dict[Name, Interval]:
    """95 % intervals of the mean of each part, by Student's t with the deviation within all parts together, as that
    of few values says little; none where no part has two. least: standard errors of single parts that come from
    elsewhere; the larger one counts."""
    freedom = sum(len(values) - 1 for values in parts.values() if len(values))
    if freedom < 1:
        return {}
    squares = sum((len(values) - 1) * deviation(values) ** 2 for values in parts.values() if len(values) > 1)
    pooled, found = math.sqrt(squares / freedom), dict[Name, Interval]()
    for name, values in parts.items():
        if len(values):
            reach = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * pooled / math.sqrt(len(values))
            reach = max(reach, float(stats.norm.ppf(1 - LEVEL / 2)) * (least or {}).get(name, 0.0))
            found[name] = Interval(mean(values) - reach, mean(values) + reach)
    return found


def bootstrap_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % interval of the mean by the bias-corrected and accelerated bootstrap (Efron 1987,
    https://doi.org/10.2307/2289144), the same each time; None for fewer than two values, or where it has none, as of
    values of which a single one outweighs all others by far."""
    if len(values) < 2:
        return None
    if np.ptp(values) == 0:
        return Interval(float(values[0]), float(values[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap((np.asarray(values),), np.mean, n_resamples=RESAMPLES, rng=np.random.default_rng(0))
    low, high = map(float, found.confidence_interval)
    return Interval(low, high) if math.isfinite(low) and math.isfinite(high) else None


@dataclass(frozen=True)
class Band:
    """The mean of curves at each point of a grid, with Student's 95 % interval, which a single curve does not have."""

    mean: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None


def band(curves: Array) -> Band:
    """The mean of curves. curves: (curves, points), at least one."""
    middle = curves.mean(axis=0)
    if len(curves) < 2:
        return Band(tuple(middle.tolist()), None, None)
    reach = stats.t.ppf(1 - LEVEL / 2, len(curves) - 1) * stats.sem(curves, axis=0)
    return Band(*(tuple(line.tolist()) for line in (middle, middle - reach, middle + reach)))


def typical(values: Sequence[float]) -> float:
    """The median of the means of all pairs of values that are not 0 (Hodges and Lehmann 1963,
    https://doi.org/10.1214/aoms/1177704172): it has the sign that the signed-rank test speaks for. 0 without any."""
    known = np.asarray([value for value in values if value])
    if not known.size:
        return 0.0
    one, other = np.triu_indices(len(known))
    return float(np.median((known[one] + known[other]) / 2))


def signed_rank(values: Sequence[float]) -> float:
    """The two-sided p-value of Wilcoxon's signed-rank test (Wilcoxon 1945, https://doi.org/10.2307/3001968), exact up
    to 50 pairs without ties, and up to 13 with some. Pairs without a difference say nothing, and are left out; with no
    others it is 1."""
    differing = [value for value in values if value]
    return float(stats.wilcoxon(differing).pvalue) if differing else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values of tests that are made together, in their order, adjusted so that any false claim among them is as rare
    as with one test (Holm 1979, https://www.jstor.org/stable/4615733)."""
    count, worst = len(p_values), 0.0
    adjusted = [0.0] * count
    for rank, at in enumerate(np.argsort(p_values, kind="stable")):
        worst = max(worst, min(1.0, (count - rank) * p_values[at]))
        adjusted[at] = worst
    return adjusted


def fewest_pairs(comparisons: int) -> int:
    """Pairs below which no difference, however large, can be clear among so many comparisons: the smallest p-value of
    the signed-rank test is 2 / 2^pairs."""
    return math.ceil(math.log2(2 * comparisons / LEVEL))


def chance_to_win(values: Sequence[float]) -> float | None:
    """The probability that a new pair has a difference above 0, if differences are normally distributed: from the
    prediction of one more value (Hahn and Meeker 1991, "Statistical Intervals"). Where some are 0, which normal ones
    never are, as `share_of` the values above 0. None for fewer than two values."""
    if len(values) < 2:
        return None
    if not all(values):
        return share_of(sum(value > 0 for value in values), len(values))
    middle, spread = mean(values), deviation(values)
    if spread == 0:
        return float(np.heaviside(middle, 0.5))
    return float(stats.t.cdf(middle / (spread * math.sqrt(1 + 1 / len(values))), len(values) - 1))


def share_of(count: int, trials: int) -> float:
    """How probable something is that came up so often: never quite 0 or 1, by Jeffreys' prior (Brown, Cai and DasGupta
    2001, https://doi.org/10.1214/ss/1009213286)."""
    return (count + 0.5) / (trials + 1)


def power(effect: float, deviation: float, pairs: int, level: float = LEVEL) -> float:
    """The probability that a paired t test at that level finds a true mean difference of `effect` when differences have
    that standard deviation (above 0); at least two pairs."""
    shift = effect / deviation * math.sqrt(pairs)
    edge = float(stats.t.ppf(1 - level / 2, pairs - 1))
    return float(stats.nct.sf(edge, pairs - 1, shift) + stats.nct.cdf(-edge, pairs - 1, shift))


def pairs_to_show(effect: float, deviation: float, most: int = 100_000, level: float = LEVEL) -> int | None:
    """Pairs with which a paired t test finds a true difference of `effect` (not 0) four times in five; None if that
    takes more than `most`."""
    low, high = 1, 2  # too few, and perhaps enough
    while deviation > 0 and power(effect, deviation, high, level) < POWER:
        low, high = high, 2 * high
        if low >= most:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(effect, deviation, middle, level) >= POWER else (middle, high)
    return high


def pairs_to_claim(effect: float, values: Sequence[float], comparisons: int) -> int | None:
    """About how many pairs it takes to show a true difference of `effect` (not 0) four times in five, with the
    signed-rank test and the strictest step of Holm's correction, if differences scatter as these do. None for fewer
    than two of them, or if it takes more than 100,000."""
    if len(values) < 2:
        return None
    needed = pairs_to_show(effect, deviation(values), level=LEVEL / comparisons)
    return None if needed is None else max(fewest_pairs(comparisons), math.ceil(needed / EFFICIENCY))


@dataclass(frozen=True)
class Ranks:
    """Mean ranks of arms over pairs, 1 the best, with which arms cannot be told apart.

    p: of Friedman's test that all are alike. critical: two arms whose mean ranks differ by less cannot be told apart.
    """

    mean: Mapping[str, float]
    p: float
    critical: float


def ranks(scores: Mapping[str, Sequence[float]]) -> Ranks:
    """Ranks of three arms or more, higher scores better, with the critical difference of Nemenyi's test (Demšar 2006,
    https://www.jmlr.org/papers/v7/demsar06a.html).

    scores: per arm one number for each data set and seed, in the same order; minus infinity where there is none.
    """
    table = np.array(list(scores.values()))
    arms, pairs = table.shape
    mean = stats.rankdata(-table, axis=0).mean(axis=1)
    alike = bool(np.all(table == table[0]))
    p = 1.0 if alike else float(stats.friedmanchisquare(*table).pvalue)
    quantile = float(stats.studentized_range.ppf(1 - LEVEL, arms, np.inf)) / math.sqrt(2)
    critical = quantile * math.sqrt(arms * (arms + 1) / (6 * pairs))
    return Ranks({name: float(rank) for name, rank in zip(scores, mean, strict=True)}, p, critical)
