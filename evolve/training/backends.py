"""The network of a job: as it is saved, and as it is trained, which may be faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.jobs import TrainingJob
from genomes.decode import decode

# Settings -> Keras's dtype policies. Weights, losses and sums are of 32 bits in both.
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def as_saved(job: TrainingJob, settings: Mapping[str, Any]) -> Any:
    """Keras's own layers, computing with 32 bits."""
    return decode(job.spec, _pixels(job, settings))


def as_trained(job: TrainingJob, settings: Mapping[str, Any]) -> Any:
    """The same network with the precision that the settings name and, with TensorFlow on a processor, with fused
    normalisation. Its weights are those of `as_saved`, in the same order."""
    instead = {}
    if keras.backend.backend() == "tensorflow" and not settings.get("gpu"):
        from evolve.training.tensorflow_backend import FusedBatchNormalization

        instead = {"BatchNormalization": FusedBatchNormalization}
    precision = PRECISIONS[settings.get("precision", "float32")]
    return decode(job.spec, _pixels(job, settings), precision, instead)


def _pixels(job: TrainingJob, settings: Mapping[str, Any]) -> Any:
    return settings["pixels"][job.recipe.pixels]


def copy_weights(trained: Any, saved: Any) -> None:
    """Gives the network that is saved the weights of the one that is trained, if they are two."""
    if saved is not trained:
        saved.set_weights(trained.get_weights())


def forget() -> None:
    """Lets go of the networks trained so far."""
    if keras.backend.backend() == "tensorflow":
        from evolve.training import tensorflow_backend as graphs

        graphs.forget()
    keras.backend.clear_session()


def prepare_backend(gpu: bool) -> None:
    """Sets the backend up for many brief trainings."""
    if keras.backend.backend() == "tensorflow":
        from evolve.training.tensorflow_backend import prepare

        prepare(gpu)


SCORE_BATCH = 250
WORTH_COMPILING = 2000


class Classifier:
    """Class probabilities of a model. total: how many images it is going to see at least; for many of them it is worth
    compiling the model with TensorFlow first."""

    def __init__(self, model: Any, total: int) -> None:
        self._forward: Callable[[NDArray[Any]], Any] = partial(model, training=False)
        self._model = model
        if keras.backend.backend() == "tensorflow" and total >= WORTH_COMPILING:
            from evolve.training.tensorflow_backend import forward

            self._forward = forward(model)

    def __call__(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """Probabilities (count, classes) of raw images (count, height, width, channels)."""
        if keras.backend.backend() != "tensorflow":
            return np.asarray(self._model.predict(np.asarray(images), batch_size=SCORE_BATCH, verbose=0))
        starts = range(0, len(images), SCORE_BATCH)
        return np.concatenate([np.asarray(self._forward(np.asarray(images[at : at + SCORE_BATCH]))) for at in starts])


def probabilities(model: Any, images: NDArray[Any]) -> NDArray[np.float32]:
    """Class probabilities (count, classes) of images."""
    return Classifier(model, len(images))(images)
