"""The network of a job: as it is saved, and as it is trained, which may be faster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evolve.jobs import TrainingJob
from evolve.training.backends import this_backend
from genomes.decode import decode

# Settings -> Keras's dtype policies. Weights, losses and sums are of 32 bits in both.
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def as_saved(job: TrainingJob, settings: Mapping[str, Any]) -> Any:
    """Keras's own layers, computing with 32 bits."""
    return decode(job.spec, _pixels(job, settings))


def as_trained(job: TrainingJob, settings: Mapping[str, Any]) -> Any:
    """The same network with the precision that the settings name and the layers that the backend trains faster with.
    Its weights are those of `as_saved`, in the same order."""
    precision = PRECISIONS[settings.get("precision", "float32")]
    return decode(job.spec, _pixels(job, settings), precision, this_backend().layers(bool(settings.get("gpu"))))


def _pixels(job: TrainingJob, settings: Mapping[str, Any]) -> Any:
    return settings["pixels"][job.recipe.pixels]


def copy_weights(trained: Any, saved: Any) -> None:
    """Gives the network that is saved the weights of the one that is trained, if they are two."""
    if saved is not trained:
        saved.set_weights(trained.get_weights())
