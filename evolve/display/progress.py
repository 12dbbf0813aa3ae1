"""The state of a run or of one long training at a moment, for displays."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path


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
    """Follows one long training by the file in which its worker leaves figures after each epoch."""

    def __init__(self, phase: str, path: Path, deadline: float | None = None, predicted: float | None = None) -> None:
        self._phase, self._path, self._deadline, self._predicted = phase, path, deadline, predicted
        self._begun = self._at = time.monotonic()
        self._last = Epochs(phase, 0, None, {}, predicted)

    def now(self) -> Epochs:
        """The figures of this moment. Until the first epoch is done, the time left is what was predicted."""
        try:
            figures = json.loads(self._path.read_text())
        except (OSError, ValueError):
            gone = time.monotonic() - self._begun
            left = None if self._predicted is None else max(0.0, self._predicted - gone)
            return replace(self._last, left=left) if self._last.epoch == 0 else self._last
        epochs = int(figures.pop("epochs"))
        epoch = int(figures.pop("epoch", self._last.epoch))
        if epoch != self._last.epoch:
            self._at = time.monotonic()
        each = (self._at - self._begun) / max(1, epoch)
        ends = self._at + each * (epochs - epoch)
        if self._deadline is not None:
            ends = min(ends, self._deadline + each)
        self._last = Epochs(self._phase, epoch, epochs, figures, max(0.0, ends - time.monotonic()))
        return self._last
