"""Trains a Keras model of the user's own as it stands, with Keras's `fit`: its layers, its optimizer and its loss."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.execution.executor import Report, unheard
from evolve.jobs import KerasModelJob
from evolve.storage.files import saved_model_path
from evolve.storage.model_file import save_model
from evolve.training.backends import probabilities
from evolve.training.class_shares import ROUNDING, look_like_shares, says_shares
from evolve.training.evaluator import prepare_backend
from evolve.training.guarding import guard
from evolve.training.keras_graph import is_model
from evolve.training.part_images import JoinedImages, part_images
from evolve.training.scores import measures_of, recalls
from evolve.values import Result, Spent, Status

BATCH = 32  # as `fit` has it
LOOKED_AT = 64  # images, to see whether a model puts out probabilities


class KerasModelTrainer:
    """Evaluates jobs whose network is a Keras model. settings: as those of `Trainer`."""

    takes: ClassVar[type[KerasModelJob]] = KerasModelJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        prepare_backend(settings)

    def evaluate(self, job: KerasModelJob, report: Report = unheard) -> Result:
        """The result of a job: its model with fresh weights, trained for its epochs, and what it reads of the test part
        after each. Never raises but for MachineError."""
        return guard(job, lambda job: self._train(job, report))

    def _train(self, job: KerasModelJob, report: Report) -> Result:
        keras.utils.set_random_seed(job.seed)
        made = keras.saving.deserialize_keras_object(json.loads(job.model), safe_mode=True)
        epochs, begun = job.budget.epochs, time.monotonic()
        parts = [part_images(self._settings["root"], job.parts, part) for part in job.parts.train]
        images = _seen(np.asarray(JoinedImages([one for one, _ in parts], job.budget.images)), job)
        labels = np.concatenate([one for _, one in parts])[: job.budget.images]
        scored, truth = part_images(self._settings["root"], job.parts, job.parts.score)
        scored = _seen(scored, job)
        model, shares = _fresh(made, images[:LOOKED_AT])
        curve: list[dict[str, float]] = []

        class Watch(keras.callbacks.Callback):  # type: ignore[misc]
            """Scores after each epoch, and stops when the time is up."""

            def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
                now = measures_of(_shares(model, scored, shares), truth)
                trained = logs or {}
                curve.append(
                    {
                        "epoch": epoch + 1,
                        "loss": float(trained.get("loss", math.nan)),
                        "accuracy": float(trained.get("accuracy", math.nan)),
                        "test_accuracy": now["accuracy"],
                        "test_loss": now["loss"],
                    }
                )
                report(**curve[-1], epochs=epochs)
                if job.stop_in is not None and time.monotonic() - begun > job.stop_in:
                    self.model.stop_training = True

        given = labels if _takes_numbers(model) else keras.utils.to_categorical(labels, job.classes)
        model.fit(images, given, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[Watch()])
        predicted = _shares(model, scored, shares)
        measures = measures_of(predicted, truth)
        if not all(map(math.isfinite, [*measures.values(), *(value for point in curve for value in point.values())])):
            return Result(job.number, Status.DIVERGED, reason="the loss or the class probabilities are not finite")
        measures |= {"train_accuracy": curve[-1]["accuracy"], "train_loss": curve[-1]["loss"]}
        measures |= {f"recall_{at}": float(one) for at, one in enumerate(recalls(predicted, truth)) if one == one}
        save_model(model, saved_model_path(self._settings["models"], job.name), self._settings)
        steps = math.ceil(len(images) / BATCH) * len(curve)
        spent: Spent = {
            "images": len(images),
            "epochs": len(curve),
            "steps": steps,
            "batch": BATCH,
            "precision": _precision(model),
        }
        return Result(job.number, Status.OK, measures, tuple(curve), spent)


def _fresh(made: Any, images: NDArray[Any]) -> tuple[Any, bool]:
    """The model with new weights, compiled as it was, or with Adam where it was not; it tells its accuracy. And whether
    it puts out class probabilities, not logits. images: some in the range that it expects."""
    model = keras.models.clone_model(made)
    optimizer, loss = getattr(made, "optimizer", None), getattr(made, "loss", None)
    shares = _says_shares(model, loss, images)
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=not shares)
    config = optimizer and optimizer.get_config()
    model.compile(type(optimizer).from_config(config) if optimizer else "adam", loss or logits, metrics=["accuracy"])
    return model, shares


def _says_shares(model: Any, loss: Any, images: NDArray[Any]) -> bool:
    """What its last layers tell; where these do not, what its loss expects; else what it says of some images."""
    told = says_shares(model.outputs[0])
    if told is None and getattr(loss, "from_logits", False):
        return False
    return look_like_shares(probabilities(model, images)) if told is None else told


def _takes_numbers(model: Any) -> bool:
    """Whether its loss takes numbers of classes, not a share for each."""
    loss = model.loss
    if isinstance(loss, Mapping | list | tuple):  # one, of the one output
        [loss] = loss.values() if isinstance(loss, Mapping) else loss
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return "sparse" in name.lower()


def _seen(images: NDArray[Any], job: KerasModelJob) -> NDArray[np.float32]:
    """Pixels in the range that the model expects."""
    scale, offset = job.pixels
    return (np.asarray(images, np.float32) * np.float32(scale) + np.float32(offset)).astype(np.float32)


def _shares(model: Any, images: NDArray[Any], shares: bool) -> NDArray[Any]:
    """Class probabilities (count, classes). shares: whether that is what the model puts out; of logits else. What does
    not add up to 1, as each class is for itself, is divided by its sum."""
    said = probabilities(model, images).astype(np.float32)
    if shares:
        sums = said.sum(axis=1, keepdims=True)
        return np.asarray(np.where(np.abs(sums - 1) > ROUNDING, said / np.maximum(sums, 1e-7), said))
    raised: NDArray[Any] = np.exp(said - said.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _precision(model: Any) -> str:
    """What its layers compute in, such as float32."""
    layers = [one for one in model._flatten_layers() if one.weights and not is_model(one)]
    return ", ".join(sorted({layer.dtype_policy.name for layer in layers})) or "float32"
