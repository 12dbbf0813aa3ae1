"""The state of a run or of one long training at a moment, for displays."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Progress:
    """The state of a run at one moment.

    evaluations: results that are there, those recorded by an earlier session included; the other figures are of the
    results that were told. best, mean: scores; the mean is over the last population of results.
    per_minute: evaluations. left: seconds until the run is finished, or None while unknown.
    """

    phase: str
    generation: int
    generations: int | None
    evaluations: int
    limit: int | None
    best: float | None
    best_candidate: int | None
    mean: float | None
    failures: int
    per_minute: float | None
    left: float | None


@dataclass(frozen=True)
class Epochs:
    """The state of one long training. figures: of the last epoch, as the evaluator reports them."""

    phase: str
    epoch: int
    epochs: int | None
    figures: Mapping[str, float]
    left: float | None


class EpochWatch:
    """Follows one long training by the figures that its worker reports after each epoch."""

    def __init__(self, phase: str, deadline: float | None = None, predicted: float | None = None) -> None:
        self._deadline, self._predicted = deadline, predicted
        self._begun = self._at = time.monotonic()
        self._last = Epochs(phase, 0, None, {}, predicted)

    def hear(self, figures: Mapping[str, float]) -> None:
        """Takes figures of the training: the `epoch` that is done, the `epochs` there are going to be, and others."""
        rest = dict(figures)
        epochs = int(rest.pop("epochs", self._last.epochs or 0)) or None
        epoch = int(rest.pop("epoch", self._last.epoch))
        if epoch != self._last.epoch:
            self._at = time.monotonic()
        self._last = replace(self._last, epoch=epoch, epochs=epochs, figures=rest)

    def now(self) -> Epochs:
        """The figures of this moment. Until the first epoch is done, the time left is what was predicted."""
        epoch, epochs = self._last.epoch, self._last.epochs
        if not (epoch and epochs):
            gone = time.monotonic() - self._begun
            return replace(self._last, left=None if self._predicted is None else max(0.0, self._predicted - gone))
        each = (self._at - self._begun) / epoch
        ends = self._at + each * (epochs - epoch)
        if self._deadline is not None:
            ends = min(ends, self._deadline + each)
        return replace(self._last, left=max(0.0, ends - time.monotonic()))
