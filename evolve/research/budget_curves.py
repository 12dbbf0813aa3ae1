"""What arms have found after how much of their budget: mean curves, and the time to a target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from evolve.research.statistics import Array, Band, band
from evolve.research.trials import Point, Trial

POINTS = 100  # of a grid


@dataclass(frozen=True)
class BudgetCurve:
    """The best so far of an arm on one data set, as a mean over its trials; of a trial that ended early the last value
    stays.

    x: what was spent, rising, from where all trials have a score. selected: scores by which the best was selected.
    truth: what that one is really worth; None where that is not known of each trial.
    """

    trials: int
    x: tuple[float, ...]
    selected: Band
    truth: Band | None


@dataclass(frozen=True)
class TimeToTarget:
    """How many of an arm's trials on one data set reached a target, and after how much of their budget: the median of
    those that did, None if none did. trials: with failed ones, which never do. by_truth: by what the best is really
    worth; else by the score that selected it."""

    trials: int
    reached: int
    median: float | None
    by_truth: bool


def budget_curve(trials: Sequence[Trial]) -> BudgetCurve | None:
    """The mean curve of trials; None if none of them has one."""
    curves = _curves(trials)
    if not curves:
        return None
    x = _grid(curves)
    selected = band(np.array([_steps(curve, x, [point.selected for point in curve]) for curve in curves]))
    truth = band(np.array([_steps(curve, x, _truths(curve)) for curve in curves])) if _known(curves) else None
    return BudgetCurve(len(curves), tuple(x.tolist()), selected, truth)


def truth_known(trials: Sequence[Trial]) -> bool:
    """Whether all curves say what the best so far is really worth."""
    return _known(_curves(trials))


def time_to_target(trials: Sequence[Trial], target: float, by_truth: bool) -> TimeToTarget | None:
    """When trials reached a target, in fitness; None if none of them has a curve. by_truth: by what the best so far is
    really worth, which all curves must say; else by the score that selected it."""
    curves = _curves(trials)
    if not curves:
        return None
    firsts = [_first(curve, _truths(curve) if by_truth else [p.selected for p in curve], target) for curve in curves]
    times = [first for first in firsts if first is not None]
    failed = sum(not trial.ok for trial in trials)
    return TimeToTarget(len(curves) + failed, len(times), median(times) if times else None, by_truth)


def _curves(trials: Sequence[Trial]) -> list[list[Point]]:
    """Those that trials have, by what was spent; programs of others may have another order."""
    return [sorted(trial.curve, key=lambda point: point.x) for trial in trials if trial.curve]


def _first(curve: Sequence[Point], scores: Sequence[float], target: float) -> float | None:
    return next((point.x for point, score in zip(curve, scores, strict=True) if score >= target), None)


def _known(curves: Sequence[Sequence[Point]]) -> bool:
    return all(point.truth is not None for curve in curves for point in curve)


def _truths(curve: Sequence[Point]) -> list[float]:
    return [math.nan if point.truth is None else point.truth for point in curve]


def _grid(curves: Sequence[Sequence[Point]]) -> Array:
    """From where all have a score to where the last one ends; whole numbers as they are where those are few."""
    start, end = max(curve[0].x for curve in curves), max(curve[-1].x for curve in curves)
    counts = all(float(point.x).is_integer() for curve in curves for point in curve)
    if counts and end - start < POINTS:
        return np.arange(start, end + 1, dtype=np.float64)
    return np.linspace(start, end, POINTS)


def _steps(curve: Sequence[Point], x: Array, values: Sequence[float]) -> Array:
    """The value of a curve of steps at each x, none of which is before its first step."""
    places = np.searchsorted([point.x for point in curve], x, side="right") - 1
    return np.asarray(values, dtype=np.float64)[places]
