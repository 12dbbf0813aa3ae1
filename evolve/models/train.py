"""A candidate of a run trained in full."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evolve.display.console import Watcher, make_console
from evolve.engine.opening import image_problem_of
from evolve.errors import ConfigError
from evolve.models.full_training import succeeded, train_in_full, trainable_genome, usual_epochs
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.runs.trainings import done
from evolve.storage.files import model_name
from evolve.storage.rows import RequestRow
from evolve.storage.store import Store
from evolve.trust import Trust
from evolve.values import Budget, Candidate, Purpose, Request, Result, Spent


@dataclass(frozen=True)
class Trained:
    """A candidate that was trained in full.

    result: its measures on the test part, as shares from 0 to 1 (a loss in nats), and its learning curve. spent: what
    was really done: epochs, images, steps, seconds. path: of the model, a .keras file. new: whether it was trained now,
    or had been before.
    """

    run: Run
    candidate: int
    result: Result
    spent: Spent
    path: Path
    new: bool

    def to_json(self) -> dict[str, Any]:
        told = {"measures": dict(self.result.measures), "spent": dict(self.spent), "model": str(self.path)}
        return {"candidate": self.candidate, **told, "new": self.new}


def train(
    run: str | Path,
    candidate: int | str,
    *,
    epochs: int | None = None,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
) -> Trained:
    """Trains a candidate of a run in full, on all images that are not for testing, and opens the test part for it, on
    record. Uses all cores; a training that is known is not repeated.

    candidate: its birth number, or "best". epochs: None for as many as the run's own final training really had. trust:
    modules of the user's own layers and fitness function, which are then imported. Raises ConfigError for less than one
    epoch, TrustError for a module that the run names and `trust` does not, and RunError if it cannot be trained.
    """
    found = find(run, results).trusting(trust)
    candidate = found.number(candidate)
    genome = trainable_genome(found, candidate)
    if epochs is not None and epochs < 1:
        raise ConfigError(f"epochs must be a whole number of at least 1, not {epochs}; for example epochs = 40")
    console = make_console(progress)
    problem = image_problem_of(found, console)
    budget = Budget(problem.budget(Purpose.TRAIN).images, epochs or usual_epochs(found, problem))
    known, path = found.full_training(candidate), found.model_path(candidate)
    if known and path.exists() and _budget_of(*known) == budget:
        return Trained(found, candidate, known[1], done(known[0].budget, known[1]), path, new=False)
    row = found.candidate(candidate)
    assert row.key is not None
    with Store.open(found.folder) as store:
        number = store.last("request") + 1
        request = Request(
            number, Candidate(candidate, genome, row.key, row.parents, row.steps), budget, 0, Purpose.TRAIN, None
        )
        request = replace(request, job_key=problem.job_key(request))
        store.add((), [request])
        phase = f"training candidate {candidate} of {found.name} in full"
        job = problem.job(request, problem.space.blueprint(genome), model_name(candidate))
        result = train_in_full(problem, job, path.parent, phase, console)
        store.add((), (), [result])
        store.act("trained", candidate=candidate, request=number)
    spent = done(budget, succeeded(result, phase))
    return Trained(Run(found.folder, found.trust), candidate, result, spent, path, new=True)


def _budget_of(request: RequestRow, result: Result) -> Budget:
    """What a full training came to, to the nearest epoch. The last one of a run with a time has more or fewer epochs
    than were asked for."""
    epochs = float(done(request.budget, result).get("epochs", 0)) if request.purpose is Purpose.FINAL else 0
    return replace(request.budget, epochs=max(1, round(epochs))) if epochs else request.budget
