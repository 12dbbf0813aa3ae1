"""How fast the machine trains: a few trainings on a few images, like those of the search to come."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from statistics import fmean, median
from typing import Any

from evolve.display.console import Console
from evolve.display.progress import StageWatch
from evolve.errors import RunError
from evolve.execution.executor import Executor
from evolve.planning.plan import Machine
from evolve.problems.images import ImageProblem
from evolve.search.strategy import Proposal
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status, worst_reason
from genomes import Genome, InvalidGenome

IMAGES = 4000
FEWEST = 64  # images
WORK = 5e10  # units of a first training at most: a second of a usual core
WORK_SHARE = 2e8  # of them for each second that the run has
FIT_SECONDS = 8.0  # seconds of the steps of a later training at most
FIT_SHARE = 0.014  # of the seconds that the run has
SECONDS = 60.0  # of the probe at most, unless nothing is known by then
SHARE = 0.25  # of the seconds that the run has, likewise
LIMIT = 40.0  # seconds of one training at most
POLL_SECONDS = 0.25
TRIED = 16  # networks whose mean work stands for all of a search


def probe(
    problem: ImageProblem,
    executor: Executor,
    founders: Sequence[Proposal],
    workers: int,
    seconds: float,
    console: Console,
) -> Machine:
    """Trains a network per worker on few images, which tells about how fast the machine is, and then, if there is time,
    another one, with more work if anything, on as many as it can see in a percent of the seconds that the run has.
    These are the smallest founders, or random networks. Where none ends in time, the machine is taken to be as slow as
    that shows. Raises RunError if none can be trained for another reason."""
    smallest = sorted(founders, key=lambda founder: _work(problem, founder.genome))
    genomes = _genomes(problem, smallest, 2 * workers)
    numbered = list(enumerate(genomes, start=1))
    first, second = dict(numbered[:workers]), dict(numbered[workers:])
    watch = StageWatch("measuring how fast this machine trains", len(genomes))
    most = min(SECONDS, SHARE * seconds)
    begun = time.monotonic()
    with console.live(watch.now):
        trainings = _Trainings(problem, executor, console, watch, begun + most)
        work = min(WORK, WORK_SHARE * seconds)
        trained = trainings.of(first, work)
        if time.monotonic() - begun < most / 2:
            if ok := _ok(trained):
                work = _rate(ok) * min(FIT_SECONDS, FIT_SHARE * seconds)
            trained += trainings.of(second, work)
    usual = usual_work(problem, founders)
    if ok := _ok(trained):
        beside = [float(one.result.timing["seconds"]) - _seconds(one.result, "fit", "data") for one in ok]
        return Machine(_rate(ok), median(beside), workers, usual)
    if late := [one for one in trained if one.result.status is Status.TIMEOUT]:
        return Machine(min(one.work for one in late) / LIMIT, LIMIT, workers, usual)
    reason = worst_reason([one.result for one in trained])
    evaluations, generations, time_limit = map(problem.config.spelled, ("evaluations", "generations", "duration"))
    raise RunError(
        f"no network could be trained to measure this machine: {reason}; use {evaluations} or {generations} "
        f"instead of {time_limit}, then nothing is measured"
    )


def mean_work(problem: ImageProblem, founders: Sequence[Proposal], births: int) -> float:
    """Units of work for an image of the networks that a search begins with: its founders, or random ones."""
    return fmean(_work(problem, genome) for genome in _genomes(problem, founders[:births], min(births, TRIED)))


def usual_work(problem: ImageProblem, founders: Sequence[Proposal]) -> int:
    """Median work of those networks."""
    count = len(founders) or TRIED
    return round(median(_work(problem, genome) for genome in _genomes(problem, founders, count)))


def _genomes(problem: ImageProblem, founders: Sequence[Proposal], count: int) -> list[Genome]:
    """So many of the founders, and random networks if there are fewer, from small to large."""
    rng, space = Random(0), problem.space
    genomes: list[Genome] = [founder.genome for founder in founders][:count]
    for _ in range(count - len(genomes)):
        with suppress(InvalidGenome):
            genomes.append(space.random(rng).genome)
    return sorted(genomes, key=lambda genome: _work(problem, genome))


def _work(problem: ImageProblem, genome: Genome) -> int:
    return problem.space.limits.work(problem.space.blueprint(genome))


@dataclass(frozen=True)
class _Trained:
    """work: units of all training steps together."""

    work: float
    result: Result


@dataclass(frozen=True)
class _Trainings:
    """Brief trainings, shown as they go on. until: by `time.monotonic`; what has not begun by then is left out, once
    the result of another one is there."""

    problem: ImageProblem
    executor: Executor
    console: Console
    watch: StageWatch
    until: float

    def of(self, genomes: Mapping[int, Genome], most: float) -> list[_Trained]:
        """Their results, by number. most: units of work of one."""
        work = {number: self._submit(number, genome, most) for number, genome in genomes.items()}
        results: list[Result] = []
        while len(results) < len(work):
            arrived = self.executor.finished(POLL_SECONDS)
            results += arrived
            for message in self.executor.messages():
                self.watch.hear(message.job, message.figures)
            for result in arrived:
                self.watch.finish(result.request)
            self.console.refresh()
            if results and time.monotonic() > self.until:
                self.executor.drop_waiting()
                if not self.executor.running:
                    break
        return [_Trained(work[result.request], result) for result in results]

    def _submit(self, number: int, genome: Genome, most: float) -> float:
        """Has a network trained; the units of work that it takes."""
        problem, blueprint = self.problem, self.problem.space.blueprint(genome)
        each = 3 * problem.space.limits.work(blueprint)
        images = min(problem.parts.sizes["train"], IMAGES, max(FEWEST, int(most / each)))
        candidate = Candidate(number, genome, None)
        request = Request(number, candidate, Budget(images, 1), 0, Purpose.SEARCH, f"{number:064x}")
        self.executor.submit(replace(problem.job(request, blueprint), seconds=LIMIT))
        return float(each * images)


def _ok(trained: Sequence[_Trained]) -> list[_Trained]:
    return [one for one in trained if one.result.status is Status.OK]


def _rate(trained: Sequence[_Trained]) -> float:
    """Units of work a second, in training steps alone."""
    return sum(one.work for one in trained) / sum(_seconds(one.result, "fit") for one in trained)


def _seconds(result: Result, *stages: str) -> float:
    laps: Any = result.timing
    return sum(float(laps.get(stage, 0.0)) for stage in stages)
