"""Image files as a trained model takes them: of its size, in the range of the images that it was trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from evolve.data.pictures import look_at, read_image, reason
from evolve.data.pixels import BYTES, as_in_training
from evolve.errors import DataError

Known = tuple[str, float, float]
"""Depth and range of the pixels of the images of training."""


def known_range(facts: Mapping[str, Any]) -> Known:
    """What the facts in a model file say of the pixels of its training."""
    return facts.get("depth", ""), facts.get("low", 0.0), facts.get("high", 255.0)


def brightest(paths: Sequence[Path], size: tuple[int, int] | None, grey: bool) -> float:
    """The brightest value in the images of 8 bits among these files, 0 if there are none."""
    found = 0.0
    for path in paths:
        with _named(path):
            if look_at(path).depth == BYTES:
                found = max(found, float(read_image(path, size, grey).max()))
    return found


def image_as_in_training(
    path: Path, size: tuple[int, int] | None, grey: bool, most: float, known: Known
) -> tuple[NDArray[Any], str | None, tuple[int, int]]:
    """Pixels as in training, a remark on them, and the size that the file has. most: the brightest value of all images
    of 8 bits. known: depth and range of the training images."""
    with _named(path):
        look = look_at(path)
        return (*as_in_training(read_image(path, size, grey), look.depth, most, *known), look.size)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What goes wrong with an image becomes a DataError that names it."""
    try:
        yield
    except Exception as error:  # Pillow raises many kinds for a damaged file
        raise DataError(f"image {path} cannot be read: {reason(error)}") from None
