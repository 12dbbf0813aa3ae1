"""One long training outside of a search: it asks for all cores, and its epochs are shown as they come."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from evolve.display.console import Console
from evolve.display.progress import EpochWatch
from evolve.errors import RunError
from evolve.jobs import KerasModelJob, TrainingJob
from evolve.planning.plan import minutes
from evolve.problems.images import ImageProblem
from evolve.problems.workers import make_executor
from evolve.runs.run import Run
from evolve.values import Purpose, Result, Status
from genomes import Genome

POLL_SECONDS = 0.25
LONG = 30.0  # seconds of a training, of which is said at its beginning how long it takes


def succeeded(result: Result, phase: str) -> Result:
    """`result`, if it is OK. Raises RunError otherwise."""
    if result.status is not Status.OK:
        raise RunError(f"{phase} ended as '{result.status}': {result.reason}")
    return result


def train_in_full(
    problem: ImageProblem,
    job: TrainingJob | KerasModelJob,
    models: Path,
    phase: str,
    console: Console,
    seconds: float | None = None,
    evaluators: Mapping[str, str] | None = None,
) -> Result:
    """The result of `job`, whose model is saved in the folder `models`.

    seconds: no epoch begins later than that. evaluators: of such jobs, if not those of the problem.
    """
    models.mkdir(parents=True, exist_ok=True)
    watch = EpochWatch(phase, None if seconds is None else time.monotonic() + seconds)
    settings = {**problem.settings, "models": str(models.absolute())}
    asked = job.resources
    needs = replace(asked, cores=asked.cores if asked.gpu else None, memory=None)
    executor = make_executor(problem, 1, needs, settings, evaluators)
    try:
        executor.submit(replace(job, stop_in=seconds, seconds=None, resources=needs))
        with console.live(watch.now):
            results: list[Result] = []
            said = False
            while not results:
                results = executor.finished(POLL_SECONDS)
                for message in executor.messages():
                    watch.hear(message.figures)
                said = said or _says_how_long(watch, console)
                console.refresh()
    finally:
        executor.close()
    [result] = results
    return replace(result, timing={**result.timing, "at": round(time.time(), 3)})


def usual_epochs(found: Run, problem: ImageProblem) -> int:
    """Epochs of a full training of a run: as many as its winner really had, to the nearest whole one; before there is
    a winner, and where a fitness function trained in its own way, as many as the settings say."""
    really = (found.in_full or {}).get("epochs")
    return max(1, round(float(really))) if really else problem.budget(Purpose.TRAIN).epochs


def _says_how_long(watch: EpochWatch, console: Console) -> bool:
    """Says how long a training takes, if that is long. Whether its pace is known: it is then not asked again."""
    if watch.paced and (left := watch.now().left or 0.0) > LONG:
        console.note(f"about {minutes(left)} on this machine")
    return watch.paced


def trainable_genome(found: Run, candidate: int) -> Genome:
    """The genome of a candidate that can be built. Raises RunError."""
    if found.config.table is not None:
        raise RunError(f"run '{found.name}' searched a table; its entries have no networks")
    row = found.candidate(candidate)
    if row.key is None:
        raise RunError(f"candidate {candidate} of run '{found.name}' could not be built; choose another one")
    return found.genome(candidate)
