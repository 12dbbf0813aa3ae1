"""Measures what a network costs where it is to be used: the size of its file, and how long one image takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from evolve.execution.executor import Report, unheard
from evolve.jobs import MeasureJob
from evolve.training.guarding import guard
from evolve.values import Result, Status
from genomes.decode import decode

TRIES = 3  # of a latency on a machine that is busy
NOISE = 200  # images, which show ranges of values


class Measurer:
    """Evaluates jobs that measure a network before it is trained: its sizes are those that it has afterwards.
    settings: as those of `Trainer`; "pixels" and the range of pixels, "low" and "high", are used. Needs TensorFlow."""

    takes: ClassVar[type[MeasureJob]] = MeasureJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def evaluate(self, job: MeasureJob, report: Report = unheard) -> Result:
        """The measures that a job asks for, see `MEASURED`; of a latency its spread, too."""
        return guard(job, self._measure)

    def _measure(self, job: MeasureJob) -> Result:
        from evolve.training import litert

        model = decode(job.spec, self._settings["pixels"][job.pixels])
        litert.tell_weights_apart(model)
        low, high = self._settings["low"], self._settings["high"]
        images = np.random.default_rng(0).uniform(low, high, (NOISE, *job.spec.input_shape))
        found: dict[str, float] = {}
        if "size_int8" in job.names:
            found["size_int8"] = float(len(litert.as_int8(model, images)))
        if "size" in job.names or "latency" in job.names:
            content = litert.as_floats(model)
            found["size"] = float(len(content))
            if "latency" in job.names:
                times = min((litert.latency(content, images[0]) for _ in range(TRIES)), key=lambda one: one.spread)
                found |= {"latency": times.median, "latency_spread": times.spread}
        return Result(job.number, Status.OK, found)
