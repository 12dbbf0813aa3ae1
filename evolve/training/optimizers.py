"""Recipe -> Keras optimizer with its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from genomes.keras_words import RISE, schedule
from genomes.keras_words import optimizer as optimizer_words


def optimizer(recipe: Mapping[str, Any], steps: int) -> Any:
    """The optimizer that a recipe names, for a training of that many steps."""
    rate: Any = recipe["learning_rate"]
    rise = round(RISE * steps)
    if called := schedule(recipe, steps, rise, steps - rise):
        kind, positional, named = called
        rate = getattr(keras.optimizers.schedules, kind)(*positional, **named)
    kind, named = optimizer_words(recipe)
    return getattr(keras.optimizers, kind)(learning_rate=rate, **named)
