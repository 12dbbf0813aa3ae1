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
ENOUGH = 200  # images that a score is more than luck of
SHOWN = 3  # names of classes in a sentence


@dataclass(frozen=True)
class Rows:
    """Images and labels of one part: those of the data set with these numbers, in this order; all if None. all_names:
    of the images of the data set, if they have some."""

    images: Array
    labels: Array
    rows: Array | None = None
    all_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels if self.rows is None else self.rows)

    @property
    def numbers(self) -> Array:
        return np.arange(len(self.labels)) if self.rows is None else self.rows

    @property
    def names(self) -> list[str]:
        """Of the images of this part; none if they have none."""
        return [self.all_names[number] for number in self.numbers] if self.all_names else []


def _held_back(rows: Array, labels: Array, count: int) -> tuple[Array, Array]:
    """What remains of `rows` and `count` of them held back, each class with its share; both in random order."""
    from sklearn.model_selection import train_test_split

    try:
        kept, held = train_test_split(np.arange(len(rows)), test_size=count, stratify=labels[rows], random_state=0)
    except ValueError as error:
        raise DataError(f"too few images to hold {count} of {len(rows)} back: {error}") from None
    return rows[kept], rows[held]


def _held_back_count(count: int, classes: int) -> int:
    return max(classes, min(HELD_BACK_AT_MOST, round(HELD_BACK * count)))


def partition(data: Dataset) -> dict[str, Rows]:
    """The four parts, none of them copied yet."""
    images, labels, names = data.images, data.labels, data.names.get("train", ())
    rows: Array = np.arange(len(labels))
    found = {}
    if data.test_images is not None and data.test_labels is not None:
        found["test"] = Rows(data.test_images, data.test_labels, None, data.names.get("test", ()))
    else:
        rows, held = _held_back(rows, labels, max(data.classes, round(TEST_SHARE * len(rows))))
        found["test"] = Rows(images, labels, held, names)
    count = _held_back_count(len(rows), data.classes)
    rows, held = _held_back(rows, labels, count)
    found["selection"] = Rows(images, labels, held, names)
    if data.validation_images is not None and data.validation_labels is not None:
        own = data.names.get("validation", ())
        found["validation"] = Rows(data.validation_images, data.validation_labels, None, own)
    else:
        rows, held = _held_back(rows, labels, count)
        found["validation"] = Rows(images, labels, held, names)
    return {**found, "train": Rows(images, labels, rows, names)}


def repeated(data: Dataset, parts: dict[str, Rows]) -> Iterator[str]:
    """What is to be said of images that are in several parts, and of those that are of one value only."""
    marks, plain = fingerprints(data.images)
    known: dict[int, Array] = {id(data.images): marks}

    def of(part: str) -> Array:
        images = parts[part].images
        if id(images) not in known:
            known[id(images)] = fingerprints(images)[0]
        found: Array = known[id(images)][parts[part].numbers]
        return found

    if plain:
        yield f"{plain:,} of {len(marks):,} images {'show' if plain > 1 else 'shows'} one even colour and nothing else"
    for part, others in (("test", ("train", "validation", "selection")), ("validation", ("train", "selection"))):
        count = int(np.isin(of(part), np.concatenate([of(other) for other in others])).sum())
        if count:
            are, official = "are" if count > 1 else "is", data.validation_images is not None and part == "test"
            among = "training and validation images" if official else "training images"
            yield f"{count:,} of {len(parts[part]):,} {part} images {are} among the {among}, too, pixel for pixel"


def weaknesses(data: Dataset, parts: dict[str, Rows]) -> Iterator[str]:
    """What is to be said of official parts that can decide little."""
    for part in ("validation", "test"):
        one = parts[part]
        if one.images is data.images:
            continue
        counts = np.bincount(one.labels, minlength=data.classes)
        if missing := [name for name, count in zip(data.class_names, counts, strict=True) if not count]:
            shown = ", ".join(missing[:SHOWN]) + (", ..." if len(missing) > SHOWN else "")
            yield f"the {part} part has no images of {len(missing)} of {data.classes} classes ({shown})"
        if part == "validation" and 2 * len(one) < min(ENOUGH, _held_back_count(len(data.labels), data.classes)):
            has = f"the validation part has {len(one)} image{'' if len(one) == 1 else 's'}"
            repair = f"move it away to have {HELD_BACK:.0%} split off, or add images"
            yield f"{has}, so scores of the search are mostly luck; {repair}"
