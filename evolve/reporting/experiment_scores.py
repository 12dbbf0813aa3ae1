"""How the scores of an experiment are written: accuracies as per cents with differences in points, others as numbers,
none with more digits than its interval supports."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evolve.display.text import score
from evolve.objectives import Direction, Objective
from evolve.research.analysis import Analysis, Arm
from evolve.research.statistics import Interval

USUAL = 2  # decimals of a per cent without an interval
DIGITS = 6  # of a number, at most: no interval supports more
DECIMALS, DECIMALS_OF_POINTS = 9, 4  # at most
WIDE = 1e9  # from which on a number is written with an exponent


@dataclass(frozen=True)
class Scores:
    """Writes the scores of an experiment. Arguments are such that higher is better; what is written is as measured.

    point: what a point is; None where scores are no accuracies. part: the one that they are of.
    """

    objective: Objective
    point: float | None
    part: str = "test"

    @property
    def name(self) -> str:
        """As "test accuracy"."""
        return f"{self.part} {self.objective.name.replace('_', ' ')}"

    @property
    def lower_is_better(self) -> bool:
        """Whether that is so for scores as they are written."""
        return self.objective.direction is Direction.MINIMISE

    @property
    def heading(self) -> str:
        """As "test accuracy", or "test loss (lower is better)"."""
        return f"{self.name} (lower is better)" if self.lower_is_better else self.name

    @property
    def unit(self) -> str:
        """Of a difference, for headings: " in points", or nothing."""
        return "" if self.point is None else " in points"

    def value(self, fitness: float) -> float:
        """A score as it is written."""
        return self.objective.shown(fitness) / (1.0 if self.point is None else self.point)

    def drawn(self, fitness: float) -> float:
        """A score, or an end of its interval, in a picture: of an accuracy what is possible."""
        value = self.value(fitness)
        return value if self.point is None else min(max(value, 0.0), 100.0)

    def score(self, fitness: float | None, interval: Interval | None = None) -> str:
        """A score: "97.8 %". interval: that of it, for how many digits it has."""
        if fitness is None:
            return "-"
        sign = "" if self.point is None else " %"
        return f"{self._number(self.value(fitness), interval)}{sign}"

    def between(self, interval: Interval | None) -> str:
        """An interval of scores: "97.2 to 98.4"; of accuracies what is possible of it."""
        return self._ends(interval, 0.0)

    def differences(self, interval: Interval | None) -> str:
        """An interval of signed differences: "-0.2 to 1.4"."""
        return self._ends(interval, -100.0)

    def _ends(self, interval: Interval | None, least: float) -> str:
        if interval is None:
            return "-"
        ends = sorted((self.value(interval.low), self.value(interval.high)))
        possible = ends if self.point is None else [max(least, end) for end in ends]
        return " to ".join(self._number(end, interval) for end in possible)

    def difference(self, fitness: float, interval: Interval | None) -> str:
        """A signed difference, as measured: "+1.2"."""
        shown = self._number(self.value(fitness), interval)
        return shown if shown.startswith("-") or float(shown) == 0 else f"+{shown}"

    def size(self, fitness: float, interval: Interval | None = None) -> str:
        """How large a difference is, with its unit and without its sign: "1.2 points", "0.031"."""
        return f"{self._number(abs(self.value(fitness)), interval)}{self.points}"

    @property
    def points(self) -> str:
        """The unit behind a difference."""
        return "" if self.point is None else " points"

    def number(self, value: float, interval: Interval | None) -> str:
        """A difference without sign and unit, with as many digits as the interval supports."""
        return self._number(abs(self.value(value)), interval)

    def _number(self, value: float, interval: Interval | None) -> str:
        if self.point is not None:
            value = min(max(value, -100.0), 100.0)
        ends = (self.value(interval.low), self.value(interval.high)) if interval else (0.0, 0.0)
        half, size = abs(ends[1] - ends[0]) / 2, max(map(abs, ends))
        most = DECIMALS if self.point is None else DECIMALS_OF_POINTS
        return _without_minus_zero(written(value, half, size, most) if half > 0 else self._exact(value))

    def _exact(self, value: float) -> str:
        """A number without an interval, or with one that has no width."""
        if self.point is None:
            return score(value) if abs(value) < WIDE else f"{value:.4g}"
        return f"{value:.{USUAL}f}" if value == 0 or abs(value) >= 0.1**USUAL else f"{value:.2g}"


def scores_of(analysis: Analysis) -> Scores:
    """How the scores of that experiment are written."""
    unseen = "selection" if analysis.tables and not analysis.published else "test"  # recorded tables have no test part
    return Scores(analysis.objective, analysis.point, unseen)


def count_of(arm: Arm, dataset: str) -> str:
    """Trials of an arm on a data set that have a score: "20", or "8 of 20" where others failed."""
    tried = [trial for trial in arm.tried if trial.dataset == dataset]
    scored = sum(trial.ok for trial in tried)
    return str(scored) if scored == len(tried) else f"{scored} of {len(tried)}"


def places(half: float) -> int:
    """Decimals that a number has whose interval reaches that far (above 0) to both sides: one digit of it counts, or
    two where it begins with 1 or 2."""
    return max(0, math.ceil(math.log10(3) - math.log10(half) - 1e-9))


def written(value: float, half: float, size: float, most: int) -> str:
    """A number whose interval reaches that far to both sides, and up to that size: with at most so many decimals, and
    so many digits in all as any interval may support; with an exponent where that is shorter."""
    decimals = min(places(half), max(0, DIGITS - 1 - math.floor(math.log10(size))), most)
    short = size < WIDE and size * 10**decimals >= 1
    return f"{value:.{decimals}f}" if short else f"{value:.3g}"


def _without_minus_zero(text: str) -> str:
    return text.removeprefix("-") if float(text) == 0 else text


def p_value(p: float) -> str:
    """A p-value: two digits of it, up to a thousandth."""
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.0995 else f"{p:.2f}"


def p_in_words(p: float) -> str:
    """As "p = 0.031" or "p below 0.001"."""
    return "p below 0.001" if p < 0.001 else f"p = {p_value(p)}"


def in_words(p: float) -> str:
    """How often such a thing comes up: "in 16 of 1,000"; rounded up."""
    if p < 0.001:
        return "in fewer than 1 of 1,000"
    if p < 0.01:
        return f"in about {math.ceil(p * 1000)} of 1,000"
    return f"in about {math.ceil(p * 100)} of 100"


def probability(share: float) -> str:
    """A probability that is estimated: never quite 0 or 1."""
    if share > 0.99:
        return "more than 99 %"
    return "less than 1 %" if share < 0.01 else f"{share:.0%}".replace("%", " %")


def about(count: int) -> str:
    """A count that is estimated: two digits of it where it is large."""
    return f"{count if count < 100 else int(float(f'{count:.1e}')):,}"
