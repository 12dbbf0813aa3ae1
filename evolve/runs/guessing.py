"""What comes of guessing, and what it hardly ever exceeds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evolve.runs.ranking import CLEARLY
from evolve.values import PROBED


@dataclass(frozen=True)
class Guessing:
    """What comes of guessing on one part of the data. images: of the part. shares: of each class, 1 in all."""

    images: int
    shares: tuple[float, ...]

    @property
    def accuracy(self) -> float:
        """Of whoever names the most frequent class every time."""
        return max(self.shares)

    @property
    def bounds(self) -> tuple[float, float]:
        """Accuracy and balanced accuracy that guessing hardly ever exceeds: two standard errors above what it is
        expected to come to."""
        balanced = guessing_bound(1 / len(self.shares), self.effective_images("balanced_accuracy"))
        return guessing_bound(self.accuracy, self.images), balanced

    def effective_images(self, measure: str) -> float:
        """On how many images of equally frequent classes a score would be as exact: on all of them, but for balanced
        accuracy, in which the few images of a rare class count as much as the many of another."""
        if measure != "balanced_accuracy":
            return self.images
        return len(self.shares) ** 2 / sum(1 / max(1.0, share * self.images) for share in self.shares)

    @property
    def effective_probes(self) -> float:
        """The same for balanced accuracy on the images that are changed to probe a network."""
        return self.effective_images("balanced_accuracy") * min(1.0, PROBED / self.images)

    def bound(self, measure: str) -> float | None:
        """The bound of "accuracy" or "balanced_accuracy"; None for other measures."""
        return dict(zip(("accuracy", "balanced_accuracy"), self.bounds, strict=True)).get(measure)

    def surely_exceeded(self, measure: str) -> float | None:
        """What only a network that has learned something comes to: four standard errors above guessing."""
        bound = self.bound(measure)
        expected = self.accuracy if measure == "accuracy" else 1 / len(self.shares)
        return None if bound is None else 2 * bound - expected

    def may_explain(self, measures: Mapping[str, float]) -> bool:
        """Whether guessing can come to that, too: by balanced accuracy, which is the same however frequent classes
        are on the part, or by accuracy where that is all there is; False without both."""
        accuracy, balanced = self.bounds
        if "balanced_accuracy" in measures:
            return measures["balanced_accuracy"] <= balanced
        return measures.get("accuracy", math.inf) <= accuracy


def guessing_bound(accuracy: float, images: float) -> float:
    """What guessing that is expected to come to that accuracy hardly ever exceeds on so many images: two standard
    errors above it."""
    return accuracy + CLEARLY * math.sqrt(accuracy * (1 - accuracy) / images)


def guessing_on(problem: Mapping[str, Any], part: str) -> Guessing | None:
    """Guessing on a part ("validation", "selection" or "test") of the data of that description; None where classes are
    not what is told apart. In runs of earlier versions classes count as equally frequent."""
    classes = len(problem.get("class_names", ()))
    if classes < 2 or problem.get("fitness") or part not in problem.get("sizes", {}):
        return None
    counts = problem.get("class_counts") or [1] * classes
    return Guessing(scored_images(problem, part), tuple(count / sum(counts) for count in counts))


def over_folds(problem: Mapping[str, Any]) -> bool:
    """Whether the candidates of a run are trained over folds of all images but those of the test part."""
    return bool(problem.get("folds", 1) > 1)


def scored_images(problem: Mapping[str, Any], part: str) -> int:
    """Images that a score on a part is a share of: its own, or those of all folds."""
    sizes = problem["sizes"]
    images: int = sizes[part]
    return sum(sizes.values()) - sizes["test"] if over_folds(problem) and part != "test" else images
