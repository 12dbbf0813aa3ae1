"""Where the seconds of a training go."""

from __future__ import annotations

import time

PROBE = "probe"  # scores that a search would not ask for


class Stopwatch:
    """Seconds by stage. begun: when it was started, by `time.monotonic`. laps: build (network, optimizer), trace, data
    (shuffling, augmentation), fit, score, probe, save. processor: seconds of the processor that this process has used,
    with all of its threads, but for probes."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.laps: dict[str, float] = {}
        self.processor = 0.0
        self._last, self._worked = time.perf_counter(), time.process_time()

    def lap(self, stage: str) -> None:
        """What has passed since the last lap was of this stage."""
        now, worked = time.perf_counter(), time.process_time()
        self.laps[stage] = round(self.laps.get(stage, 0.0) + now - self._last, 4)
        self.processor += (worked - self._worked) * (stage != PROBE)
        self._last, self._worked = now, worked
