"""Which candidates of a run are within limits that only measuring tells about: those that promise most are measured
first, and none that is too large, by what others of its size cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cache

from evolve.display.console import Console
from evolve.display.text import plural
from evolve.engine.opening import image_problem_of
from evolve.execution.executor import Executor
from evolve.jobs import MeasureJob
from evolve.models.full_training import trainable_genome
from evolve.objectives import MEASURED
from evolve.problems.workers import make_executor
from evolve.runs.run import Run
from evolve.runs.shelf import SPREAD, Item
from evolve.storage.store import Store
from evolve.values import Status
from genomes.genome import recipe_of
from genomes.spec import ModelSpec

MEASURED_AT_MOST = 40  # candidates
SMALLEST = 5  # candidates, which are measured where none is within the limits, so that the nearest is known
POLL_SECONDS = 0.25
Costs = Mapping[str, float | None]
Sizes = tuple[float, float, float]  # multiply-adds, weights, layers
SURELY = 1.25  # times the size that a file may have: if it is estimated at more, it surely is too large
SAVED = 2.0  # times less for its size than another one costs hardly any network


@dataclass(frozen=True)
class Looked:
    """What was looked at. of: candidates that may fit. known: of how many of them it was known before. measured: of how
    many now; failed: of how many it could not be. larger: those that were not measured, as they are too large by what
    others cost."""

    of: int
    known: int
    measured: int
    failed: int
    larger: int

    def in_words(self) -> str:
        """All of it, without what is nothing."""
        left = self.of - self.known - self.measured - self.failed - self.larger
        said = [f"{self.measured} measured now"]
        said += [f"{self.known} before"] * bool(self.known)
        said += [f"{self.failed} could not be"] * bool(self.failed)
        said += [f"{self.larger} too large, by what others cost"] * bool(self.larger)
        said += [f"{left} not looked at"] * bool(left)
        return f"of {plural(self.of, 'candidate')} that may fit, {', '.join(said)}"


@dataclass
class MeasuredSearch:
    """best: candidates that fit otherwise, those that promise most first. limits: by the names of costs. wanted: how
    many of them are to fit. network: of a candidate. measure: what it costs, by name; nothing if that is unknown."""

    best: Sequence[Item]
    limits: Mapping[str, float]
    wanted: int
    network: Callable[[int], ModelSpec]
    measure: Callable[[int], Costs]
    _costs: dict[int, Costs] = field(default_factory=dict, init=False)
    _beyond: list[Sizes] = field(default_factory=list, init=False)

    def go(self) -> Looked:
        """Measures until so many fit, no more are left that may, or it was done often enough."""
        known = [item for item in self.best if self._is_known(item.costs)]
        for item in known:
            self._compare(item, item.costs)
        self._look()
        if not any(self._fits(self._costs_of(item)) for item in self.best):
            for item in sorted(filter(self._is_open, self.best), key=self._sizes)[:SMALLEST]:
                self._costs[item.candidate] = self.measure(item.candidate)
        failed = sum(not self._is_known(costs) for costs in self._costs.values())
        larger = sum(self._is_open(item) and self._is_too_large(item) for item in self.best)
        return Looked(len(self.best), len(known), len(self._costs) - failed, failed, larger)

    def _look(self) -> None:
        fitting = 0
        for item in self.best:
            if fitting == self.wanted or len(self._costs) == MEASURED_AT_MOST:
                return
            if self._is_open(item) and not self._is_too_large(item):
                self._costs[item.candidate] = costs = self.measure(item.candidate)
                self._compare(item, costs)
            fitting += self._fits(self._costs_of(item))

    def _costs_of(self, item: Item) -> Costs:
        return self._costs.get(item.candidate, item.costs)

    def _is_open(self, item: Item) -> bool:
        """Whether nobody has measured it."""
        return item.candidate not in self._costs and not self._is_known(item.costs)

    def _is_known(self, costs: Costs) -> bool:
        return all(costs.get(name) is not None for name in self._names)

    def _fits(self, costs: Costs) -> bool:
        return all((costs.get(name) or math.inf) <= self.limits[name] for name in self._names)

    def _compare(self, item: Item, costs: Costs) -> None:
        """Remembers from which sizes on networks are too large, if this one is surely beyond a limit: a time by more
        than its spread. One that is beyond it several times tells of smaller ones, too, see `SAVED`."""
        doubt = {"latency": costs.get(SPREAD) or 0.0}
        for name in self._names:
            cost, limit = (costs.get(name) or 0.0) - doubt.get(name, 0.0), self.limits[name]
            if cost > limit:
                share = min(1.0, SAVED * limit / cost)
                adds, weights, layers = self._sizes(item)
                self._beyond.append((share * adds, share * weights, share * layers))

    def _is_too_large(self, item: Item) -> bool:
        """Whether its file is surely larger than it may be, or all of its sizes are beyond those of another one."""
        most = min(self.limits.get(name, math.inf) for name in ("size", "size_int8"))
        if self.network(item.candidate).likely_size > SURELY * most:
            return True
        sizes = self._sizes(item)
        return any(all(ours >= theirs for ours, theirs in zip(sizes, other, strict=True)) for other in self._beyond)

    def _sizes(self, item: Item) -> Sizes:
        spec = self.network(item.candidate)
        return spec.multiply_adds, spec.parameters, len(spec.nodes)

    @property
    def _names(self) -> list[str]:
        return [name for name in self.limits if name in MEASURED]


def measure_best(run: Run, best: Sequence[Item], limits: Mapping[str, float], wanted: int, console: Console) -> Looked:
    """Measures candidates of a run, see `MeasuredSearch`, and notes with the run what they cost, so that none is
    measured twice."""
    problem = image_problem_of(run, console, scoring=False)
    names = tuple(name for name in limits if name in MEASURED)

    @cache
    def network(number: int) -> ModelSpec:
        spec = problem.space.blueprint(trainable_genome(run, number))
        assert isinstance(spec, ModelSpec)
        return spec

    def job_of(number: int) -> MeasureJob:
        return problem.measuring(number, network(number), recipe_of(run.genome(number)).pixels, names)

    @cache
    def executor() -> Executor:
        return at_end.enter_context(closing(make_executor(problem, 1, job_of(best[0].candidate).resources)))

    def measure(number: int) -> Costs:
        console.note(f"measuring candidate {number}")
        executor().submit(job_of(number))
        while not (results := executor().finished(POLL_SECONDS)):
            console.refresh()
        [result] = results
        if result.status is not Status.OK:
            console.note(f"candidate {number} could not be measured: {result.reason}")
            return {}
        store.act("measured", candidate=number, measures=dict(result.measures))
        return dict(result.measures)

    with ExitStack() as at_end, Store.open(run.folder) as store:
        return MeasuredSearch(best, limits, wanted, network, measure).go()
