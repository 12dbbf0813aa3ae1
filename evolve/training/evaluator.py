"""One candidate's life: decode, train under the budget, score. Runs in worker processes; the only user of Keras."""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.training.augment import augment
from evolve.training.optimizers import optimizer
from evolve.training.parts import open_part
from evolve.values import Job, Status
from genomes.decode import decode
from genomes.spec import ModelSpec

SCORE_BATCH = 250
CURVE_IMAGES = 1000
STEPS_PER_CALL = 32
MEMORY_ERRORS = ("ResourceExhaustedError", "OutOfMemoryError", "MemoryError")


class Trainer:
    """Trains the networks of jobs on the parts of one data set.

    settings: "folder" of the parts, "scale" and "offset" for pixels.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        open_part(settings["folder"], "train")  # raises at once if the data are gone
        if settings.get("gpu"):
            _prepare_gpu()
        # The libraries' own objects stay: without them each collection after a training is ten times faster.
        gc.freeze()

    def evaluate(self, job: Job) -> dict[str, Any]:
        """The result of a job, as JSON. Never raises: a failure is a status with a reason.

        A job holds: request, seed, blueprint (nodes of a ModelSpec), recipe, images, epochs, train (parts to train on),
        score (part to score on), test_folder (only if score is "test"), save (path of a .keras file, or None).
        """
        begun = time.perf_counter()
        try:
            result = self._train(job)
        except Exception as error:
            result = _failure(error)
        finally:
            keras.backend.clear_session()
        timing = {**result.pop("timing", {}), "seconds": round(time.perf_counter() - begun, 3), "worker": os.getpid()}
        return {"request": job["request"], **result, "timing": timing}

    def _train(self, job: Job) -> dict[str, Any]:
        recipe, clock = job["recipe"], _Clock()
        keras.utils.set_random_seed(job["seed"])
        model = decode(ModelSpec.from_json(job["blueprint"]), self._settings["scale"], self._settings["offset"])
        images, labels = self._training_images(job)
        batch = min(recipe["batch_size"], len(images))
        model.compile(
            optimizer=optimizer(recipe),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=False,
            steps_per_execution=min(STEPS_PER_CALL, len(images) // batch) if keras.backend.backend() != "torch" else 1,
        )
        _build_ahead(model)
        clock.lap("build")
        rng = np.random.default_rng(job["seed"])
        watched = self._validation(job)
        curve: list[dict[str, float]] = []
        for epoch in range(1, job["epochs"] + 1):
            order = rng.permutation(len(images))[: len(images) // batch * batch]
            point = _epoch(model, augment(images[order], recipe, rng), labels[order], batch)
            if not all(map(math.isfinite, point.values())):
                return {
                    "status": Status.DIVERGED,
                    "reason": f"the training loss was not finite in epoch {epoch}; a smaller learning rate may help",
                    "spent": {"images": len(images), "epochs": epoch},
                    "timing": clock.laps,
                }
            clock.lap("fit")
            if watched is not None:
                point["validation_accuracy"], _ = score(model, *watched)
            clock.lap("watch")
            curve.append({"epoch": epoch, **point})
        part_folder = job.get("test_folder") or self._settings["folder"]
        accuracy, loss = score(model, *open_part(part_folder, job["score"]))
        clock.lap("score")
        if not (math.isfinite(accuracy) and math.isfinite(loss)):
            return {"status": Status.DIVERGED, "reason": "the class probabilities are not finite", "timing": clock.laps}
        if job.get("save"):
            _save(model, Path(job["save"]))
        last = curve[-1]
        return {
            "status": Status.OK,
            "objectives": [accuracy],
            "measures": {"loss": loss, "train_accuracy": last["accuracy"], "train_loss": last["loss"]},
            "curve": curve,
            "spent": {"images": len(images), "epochs": job["epochs"]},
            "timing": clock.laps,
        }

    def _training_images(self, job: Job) -> tuple[NDArray[Any], NDArray[Any]]:
        """The first images of the parts to train on, in memory."""
        parts = [open_part(self._settings["folder"], part) for part in job["train"]]
        images = np.concatenate([images for images, _ in parts]) if len(parts) > 1 else parts[0][0]
        labels = np.concatenate([labels for _, labels in parts]) if len(parts) > 1 else parts[0][1]
        return np.array(images[: job["images"]]), np.array(labels[: job["images"]])

    def _validation(self, job: Job) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Images for the learning curve, or None where the validation part is trained on."""
        if "validation" in job["train"]:
            return None
        images, labels = open_part(self._settings["folder"], "validation")
        return images[:CURVE_IMAGES], labels[:CURVE_IMAGES]


class _Clock:
    """Seconds spent in each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = round(self.laps.get(stage, 0.0) + now - self._last, 4)
        self._last = now


def _build_ahead(model: Any) -> None:
    """Makes the variables of optimizer and metrics now. Made in the first training step, they would have TensorFlow
    trace that step twice, which takes longer than the rest of a brief training on small images."""
    model.optimizer.build(model.trainable_variables)
    uniform = np.full((1, model.output_shape[-1]), 1 / model.output_shape[-1], np.float32)
    model.compute_metrics(None, np.zeros((1,), np.int32), uniform)
    model.reset_metrics()


def _epoch(model: Any, images: NDArray[Any], labels: NDArray[Any], batch: int) -> dict[str, float]:
    """Trains one epoch in the order given; its mean loss and accuracy."""
    history = model.fit(images, labels, batch_size=batch, epochs=1, shuffle=False, verbose=0).history
    return {"loss": float(history["loss"][-1]), "accuracy": float(history["accuracy"][-1])}


def score(model: Any, images: NDArray[Any], labels: NDArray[Any]) -> tuple[float, float]:
    """Accuracy and mean cross-entropy of `model`.

    With TensorFlow the model is called as it is: tracing a function for it, as `predict` does, costs more than it saves
    in a brief training.
    """
    if keras.backend.backend() == "tensorflow":
        batches = [
            np.asarray(model(np.asarray(images[at : at + SCORE_BATCH]), training=False))
            for at in range(0, len(images), SCORE_BATCH)
        ]
        probabilities = np.concatenate(batches)
    else:
        probabilities = np.asarray(model.predict(np.asarray(images), batch_size=SCORE_BATCH, verbose=0))
    right = probabilities.argmax(axis=1) == labels
    likelihood = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    if not np.isfinite(likelihood).all():
        return math.nan, math.nan
    return float(right.mean()), float(-np.log(np.clip(likelihood, 1e-7, 1.0)).mean())


def _save(model: Any, path: Path) -> None:
    """Written beside the target and renamed, so that a file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.stem}.{os.getpid()}.draft.keras")
    model.save(draft)
    draft.replace(path)


def _failure(error: Exception) -> dict[str, Any]:
    name, text = type(error).__name__, " ".join(str(error).split())[:300]
    out_of_memory = name in MEMORY_ERRORS or "RESOURCE_EXHAUSTED" in text
    return {"status": Status.OUT_OF_MEMORY if out_of_memory else Status.FAILED, "reason": f"{name}: {text}"}


def _prepare_gpu() -> None:
    """Memory as needed instead of all of it, and repeatable kernels."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
        tf.config.experimental.enable_op_determinism()
