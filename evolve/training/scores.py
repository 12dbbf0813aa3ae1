"""How good class probabilities are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCORING = 0.4  # of the time of training on an image that it takes to score one


def measures_of(predicted: NDArray[Any], labels: NDArray[Any]) -> dict[str, float]:
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
