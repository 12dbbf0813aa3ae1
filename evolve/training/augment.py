"""Random changes of training images, in NumPy alone: the same for every backend.

Each function stands by itself (an exported script carries those that it needs). Images are (count, height, width,
channels); a change never touches its input. `low` and `high` are the darkest and the brightest value of a pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[Any]
Generator = np.random.Generator

CHUNK = 256  # images that are changed at a time


def flip(images: Images, rng: Generator) -> Images:
    """Mirrors every other image, drawn at random, left to right."""
    mirrored = rng.random(len(images)) < 0.5
    changed = images.copy()
    changed[mirrored] = images[mirrored, :, ::-1]
    return changed


def mirror(images: Images, mirrored: Images) -> Images:
    """Mirrors those images left to right for which `mirrored`, (count,), is true."""
    changed = images.copy()
    changed[mirrored] = images[mirrored, :, ::-1]
    return changed


def shift(images: Images, pixels: int, reflected: bool, rng: Generator) -> Images:
    """Moves each image by up to `pixels` in each direction, drawn at random; the edge is repeated, or reflected."""
    height, width = images.shape[1:3]
    borders = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
    padded = np.pad(images, borders, mode="reflect" if reflected else "edge")
    downs, rights = rng.integers(0, 2 * pixels + 1, (2, len(images)))
    changed = np.empty_like(images)
    for at, (down, right) in enumerate(zip(downs, rights, strict=True)):
        changed[at] = padded[at, down : down + height, right : right + width]
    return changed


def turn_and_zoom(images: Images, degrees: float, share: float, rng: Generator) -> Images:
    """Turns images by up to `degrees` and enlarges or shrinks them by up to `share`; the edge is repeated. Sixteen
    images in a row share one draw, which makes it several times faster. Bilinear."""
    count, height, width, channels = images.shape
    changed = np.empty_like(images)
    rows = np.arange(height, dtype=np.float32)[:, np.newaxis] - (height - 1) / 2
    columns = np.arange(width, dtype=np.float32) - (width - 1) / 2
    for start in range(0, count, 16):
        angle = np.deg2rad(rng.uniform(-degrees, degrees))
        scale = 1 / (1 + rng.uniform(-share, share))
        cos, sin = float(scale * np.cos(angle)), float(scale * np.sin(angle))
        y = np.clip(cos * rows + sin * columns + (height - 1) / 2, 0, height - 1)
        x = np.clip(cos * columns - sin * rows + (width - 1) / 2, 0, width - 1)
        top, left = np.minimum(y.astype(int), height - 2), np.minimum(x.astype(int), width - 2)
        down = np.repeat((y - top).astype(np.float32), channels)
        right = np.repeat((x - left).astype(np.float32), channels)
        corner = ((top * width + left)[..., np.newaxis] * channels + np.arange(channels)).ravel()
        flat = images[start : start + 16].reshape(-1, height * width * channels).T
        turned = flat[corner] * ((1 - down) * (1 - right))[:, np.newaxis]
        turned += flat[corner + channels] * ((1 - down) * right)[:, np.newaxis]
        turned += flat[corner + width * channels] * (down * (1 - right))[:, np.newaxis]
        turned += flat[corner + (width + 1) * channels] * (down * right)[:, np.newaxis]
        if images.dtype == np.uint8:
            turned += 0.5
        changed[start : start + 16] = turned.T.reshape(-1, height, width, channels)
    return changed


def contrast_and_brightness(
    images: Images, contrast: float, brightness: float, low: float, high: float, rng: Generator
) -> Images:
    """Spreads the pixels of each image around their middle by a factor of 1 +- `contrast`, and moves them up or down by
    up to the share `brightness` of the range from `low` to `high`."""
    factors = 1 + rng.uniform(-contrast, contrast, (len(images), 1, 1, 1)).astype(np.float32)
    moves = (high - low) * rng.uniform(-brightness, brightness, (len(images), 1, 1, 1)).astype(np.float32)
    middle = images.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float32)
    changed = images * factors
    changed += middle * (1 - factors) + moves
    np.clip(changed, low, high, out=changed)
    return changed.astype(images.dtype)


def cutout(images: Images, side: int, low: float, high: float, rng: Generator) -> Images:
    """Greys a square of `side` pixels, at most half of the image's shorter side, at a random place of each image."""
    height, width = images.shape[1:3]
    side = min(side, min(height, width) // 2)
    changed = images.copy()
    downs, rights = rng.integers(0, height - side + 1, len(images)), rng.integers(0, width - side + 1, len(images))
    for at, (down, right) in enumerate(zip(downs, rights, strict=True)):
        changed[at, down : down + side, right : right + side] = (low + high) / 2
    return changed


def mixup(images: Images, targets: Images, alpha: float, rng: Generator) -> tuple[Images, Images]:
    """Mixes each image and its target (count, classes) with another one, by a share from Beta(alpha, alpha)."""
    others = rng.permutation(len(images))
    shares = rng.beta(alpha, alpha, (len(images), 1, 1, 1)).astype(np.float32)
    mixed = images * shares
    mixed += images[others] * (1 - shares)
    weights = shares[:, 0, 0]
    return mixed.astype(images.dtype), targets * weights + targets[others] * (1 - weights)


@dataclass(frozen=True)
class Change:
    """A change of images, and the recipe genes that ask for it: it is made if one of them is not 0.

    takes: genes whose values the function takes. ranged: whether it takes `low` and `high`.
    """

    function: Callable[..., Images]
    genes: tuple[str, ...]
    takes: tuple[str, ...]
    ranged: bool = False

    def wanted(self, recipe: Mapping[str, Any]) -> bool:
        """Whether a recipe asks for this change."""
        return any(recipe[gene] for gene in self.genes)

    def values(self, recipe: Mapping[str, Any]) -> list[Any]:
        """Strengths to call the function with."""
        return [recipe[gene] for gene in self.takes]

    def apply(self, images: Images, recipe: Mapping[str, Any], low: float, high: float, rng: Generator) -> Images:
        """The images, changed as the recipe asks for."""
        return self.function(images, *self.values(recipe), *((low, high) if self.ranged else ()), rng)


# In the order in which they are made; mixup, which changes targets, too, comes last.
CHANGES = (
    Change(flip, ("flip",), ()),
    Change(shift, ("shift",), ("shift", "reflected")),
    Change(turn_and_zoom, ("rotation", "zoom"), ("rotation", "zoom")),
    Change(contrast_and_brightness, ("contrast", "brightness"), ("contrast", "brightness"), ranged=True),
    Change(cutout, ("cutout",), ("cutout",), ranged=True),
)


def alternates(recipe: Mapping[str, Any]) -> bool:
    """Whether images are mirrored in every other epoch instead of by chance."""
    return bool(recipe["flip"] and recipe["alternating"])


def changes_of(recipe: Mapping[str, Any]) -> list[Change]:
    """What is made of each batch: what the recipe asks for, but for mirroring that alternates."""
    return [one for one in CHANGES if one.wanted(recipe) and not (one.function is flip and alternates(recipe))]


def augment(
    images: Images, targets: Images, recipe: Mapping[str, Any], low: float, high: float, rng: Generator
) -> tuple[Images, Images]:
    """What the recipe asks for, applied to each image anew, but for mirroring that alternates."""
    changes = changes_of(recipe)
    if not changes and not recipe["mixup"]:
        return images, targets
    changed, mixed = np.empty_like(images), np.empty_like(targets)
    for start in range(0, len(images), CHUNK):
        part, labels = images[start : start + CHUNK], targets[start : start + CHUNK]
        for change in changes:
            part = change.apply(part, recipe, low, high, rng)
        if recipe["mixup"]:
            part, labels = mixup(part, labels, recipe["mixup"], rng)
        changed[start : start + CHUNK], mixed[start : start + CHUNK] = part, labels
    return changed, mixed


def change_all(images: Images, recipe: Mapping[str, Any], low: float, high: float, rng: Generator) -> Images:
    """All images changed as the recipe asks for; a flip, which is made of every other image, is made of each."""
    changed = np.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK]
        for change in CHANGES:
            if change.function is flip and change.wanted(recipe):
                part = part[:, :, ::-1]
            elif change.wanted(recipe):
                part = change.apply(part, recipe, low, high, rng)
        changed[start : start + CHUNK] = part
    return changed
