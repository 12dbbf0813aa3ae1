"""A Keras model of any making as a classifier of images, if it is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.errors import RunError
from evolve.training.backends import probabilities
from evolve.training.class_shares import says_shares

ROUNDING = 1e-5  # of sums of 32-bit numbers
KINDS = {1: True, 3: False, None: False}  # number of channels -> whether images are grey


@dataclass(frozen=True)
class Classifier:
    """What takes images and says classes.

    size: (height, width) of the images in pixels; None if any will do. grey: whether they have one channel, not three.
    classes: how many it knows. says_shares: whether it puts out probabilities, not logits; None if its last layer does
    not tell.
    """

    size: tuple[int, int] | None
    grey: bool
    classes: int
    says_shares: bool | None
    _model: Any

    @classmethod
    def of(cls, model: Any, name: str) -> Classifier:
        """The classifier that a Keras model is. name: of its file. Raises RunError, in words, if it is none."""
        inputs, outputs = (list(getattr(model, end, None) or ()) for end in ("inputs", "outputs"))
        if not inputs or not outputs:
            raise RunError(f"model {name}: it does not say what it takes; call it on an image, then save it again")
        for what, tensors in (("input", inputs), ("output", outputs)):
            if len(tensors) > 1:
                shapes = " and ".join(_shape(one) for one in tensors)
                raise RunError(f"model {name}: it has {len(tensors)} {what}s, {shapes}; a classifier of images has one")
        taken, said = inputs[0].shape, outputs[0].shape
        if len(taken) != 4 or taken[3] not in KINDS or (taken[1] is None) != (taken[2] is None):
            raise RunError(
                f"model {name}: it takes {_shape(inputs[0])}; images are height x width x 1 (grey) or 3 (colour)"
            )
        if len(said) != 2 or said[1] is None:
            raise RunError(f"model {name}: it puts out {_shape(outputs[0])}; a classifier puts out a number per class")
        size = None if taken[1] is None else (int(taken[1]), int(taken[2]))
        # A sequential model that was only loaded has neither.
        named = any(isinstance(getattr(model, end, None), dict) for end in ("input", "output"))
        plain = keras.Model(inputs[0], outputs[0]) if named else model
        return cls(size, KINDS[taken[3]], max(2, int(said[1])), says_shares(outputs[0]), plain)

    def outputs(self, images: NDArray[Any]) -> NDArray[Any]:
        """What the model puts out (count, classes or 1) for raw images (count, height, width, channels)."""
        return probabilities(self._model, images)

    def shares(self, outputs: NDArray[Any]) -> NDArray[Any]:
        """Probabilities (count, classes) from outputs. Logits become probabilities; a single number is that of the
        second class; several that do not add up to 1, each from 0 to 1, stay as they are: each is for itself. Where the
        last layer does not tell, probabilities are what lies between 0 and 1 for all of these outputs."""
        said = outputs.astype(np.float64)
        bounded = self.says_shares
        if bounded is None:
            bounded = bool(np.all((said >= -ROUNDING) & (said <= 1 + ROUNDING)))
        if said.shape[1] == 1:
            second = said if bounded else 1 / (1 + np.exp(-said))
            return np.concatenate([1 - second, second], axis=1)
        if bounded:
            return said
        powers = np.exp(said - said.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _shape(tensor: Any) -> str:
    """'8 x 8 x 1', with a question mark for what may be of any size."""
    return " x ".join("?" if length is None else str(length) for length in tensor.shape[1:])
