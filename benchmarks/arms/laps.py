"""Where the seconds of an arm go, by category, and what an arm answers after a block."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

BUILD, DATA, TRAINING, VALIDATION, STORAGE = "build and trace", "data", "training", "validation", "storage"
BUSY = "busy"  # all of one candidate, whatever the category


class Laps:
    """Seconds by category."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, category: str) -> Iterator[None]:
        """The seconds of the block, or of each call where it decorates a function, are of that category."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[category] += time.perf_counter() - begun


def answer(laps: Laps, scores: Sequence[float | None], workers: int = 1, **more: Any) -> dict[str, Any]:
    """What an arm answers: the score of each network, None for one that failed, and seconds over all workers."""
    seconds = dict(laps.seconds)
    return {"busy": seconds.pop(BUSY), "laps": seconds, "scores": list(scores), "workers": workers, **more}
