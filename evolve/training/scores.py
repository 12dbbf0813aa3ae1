"""How good class probabilities are."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

SCORE_BATCH = 250
WORTH_COMPILING = 2000


class Classifier:
    """Class probabilities of a model. total: how many images it is going to see at least; for many of them it is worth
    compiling the model with TensorFlow first."""

    def __init__(self, model: Any, total: int) -> None:
        self._forward: Callable[[NDArray[Any]], Any] = partial(model, training=False)
        self._model = model
        if keras.backend.backend() == "tensorflow" and total >= WORTH_COMPILING:
            from evolve.training.graphs import forward

            self._forward = forward(model)

    def __call__(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities (count, classes) of raw images (count, height, width, channels)."""
        if keras.backend.backend() != "tensorflow":
            return np.asarray(self._model.predict(np.asarray(images), batch_size=SCORE_BATCH, verbose=0))
        starts = range(0, len(images), SCORE_BATCH)
        return np.concatenate([np.asarray(self._forward(np.asarray(images[at : at + SCORE_BATCH]))) for at in starts])


def probabilities(model: Any, images: NDArray[Any]) -> NDArray[np.float32]:
    """Class probabilities (count, classes) of images."""
    return Classifier(model, len(images))(images)


def measured(predicted: NDArray[Any], labels: NDArray[Any]) -> dict[str, float]:
    """accuracy; balanced_accuracy, the mean over classes of the share that was recognised; loss, the mean
    cross-entropy. All are NaN if a probability is not finite."""
    likelihood = predicted[np.arange(len(labels)), labels].astype(np.float64)
    if not np.isfinite(likelihood).all():
        return dict.fromkeys(("accuracy", "balanced_accuracy", "loss"), math.nan)
    return {
        "accuracy": float((predicted.argmax(axis=1) == labels).mean()),
        "balanced_accuracy": float(np.nanmean(recalls(predicted, labels))),
        "loss": float(-np.log(np.clip(likelihood, 1e-7, 1.0)).mean()),
    }


def recalls(predicted: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Share of each class's images that was recognised; NaN for a class without images. (classes,)"""
    classes = predicted.shape[1]
    right = np.bincount(labels[predicted.argmax(axis=1) == labels], minlength=classes)
    count = np.bincount(labels, minlength=classes)
    return np.where(count > 0, right / np.maximum(count, 1), np.nan)
