"""What networks cost where they are used: what was measured so far, and how more of it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from evolve.jobs import MeasureJob
from evolve.values import Result, Status
from genomes.spec import ModelSpec

Key = tuple[str, str]  # of a network and how its pixels are normalised, which are in its file


class Measuring(Protocol):
    """Makes the job that measures a network. pixels: of its recipe. names: of measures."""

    def __call__(self, number: int, spec: ModelSpec, pixels: str, names: tuple[str, ...]) -> MeasureJob: ...


class Measures:
    """Measures by network, as long as this process lives. maker: makes jobs; to be set where any are needed."""

    def __init__(self) -> None:
        self.maker: Measuring | None = None
        self._known: dict[Key, dict[str, float]] = {}
        self._failed: dict[Key, str] = {}

    def job(self, number: int, spec: ModelSpec, pixels: str, names: Iterable[str]) -> MeasureJob | None:
        """The job for what is not known of these; None if all of it is."""
        missing = tuple(name for name in names if name not in self.of(spec, pixels))
        if not missing:
            return None
        if self.maker is None:
            raise ValueError(f"nobody here can measure {', '.join(missing)}")
        self._failed.pop((spec.fingerprint, pixels), None)
        return self.maker(number, spec, pixels, missing)

    def take(self, job: MeasureJob, result: Result) -> None:
        """Takes in what a job came to."""
        key = (job.spec.fingerprint, job.pixels)
        if result.status is Status.OK:
            self._known.setdefault(key, {}).update(result.measures)
        else:
            self._failed[key] = f"{result.status}: {result.reason}"

    def of(self, spec: ModelSpec, pixels: str) -> Mapping[str, float]:
        """What is known of a network."""
        return self._known.get((spec.fingerprint, pixels), {})

    def failure(self, spec: ModelSpec, pixels: str) -> str:
        """Why it could not be measured when that was tried last; "" if it could."""
        return self._failed.get((spec.fingerprint, pixels), "")
