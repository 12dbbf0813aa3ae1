"""The training of one network under its recipe, epoch by epoch."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.training.augment import augment
from evolve.training.optimizers import optimizer
from evolve.training.stopwatch import Stopwatch

STEPS_PER_CALL = 32
STRETCH = 4096  # images that are shuffled, augmented and trained on at a time
Point = dict[str, float]


class Diverged(Exception):
    """The loss is not finite; the message says in which epoch."""


class Training:
    """A network compiled with its recipe, and the images it is trained on.

    model: a Keras model that returns class probabilities. images: (count, height, width, channels). labels: (count,).
    low, high: the darkest and the brightest value of a pixel.
    clock: told where the time goes.
    ragged: whether a last batch that is smaller is trained on, as Keras does, or left out, which is faster.
    """

    def __init__(
        self,
        model: Any,
        images: NDArray[Any],
        labels: NDArray[Any],
        recipe: Mapping[str, Any],
        epochs: int,
        seed: int,
        low: float,
        high: float,
        clock: Stopwatch,
        ragged: bool = False,
    ) -> None:
        self.model, self._recipe, self._epochs, self._clock = model, recipe, epochs, clock
        self.images, self.labels, self._range = images, labels, (low, high)
        self._targets = np.eye(model.output_shape[-1], dtype=np.float32)[labels]
        self._batch = min(recipe["batch_size"], len(images))
        whole = len(images) // self._batch
        self._used = len(images) if ragged else whole * self._batch
        self._rng = np.random.default_rng(seed)
        steps = math.ceil(self._used / self._batch)
        backend = keras.backend.backend()
        model.compile(
            optimizer=optimizer(recipe, steps * epochs),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe["label_smoothing"]),
            metrics=["accuracy"],
            jit_compile=False,
            steps_per_execution=1 if backend == "torch" or steps > whole else min(STEPS_PER_CALL, steps),
        )
        _build_ahead(model)
        clock.lap("build")
        self._train: Callable[[NDArray[Any], NDArray[Any]], None] = self._fit
        self._stretch = self._used
        if backend == "tensorflow":
            from evolve.training.graphs import training_steps

            self._train = training_steps(model, self._batch, images.dtype)
            self._stretch = self._batch * max(1, STRETCH // self._batch)
            clock.lap("trace")

    def run(self, on_epoch: Callable[[Point], bool | None] = lambda point: None) -> list[Point]:
        """Trains all epochs; the learning curve, one point per epoch. Raises Diverged.

        on_epoch: is given each point, may add figures to it, and ends the training by returning True.
        """
        curve: list[Point] = []
        for epoch in range(1, self._epochs + 1):
            point = {"epoch": epoch, **self._epoch()}
            if not all(map(math.isfinite, point.values())):
                raise Diverged(f"the training loss was not finite in epoch {epoch}; a smaller learning rate may help")
            curve.append(point)
            if on_epoch(point):
                break
        return curve

    def _epoch(self) -> Point:
        order = self._rng.permutation(len(self.images))[: self._used]
        self.model.reset_metrics()
        for start in range(0, self._used, self._stretch):
            chosen = order[start : start + self._stretch]
            images, targets = self.images[chosen], self._targets[chosen]
            images, targets = augment(images, targets, self._recipe, *self._range, self._rng)
            self._clock.lap("data")
            self._train(images, targets)
            self._clock.lap("fit")
        return {name: float(value) for name, value in self.model.get_metrics_result().items()}

    def _fit(self, images: NDArray[Any], targets: NDArray[Any]) -> None:
        self.model.fit(images, targets, batch_size=self._batch, epochs=1, shuffle=False, verbose=0)


def _build_ahead(model: Any) -> None:
    """Makes the variables of optimizer and metrics now. Made in the first training step, they would have TensorFlow
    trace that step twice, which takes longer than the rest of a brief training on small images."""
    model.optimizer.build(model.trainable_variables)
    uniform = np.full((1, model.output_shape[-1]), 1 / model.output_shape[-1], np.float32)
    model.compute_metrics(None, uniform, uniform)
    model.reset_metrics()


def report(path: str | None, figures: Mapping[str, float]) -> None:
    """Leaves figures of a running training in the file `path`, for whoever watches; nothing if there is none.
    A full disk ends no training: only the display stands still."""
    if path is None:
        return
    draft = Path(f"{path}.{os.getpid()}")
    with suppress(OSError):
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(dict(figures)))
        draft.replace(path)
