"""Scores of few images: a network is trained in full once for each fold of them, without it, and scored on it, so that
every image is scored once, by a network that has not seen it.

With a part of its own to be scored on, a hundred images would decide; of three hundred, that is all folds together
have (Stone 1974, "Cross-Validatory Choice and Assessment of Statistical Predictions",
https://doi.org/10.1111/j.2517-6161.1974.tb00994.x).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.data.splits import part_digest
from evolve.execution.executor import Report
from evolve.jobs import Seeds, TrainingJob
from evolve.training.part_images import Images, JoinedImages
from evolve.training.scores import measures_of
from evolve.values import Budget, Hits, Result

Scored = tuple[Result, NDArray[Any] | None]
"""A result, and the class probabilities of the images that it scored, (count, classes); None if it failed."""


@dataclass(frozen=True)
class Fold:
    """Images (count, height, width, channels) and labels (count,) to train on, and those of the fold, to score on.
    rows: of these, among all."""

    train: Images
    score: Images
    rows: NDArray[np.intp]


def folds_of(images: NDArray[Any] | JoinedImages, labels: NDArray[Any], budget: Budget, seed: int) -> Iterator[Fold]:
    """The folds of a budget, one after the other, of each class about as many images in each, drawn with that seed.
    Those to train on, as many as the budget says, are in random order."""
    order = np.random.default_rng(seed).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    for first in range(budget.folds):
        rows = np.sort(by_class[first :: budget.folds])
        others = order[~np.isin(order, rows)][: budget.images]
        yield Fold((images[others], labels[others]), (images[rows], labels[rows]), rows)


def seeds_of_fold(seeds: Seeds, number: int) -> Seeds:
    """Those of the training without that fold, counted from 0."""

    def other(seed: int) -> int:
        return (seed + number) % 2**32

    streams = {name: other(getattr(seeds, name)) for name in ("weights", "order", "augmentation", "dropout")}
    return replace(seeds, **streams)


def together(
    job: TrainingJob, labels: NDArray[Any], rows: Sequence[NDArray[np.intp]], found: Sequence[Scored]
) -> Result:
    """One result of the trainings without each fold. rows: of these, among all. Scores are of all images, each as it
    was classified by the network that has not seen it; all else is the mean of the trainings. A training that failed
    is the result."""
    results, parts = [result for result, _ in found], [part for _, part in found if part is not None]
    if len(parts) < len(results):
        return results[-1]
    predicted = np.concatenate(parts)[np.argsort(np.concatenate(rows))]
    measures = _means([result.measures for result in results])
    return replace(
        results[0],
        measures={**measures, **measures_of(predicted, labels)},
        curve=tuple(_means(points) for points in zip(*(result.curve for result in results), strict=False)),
        spent={**results[0].spent, "folds": len(rows)},
        timing=results[-1].timing,  # all of it: they have one clock
        hits=hits_of(job, predicted, labels),
    )


def hits_of(job: TrainingJob, predicted: NDArray[Any], labels: NDArray[Any]) -> Hits:
    """Which images were recognised of those that the job is scored on."""
    bits = np.packbits(predicted.argmax(axis=1) == labels).tobytes()
    return Hits(part_digest(job.parts.data, job.parts.score), len(labels), bits)


def part_of(report: Report, number: int, budget: Budget) -> Report:
    """Reports of one of the trainings over folds, as parts of one that has the epochs of all of them."""

    def told(**figures: float) -> None:
        so_far = {"epoch": figures["epoch"] + number * budget.epochs, "epochs": budget.folds * budget.epochs}
        report(**{**figures, **so_far})

    return told


def _means(figures: Sequence[Any]) -> dict[str, float]:
    """Of each figure that all have."""
    shared = [name for name in figures[0] if all(name in one for one in figures)]
    return {name: fmean(one[name] for one in figures) for name in shared}
