"""What trainings really came to, which may be more or less than what was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from evolve.values import Budget, Result, Spent


def done(budget: Budget, result: Result) -> Spent:
    """What a training that ended well really did. See `done_of`."""
    return done_of(budget, result.spent, result.curve)


def done_of(budget: Budget, spent: Spent, curve: Sequence[Mapping[str, Any]]) -> Spent:
    """What was really done, as recorded. A copy of another result records nothing: there epochs are those of the
    curve, or else what was asked for."""
    counted = {"epochs": round(curve[-1]["epoch"])} if curve and "epoch" in curve[-1] else {}
    return spent or {**asdict(budget), **counted}
