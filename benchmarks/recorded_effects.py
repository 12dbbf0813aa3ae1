"""What a recorded table says of changes of images: what a network keeps of its accuracy, and what its twin gains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy.stats import sem

from evolve.problems.recorded_tables import RecordedDataset, RecordedTraining
from evolve.values import Budget

PROBED = 2000  # validation images at most, see `evolve.training.evaluator`
ABOVE = 4.0  # standard errors by which a network must be better than guessing for a probe to say anything
DESTROYS, SURVIVES = 0.5, 0.85  # bounds of what is kept, of which the next searches make decisions


@dataclass(frozen=True)
class Kept:
    """The share of the accuracy above guessing that changed images keep, of one training. error: standard error over
    images, as if the two scores were independent, which makes it too large rather than too small."""

    share: float
    error: float

    @property
    def verdict(self) -> str:
        if self.share + 2 * self.error < DESTROYS:
            return "destroys"
        return "survives" if self.share - 2 * self.error > SURVIVES else "open"


def kept(dataset: RecordedDataset, training: RecordedTraining, group: str) -> Kept | None:
    """What changed images keep; None where the network is not clearly better than guessing."""
    clean, changed, chance = training.clean, training.changed.get(group), dataset.chance["validation"]
    if clean is None or changed is None:
        return None
    images = min(PROBED, dataset.sizes["validation"])
    learned, errors = clean - chance, [math.sqrt(share * (1 - share) / images) for share in (clean, changed)]
    if learned < ABOVE * math.sqrt(chance * (1 - chance) / images):
        return None
    share = (changed - chance) / learned
    return Kept(share, math.hypot(errors[1], share * errors[0]) / learned)


def kept_in(dataset: RecordedDataset, budget: Budget, group: str) -> list[Kept]:
    """Of all trainings with a budget that say anything."""
    found = [kept(dataset, one, group) for name in dataset.genomes for one in dataset.repeats(name, budget)]
    return [one for one in found if one is not None]


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
