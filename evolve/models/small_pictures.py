"""Arrays as small pictures: images, filters, feature maps, and images in which it is marked where a network looks."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.data.pictures import as_png
from evolve.models.inspection import Picture

Bytes = NDArray[np.uint8]
Values = NDArray[Any]

LARGEST = 96  # pixels a side; what is larger is made smaller
MARKED = 0.8  # of the colour that marks the hottest place, the rest is the image
STEEP = 1.5  # power of heat, so that what is hottest stands out
GREY = (0.299, 0.587, 0.114)  # of red, green and blue


def image_picture(image: Values, low: float, high: float) -> Picture:
    """An image (height, width, 1 or 3) whose pixels go from `low` to `high`."""
    return _picture(_shown(image, low, high))


def heat_picture(image: Values, heat: Values, low: float, high: float) -> Picture:
    """The image in grey, with the places (height, width) that speak for a class in orange, the hottest in yellow."""
    shown = _shown(image, low, high)
    grey = shown.mean(axis=2) if shown.shape[2] == 1 else shown @ np.array(GREY)
    share = np.maximum(heat, 0.0)
    share = (share / max(float(share.max()), 1e-12)) ** STEEP
    colour = np.stack([np.full(share.shape, 255.0), 90 + 150 * share, 40 * share], axis=2)
    mixed = grey[..., np.newaxis] * (1 - MARKED * share[..., np.newaxis]) + MARKED * share[..., np.newaxis] * colour
    return _picture(mixed)


def filter_pictures(kernel: Values, most: int) -> tuple[Picture, ...]:
    """Filters (height, width, channels, count), the strongest first: in colour if they see three channels, else the
    mean over these in grey. Zero is the middle grey of each."""
    order = np.argsort(-np.square(kernel).sum(axis=(0, 1, 2)), kind="stable")[:most]
    return tuple(_around_zero(kernel[..., at]) for at in order)


def map_pictures(maps: Values, most: int) -> tuple[Picture, ...]:
    """Feature maps (height, width, count), those first that differ most between places; black is the least value of
    each, white the largest."""
    order = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:most]
    return tuple(
        _picture(_shown(one, float(one.min()), float(one.max())))
        for one in np.moveaxis(maps, 2, 0)[order, ..., np.newaxis]
    )


def _around_zero(values: Values) -> Picture:
    seen = values if values.shape[2] == 3 else values.mean(axis=2, keepdims=True)
    reach = max(float(np.abs(seen).max()), 1e-12)
    return _picture(_shown(seen, -reach, reach))


def _shown(values: Values, low: float, high: float) -> Values:
    """From 0 to 255."""
    return np.clip((values.astype(np.float64) - low) / max(high - low, 1e-12), 0.0, 1.0) * 255


def _picture(pixels: Values) -> Picture:
    """pixels: (height, width, 1 or 3), from 0 to 255."""
    step = -(-max(pixels.shape[:2]) // LARGEST)
    if step > 1:
        height, width = (side // step * step for side in pixels.shape[:2])
        pixels = pixels[:height, :width].reshape(height // step, step, width // step, step, -1).mean(axis=(1, 3))
    whole: Bytes = np.round(pixels).astype(np.uint8)
    file = as_png(whole[..., 0] if whole.shape[2] == 1 else whole)
    return Picture(b64encode(file).decode(), whole.shape[1], whole.shape[0])
