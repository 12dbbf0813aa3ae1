"""Recipe -> Keras optimizer with its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from genomes.keras_words import optimizer as optimizer_call
from genomes.keras_words import schedule as schedule_call


def optimizer(recipe: Mapping[str, Any], steps: int) -> Any:
    """The optimizer that a recipe names, for a training of that many steps."""
    rate: Any = recipe["learning_rate"]
    if called := schedule_call(recipe, steps):
        kind, positional, named = called
        rate = getattr(keras.optimizers.schedules, kind)(*positional, **named)
    kind, _, named = optimizer_call(recipe)
    return getattr(keras.optimizers, kind)(learning_rate=rate, **named)
