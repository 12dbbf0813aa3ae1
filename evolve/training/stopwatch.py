"""Where the seconds of a training go."""

from __future__ import annotations

import time


class Stopwatch:
    """Seconds by stage. begun: when it was started, by `time.monotonic`. laps: build (network, optimizer), trace, data
    (shuffling, augmentation), fit, score, save."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """What has passed since the last lap was of this stage."""
        now = time.perf_counter()
        self.laps[stage] = round(self.laps.get(stage, 0.0) + now - self._last, 4)
        self._last = now
