"""One candidate's life: decode, train under the budget, score. Runs in worker processes."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.data.splits import folder_of, open_part
from evolve.execution.executor import Report, unheard
from evolve.jobs import Takes, TrainingJob
from evolve.storage.files import saved_model_path, weights_path
from evolve.storage.model_file import save_model
from evolve.training.augment import change_all
from evolve.training.backends import Probabilities, this_backend
from evolve.training.epochs import Point, Training
from evolve.training.folds import Scored, folds_of, hits_of, part_of, seeds_of_fold, together
from evolve.training.guarding import WeightsMissing, guard
from evolve.training.networks import as_saved, as_trained, copy_weights
from evolve.training.part_images import Images, JoinedImages, part_images, sample
from evolve.training.scores import least_kept, measures_of, recalls
from evolve.training.stopwatch import PROBE, Stopwatch
from evolve.training.views import measures_of_views, views_of
from evolve.training.weights import load_arrays, save_arrays
from evolve.values import CHANGED, CLEAN, LEAST, PROBED, Result, Status

CURVE_IMAGES = 1000
SAVED_IS_SLOWER = 3  # times, scoring with 32 bits than with 16


TrainingImages = tuple[NDArray[Any] | JoinedImages, NDArray[Any]]


@dataclass(frozen=True)
class Seen:
    """Images and labels of one training: to train on, to score on, and to watch after each epoch, if any. same: whether
    these are the first of those to score on."""

    train: TrainingImages
    score: Images
    watched: Images | None
    same: bool


class Trainer:
    """Trains the networks of jobs on the parts of one data set.

    settings: "root", the folder below which parts lie, and "digest" of the data; "pixels" (how images can be
    normalised), "low" and "high" (range of a pixel), "class_names"; "weights" and "models", folders for them; "gpu" if
    there is one to be used, "gpu_share" of its memory for each worker; "precision" (a name of `PRECISIONS`) to train
    with. A model that is saved is Keras's own with 32 bits, and is scored as such.
    """

    takes: ClassVar[type[TrainingJob]] = TrainingJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        open_part(folder_of(settings["root"], settings["digest"]), "train")  # raises at once if the data are gone
        prepare_backend(settings)
        # The libraries' own objects stay: without them each collection after a training is ten times faster.
        gc.freeze()

    def evaluate(self, job: TrainingJob, report: Report = unheard) -> Result:
        """The result of a job. A failure is a status with a reason; raises only MachineError, if the model cannot be
        saved. report: gets the figures of each epoch, how many `epochs` there are going to be, and within
        a long epoch how many are done."""
        return guard(job, lambda job: (self._over_folds if job.budget.folds > 1 else self._once)(job, report))

    def _once(self, job: TrainingJob, report: Report) -> Result:
        """One training, scored on a part of its own."""
        score = self._images(job, job.parts.score)
        watched = sample(self._images(job, job.parts.watch), CURVE_IMAGES) if job.parts.watch else None
        seen = Seen(training_images(job, self._settings), score, watched, job.parts.watch == job.parts.score)
        clock = Stopwatch()
        training = prepare_training(job, self._settings, clock, seen.train)
        result, predicted = self._train(job, seen, training, clock, report)
        hits = None if predicted is None else hits_of(job, predicted, score[1])
        return replace(result, hits=hits)

    def _over_folds(self, job: TrainingJob, report: Report) -> Result:
        """As many trainings as there are folds; the first one that fails ends it."""
        images, labels = training_images(job, self._settings)
        clock, rows, found = Stopwatch(), list[NDArray[np.intp]](), list[Scored]()
        training: Training | None = None
        for number, fold in enumerate(folds_of(images, labels, job.budget, job.seeds.folds)):
            one = replace(job, seeds=seeds_of_fold(job.seeds, number))
            if training is None:
                training = prepare_training(one, self._settings, clock, fold.train)
            else:
                training.restart(*fold.train, one)
            seen = Seen(fold.train, fold.score, fold.score, True)
            rows.append(fold.rows)
            found.append(self._train(one, seen, training, clock, part_of(report, number, job.budget)))
            if found[-1][1] is None:
                break
        return together(job, labels, rows, found)

    def _train(self, job: TrainingJob, seen: Seen, training: Training, clock: Stopwatch, report: Report) -> Scored:
        """Trains and scores a network that is prepared. clock: told where the time goes."""
        inherited = begin(training, job, self._settings)
        clock.lap("start")
        (scored, labels), watched = seen.score, seen.watched
        saved = as_saved(job, self._settings) if job.model else training.model
        classify = this_backend().classifier(saved, len(scored))
        stop_at = math.inf if job.stop_in is None else clock.begun + job.stop_in
        at_last: NDArray[Any] | None = None

        def on_epoch(point: Point) -> bool:
            nonlocal at_last
            if watched is not None:
                copy_weights(training.model, saved)
                if seen.same and point["epoch"] == job.budget.epochs:
                    at_last = classify(scored)
                    now = measures_of(*sample((at_last, labels), CURVE_IMAGES))
                else:
                    now = measures_of(classify(watched[0]), watched[1])
                watch = job.parts.watch
                point[f"{watch}_accuracy"], point[f"{watch}_loss"] = now["accuracy"], now["loss"]
            clock.lap("score")
            report(**point, epochs=training.epochs)
            return time.monotonic() > stop_at

        curve = training.run(on_epoch, lambda done: report(epoch=done, epochs=training.epochs))
        copy_weights(training.model, saved)
        predicted = classify(scored) if at_last is None else at_last
        before = measures_of(predicted, labels)
        if job.averaging:
            training.average()
            copy_weights(training.model, saved)
            predicted = classify(scored)
        measures = measures_of(predicted, labels)
        clock.lap("score")
        if not all(map(math.isfinite, measures.values())):
            reason = "the class probabilities are not finite"
            return Result(job.number, Status.DIVERGED, reason=reason, timing=clock.laps), None
        if job.averaging:
            measures["accuracy_without_averaging"] = before["accuracy"]
        if job.parts.score == "test":
            views = views_of(job.recipe, job.budget.size, len(labels))
            measures |= _recalls(predicted, labels) | measures_of_views(views, predicted, scored, labels, classify)
            clock.lap("score")
        measures |= self._beside(job, classify, seen.score)
        clock.lap(PROBE)
        keep(training, job, self._settings)
        if job.model:
            save_model(saved, saved_model_path(self._settings["models"], job.model), self._settings)
        clock.lap("save")
        result = Result(
            job.number,
            Status.OK,
            measures={**measures, **_on_train(training, curve[-1], inherited)},
            curve=tuple(curve),
            spent={**training.spent, "precision": self._settings.get("precision", "float32")},
            timing={**clock.laps, "processor": round(clock.processor, 4)},
        )
        return result, predicted

    def _beside(self, job: TrainingJob, classify: Probabilities, score: Images) -> dict[str, float]:
        """What a job asks for beside the score of its part: measures of another part by its name, such as
        "selection_accuracy"; balanced accuracies, in which each class counts as much, on images that are changed, such
        as "changed_mirror", with "clean" on the same ones as they are, and "least_mirror", see `least_kept`."""
        found: dict[str, float] = {}
        if job.also is not None:
            images, labels = self._images(job, job.also)
            measures = measures_of(classify(images), labels)
            found |= {f"{job.also}_{name}": value for name, value in measures.items()}
        if job.probes:
            images, labels = sample(score, PROBED)
            clean = classify(images)
            found[CLEAN] = measures_of(clean, labels)["balanced_accuracy"]
            for probe in job.probes:
                limits, rng = (self._settings["low"], self._settings["high"]), np.random.default_rng(probe.seed)
                seen = change_all(images, probe.recipe.to_json(), *limits, rng)
                changed = classify(seen)
                found[f"{CHANGED}{probe.group}"] = measures_of(changed, labels)["balanced_accuracy"]
                found[f"{LEAST}{probe.group}"] = least_kept(clean, changed, labels)
        return found

    def _images(self, job: TrainingJob, part: str) -> Images:
        return part_images(self._settings["root"], job.parts, part)


def _on_train(training: Training, last: Point, inherited: float | None) -> dict[str, float]:
    """How the training itself went: on the images it saw, whether it gave up, what share of its weights came from
    another candidate."""
    measures = {"train_accuracy": last["accuracy"], "train_loss": last["loss"]}
    measures |= {"gave_up": 1.0} if training.gave_up else {}
    return measures | ({} if inherited is None else {"inherited_share": inherited})


def _recalls(predicted: NDArray[Any], labels: NDArray[Any]) -> dict[str, float]:
    """The share of each class that was recognised, where it has images."""
    shares = enumerate(recalls(predicted, labels))
    return {f"recall_{label}": float(share) for label, share in shares if math.isfinite(share)}


def prepare_backend(settings: Mapping[str, Any]) -> None:
    """Sets the backend up as the settings say."""
    this_backend().prepare(bool(settings.get("gpu")), float(settings.get("gpu_share", 1.0)))


def prepare_training(
    job: TrainingJob, settings: Mapping[str, Any], clock: Stopwatch, images: TrainingImages, plain: bool = False
) -> Training:
    """The network of a job, compiled with its recipe. images: that it is trained on, with their labels. plain: of
    Keras's own layers, with 32 bits."""
    keras.utils.set_random_seed(job.seeds.weights)  # for layers of the user's own
    model = as_saved(job, settings) if plain else as_trained(job, settings)
    slower = SAVED_IS_SLOWER if settings.get("precision") == "bfloat16" else 1
    job = replace(job, to_score=job.to_score * slower)
    return Training(model, *images, job, (settings["low"], settings["high"]), clock)


def begin(training: Training, job: TrainingJob, settings: Mapping[str, Any]) -> float | None:
    """Gives a training the weights that its job begins with. The share of its numbers that it inherits from another
    candidate, None where it inherits none. Raises WeightsMissing."""
    if job.begins is None:
        return None
    arrays = load_arrays(weights_path(Path(settings["weights"]), job.begins.weights))
    share = None if arrays is None else training.take(arrays, job.begins.takes)
    if share is None:
        raise WeightsMissing(job.begins.weights)
    return share if job.begins.takes is Takes.WHAT_FITS else None


def keep(training: Training, job: TrainingJob, settings: Mapping[str, Any]) -> None:
    """Keeps the weights for another training, if the job says so."""
    if job.keeps_weights:
        save_arrays(training.arrays(), weights_path(Path(settings["weights"]), job.key))


def training_images(job: TrainingJob, settings: Mapping[str, Any]) -> tuple[JoinedImages, NDArray[Any]]:
    """The first images of the parts to train on, and their labels; of a training over folds all of them."""
    parts = [part_images(settings["root"], job.parts, part) for part in job.parts.train]
    labels = np.concatenate([labels for _, labels in parts])
    first = len(labels) if job.budget.folds > 1 else job.budget.images
    return JoinedImages([images for images, _ in parts], first), labels[:first]
