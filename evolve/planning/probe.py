"""A probe of the machine: a few trainings of a few images, as the search is going to have them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from statistics import median
from typing import Any

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
SECONDS = 60.0  # of the probe at most
FIRST_SECONDS = 40.0  # of them, for the first trainings, which wait for the workers to start
POLL_SECONDS = 0.25


def probe(
    problem: ImageProblem, executor: Executor, founders: Sequence[Proposal], workers: int, seconds: float
) -> Machine:
    """Trains a network per worker on few images, which tells about how fast the machine is, and then another one, with
    more work if anything, on as many as it can see in a percent of the seconds that the run has. These are founders,
    or random networks. Raises RunError if none can be trained."""
    ends, rng, space = time.monotonic() + SECONDS, Random(0), problem.space
    genomes: list[Genome] = [founder.genome for founder in founders][: 2 * workers]
    for _ in range(2 * workers - len(genomes)):
        with suppress(InvalidGenome):
            genomes.append(space.random(rng).genome)
    genomes.sort(key=lambda genome: space.limits.work(space.blueprint(genome)))
    work = min(WORK, WORK_SHARE * seconds)
    first = _trained(problem, executor, dict(enumerate(genomes[:workers], start=1)), work, FIRST_SECONDS)
    if ok := _ok(first):
        work = _rate(ok) * min(FIT_SECONDS, FIT_SHARE * seconds)
    second = dict(enumerate(genomes[workers:], start=workers + 1))
    trained = first + _trained(problem, executor, second, work, ends - time.monotonic())
    if not (ok := _ok(trained)):
        reason = worst_reason([one.result for one in trained])
        evaluations, generations, time_limit = map(problem.config.spelled, ("evaluations", "generations", "duration"))
        raise RunError(
            f"no network could be trained to measure this machine: {reason}; {evaluations} or {generations} instead of "
            f"{time_limit} need no measuring"
        )
    beside = [float(one.result.timing["seconds"]) - _seconds(one.result, "fit", "data") for one in ok]
    usual = round(median(space.limits.work(space.blueprint(genome)) for genome in genomes))
    return Machine(_rate(ok), median(beside), workers, usual)


@dataclass(frozen=True)
class _Trained:
    """work: units of all training steps together."""

    work: float
    result: Result


def _trained(
    problem: ImageProblem, executor: Executor, genomes: Mapping[int, Genome], most: float, limit: float
) -> list[_Trained]:
    """Brief trainings, by number. most: units of work of one. limit: seconds of one."""
    work = {}
    for number, genome in genomes.items():
        blueprint = problem.space.blueprint(genome)
        each = 3 * problem.space.limits.work(blueprint)
        images = min(problem.parts.sizes["train"], IMAGES, max(FEWEST, int(most / each)))
        candidate = Candidate(number, genome, None)
        request = Request(number, candidate, Budget(images, 1), 0, Purpose.SEARCH, f"{number:064x}")
        executor.submit(replace(problem.job(request, blueprint), seconds=limit))
        work[number] = float(each * images)
    results: list[Result] = []
    while len(results) < len(work):
        results += executor.finished(POLL_SECONDS)
    return [_Trained(work[result.request], result) for result in results]


def _ok(trained: Sequence[_Trained]) -> list[_Trained]:
    return [one for one in trained if one.result.status is Status.OK]


def _rate(trained: Sequence[_Trained]) -> float:
    """Units of work a second, in training steps alone."""
    return sum(one.work for one in trained) / sum(_seconds(one.result, "fit") for one in trained)


def _seconds(result: Result, *stages: str) -> float:
    laps: Any = result.timing
    return sum(float(laps.get(stage, 0.0)) for stage in stages)
