"""How the scores of an experiment are written: accuracies as per cents with differences in points, others as numbers,
none with more digits than its interval supports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evolve.display.text import score
from evolve.objectives import Direction, Objective
from evolve.research.analysis import Analysis
from evolve.research.statistics import Interval

USUAL = 2  # decimals of a per cent without an interval


@dataclass(frozen=True)
class Scores:
    """Writes the scores of an experiment. Arguments are such that higher is better; what is written is as measured.

    point: what a point is; None where scores are no accuracies.
    """

    objective: Objective
    point: float | None

    @property
    def name(self) -> str:
        """As "test accuracy"."""
        return f"test {self.objective.name.replace('_', ' ')}"

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
        """A score as it is drawn."""
        return self.objective.shown(fitness) / (1.0 if self.point is None else self.point)

    def score(self, fitness: float | None, interval: Interval | None = None) -> str:
        """A score: "97.8 %". interval: that of it, for how many digits it has."""
        if fitness is None:
            return "-"
        sign = "" if self.point is None else " %"
        return f"{self._number(self.value(fitness), interval)}{sign}"

    def between(self, interval: Interval | None) -> str:
        """An interval of scores: "97.2 to 98.4"; of differences, too."""
        if interval is None:
            return "-"
        ends = sorted((self.value(interval.low), self.value(interval.high)))
        return " to ".join(self._number(end, interval) for end in ends)

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
        half = abs(self.value(interval.high) - self.value(interval.low)) / 2 if interval else 0.0
        if half <= 0:
            return score(value) if self.point is None else f"{value:.{USUAL}f}"
        return _without_minus_zero(f"{value:.{places(half)}f}")


def scores_of(analysis: Analysis) -> Scores:
    """How the scores of that experiment are written."""
    return Scores(analysis.objective, analysis.point)


def places(half: float) -> int:
    """Decimals that a number has whose interval reaches that far (above 0) to both sides: one digit of it counts, or
    two where it begins with 1 or 2."""
    return max(0, math.ceil(-math.log10(half / 3) - 1e-9))


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


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence: "a, b and c", or "a, b, c, d and 8 more"."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
