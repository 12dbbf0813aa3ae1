"""Finding runs: one by its name or folder, or all of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evolve.errors import EvolveError, RunError, nearest
from evolve.runs.run import Run
from evolve.settings import path_of
from evolve.storage.files import EXPERIMENT, FILE


def find(run: str | Path, results: str | Path = "results") -> Run:
    """The run named `run` in the folder `results`, or in the folder `run`. Raises RunError if there is none."""
    results = path_of(results)
    for folder in (results / run, path_of(run)):
        if (folder / FILE).is_file():
            return Run(folder)
        if (folder / EXPERIMENT).is_file():
            raise RunError(
                f"{folder} is an experiment: its page.md says what came out, and its runs lie in {folder}/runs"
            )
    names = [path.parent.name for path in results.glob(f"*/{FILE}")]
    hint = nearest(str(run), names) if names else f"; there are no runs in {results} yet, make one with: evolve run"
    raise RunError(f"there is no run '{run}' in {results}{hint}")


def all_runs(
    results: str | Path = "results", on_problem: Callable[[EvolveError], None] = lambda problem: None
) -> list[Run]:
    """All runs in a folder, newest first. What cannot be read is left out and given to `on_problem`."""
    runs = []
    for path in path_of(results).glob(f"*/{FILE}"):
        try:
            run = Run(path.parent)
            run.summary(work=False)  # reads all that is shown of it
            runs.append(run)
        except EvolveError as problem:
            on_problem(type(problem)(f"{path.parent}: {problem}"))
    return sorted(runs, key=lambda run: (run.meta["created"], run.name), reverse=True)
