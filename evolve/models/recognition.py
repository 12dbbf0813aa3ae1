"""What class probabilities say beside the true classes: what is recognised, what is taken for what, which mistakes are
certain, and whether a network knows how sure it can be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Shares = NDArray[np.floating]

NORMAL = 1.959964  # of a normal distribution, 95 % lie within so many deviations
BINS = 10
DRAWS = 200  # of classes as often as a network says, to see what luck makes of its calibration


@dataclass(frozen=True)
class Accuracy:
    """A share that was recognised: right of count. low, high: its 95 % interval (Wilson 1927,
    https://doi.org/10.1080/01621459.1927.10502953), which knows that images are a sample, and nothing else."""

    right: int
    count: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.right / self.count


@dataclass(frozen=True)
class ClassFacts:
    """One class. recall: the share of its images that were recognised; precision: of the images that were taken for it
    the share that are of it; each None where there are no such images."""

    name: str
    images: int
    recall: float | None
    precision: float | None


@dataclass(frozen=True)
class Confused:
    """Images of one class that were taken for another one. share: of the images of the true class."""

    truth: str
    said: str
    images: int
    share: float


@dataclass(frozen=True)
class Bin:
    """Images whose most likely class has a probability from `low` to `high`. said: the mean of these probabilities;
    right: the share that was recognised."""

    low: float
    high: float
    images: int
    said: float
    right: float


@dataclass(frozen=True)
class Calibration:
    """Whether a network is as often right as it says.

    said: the mean probability of the most likely class. error: the expected calibration error, the mean distance of
    what was said from the share that was right, over bins (Guo et al. 2017, https://arxiv.org/abs/1706.04599).
    by_luck: what 19 of 20 networks stay below that are as often right as they say, on so many images.
    """

    bins: tuple[Bin, ...]
    said: float
    error: float
    by_luck: float


def accuracy(right: int, count: int) -> Accuracy:
    """The share of at least one image that was recognised, with its interval."""
    share, squared = right / count, NORMAL**2 / count
    middle = (share + squared / 2) / (1 + squared)
    reach = NORMAL / (1 + squared) * math.sqrt(share * (1 - share) / count + squared / (4 * count))
    low, high = max(0.0, middle - reach), min(1.0, middle + reach)
    return Accuracy(right, count, low if right else 0.0, high if right < count else 1.0)


def confusion(labels: Counts, said: Counts, classes: int) -> Counts:
    """How many images of each class (rows) were taken for each class (columns)."""
    return np.bincount(labels * classes + said, minlength=classes**2).reshape(classes, classes)


def class_facts(counts: Counts, names: Sequence[str]) -> tuple[ClassFacts, ...]:
    """Recall and precision of each class. counts: as of `confusion`."""
    right, images, taken = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)

    def share(at: int, of: Counts) -> float | None:
        return float(right[at] / of[at]) if of[at] else None

    return tuple(
        ClassFacts(name, int(images[at]), share(at, images), share(at, taken)) for at, name in enumerate(names)
    )


def confused_pairs(counts: Counts, names: Sequence[str], most: int = 10) -> tuple[Confused, ...]:
    """The pairs of classes with the most mistakes, these first. counts: as of `confusion`."""
    wrong = counts - np.diag(counts.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [divmod(int(at), len(names)) for at in order]
    images = counts.sum(axis=1)
    return tuple(
        Confused(names[truth], names[said], int(wrong[truth, said]), float(wrong[truth, said] / images[truth]))
        for truth, said in pairs
        if wrong[truth, said]
    )


def certain_mistakes(shares: Shares, labels: Counts, most: int) -> list[int]:
    """Numbers of the images that were taken for another class, those first where that had the highest probability."""
    said = shares.argmax(axis=1)
    wrong = np.flatnonzero(said != labels)
    order = np.argsort(-shares[wrong, said[wrong]], kind="stable")
    return [int(at) for at in wrong[order][:most]]


def doubtful_labels(shares: Shares, labels: Counts) -> NDArray[np.bool_]:
    """Which images may bear the label of another class: those that were taken for another one as surely as half of the
    images of that one that are recognised, with less for their own class than by guessing. A guess, for people to look
    at, after Northcutt et al. 2021 ("Confident Learning", https://arxiv.org/abs/1911.00068), but stricter, as a network
    that is often wrong would make most of its mistakes doubtful."""
    every, classes, said = np.arange(len(labels)), shares.shape[1], shares.argmax(axis=1)
    own = [shares[(labels == label) & (said == label), label] for label in range(classes)]
    usual = np.array([np.median(values) if len(values) else np.inf for values in own])
    surely = shares[every, said] >= usual[said]
    found: NDArray[np.bool_] = (said != labels) & surely & (shares[every, labels] < 1 / classes)
    return found


def calibration(shares: Shares, labels: Counts, bins: int = BINS) -> Calibration:
    """How far what a network says of the most likely class is from how often that is right."""
    said, right = shares.max(axis=1).astype(np.float64), shares.argmax(axis=1) == labels
    places = np.minimum((said * bins).astype(int), bins - 1)
    images = np.bincount(places, minlength=bins)
    sums = np.bincount(places, said, minlength=bins), np.bincount(places, right, minlength=bins)
    found = tuple(
        Bin(at / bins, (at + 1) / bins, int(images[at]), float(sums[0][at] / count), float(sums[1][at] / count))
        for at, count in enumerate(images)
        if count
    )
    rng = np.random.default_rng(0)
    lucky = [np.bincount(places, rng.random(len(said)) < said, minlength=bins) for _ in range(DRAWS)]
    by_luck = [float(np.abs(sums[0] - drawn).sum() / len(said)) for drawn in lucky]
    error = float(np.abs(sums[0] - sums[1]).sum() / len(said))
    return Calibration(found, float(said.mean()), error, float(np.quantile(by_luck, 0.95)))
