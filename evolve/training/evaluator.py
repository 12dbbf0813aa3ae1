"""One candidate's life: decode, train under the budget, score. Runs in worker processes."""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.data.splits import open_part
from evolve.errors import MachineError
from evolve.execution import memory
from evolve.jobs import Seeds
from evolve.objectives import OBJECTIVES
from evolve.storage.model_file import save_model
from evolve.training.backends import Classifier, as_saved, as_trained, copy_weights, forget, prepare_backend
from evolve.training.epochs import Diverged, Point, Training, report
from evolve.training.scores import measured, recalls
from evolve.training.starting_weights import draw_weights, seed_dropout
from evolve.training.stopwatch import Stopwatch
from evolve.training.weights import load_weights, save_weights
from evolve.values import Job, Status

CURVE_IMAGES = 1000
SAVED_IS_SLOWER = 3  # times, scoring with 32 bits than with 16
MEMORY_ERRORS = ("ResourceExhaustedError", "OutOfMemoryError", "MemoryError")


class Trainer:
    """Trains the networks of jobs on the parts of one data set.

    settings: "folder" of the parts, "pixels" (how images can be normalised), "low" and "high" (range of a pixel),
    "class_names", "metric" (a name of `OBJECTIVES`); "gpu" if there is one to be used, "precision" (a name of
    `PRECISIONS`) to train with. A model that is saved is Keras's own with 32 bits, and is scored as such.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        open_part(settings["folder"], "train")  # raises at once if the data are gone
        prepare_backend(bool(settings.get("gpu")))
        # The libraries' own objects stay: without them each collection after a training is ten times faster.
        gc.freeze()

    def evaluate(self, job: Job) -> dict[str, Any]:
        """The result of a job, as JSON. A failure is a status with a reason; raises only MachineError, if the
        model cannot be saved.

        A job holds: request, seeds, blueprint (nodes of a ModelSpec), recipe, images, epochs, train (parts to train
        on), score (part to score on); optional are start (the job whose weights it continues), weights (file for its own, to
        be continued), watch (part for the learning curve), test_folder (if the test part is scored or watched), save
        (path of a .keras file), progress (path of a file for figures of each epoch), stop_at (time of `time.monotonic`
        after which no epoch begins), ragged, finish_at, to_score, may_give_up and averaging (see `Training`).
        """
        return guard(job, self._train)

    def _train(self, job: Job) -> dict[str, Any]:
        clock = Stopwatch()
        training = prepare_training(job, self._settings, clock)
        if job.get("start"):
            self._continue(training.model, job["start"])
            clock.lap("start")
        scored, labels = self._part(job, job["score"])
        watched = self._part(job, job["watch"], CURVE_IMAGES) if job.get("watch") else None
        saved = as_saved(job, self._settings) if job.get("save") else training.model
        classify = Classifier(saved, len(scored))
        at_last: NDArray[Any] | None = None

        def on_epoch(point: Point) -> bool:
            nonlocal at_last
            if watched is not None:
                copy_weights(training.model, saved)
                if job["watch"] == job["score"] and point["epoch"] == job["epochs"]:
                    at_last = classify(scored)
                    seen = measured(at_last[: len(watched[0])], watched[1])
                else:
                    seen = measured(classify(watched[0]), watched[1])
                point[f"{job['watch']}_accuracy"], point[f"{job['watch']}_loss"] = seen["accuracy"], seen["loss"]
            clock.lap("score")
            report(job.get("progress"), {**point, "epochs": training.epochs})
            return bool(time.monotonic() > job.get("stop_at", math.inf))

        curve = training.run(on_epoch)
        copy_weights(training.model, saved)
        predicted = classify(scored) if at_last is None else at_last
        before = measured(predicted, labels)
        if job.get("averaging"):
            training.average()
            copy_weights(training.model, saved)
            predicted = classify(scored)
        measures = measured(predicted, labels)
        clock.lap("score")
        if not all(map(math.isfinite, measures.values())):
            return {"status": Status.DIVERGED, "reason": "the class probabilities are not finite", "timing": clock.laps}
        if job.get("averaging"):
            measures["accuracy_without_averaging"] = before["accuracy"]
        if job["score"] == "test":
            mirrored = classify(scored[:, :, ::-1]) if job["recipe"]["flip"] else None
            measures |= _on_test(predicted, mirrored, labels)
            clock.lap("score")
        if job.get("weights"):
            save_weights(training.model, Path(job["weights"]))
        if job.get("save"):
            save_model(saved, Path(job["save"]), self._settings)
        clock.lap("save")
        last = curve[-1]
        given_up = {"gave_up": 1.0} if training.gave_up else {}
        return {
            "status": Status.OK,
            "objectives": [OBJECTIVES[self._settings["metric"]](measures)],
            "measures": {**measures, "train_accuracy": last["accuracy"], "train_loss": last["loss"], **given_up},
            "curve": curve,
            "spent": {"images": job["images"], "epochs": len(curve)},
            "timing": clock.laps,
        }

    def _continue(self, model: Any, job: Job) -> None:
        """Gives a network the weights that `job` ended with; where they are missing, it is trained again."""
        if load_weights(model, Path(job["weights"])):
            return
        again = prepare_training(job, self._settings, Stopwatch())
        if job.get("start"):
            self._continue(again.model, job["start"])
        again.run()
        model.set_weights(again.model.get_weights())

    def _part(self, job: Job, part: str, first: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Images and labels of a part to look at: the first ones, or all; of the test part always all."""
        images, labels = open_part(job["test_folder"] if part == "test" else self._settings["folder"], part)
        count = None if part == "test" else first
        return images[:count], labels[:count]


def _on_test(predicted: NDArray[Any], mirrored: NDArray[Any] | None, labels: NDArray[Any]) -> dict[str, float]:
    """What is told of the test part beside the usual: the share of each class that was recognised, and the accuracy of
    the mean over each image and its mirror image."""
    shares = enumerate(recalls(predicted, labels))
    told = {f"recall_{label}": float(share) for label, share in shares if math.isfinite(share)}
    if mirrored is not None:
        told["accuracy_with_flips"] = measured(predicted + mirrored, labels)["accuracy"]
    return told


def prepare_training(job: Job, settings: Mapping[str, Any], clock: Stopwatch, plain: bool = False) -> Training:
    """The network of a job, compiled with its recipe, with the images it is trained on. plain: of Keras's own layers,
    with 32 bits."""
    recipe = job["recipe"]
    seeds = Seeds(**job["seeds"])
    keras.utils.set_random_seed(seeds.weights)  # for layers of the user's own
    model = as_saved(job, settings) if plain else as_trained(job, settings)
    draw_weights(model, seeds.weights)
    seed_dropout(model, seeds.dropout)
    images, labels = _training_images(job, settings["folder"])
    return Training(
        model,
        images,
        labels,
        recipe,
        job["epochs"],
        seeds,
        settings["low"],
        settings["high"],
        clock,
        ragged=job.get("ragged", False),
        finish_at=job.get("finish_at"),
        to_score=job.get("to_score", 0) * (SAVED_IS_SLOWER if settings.get("precision") == "bfloat16" else 1),
        may_give_up=job.get("may_give_up", False),
        averaging=job.get("averaging", False),
    )


def _training_images(job: Job, folder: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The first images of the parts to train on: mapped where it is one part, else in memory."""
    parts = [open_part(folder, part) for part in job["train"]]
    images = np.concatenate([images for images, _ in parts]) if len(parts) > 1 else parts[0][0]
    labels = np.concatenate([labels for _, labels in parts]) if len(parts) > 1 else parts[0][1]
    return images[: job["images"]], np.asarray(labels[: job["images"]])


def guard(job: Job, work: Callable[[Job], dict[str, Any]]) -> dict[str, Any]:
    """The result of `work(job)`, with what every result has; whatever it raises is a status with a reason,
    but for MachineError, which is never a candidate's fault."""
    begun = time.perf_counter()
    memory.forget_peak()
    try:
        result = work(job)
    except Diverged as error:
        result = {"status": Status.DIVERGED, "reason": str(error)}
    except MachineError:
        raise
    except Exception as error:
        result = _failure(error)
    finally:
        forget()
    figures = {"peak_bytes": memory.peak(), "held_bytes": memory.held(), "worker": os.getpid()}
    timing = {**result.pop("timing", {}), "seconds": round(time.perf_counter() - begun, 3), **figures}
    return {"request": job["request"], **result, "timing": timing}


def _failure(error: Exception) -> dict[str, Any]:
    name, text = type(error).__name__, " ".join(str(error).split())[:300]
    out_of_memory = name in MEMORY_ERRORS or "RESOURCE_EXHAUSTED" in text
    return {"status": Status.OUT_OF_MEMORY if out_of_memory else Status.FAILED, "reason": f"{name}: {text}"}
