"""Several views of a test image, whose class probabilities are averaged: as it is, mirrored, and moved by a pixel
towards two corners (Krizhevsky et al. 2012, https://papers.nips.cc/paper/4824; the weights are those of Jordan 2024,
https://arxiv.org/abs/2404.00498, section 3.5).

Only changes that the training makes, too, and moved ones only where scoring them takes little of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.training.scores import SCORING, measures_of
from genomes.recipe import Recipe

LITTLE = 0.02  # of the time of the training
CHUNK = 1000  # images that are changed at a time


@dataclass(frozen=True)
class View:
    """How an image is shown. moved: pixels down and to the right; weight: of what is said of it."""

    mirrored: bool
    moved: int
    weight: float

    def of(self, images: NDArray[Any]) -> NDArray[Any]:
        """These images, (count, height, width, channels), in this way; what comes in from outside is reflected."""
        seen = images[:, :, ::-1] if self.mirrored else images
        if not self.moved:
            return seen
        size = abs(self.moved)
        padded = np.pad(seen, ((0, 0), (size, size), (size, size), (0, 0)), mode="reflect")
        start = size - self.moved
        return padded[:, start : start + images.shape[1], start : start + images.shape[2]]


def views_of(recipe: Recipe, seen: int, scored: int) -> tuple[View, ...]:
    """The views of a network that was trained with that recipe; the first one is the image as it is.

    seen: images x epochs of the training. scored: how many there are to score.
    """
    moved = {0: 0.5}
    more = (2 if recipe.flip else 1) * 2 * scored  # to score, of moved ones
    if recipe.shift and more * SCORING <= LITTLE * seen:
        moved |= {1: 0.25, -1: 0.25}
    return tuple(View(way, by, share) for by, share in moved.items() for way in ((False, True)[: 1 + recipe.flip]))


def measures_of_views(
    views: tuple[View, ...],
    plain: NDArray[Any],
    images: NDArray[Any],
    labels: NDArray[Any],
    classify: Callable[[NDArray[Any]], NDArray[Any]],
) -> dict[str, float]:
    """Accuracy of the mean over each image and its mirror image, "accuracy_with_flips", and over all views,
    "accuracy_with_views", as far as there are such views. plain: probabilities of the images as they are."""
    found: dict[str, float] = {}
    total = views[0].weight * plain
    for at, view in enumerate(views[1:], start=1):
        total = total + view.weight * _seen(view, images, classify)
        if view.mirrored and not view.moved:
            found["accuracy_with_flips"] = measures_of(total, labels)["accuracy"]
        elif at == len(views) - 1:
            found["accuracy_with_views"] = measures_of(total, labels)["accuracy"]
    return found


def _seen(view: View, images: NDArray[Any], classify: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
    """Class probabilities of images in one view, some of them at a time, as they need not fit into memory."""
    return np.concatenate([classify(view.of(images[at : at + CHUNK])) for at in range(0, len(images), CHUNK)])
