"""The best of a run within limits: picked from all that was ever scored, scored again and trained if asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evolve.display.console import Console, Watcher, make_console
from evolve.engine.opening import image_problem_of
from evolve.errors import RunError
from evolve.models.full_training import succeeded, train_in_full, trainable_genome
from evolve.models.measured_search import Looked, measure_best
from evolve.models.train import Trained, train
from evolve.objectives import MEASURED
from evolve.problems.images import ImageProblem
from evolve.runs.find import find
from evolve.runs.picking import check_limits, picked
from evolve.runs.run import Run
from evolve.runs.shelf import Item, items, within
from evolve.storage.store import Store
from evolve.trust import Trust
from evolve.values import Candidate, Purpose, Request, Status

TRIED = 3  # of those that fit, that are scored again


@dataclass(frozen=True)
class Picked:
    """What was picked. others: that are known to fit, too, best first. trained: its full training, if that was asked
    for. looked: what was measured for it, if a limit is one that only measuring tells about."""

    run: Run
    item: Item
    others: tuple[Item, ...]
    trained: Trained | None = None
    looked: Looked | None = None


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

    limits: by the names of costs: "parameters", "multiply_adds", "activations"; or of what is measured for it, of those
    that promise most until enough fit: "latency" (seconds), "size", "size_int8" (bytes). rescore: whether the best few
    that fit are scored again, on the selection part, as often as leaders of the run are; only the winner of the run, if
    it fits, as it is picked in any case. in_full: whether the best is then trained in full, which opens the test part
    for it, on record. Raises RunError if nothing fits, naming the nearest.
    """
    check_limits(limits)
    found, console, looked = find(run, results).trusting(trust), make_console(progress), None
    if any(name in MEASURED for name in limits):
        computed = {name: limit for name, limit in limits.items() if name not in MEASURED}
        looked = measure_best(found, picked(found, computed), limits, TRIED if rescore else 1, console)
        found = Run(found.folder, found.trust)
    said = looked.in_words() if looked else ""
    fitting = picked(found, limits, looked=said)
    if rescore and found.config.table is None:
        most = 1 if fitting[0].candidate == found.winner else TRIED
        few = [item for item in fitting[:most] if item.rescorings < found.config.rescorings]
        if few:
            _rescore(found, [item.candidate for item in few], console)
            found = Run(found.folder, found.trust)
            fitting = picked(found, limits, within(items(found, limits), limits))
    first, *others = fitting
    trained = None
    if in_full:
        trained = train(found.folder, first.candidate, trust=found.trust, progress=progress)
    return Picked(found, first, tuple(others), trained, looked)


def _rescore(found: Run, candidates: list[int], console: Console) -> None:
    """Scores candidates again with fresh seeds, as leaders are at the end of a run; what was done before, or begun, is
    taken as it is."""
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
    before = [one for one in store.requests(Purpose.RESCORE, candidate=number) if one.job_key == request.job_key]
    results = {one.number: store.result(one.number) for one in before}
    if any(result is not None and result.status is Status.OK for result in results.values()):
        return
    if begun := [number for number, result in results.items() if result is None]:  # by a session that was ended
        request = replace(request, number=begun[0])
    else:
        store.add((), [request])
    job = problem.job(request, problem.space.blueprint(genome))
    phase = f"scoring candidate {number} again, {repeat} of {found.config.rescorings}"
    result = train_in_full(problem, job, found.folder / "models", phase, console)
    store.add((), (), [result])
    succeeded(result, phase)
