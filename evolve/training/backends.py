"""What differs between Keras's backends: one class each fulfils this contract, and nobody else asks which one it is.

Starting weights, the order of images and their random changes come from NumPy, so they are the same on every backend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pkgutil import resolve_name
from typing import Any, ClassVar, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]
Steps = Callable[[Images, Images], None]
"""Trains on images (count, height, width, channels) and targets (count, classes), in their order and in batches."""
Probabilities = Callable[[Images], NDArray[np.float32]]
"""Class probabilities (count, classes) of raw images (count, height, width, channels)."""


class Backend(Protocol):
    """How one backend trains and scores Keras models, and lets go of them.

    fit_steps: that Keras's own `fit` makes at a time, where a fitness function of the user's calls it.
    """

    fit_steps: ClassVar[int]

    def prepare(self, gpu: bool, share: float) -> None:
        """Sets the backend up for many brief trainings, with results that can be repeated, before it computes anything.

        gpu: whether trainings use one. share: of the GPU's memory that this process may take, above 0 up to 1.
        """
        ...

    def layers(self, gpu: bool) -> Mapping[str, Any]:
        """Layers that are faster to train with, by the names of those of Keras's whose place they take; with the same
        weights and the same results."""
        ...

    def training_steps(self, model: Any, batch: int, most: int, dtype: Any) -> Steps:
        """What trains a compiled and built model for a stretch of steps; a last batch may be smaller. Metrics are not
        reset. Whatever has to be traced or compiled is, here, so that calls are nothing but training.

        most: images that a stretch has, at most. dtype: of the images.
        """
        ...

    def classifier(self, model: Any, total: int) -> Probabilities:
        """The class probabilities of a model. total: images that it is going to see at least; for many of them it is
        worth compiling the model first."""
        ...

    def gradient(self, function: Callable[[Any], Any], values: Images) -> NDArray[np.float32]:
        """The gradient, in the shape of `values`, of a function that makes one number of a tensor with these values, by
        operations of Keras."""
        ...

    def forget(self) -> None:
        """Lets go of what is kept of the networks trained so far."""
        ...

    def ran_out_of_memory(self, error: BaseException) -> bool:
        """Whether an error says that memory, of the machine or of its GPU, did not suffice."""
        ...

    def gpu_peak(self) -> int:
        """The most bytes of GPU memory that were in use since the last call of `forget`; 0 without a GPU."""
        ...


# Name of Keras's backend -> class.
BACKENDS = {
    "tensorflow": "evolve.training.tensorflow_backend:TensorFlow",
    "jax": "evolve.training.jax_backend:Jax",
    "torch": "evolve.training.torch_backend:Torch",
}
SCORE_BATCH = 250


@cache
def this_backend() -> Backend:
    """The one that Keras was imported with."""
    made: Backend = resolve_name(BACKENDS[keras.backend.backend()])()
    return made


def probabilities(model: Any, images: Images) -> NDArray[np.float32]:
    """Class probabilities (count, classes) of images."""
    return this_backend().classifier(model, len(images))(images)


def by_batches(forward: Callable[[Images], Any], images: Images) -> NDArray[np.float32]:
    """What `forward` says of images, a batch at a time; the last one may be smaller."""
    starts = range(0, len(images), SCORE_BATCH)
    return np.concatenate([np.asarray(forward(np.asarray(images[at : at + SCORE_BATCH]))) for at in starts])
