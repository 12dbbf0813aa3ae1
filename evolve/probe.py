"""A probe of the machine: a few trainings of a few images, as the search is going to have them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from random import Random
from statistics import median
from typing import Any

from evolve.errors import RunError
from evolve.execution.executor import Executor
from evolve.image_problem import ImageProblem
from evolve.ledger import worst_reason
from evolve.plan import Machine
from evolve.search.strategy import Proposal
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes import InvalidGenome

IMAGES = 4000
FEWEST = 64  # images
WORK = 4e11  # units of a training at most: eight seconds of a usual core
SHARE = 7e8  # of them for each second that the run has
SECONDS = 25.0  # of a training at most; two of them, one after the other, end within a minute
POLL_SECONDS = 0.25


def probe(
    problem: ImageProblem, executor: Executor, founders: Sequence[Proposal], workers: int, seconds: float
) -> Machine:
    """Trains two networks per worker, founders first, for a few percent of the seconds that the run has. Raises
    RunError if none can be trained."""
    rng, space = Random(0), problem.space
    genomes: list[Any] = [founder.genome for founder in founders][: 2 * workers]
    for _ in range(2 * workers - len(genomes)):
        with suppress(InvalidGenome):
            genomes.append(space.random(rng).genome)
    work, most = {}, min(WORK, SHARE * seconds)
    for number, genome in enumerate(genomes, start=1):
        blueprint = space.blueprint(genome)
        images = min(problem.parts.sizes["train"], IMAGES, max(FEWEST, int(most / 3 / space.work(blueprint))))
        candidate = Candidate(number, genome, None)
        request = Request(number, candidate, Budget(images, 1), 0, Purpose.SEARCH, f"{number:064x}")
        executor.submit({**problem.job(request, blueprint, None), "weights": None, "time_limit": SECONDS})
        work[number] = 3.0 * space.work(blueprint) * images
    results = _collected(executor, len(genomes))
    ok = [result for result in results if result.status is Status.OK]
    if not ok:
        raise RunError(f"no network could be trained to measure this machine: {worst_reason(results)}")
    fit = sum(_seconds(result, "fit") for result in ok)
    beside = [float(result.timing["seconds"]) - _seconds(result, "fit", "data") for result in ok]
    usual = round(median(space.work(space.blueprint(genome)) for genome in genomes))
    return Machine(sum(work[result.request] for result in ok) / fit, median(beside), workers, usual)


def _collected(executor: Executor, count: int) -> list[Result]:
    results: list[Result] = []
    while len(results) < count:
        results += executor.finished(POLL_SECONDS)
    return results


def _seconds(result: Result, *stages: str) -> float:
    laps: Any = result.timing
    return sum(float(laps.get(stage, 0.0)) for stage in stages)
