"""Sorts the seconds of one `fit` by what they are for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import keras
from laps import BUILD, DATA, STORAGE, TRAINING, VALIDATION, Laps


def timed_fit(laps: Laps, model: Any, *args: Any, callbacks: Sequence[Any] = (), **kwargs: Any) -> Any:
    """What `model.fit` returns.

    Before training begins, Keras makes a data set of the arrays, and after it, the data set is taken down: data. The
    first batch of training, and of validation, takes longer than the median one because its function is traced in it:
    build and trace. Between the end of an epoch and what comes next, other callbacks save: storage.
    """
    stopwatch = _Stopwatch(laps)
    history = model.fit(*args, callbacks=[stopwatch, *callbacks], **kwargs)
    stopwatch.end()
    return history


class _Stopwatch(keras.callbacks.Callback):
    def __init__(self, laps: Laps) -> None:
        super().__init__()
        self._seconds = laps.seconds
        self._training: list[float] = []
        self._validation: list[float] = []
        self._last = time.perf_counter()

    def _passed(self) -> float:
        before, self._last = self._last, time.perf_counter()
        return self._last - before

    def end(self) -> None:
        self._seconds[DATA] += self._passed()

    def on_train_begin(self, logs: Any = None) -> None:
        self._seconds[DATA] += self._passed()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._seconds[STORAGE] += self._passed()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._training.append(self._passed())

    def on_test_begin(self, logs: Any = None) -> None:
        self._seconds[VALIDATION] += self._passed()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._validation.append(self._passed())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._seconds[VALIDATION] += self._passed()

    def on_train_end(self, logs: Any = None) -> None:
        self._seconds[STORAGE] += self._passed()
        for category, batches in ((TRAINING, self._training), (VALIDATION, self._validation)):
            tracing = max(0.0, batches[0] - median(batches))
            self._seconds[BUILD] += tracing
            self._seconds[category] += sum(batches) - tracing
