"""A candidate of a run trained in full."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from evolve.display.console import Watcher, make_console
from evolve.engine.opening import image_problem_of
from evolve.errors import ConfigError
from evolve.models.full_training import succeeded, train_in_full, trainable_genome
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.storage.files import model_name
from evolve.storage.store import Store
from evolve.trust import Trust
from evolve.values import Budget, Candidate, Purpose, Request, Result


@dataclass(frozen=True)
class Trained:
    """A candidate that was trained in full. new: whether it was trained now, or had been before."""

    run: Run
    candidate: int
    result: Result
    path: Path
    new: bool


def train(
    run: str | Path,
    candidate: int,
    *,
    epochs: int | None = None,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
) -> Trained:
    """Trains a candidate of a run in full, on all images that are not for testing, and opens the test part for it, on
    record. Uses all cores; a training that is known is not repeated.

    epochs: None for as many as the run's own final training. trust: modules of the user's own layers and fitness
    function, which are then imported. Raises TrustError for a module that the run names and `trust` does not, and
    RunError if it cannot be trained.
    """
    found = find(run, results).trusting(trust)
    genome = trainable_genome(found, candidate)
    if epochs is not None and epochs < 1:
        raise ConfigError(f"epochs must be a whole number of at least 1, not {epochs}; for example epochs = 40")
    console = make_console(progress)
    problem = image_problem_of(found, console)
    usual = problem.budget(Purpose.TRAIN)
    budget = Budget(usual.images, epochs or usual.epochs)
    known, path = found.full_training(candidate), found.model_path(candidate)
    if known and known[0].budget == budget and path.exists():
        return Trained(found, candidate, known[1], path, new=False)
    key = found.candidate(candidate).key
    assert key is not None
    with Store.open(found.folder) as store:
        number = store.last("request") + 1
        request = Request(number, Candidate(candidate, genome, key), budget, 0, Purpose.TRAIN, None)
        request = replace(request, job_key=problem.job_key(request))
        store.add((), [request])
        phase = f"training candidate {candidate} of {found.name} in full"
        job = problem.job(request, problem.space.blueprint(genome), model_name(candidate))
        result = train_in_full(problem, job, path.parent, phase, console)
        store.add((), (), [result])
        store.act("trained", candidate=candidate, request=number)
    return Trained(Run(found.folder, found.trust), candidate, succeeded(result, phase), path, new=True)
