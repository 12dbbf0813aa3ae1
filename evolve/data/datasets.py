"""Images and labels, and what must hold before anything is trained on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evolve.errors import DataError

Array = NDArray[np.generic]
MINIMUM_PER_CLASS = 10
SMALLEST = 4


@dataclass(frozen=True)
class Dataset:
    """Images of one size with a class each.

    images: (count, height, width, channels), unsigned bytes or 32-bit floats.
    labels: (count,), whole numbers from 0 to classes - 1.
    test_images, test_labels: the official test part, or None where the data set has none.
    class_names: one per class.
    """

    name: str
    images: Array
    labels: Array
    test_images: Array | None
    test_labels: Array | None
    class_names: tuple[str, ...]

    @property
    def classes(self) -> int:
        return len(self.class_names)


def load_npz(path: Path) -> Dataset:
    """An `.npz` file with x_train (count, height, width[, channels]) and y_train (count,) or (count, 1); optional are
    x_test and y_test of the same kinds, and `classes`, the names of the classes."""
    arrays = _read(path)
    for name in ("x_train", "y_train"):
        if name not in arrays:
            raise DataError(f"{path}: array '{name}' is missing; found {', '.join(sorted(arrays)) or 'none'}")
    if ("x_test" in arrays) != ("y_test" in arrays):
        raise DataError(f"{path}: x_test and y_test go together; give both or neither")
    labels = _labels(arrays["y_train"], f"{path}: y_train")
    classes = int(labels.max(initial=0)) + 1
    names = _names(arrays["classes"], path) if "classes" in arrays else tuple(map(str, range(classes)))
    has_test = "x_test" in arrays
    return checked(
        Dataset(
            path.stem,
            _images(arrays["x_train"], f"{path}: x_train"),
            labels,
            _images(arrays["x_test"], f"{path}: x_test") if has_test else None,
            _labels(arrays["y_test"], f"{path}: y_test") if has_test else None,
            names,
        )
    )


def _read(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise DataError(f"dataset {path}: there is no such file") from None
    except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
        reason = "it holds Python objects or is no .npz at all" if "pickle" in str(error) else str(error)
        raise DataError(f"dataset {path}: not a readable .npz of plain arrays: {reason}") from None


def _names(classes: Array, path: Path) -> tuple[str, ...]:
    names = tuple(map(str, classes)) if classes.ndim == 1 else ()
    if not names or len(set(names)) < len(names):
        raise DataError(f"{path}: classes must be the names of the classes, each once, not {classes!s:.80}")
    return names


def _images(images: Array, where: str) -> Array:
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        raise DataError(f"{where} must have the shape (count, height, width, 1 or 3), not {images.shape}")
    if min(images.shape[1:3]) < SMALLEST:
        raise DataError(
            f"{where}: images must be at least {SMALLEST}x{SMALLEST}, not {images.shape[1]}x{images.shape[2]}"
        )
    if images.dtype == np.uint8:
        return images
    if np.issubdtype(images.dtype, np.integer) and images.size and images.min() >= 0 and images.max() <= 255:
        return images.astype(np.uint8)
    if not np.issubdtype(images.dtype, np.floating):
        raise DataError(f"{where} must hold bytes from 0 to 255 or floating-point numbers, not {images.dtype}")
    if not np.isfinite(images).all():
        raise DataError(f"{where} holds numbers that are not finite; replace or leave out those images")
    return images.astype(np.float32)


def _labels(labels: Array, where: str) -> Array:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{where} must be whole numbers of the shape (count,) or (count, 1), not {labels.dtype} {labels.shape}"
        )
    return labels.astype(np.int64)


def checked(data: Dataset) -> Dataset:
    """`data`, if it can be trained on. Raises DataError with the first reason why not."""
    parts = [("train", data.images, data.labels)]
    if data.test_images is not None and data.test_labels is not None:
        parts.append(("test", data.test_images, data.test_labels))
        if data.test_images.shape[1:] != data.images.shape[1:]:
            raise DataError(
                f"{data.name}: test images have the shape {data.test_images.shape[1:]}, "
                f"training images {data.images.shape[1:]}; they must be equal"
            )
        if data.test_images.dtype != data.images.dtype:
            raise DataError(
                f"{data.name}: test images are {data.test_images.dtype}, training images {data.images.dtype}; "
                "they must be equal"
            )
    for part, images, labels in parts:
        if len(images) != len(labels):
            raise DataError(f"{data.name}: {len(images)} {part} images, but {len(labels)} labels")
        if len(labels) and (labels.min() < 0 or labels.max() >= data.classes):
            raise DataError(
                f"{data.name}: {part} labels must be from 0 to {data.classes - 1}, as there are names or training "
                f"images of that many classes, not {labels.min()} to {labels.max()}"
            )
    counts = np.bincount(data.labels, minlength=data.classes)
    if data.classes < 2:
        raise DataError(f"{data.name}: all images are of one class; give at least two")
    rarest = int(counts.argmin())
    if counts[rarest] < MINIMUM_PER_CLASS:
        raise DataError(
            f"{data.name}: class '{data.class_names[rarest]}' has {counts[rarest]} images, at least "
            f"{MINIMUM_PER_CLASS} are needed; add images or leave the class out"
        )
    if data.test_labels is not None and len(data.test_labels) == 0:
        raise DataError(f"{data.name}: the test part is empty; leave x_test and y_test out to have one split off")
    return data
