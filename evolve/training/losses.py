"""What a training makes small: cross-entropy, where images of rare classes may count more.

`weighted_crossentropy` stands by itself: an exported script carries it where it needs it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from genomes.recipe import Recipe


def loss(recipe: Recipe) -> Any:
    """The loss that a recipe asks for, of targets as `targets_of` has them."""
    if recipe.class_weights:
        return weighted_crossentropy(recipe.label_smoothing)
    return keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)


def weighted_crossentropy(smoothing: float) -> Any:
    """Cross-entropy of targets whose sum is the weight of their image. They are made shares first: as they are, the
    gradient of an image would not vanish where the network is sure of it and right."""

    def weighted(targets: Any, predicted: Any) -> Any:
        weights = keras.ops.sum(targets, axis=-1)
        shares = targets / keras.ops.expand_dims(weights, -1)
        return weights * keras.losses.categorical_crossentropy(shares, predicted, label_smoothing=smoothing)

    return weighted


def targets_of(labels: NDArray[Any], classes: int, class_weights: float) -> NDArray[Any]:
    """What a network is to say of an image of each class, one row each: 1 for the class, or more where it is rarer than
    others; the loss of an image is as much larger. See `Recipe.class_weights`."""
    counts = np.bincount(labels, minlength=classes)
    weights = (len(labels) / classes / np.maximum(1, counts)) ** class_weights
    return np.diag(weights / np.average(weights, weights=counts)).astype(np.float32)
