"""Random changes of training images, in NumPy: the same for every backend."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]


def flip(images: Images, rng: np.random.Generator) -> Images:
    """Mirrors every other image, drawn at random, left to right. Images: (count, height, width, channels)."""
    mirrored = rng.random(len(images)) < 0.5
    changed = images.copy()
    changed[mirrored] = images[mirrored, :, ::-1]
    return changed


def shift(images: Images, pixels: int, rng: np.random.Generator) -> Images:
    """Moves each image by up to `pixels` in each direction, drawn at random; the edge is repeated."""
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="edge")
    moves = rng.integers(0, 2 * pixels + 1, (len(images), 2))
    changed = np.empty_like(images)
    for down in range(2 * pixels + 1):
        for right in range(2 * pixels + 1):
            chosen = np.flatnonzero((moves[:, 0] == down) & (moves[:, 1] == right))
            changed[chosen] = padded[chosen, down : down + height, right : right + width]
    return changed


def augment(images: Images, recipe: dict[str, Any], rng: np.random.Generator) -> Images:
    """What the recipe asks for, applied to each image anew."""
    if recipe["flip"]:
        images = flip(images, rng)
    if recipe["shift"]:
        images = shift(images, recipe["shift"], rng)
    return images
