"""The candidates of a run as a table, one row each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from statistics import fmean
from typing import Any

from evolve.errors import RunError
from evolve.runs.origin import origin
from evolve.storage.log import Log
from evolve.storage.rows import CandidateRow, RequestRow
from evolve.values import SEARCHING, Budget, Result, Spent

Trained = tuple[RequestRow, Result | None]
Done = Callable[[Budget, Result], Spent | None]
COLUMNS = (
    *("candidate", "origin", "parents", "notation", "score", "rescored", "epochs", "images"),
    *("parameters", "multiply_adds", "status", "seconds"),
)


def data_frame(log: Log, done: Done) -> Any:
    """A pandas DataFrame of `candidate_rows`. Raises RunError without pandas."""
    try:
        import pandas
    except ImportError:
        raise RunError(
            "to_dataframe needs pandas, which is not installed; install it with: pip install pandas"
        ) from None
    return pandas.DataFrame(candidate_rows(log, done), columns=list(COLUMNS))


def candidate_rows(log: Log, done: Done) -> list[dict[str, Any]]:
    """One row for each candidate, by birth number.

    score, epochs, images: of the training that counts in the search. rescored: mean of fresh trainings. status: how its
    last training in the search ended. seconds: that all of those took. None for what is not there. done: what a
    training really did, as `Run.done`.
    """
    results, trainings = log.results(), defaultdict[int, list[Trained]](list)
    for request in log.requests(*SEARCHING):
        trainings[request.candidate].append((request, results.get(request.number)))
    rescored = log.rescored()
    return [
        _row(log, candidate, trainings[number], rescored.get(number, []), done)
        for number, candidate in log.candidates().items()
    ]


def _row(
    log: Log, candidate: CandidateRow, trainings: list[Trained], rescored: list[float], done: Done
) -> dict[str, Any]:
    shown = log.objectives.first.shown
    ended = [(request, result) for request, result in trainings if result]
    scored = [(request, result) for request, result in ended if result.fitness is not None]
    counts = max(scored, key=lambda one: (one[0].budget.size, one[1].fitness), default=None)
    spent = (counts and done(counts[0].budget, counts[1])) or {}
    return {
        "candidate": candidate.number,
        "origin": origin(candidate),
        "parents": candidate.parents,
        "notation": candidate.notation,
        "score": None if counts is None else shown(counts[1].fitness or 0.0),
        "rescored": shown(fmean(rescored)) if rescored else None,
        "epochs": spent.get("epochs"),
        "images": spent.get("images"),
        "parameters": candidate.parameters,
        "multiply_adds": candidate.multiply_adds,
        "status": ended[-1][1].status.value if ended else None,
        "seconds": sum(float(result.timing.get("seconds", 0.0)) for _, result in ended),
    }
