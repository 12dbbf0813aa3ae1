"""Which image goes into which part, and what is in several of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evolve.data.datasets import Dataset
from evolve.data.pixels import Array, fingerprints
from evolve.errors import DataError

HELD_BACK = 0.15
HELD_BACK_AT_MOST = 5000
TEST_SHARE = 0.2


@dataclass(frozen=True)
class Rows:
    """Images and labels of one part: those of the data set with these numbers, in this order; all if None."""

    images: Array
    labels: Array
    rows: Array | None = None

    def __len__(self) -> int:
        return len(self.labels if self.rows is None else self.rows)

    @property
    def numbers(self) -> Array:
        return np.arange(len(self.labels)) if self.rows is None else self.rows


def _held_back(rows: Array, labels: Array, count: int) -> tuple[Array, Array]:
    """What remains of `rows` and `count` of them held back, each class with its share; both in random order."""
    from sklearn.model_selection import train_test_split

    try:
        kept, held = train_test_split(np.arange(len(rows)), test_size=count, stratify=labels[rows], random_state=0)
    except ValueError as error:
        raise DataError(f"too few images to hold {count} of {len(rows)} back: {error}") from None
    return rows[kept], rows[held]


def partition(data: Dataset) -> dict[str, Rows]:
    """The four parts, none of them copied yet."""
    images, labels = data.images, data.labels
    rows: Array = np.arange(len(labels))
    found = {}
    if data.test_images is not None and data.test_labels is not None:
        found["test"] = Rows(data.test_images, data.test_labels)
    else:
        rows, held = _held_back(rows, labels, max(data.classes, round(TEST_SHARE * len(rows))))
        found["test"] = Rows(images, labels, held)
    count = max(data.classes, min(HELD_BACK_AT_MOST, round(HELD_BACK * len(rows))))
    rows, held = _held_back(rows, labels, count)
    found["selection"] = Rows(images, labels, held)
    if data.validation_images is not None and data.validation_labels is not None:
        found["validation"] = Rows(data.validation_images, data.validation_labels)
    else:
        rows, held = _held_back(rows, labels, count)
        found["validation"] = Rows(images, labels, held)
    return {**found, "train": Rows(images, labels, rows)}


def repeated(data: Dataset, parts: dict[str, Rows]) -> Iterator[str]:
    """What is to be said of images that are in several parts, and of those that are of one value only."""
    marks, plain = fingerprints(data.images)
    if plain:
        yield f"{plain:,} of {len(marks):,} images {'show' if plain > 1 else 'shows'} one even colour and nothing else"
    for part, others in (("test", ("train", "validation", "selection")), ("validation", ("train", "selection"))):
        one = parts[part]
        own = marks if one.images is data.images else fingerprints(one.images)[0]
        seen = [marks[parts[other].numbers] for other in others if parts[other].images is data.images]
        count = int(np.isin(own[one.numbers], np.concatenate(seen)).sum())
        if count:
            are = "are" if count > 1 else "is"
            yield f"{count:,} of {len(one):,} {part} images {are} among the training images, too, pixel for pixel"
