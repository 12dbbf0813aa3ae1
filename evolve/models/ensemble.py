"""Leaders put together: the mean of their class probabilities."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from evolve.display.console import Watcher, make_console
from evolve.engine.opening import image_problem_of
from evolve.errors import ConfigError
from evolve.execution.isolated import call_isolated
from evolve.jobs import PartsUsed
from evolve.models.train import train
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.storage.store import Store
from evolve.trust import Trust


@dataclass(frozen=True)
class Ensemble:
    """Leaders together: the mean of their class probabilities.

    single: test accuracy of each, by candidate. accuracy: theirs together, from 0 to 1 as all of them. images: of the
    test part.
    """

    run: Run
    single: dict[int, float]
    accuracy: float
    images: int


def ensemble(
    run: str | Path,
    top: int = 3,
    *,
    epochs: int | None = None,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
) -> Ensemble:
    """Test accuracy of the `top` leaders together. Those that were not trained in full yet are trained first; the test
    part is opened for all of them, on record.

    epochs: of the leaders' trainings; those that were trained for another number are trained again. None takes them as
    they are. trust: as for `train`. Raises as `train` does, and ConfigError
    for a `top` that is not from 1 to the number of leaders.
    """
    found = find(run, results).trusting(trust)
    if top < 1 or top > len(found.hall_of_fame):
        raise ConfigError(f"top must be from 1 to {len(found.hall_of_fame)}, the leaders of '{found.name}', not {top}")
    leaders = [leader.candidate for leader in found.hall_of_fame[:top]]
    for leader in leaders:
        trained = found.full_training(leader) and found.model_path(leader).exists()
        if not trained or epochs is not None:
            train(run, leader, epochs=epochs, results=results, trust=trust, progress=progress)
    problem = image_problem_of(found, make_console(False), scoring=False)
    with Store.open(found.folder) as store:
        store.act("ensemble", candidates=leaders)
    models = [str(found.model_path(leader)) for leader in leaders]
    parts = PartsUsed(problem.parts.digest, (), "test", test=problem.parts.test)
    told = {"models": models, "trust": found.trust, "root": problem.parts.root, "parts": asdict(parts)}
    said = call_isolated("evolve.models.keras_process:ensemble_accuracy", told)
    with Store.open(found.folder) as store:
        store.act("ensemble scored", candidates=leaders, accuracy=said["together"])
    single = dict(zip(leaders, said["single"], strict=True))
    return Ensemble(Run(found.folder, found.trust), single, said["together"], said["images"])
