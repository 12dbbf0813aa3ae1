"""The unit of work: what a training costs, counted the same on every machine, whatever it computes with."""

from __future__ import annotations

import math
from collections.abc import Callable

from genomes.limits import Limits
from genomes.spec import ModelSpec

# The cost of building a model and tracing its training; it orders results, and is a part of budgets of work.
START_COST = 3e10
FLOAT32 = Limits()  # whose work the unit is defined by


def training_work(work: float, images: float) -> float:
    """Units of a training. work: of an image, forward, see `Limits.work`. images: that are seen, repeats counted."""
    return START_COST + 3.0 * work * images


def units_of(spec: ModelSpec, images: float, trainings: int) -> float:
    """Units of so many trainings of a network, which see so many images together. They are counted as of 32-bit
    numbers."""
    return trainings * START_COST + 3.0 * FLOAT32.work(spec) * images


def epochs_within(work: float, cost: Callable[[int], float]) -> int:
    """How many whole epochs so many units allow, one at least. cost: of a training of that many epochs."""
    return math.floor(passes_within(work, cost))


def passes_within(work: float, cost: Callable[[int], float]) -> float:
    """Epochs that so many units allow, with a fraction, one at least. cost: as of `epochs_within`."""
    none = cost(0)
    return max(1.0, (work - none) / (cost(1) - none))
