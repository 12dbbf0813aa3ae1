"""Trials that were never run, with differences that are planted in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evolve.research.trials import Point, Trial


def trials(scores: Mapping[str, Sequence[float]], dataset: str = "digits", **more: Any) -> list[Trial]:
    """A trial for each score of each arm, with seeds from 0 on."""
    usual = {"openings": 1, "seconds": 60.0, "machine": {"system": "Linux"}, "versions": {"evolve": "0.13.0"}}
    return [
        Trial(dataset, arm, seed, **{"test": score, **usual, **more})
        for arm, of in scores.items()
        for seed, score in enumerate(of)
    ]


def planted(effects: Mapping[str, float], seeds: int = 8, noise: float = 0.004, random: int = 0) -> list[Trial]:
    """Arms with effects of their own, with luck that all of a seed share and luck of each trial; with curves."""
    rng = np.random.default_rng(random)
    found = []
    for seed in range(seeds):
        shared = rng.normal(0.9, 0.01)
        for arm, effect in effects.items():
            test = float(shared + effect + rng.normal(0, noise))
            curve = tuple(Point(float(x), test - 0.2 / x) for x in range(1, 21))
            again = test - 0.01 + float(rng.normal(0, noise))
            told = {"selected": test + 0.01, "rescored": again, "curve": curve, "evaluations": 20, "openings": 1}
            found.append(Trial("digits", arm, seed, test=test, seconds=60.0 + seed, **told))  # type: ignore[arg-type]
    return found
