"""Trainings for a table: beside the usual score, that on another part, and on images that are all changed in one way.

What a network, trained without augmentation, makes of changed images tells whether the change leaves their meaning: of
two kinds of images the one bears being mirrored, the other does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evolve.execution.executor import Report, unheard
from evolve.jobs import Probe, RecordingJob, TrainingJob
from evolve.training.augment import CHANGES, CHUNK
from evolve.training.evaluator import Trainer
from evolve.training.scores import measures_of
from evolve.values import Result

PROBED = 2000  # images at most
CLEAN = "clean"  # the accuracy on these images as they are


class Recorder(Trainer):
    """A `Trainer` for tables. Measures of the other part are called `selection_accuracy` and so on if that is the
    selection part; accuracies on changed images `changed_mirror` and so on. `timing` has `processor_seconds` of the
    training and its scoring, as `Trainer` would have done them: what a core takes that has nothing else to do."""

    takes: ClassVar[type[TrainingJob]] = RecordingJob

    def evaluate(self, job: TrainingJob, report: Report = unheard) -> Result:
        self._further_seconds = 0.0
        begun = time.process_time()
        result = super().evaluate(job, report)
        seconds = time.process_time() - begun - self._further_seconds
        return replace(result, timing={**result.timing, "processor_seconds": round(seconds, 3)})

    def _further(self, job: RecordingJob, classify: Callable[[Any], NDArray[Any]]) -> dict[str, float]:
        begun = time.process_time()
        images, labels = self._images(job, job.also)
        measures = measures_of(classify(images), labels)
        found = {f"{job.also}_{name}": value for name, value in measures.items()}
        if job.probes:
            images, labels = self._images(job, job.parts.score, PROBED)
            found[CLEAN] = measures_of(classify(images), labels)["accuracy"]
        for probe in job.probes:
            seen = changed(images, probe, self._settings, np.random.default_rng(job.probe_seed))
            found[f"changed_{probe.group}"] = measures_of(classify(seen), labels)["accuracy"]
        self._further_seconds = time.process_time() - begun
        return found


def changed(images: NDArray[Any], probe: Probe, settings: Mapping[str, Any], rng: np.random.Generator) -> NDArray[Any]:
    """Images (count, height, width, channels), all of them changed as the recipe of a probe changes some.

    settings: "low" and "high", the range of a pixel.
    """
    recipe, pieces = probe.recipe.to_json(), list[NDArray[Any]]()
    for start in range(0, len(images), CHUNK):
        piece = np.asarray(images[start : start + CHUNK])
        for change in CHANGES:
            if recipe["flip"] and change.genes == ("flip",):
                piece = piece[:, :, ::-1]
            elif change.wanted(recipe):
                limits = (settings["low"], settings["high"]) if change.ranged else ()
                piece = change.function(piece, *change.values(recipe), *limits, rng)
        pieces.append(piece)
    return np.concatenate(pieces)
