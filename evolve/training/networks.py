"""The network of a job: as it is saved, and as it is trained, which may be faster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from evolve.values import Job
from genomes.decode import decode
from genomes.spec import ModelSpec

# Settings -> Keras's dtype policies. Weights, losses and sums are of 32 bits in both.
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def as_saved(job: Job, settings: Mapping[str, Any]) -> Any:
    """Keras's own layers, computing with 32 bits."""
    return decode(_spec(job), _pixels(job, settings))


def as_trained(job: Job, settings: Mapping[str, Any]) -> Any:
    """The same network with the precision that the settings name and, with TensorFlow on a processor, with fused
    normalisation. Its weights are those of `as_saved`, in the same order."""
    instead = {}
    if keras.backend.backend() == "tensorflow" and not settings.get("gpu"):
        from evolve.training.fused import FusedBatchNormalization

        instead = {"BatchNormalization": FusedBatchNormalization}
    precision = PRECISIONS[settings.get("precision", "float32")]
    return decode(_spec(job), _pixels(job, settings), precision, instead)


def _spec(job: Job) -> ModelSpec:
    return ModelSpec.from_json(job["blueprint"])


def _pixels(job: Job, settings: Mapping[str, Any]) -> Any:
    return settings["pixels"][job["recipe"]["pixels"]]


def copy_weights(trained: Any, saved: Any) -> None:
    """Gives the network that is saved the weights of the one that is trained, if they are two."""
    if saved is not trained:
        saved.set_weights(trained.get_weights())
