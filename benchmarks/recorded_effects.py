"""What a recorded table says of changes of images: what a network keeps of its accuracy, and what its twin gains."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy.stats import sem

from evolve.problems.recorded_tables import RecordedDataset, RecordedTraining
from evolve.search.augmentation import Kept, kept
from evolve.values import CHANGED, CLEAN, PROBED, Budget


def kept_of(dataset: RecordedDataset, training: RecordedTraining) -> list[Kept]:
    """What changed images keep of the accuracy above guessing, by group; nothing where the network is not clearly
    better than that."""
    if training.clean is None:
        return []
    changed = {f"{CHANGED}{group}": share for group, share in training.changed.items()}
    images = min(PROBED, dataset.sizes["validation"])
    return kept({CLEAN: training.clean, **changed}, dataset.chance["validation"], images)


def kept_in(dataset: RecordedDataset, budget: Budget, group: str) -> list[Kept]:
    """Of all trainings with a budget that say anything."""
    trainings = [one for name in dataset.genomes for one in dataset.repeats(name, budget)]
    return [one for training in trainings for one in kept_of(dataset, training) if one.group == group]


@dataclass(frozen=True)
class Gap:
    """Accuracy with augmentation less that without, in points, on validation images. error: standard error, paired over
    images, and over repeats where there are some, whichever is larger."""

    points: float
    error: float


def gap(dataset: RecordedDataset, name: str, plain: str, budget: Budget) -> Gap | None:
    """Of twins with a budget; None if one of them was not trained with it."""
    differences = []
    for repeat in range(dataset.budgets[budget]):
        ours, other = dataset.hits(name, budget, repeat), dataset.hits(plain, budget, repeat)
        if ours is not None and other is not None:
            differences.append(100.0 * (ours.astype(float) - other.astype(float)))
    if not differences:
        return None
    means = [float(one.mean()) for one in differences]
    images = float(sem(np.mean(differences, axis=0)))
    seeds = float(sem(means)) if len(means) > 1 else 0.0
    return Gap(fmean(means), max(images, seeds))
