"""The candidates of a run as a table, one row each."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import Any

from evolve.errors import RunError
from evolve.runs.origin import origin
from evolve.runs.trainings import done
from evolve.storage.log import Log
from evolve.storage.rows import CandidateRow, RequestRow
from evolve.values import SEARCHING, Result

Trained = tuple[RequestRow, Result | None]
COLUMNS = (
    *("candidate", "origin", "parents", "notation", "score", "rescored", "epochs", "images"),
    *("parameters", "multiply_adds", "status", "seconds"),
)


def data_frame(log: Log) -> Any:
    """A pandas DataFrame of `candidate_rows`. Raises RunError without pandas."""
    try:
        import pandas
    except ImportError:
        raise RunError(
            "to_dataframe needs pandas, which is not installed; install it with: pip install pandas"
        ) from None
    return pandas.DataFrame(candidate_rows(log), columns=list(COLUMNS))


def candidate_rows(log: Log) -> list[dict[str, Any]]:
    """One row for each candidate, by birth number.

    score, epochs, images: of the training that counts in the search. rescored: mean of fresh trainings. status: how its
    last training in the search ended. seconds: that all of those took. None for what is not there.
    """
    results, trainings = log.results(), defaultdict[int, list[Trained]](list)
    for request in log.requests(*SEARCHING):
        trainings[request.candidate].append((request, results.get(request.number)))
    rescored = log.rescored()
    return [
        _row(log, candidate, trainings[number], rescored.get(number, []))
        for number, candidate in log.candidates().items()
    ]


def _row(log: Log, candidate: CandidateRow, trainings: list[Trained], rescored: list[float]) -> dict[str, Any]:
    shown = log.objectives.first.shown
    ended = [(request, result) for request, result in trainings if result]
    scored = [(request, result) for request, result in ended if result.fitness is not None]
    counts = max(scored, key=lambda one: (one[0].budget.size, one[1].fitness), default=None)
    spent = {} if counts is None else done(counts[0].budget, counts[1])
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
