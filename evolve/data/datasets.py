"""Images and labels, and what must hold before anything is trained on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evolve.data.pixels import BYTES, Array
from evolve.errors import DataError

MINIMUM_PER_CLASS = 10
SMALLEST = 4


@dataclass(frozen=True)
class Dataset:
    """Images of one size with a class each.

    images: (count, height, width, channels), unsigned bytes or 32-bit floats.
    labels: (count,), whole numbers from 0 to classes - 1.
    test_images, test_labels: the official test part, or None where the data set has none.
    class_names: one per class.
    validation_images, validation_labels: the official validation part, or None.
    depth: of the images as they came, one of `pixels.DEPTHS`. remarks: what is to be said of how they were read.
    names: of the images, by "train", "test" and "validation", where they have some, as files do.
    """

    name: str
    images: Array
    labels: Array
    test_images: Array | None
    test_labels: Array | None
    class_names: tuple[str, ...]
    validation_images: Array | None = None
    validation_labels: Array | None = None
    depth: str = BYTES
    remarks: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def classes(self) -> int:
        return len(self.class_names)


def from_parts(
    name: str,
    parts: Mapping[str, tuple[Array, Array]],
    class_names: tuple[str, ...],
    depth: str,
    remarks: Sequence[str],
    names: Mapping[str, tuple[str, ...]] | None = None,
) -> Dataset:
    """A data set from images and labels of "train" and, where there are some, "test" and "validation"."""
    images, labels = parts["train"]
    test_images, test_labels = parts.get("test", (None, None))
    validation_images, validation_labels = parts.get("validation", (None, None))
    return Dataset(
        name,
        images,
        labels,
        test_images,
        test_labels,
        class_names,
        validation_images,
        validation_labels,
        depth,
        tuple(remarks),
        names or {},
    )


def check_dataset(data: Dataset) -> Dataset:
    """`data`, if it can be trained on. Raises DataError with the first reason why not."""
    for name in data.class_names:
        if not name:
            raise DataError(f"{data.name}: a class has an empty name; give it one")
        if not _can_be_written(name):
            raise DataError(f"{data.name}: the name of class {name!r:.80} is not text in UTF-8; rename it")
    _check_part(data, "train", data.images, data.labels)
    if data.test_images is not None and data.test_labels is not None:
        _check_part(data, "test", data.test_images, data.test_labels)
    if data.validation_images is not None and data.validation_labels is not None:
        _check_part(data, "validation", data.validation_images, data.validation_labels)
    counts = np.bincount(data.labels, minlength=data.classes)
    if data.classes < 2:
        raise DataError(f"{data.name}: all images are of one class; give at least two")
    rarest = int(counts.argmin())
    if counts[rarest] < MINIMUM_PER_CLASS:
        raise DataError(
            f"{data.name}: class '{data.class_names[rarest]}' has {counts[rarest]} images, at least "
            f"{MINIMUM_PER_CLASS} are needed; add images or leave the class out"
        )
    for part, labels in (("test", data.test_labels), ("validation", data.validation_labels)):
        if labels is not None and len(labels) == 0:
            raise DataError(f"{data.name}: the {part} part is empty; leave it out to have one split off")
    return data


def _can_be_written(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_part(data: Dataset, part: str, images: Array, labels: Array) -> None:
    """Raises DataError unless images and labels go together, and with the training images."""
    if images.shape[1:] != data.images.shape[1:]:
        raise DataError(
            f"{data.name}: {part} images have the shape {images.shape[1:]}, training images {data.images.shape[1:]}; "
            "they must be equal"
        )
    if images.dtype != data.images.dtype:
        raise DataError(
            f"{data.name}: {part} images are {images.dtype}, training images {data.images.dtype}; they must be equal"
        )
    if len(images) != len(labels):
        raise DataError(f"{data.name}: {len(images)} {part} images, but {len(labels)} labels")
    if len(labels) and (labels.min() < 0 or labels.max() >= data.classes):
        raise DataError(
            f"{data.name}: {part} labels must be from 0 to {data.classes - 1}, as there are names or training "
            f"images of that many classes, not {labels.min()} to {labels.max()}"
        )
