"""Recipe -> Keras optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

OPTIMIZERS: dict[str, Callable[[float], Any]] = {
    "sgd": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "adam": lambda rate: keras.optimizers.Adam(rate),
    "adamw": lambda rate: keras.optimizers.AdamW(rate),
}


def optimizer(recipe: Mapping[str, Any]) -> Any:
    """The optimizer that a recipe names, at the recipe's learning rate."""
    return OPTIMIZERS[recipe["optimizer"]](recipe["learning_rate"])
