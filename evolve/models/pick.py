"""The best of a run within limits: picked from all that was ever scored, scored again and trained if asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evolve.display.console import Console, Watcher, make_console
from evolve.engine.opening import image_problem_of
from evolve.errors import RunError
from evolve.models.full_training import succeeded, train_in_full, trainable_genome
from evolve.models.train import Trained, train
from evolve.objectives import MEASURED
from evolve.problems.images import ImageProblem
from evolve.problems.workers import make_executor
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.runs.shelf import Item, items, picked
from evolve.storage.store import Store
from evolve.trust import Trust
from evolve.values import Candidate, Purpose, Request
from genomes.genome import recipe_of

MEASURED_AT_MOST = 20  # candidates, of those that fit otherwise
POLL_SECONDS = 0.25
TRIED = 3  # of those that fit, that are scored again


@dataclass(frozen=True)
class Picked:
    """What was picked. others: that fit, too, best first. trained: its full training, if that was asked for."""

    run: Run
    item: Item
    others: tuple[Item, ...]
    trained: Trained | None = None


def pick(
    run: str | Path,
    limits: Mapping[str, float],
    *,
    rescore: bool = True,
    in_full: bool = False,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
) -> Picked:
    """The best candidate of a run within limits, from all that it ever scored.

    limits: by the names of costs: "parameters", "multiply_adds", "activations"; or of what is measured for it, of the
    best until one fits: "latency" (seconds), "size", "size_int8" (bytes). rescore: whether the best few that fit
    are scored again, on the selection part, those of them that were not. in_full: whether the best is then trained in
    full, which opens the test part for it, on record. Raises RunError if nothing fits, naming the nearest.
    """
    found, console = find(run, results).trusting(trust), make_console(progress)
    to_measure = tuple(name for name in limits if name in MEASURED)
    computed = {name: limit for name, limit in limits.items() if name not in to_measure}
    if to_measure:
        found = _measure(found, picked(found, computed), limits, to_measure, console)
    fitting = picked(found, limits)
    best = sorted(fitting, key=lambda one: -found.objective.fitness(one.score))[:TRIED]
    new = [item for item in best if item.rescored is None]
    if rescore and new and found.config.table is None:
        _rescore(found, [item.candidate for item in new], console)
        found = Run(found.folder, found.trust)
        fitting = picked(found, limits, items(found, limits))
    first, *others = fitting
    trained = None
    if in_full:
        trained = train(found.folder, first.candidate, trust=found.trust, progress=progress)
    return Picked(found, first, tuple(others), trained)


def _measure(
    found: Run, best: list[Item], limits: Mapping[str, float], names: tuple[str, ...], console: Console
) -> Run:
    """The run with what its best candidates cost, measured until one is within the limits."""
    problem = image_problem_of(found, console, scoring=False)
    with Store.open(found.folder) as store:
        measured = 0
        for item in best:
            costs = dict(item.costs)
            if any(costs.get(name) is None for name in names):
                if measured == MEASURED_AT_MOST:
                    break
                measured += 1
                costs |= (told := dict(_costs(found, problem, item.candidate, names, console)))
                store.act("measured", candidate=item.candidate, measures=told)
            if all((costs.get(name) or math.inf) <= limits[name] for name in names):
                break
    return Run(found.folder, found.trust)


def _costs(
    found: Run, problem: ImageProblem, number: int, names: tuple[str, ...], console: Console
) -> Mapping[str, float]:
    genome = trainable_genome(found, number)
    job = problem.measuring(1, problem.space.blueprint(genome), recipe_of(genome).pixels, names)
    console.note(f"measuring candidate {number}")
    executor = make_executor(problem, 1, job.resources)
    try:
        executor.submit(job)
        while not (results := executor.finished(POLL_SECONDS)):
            console.refresh()
    finally:
        executor.close()
    return succeeded(results[0], f"measuring candidate {number}").measures


def _rescore(found: Run, candidates: list[int], console: Console) -> None:
    """Scores candidates again with fresh seeds, as leaders are at the end of a run."""
    problem = image_problem_of(found, console)
    with Store.open(found.folder) as store:
        for number in candidates:
            for repeat in range(1, problem.rescorings(found.config.rescorings) + 1):
                _train_again(found, problem, store, number, repeat, console)


def _train_again(found: Run, problem: ImageProblem, store: Store, number: int, repeat: int, console: Console) -> None:
    row, genome = found.candidate(number), trainable_genome(found, number)
    if row.key is None:
        raise RunError(f"candidate {number} of run '{found.name}' could not be built")
    candidate = Candidate(number, genome, row.key, row.parents, row.steps, row.parameters, row.multiply_adds)
    asked = Request(
        store.last("request") + 1, candidate, problem.budget(Purpose.RESCORE), repeat, Purpose.RESCORE, None
    )
    request = replace(asked, job_key=problem.job_key(asked))
    store.add((), [request])
    job = problem.job(request, problem.space.blueprint(genome))
    phase = f"scoring candidate {number} again, {repeat} of {found.config.rescorings}"
    result = train_in_full(problem, job, found.folder / "models", phase, console)
    store.add((), (), [result])
    succeeded(result, phase)
