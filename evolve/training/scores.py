"""How good class probabilities are."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

SCORE_BATCH = 250


def probabilities(model: Any, images: NDArray[Any]) -> NDArray[np.float32]:
    """Class probabilities (count, classes) of images.

    With TensorFlow the model is called as it is: tracing a function for it, as `predict` does, costs more than it saves
    in a brief training.
    """
    if keras.backend.backend() != "tensorflow":
        return np.asarray(model.predict(np.asarray(images), batch_size=SCORE_BATCH, verbose=0))
    starts = range(0, len(images), SCORE_BATCH)
    return np.concatenate(
        [np.asarray(model(np.asarray(images[at : at + SCORE_BATCH]), training=False)) for at in starts]
    )


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
