"""What the numbers of pixels mean: how deep images are, their range, and how they are normalised."""

from __future__ import annotations

import math
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.errors import DataError

Array = NDArray[np.generic]

BYTES, SIXTEEN, THIRTY_TWO, FLOATS = "8 bits", "16 bits", "32 bits", "floats"
DEPTHS = (BYTES, SIXTEEN, THIRTY_TWO, FLOATS)
HALF = 127  # bytes that go no further than this use another range than 0 to 255
WHOLE = 2**25  # numbers of grey images whose deviation is worked out at once, which takes eight bytes for each
PIECE = 2**20  # numbers that are looked at at a time
SAMPLED = 256  # images in which odd pixels are looked for
SAMPLE = 1_000_000  # of their pixels at most
ODD = 8  # times as wide as what nearly all pixels need: a range that is wide for the sake of a few
NEARLY_ALL = 0.999


def pieces(images: Array, count: int | None = None) -> Iterator[slice]:
    """Slices of a few images each that make up all of them, or so many as there are in `count`."""
    count = len(images) if count is None else count
    size = max(1, PIECE // math.prod(images.shape[1:]))
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def has_usual_range(images: Array, rows: Array) -> bool:
    """Whether these rows of images are bytes that mean 0 to 255, as they go beyond the middle."""
    if images.dtype != np.uint8:
        return False
    return any(images[rows[piece]].max(initial=0) > HALF for piece in pieces(images, len(rows)))


def pixel_range(images: Array, usual: bool) -> tuple[float, float]:
    """The darkest and the brightest value of the images of training; 0 and 255 if `usual`. Raises DataError if all
    their pixels are the same."""
    low, high = float(images.min()), float(images.max())
    if low == high:
        raise DataError(
            f"all pixels of the training images are {low:g}, so there is nothing to learn; look at the files"
        )
    return (0.0, 255.0) if usual else (low, high)


def normalisations(images: Array, low: float, high: float) -> dict[str, dict[str, Any]]:
    """The ways to normalise pixels: "scale" to 0 to 1, or "standardise" by channel; scale and offset of each."""
    scale = 1 / max(high - low, 1e-6)
    mean, deviation = _moments(images)
    factor = 1 / np.maximum(deviation, 1e-3 / scale / 255)
    standardise = {"scale": factor.tolist(), "offset": (-mean * factor).tolist()}
    return {"scale": {"scale": scale, "offset": -low * scale}, "standardise": standardise}


def _moments(images: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel."""
    by_channel: dict[str, Any] = {"axis": (0, 1, 2), "dtype": np.float64}
    mean = images.mean(**by_channel)
    if images.shape[-1] == 1 and images.size <= WHOLE:
        return mean, images.std(**by_channel)
    squares = np.zeros((1, images.shape[-1]))
    for part in pieces(images):  # added up one by one, as NumPy does it if there are several channels, to the last bit
        away = np.square(images[part] - mean).reshape(-1, images.shape[-1])
        squares = np.add.reduce(np.concatenate([squares, away]), axis=0, keepdims=True)
    return mean, np.sqrt(squares[0] / (images.size / images.shape[-1]))


def fingerprints(images: Array) -> tuple[NDArray[np.uint64], int]:
    """A number for each image, the same only for images that are the same, and how many images are of one colour."""
    marks, plain = np.empty(len(images), np.uint64), 0
    for part in pieces(images):
        rows = np.ascontiguousarray(images[part]).reshape(part.stop - part.start, -1)
        plain += int((images[part] == images[part, :1, :1, :]).all(axis=(1, 2, 3)).sum())
        marks[part] = [int.from_bytes(blake2b(row.data, digest_size=8).digest()) for row in rows]
    return marks, plain


def odd_pixels(train: Array, depth: str, low: float, high: float) -> list[str]:
    """What is unusual about the pixels of the training images, in random order, in words."""
    sample: NDArray[Any] = train[:SAMPLED].ravel()
    near_low, near_high = np.quantile(sample[:: -(-sample.size // SAMPLE)], [1 - NEARLY_ALL, NEARLY_ALL])
    said = []
    if high - low > ODD * (near_high - near_low):
        said.append(
            f"pixels go from {low:g} to {high:g}, but {NEARLY_ALL:.1%} of them from {near_low:g} to {near_high:g}; "
            "look for damaged images or for odd pixels"
        )
    if depth == BYTES and (low, high) != (0.0, 255.0):
        said.append(f"pixels go from {low:g} to {high:g} only, which is taken as their range")
    return said


def scaled_otherwise(part: str, images: Array, low: float, high: float) -> list[str]:
    """What is to be said of images of another part if they have quite another range than those of training."""
    least, most = float(images.min()), float(images.max())
    if most <= high + (high - low) and least >= low - (high - low) and ODD * (most - least) >= high - low:
        return []
    return [f"{part} images go from {least:g} to {most:g}, training images from {low:g} to {high:g}; scale them alike"]


def _range(low: float, high: float) -> str:
    return f"{low:g}-{high:g}" if low >= 0 else f"{low:g} to {high:g}"


def as_in_training(
    pixels: Array, depth: str, brightest: float, trained: str, low: float, high: float
) -> tuple[NDArray[np.float32], str | None]:
    """The pixels of an image file in the range of a model's training images, and a remark in words if they had to be
    stretched, could have been, or lie elsewhere. Bytes are stretched where those of training were of another depth, or
    used a small range that `brightest` lies beyond. Raises ValueError if a model that was trained on images of that
    depth is needed.

    depth, trained: of the image and of the images of training, "" if it is not known. brightest: pixel of all images of
    bytes that are asked about together, as one alone may be dark. low, high: the range of the images of training.
    """
    usual = (low, high) == (0.0, 255.0)
    trained = trained or (BYTES if usual else FLOATS)
    same = depth == trained
    raw = pixels.astype(np.float32)
    if depth == BYTES and usual:
        return raw, None
    if depth == BYTES and not (same and brightest <= min(2 * high, HALF)):
        stretched = (low + raw / 255 * (high - low)).astype(np.float32)
        return stretched, f"scaled from 0-255 to {_range(low, high)}, the range of the training images"
    if not same:
        raise ValueError(f"it holds {depth} a pixel and the model was trained on {trained}; save it like those images")
    least, most, width = float(raw.min()), float(raw.max()), high - low
    if most > high + width:
        return raw, f"pixels go up to {most:g}; those of the training images went from {low:g} to {high:g}"
    if least < low - width:
        return raw, f"pixels go down to {least:g}; those of the training images went from {low:g} to {high:g}"
    kept = f"taken as {_range(low, high)}, the range of the training images, as none is brighter than {brightest:g}"
    return raw, kept if depth == BYTES else None
