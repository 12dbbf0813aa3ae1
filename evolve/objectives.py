"""What a search may maximise: metric -> objective, from the measures of a training."""

from __future__ import annotations

from collections.abc import Callable, Mapping

OBJECTIVES: dict[str, Callable[[Mapping[str, float]], float]] = {
    "accuracy": lambda measures: measures["accuracy"],
    "balanced_accuracy": lambda measures: measures["balanced_accuracy"],
    "loss": lambda measures: -measures["loss"],
}
