"""What networks cost: what is known before a training, and what was measured so far of how they do where they are
used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from evolve.jobs import MeasureJob
from evolve.objectives import Objectives
from evolve.values import Request, Result, Status
from genomes import Blueprint
from genomes.spec import ModelSpec

Key = tuple[str, str]  # of a network and how its pixels are normalised, which are in its file


class Measuring(Protocol):
    """Makes the job that measures a network. pixels: of its recipe. names: of measures."""

    def __call__(self, number: int, spec: ModelSpec, pixels: str, names: tuple[str, ...]) -> MeasureJob: ...


class Measures:
    """Measures by network, as long as this process lives. objectives: of the run. maker: makes jobs; to be set where
    any are needed."""

    def __init__(self, objectives: Objectives) -> None:
        self._objectives = objectives
        self.maker: Measuring | None = None
        self._expected: dict[int, tuple[Blueprint, str]] = {}  # with how pixels are normalised, by request
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

    def expect(self, request: Request, blueprint: Blueprint) -> None:
        """The result of a request will lack what its network costs, if that is an objective."""
        if self._objectives.costs or self._objectives.measured:
            recipe = request.candidate.genome.recipe
            self._expected[request.number] = blueprint, recipe.pixels if recipe else ""

    def forget(self, number: int) -> None:
        """The result of that request will be a copy."""
        self._expected.pop(number, None)

    def beside(self, result: Result) -> Result:
        """A result with what its network costs beside what its training tells."""
        blueprint, pixels = self._expected.pop(result.request, (None, ""))
        if blueprint is None or result.status is not Status.OK:
            return result
        names = self._objectives.costs
        costs = {name: float(value) for name in names if (value := getattr(blueprint, name, None)) is not None}
        measured = self.of(blueprint, pixels) if isinstance(blueprint, ModelSpec) else {}
        return replace(result, measures={**result.measures, **costs, **measured})

    def failure(self, spec: ModelSpec, pixels: str) -> str:
        """Why it could not be measured when that was tried last; "" if it could."""
        return self._failed.get((spec.fingerprint, pixels), "")
