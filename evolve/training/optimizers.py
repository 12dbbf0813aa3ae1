"""Recipe -> Keras optimizer with its schedule.

`Triangle` stands by itself: an exported script carries it where it needs it.
"""

from __future__ import annotations

from typing import Any

import keras

from genomes.keras_calls import NOT_DECAYED, RISES, TRIANGLE, schedule
from genomes.keras_calls import optimizer as optimizer_words
from genomes.recipe import Recipe


class Triangle(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate that rises from a fifth of `highest` for `rise` steps and falls to 7 % of it for `fall` steps,
    both in a straight line."""

    def __init__(self, highest: float, rise: int, fall: int) -> None:
        self.highest, self.rise, self.fall = highest, rise, fall

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "float32")
        up = 0.2 + 0.8 * step / max(1, self.rise)
        down = 1.0 - 0.93 * (step - self.rise) / max(1, self.fall)
        return self.highest * keras.ops.maximum(0.07, keras.ops.minimum(up, down))

    def get_config(self) -> dict[str, Any]:
        return {"highest": self.highest, "rise": self.rise, "fall": self.fall}


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
    rise = round(RISES.get(recipe.schedule, 0.0) * steps)
    if called := schedule(genes, steps, rise, steps - rise):
        kind, positional, named = called
        rate = (Triangle if kind == TRIANGLE else getattr(keras.optimizers.schedules, kind))(*positional, **named)
        rate = Elastic(rate, steps) if elastic else rate
    kind, named = optimizer_words(genes)
    made = getattr(keras.optimizers, kind)(learning_rate=rate, **named)
    if recipe.kernels_only:
        made.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return made
