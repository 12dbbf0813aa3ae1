"""Recipe -> Keras optimizer with its schedule."""

from __future__ import annotations

from typing import Any

import keras

from genomes.keras_calls import RISE, schedule
from genomes.keras_calls import optimizer as optimizer_words
from genomes.recipe import Recipe


class Elastic(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A schedule whose remaining part can be made to last longer or shorter while it runs, without a jump.

    inner: a Keras schedule of that many steps.
    """

    def __init__(self, inner: Any, steps: int) -> None:
        self.inner, self._steps = inner, steps

    def add_to(self, optimizer: Any) -> None:
        """Makes its variables, as variables of the optimizer: what a backend carries from step to step is these. They
        come behind the optimizer's own, so that what is kept of a training fits one whose schedule stretches, too."""
        self._begin, self._place, self._pace = (
            optimizer.add_variable((), initializer, name=name)
            for name, initializer in (("begin", "zeros"), ("place", "zeros"), ("pace", "ones"))
        )

    def __call__(self, step: Any) -> Any:
        return self.inner(self._place + (keras.ops.cast(step, "float32") - self._begin) * self._pace)

    def end_in(self, done: int, left: int) -> None:
        """Arrives at its end `left` steps from now, when `done` are done."""
        place = float(self._place) + (done - float(self._begin)) * float(self._pace)
        self._begin.assign(float(done))
        self._place.assign(place)
        self._pace.assign(max(0.0, self._steps - place) / left)

    def get_config(self) -> dict[str, Any]:
        """Of no use: it is not saved with a model."""
        raise NotImplementedError


def optimizer(recipe: Recipe, steps: int, elastic: bool = False) -> Any:
    """The optimizer that a recipe names, for a training of that many steps. elastic: which may become more or less."""
    genes = recipe.to_json()
    rate: Any = recipe.learning_rate
    rise = round(RISE * steps)
    if called := schedule(genes, steps, rise, steps - rise):
        kind, positional, named = called
        rate = getattr(keras.optimizers.schedules, kind)(*positional, **named)
        rate = Elastic(rate, steps) if elastic else rate
    kind, named = optimizer_words(genes)
    return getattr(keras.optimizers, kind)(learning_rate=rate, **named)
