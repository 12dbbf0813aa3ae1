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
from evolve.training.evaluator import prepare_backend
from evolve.training.guarding import guard
from evolve.training.part_images import JoinedImages, part_images
from evolve.training.scores import measures_of, recalls
from evolve.values import Result, Spent, Status

BATCH = 32  # as `fit` has it


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
        model, epochs, begun = _fresh(made), job.budget.epochs, time.monotonic()
        parts = [part_images(self._settings["root"], job.parts, part) for part in job.parts.train]
        images = _seen(np.asarray(JoinedImages([one for one, _ in parts], job.budget.images)), job)
        labels = np.concatenate([one for _, one in parts])[: job.budget.images]
        scored, truth = part_images(self._settings["root"], job.parts, job.parts.score)
        scored = _seen(scored, job)
        curve: list[dict[str, float]] = []

        class Watch(keras.callbacks.Callback):  # type: ignore[misc]
            """Scores after each epoch, and stops when the time is up."""

            def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
                now = measures_of(_shares(model, scored), truth)
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
        predicted = _shares(model, scored)
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
            "precision": "float32",
        }
        return Result(job.number, Status.OK, measures, tuple(curve), spent)


def _fresh(made: Any) -> Any:
    """The model with new weights, compiled as it was, or with Adam where it was not; it tells its accuracy."""
    model = keras.models.clone_model(made)
    optimizer, loss = getattr(made, "optimizer", None), getattr(made, "loss", None)
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=not _says_shares(made))
    config = optimizer and optimizer.get_config()
    model.compile(type(optimizer).from_config(config) if optimizer else "adam", loss or logits, metrics=["accuracy"])
    return model


def _says_shares(model: Any) -> bool:
    last = model.layers[-1]
    return isinstance(last, keras.layers.Softmax) or getattr(last, "activation", None) is keras.activations.softmax


def _takes_numbers(model: Any) -> bool:
    """Whether its loss takes numbers of classes, not a share for each."""
    loss = model.loss
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return "sparse" in name.lower()


def _seen(images: NDArray[Any], job: KerasModelJob) -> NDArray[np.float32]:
    """Pixels in the range that the model expects."""
    scale, offset = job.pixels
    return (np.asarray(images, np.float32) * np.float32(scale) + np.float32(offset)).astype(np.float32)


def _shares(model: Any, images: NDArray[Any]) -> NDArray[Any]:
    """Class probabilities, of logits, too."""
    said = probabilities(model, images)
    if _says_shares(model):
        return said
    raised: NDArray[Any] = np.exp(said - said.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
