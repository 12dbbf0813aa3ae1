"""How good class probabilities are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

ABOVE = 4.0  # standard errors above guessing, from which on a class is known to a network
WORST = 3.0  # standard errors that what the worst of several classes keeps may be off by
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


def least_kept(clean: NDArray[Any], changed: NDArray[Any], labels: NDArray[Any]) -> float:
    """What the class that suffers most from a change of all images keeps, at most, of its recall above guessing, with a
    margin of three standard errors, as it is the worst of several; from 0 to 1, which is that of no class that is
    recognised clearly more often than by guessing. Two classes of many that are each other's mirror images show in it.

    clean, changed: class probabilities of the images as they are and changed, (images, classes). labels: (images,).
    """
    guessing, count = 1 / clean.shape[1], np.bincount(labels, minlength=clean.shape[1])
    before, after = recalls(clean, labels), recalls(changed, labels)
    with np.errstate(invalid="ignore", divide="ignore"):
        known = before - guessing > ABOVE * np.sqrt(guessing * (1 - guessing) / count)
        share = (after - guessing) / (before - guessing)
        error = np.sqrt((after * (1 - after) + share**2 * before * (1 - before)) / count) / (before - guessing)
        at_most = share + WORST * np.maximum(error, 1 / count)
    return float(np.clip(at_most[known], 0.0, 1.0).min(initial=1.0))


def recalls(predicted: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Share of each class's images that was recognised; NaN for a class without images. (classes,)"""
    classes = predicted.shape[1]
    right = np.bincount(labels[predicted.argmax(axis=1) == labels], minlength=classes)
    count = np.bincount(labels, minlength=classes)
    return np.where(count > 0, right / np.maximum(count, 1), np.nan)
