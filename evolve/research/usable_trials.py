"""Trials whose numbers can be computed with: outside programs, and files that people change, may say any."""

from __future__ import annotations

from dataclasses import replace

from evolve.research.trials import Point, Trial

LARGEST = 1e100  # its squares and cubes are still numbers


def usable(trial: Trial) -> Trial:
    """A trial without numbers that are beyond that, or none. If its score is one of these, or it has none, it has
    failed; what failed has no score and no curve."""
    points = [Point(x, score, _number(truth)) for x, score, truth in trial.curve if _number(x) is not None]
    found = replace(
        trial,
        test=_number(trial.test),
        selected=_number(trial.selected),
        rescored=_number(trial.rescored),
        work=_number(trial.work),
        others=_number(trial.others),
        guessing=_number(trial.guessing),
        seconds=_number(trial.seconds) or 0.0,
        curve=tuple(point for point in points if _number(point.selected) is not None),
    )
    if trial.ok and found.test is not None:
        return found
    reason = "it has no score" if trial.test is None else f"its score is not a number of at most {LARGEST:g}"
    return replace(found, status="failed", reason=trial.reason or reason, test=None, curve=())


def _number(value: float | None) -> float | None:
    return value if value is not None and abs(value) <= LARGEST else None
