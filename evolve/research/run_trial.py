"""What a finished run says as a trial of an experiment: its scores, its curve, what it spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import fmean
from typing import Any

from evolve.objectives import Objective
from evolve.problems.work import FLOAT32, training_work
from evolve.research.trials import Point, Trial
from evolve.runs.origin import origin
from evolve.runs.run import Run
from evolve.storage.time_spent import seconds_spent
from evolve.values import SEARCHING, Purpose, Status

Row = Mapping[str, Any]  # of the run's history


class TrialFailed(Exception):
    """A trial that came to no result; the message says why."""


def trial_of(run: Run, blank: Trial, objective: Objective) -> Trial:
    """The trial of a finished run. blank: what is known of it before, with the unit of its curve. objective: what arms
    are compared by, whatever this one ranks by. Raises TrialFailed if its last training was not measured by that."""
    assert run.final_result is not None and run.winner is not None
    test = _score(objective, run.final_result.measures)
    if test is None:
        raise TrialFailed(f"its last training does not say what {objective.name} it has")
    rows, winner = list(run.history()), run.candidate(run.winner)
    searched = [row for row in rows if row["purpose"] in SEARCHING and not _on_other_folds(row)]
    own = _scores(objective, [row for row in searched if row["candidate"] == winner.number])
    again = [row for row in rows if row["purpose"] == Purpose.RESCORE and row["candidate"] == winner.number]
    costs = _costs(run, rows)
    return replace(
        blank,
        test=test,
        selected=own[-1] if own else None,
        rescored=fmean(scores) if (scores := _scores(objective, again)) else None,
        openings=run.test_openings,
        evaluations=sum(map(_is_birth, rows)),
        work=run.work,
        images=run.problem.get("sizes", {}).get("test"),
        winner=winner.notation,
        origin=origin(winner),
        curve=tuple(_curve(run, searched, _places(run, rows, costs, blank.unit), objective)),
        seconds=_seconds(run),
    )


def _score(objective: Objective, measures: Mapping[str, float]) -> float | None:
    value = measures.get(objective.name)
    return None if value is None else objective.fitness(value)


def _of(objective: Objective, row: Row) -> float | None:
    return _score(objective, row["measures"]) if row["status"] == Status.OK else None


def _scores(objective: Objective, rows: Sequence[Row]) -> list[float]:
    return [score for row in rows if (score := _of(objective, row)) is not None]


def _on_other_folds(row: Row) -> bool:
    """Whether a training is no longer than that of a birth, but on other folds: no score of the search."""
    return bool(row["purpose"] == Purpose.CHALLENGE and row["folds"] > 1)


def _costs(run: Run, rows: Sequence[Row]) -> list[float]:
    """Units of work of each request, as of 32-bit numbers; none of one that was copied, or could not be built."""
    networks = {number: run.network(number) for number in {row["candidate"] for row in rows}}
    works = {number: FLOAT32.work(network) for number, network in networks.items() if network is not None}
    return [
        training_work(works[row["candidate"]], row["images"] * row["epochs"] * row["folds"])
        if row["cached_from"] is None and row["candidate"] in works
        else 0.0
        for row in rows
    ]


def _places(run: Run, rows: Sequence[Row], costs: Sequence[float], unit: str) -> list[float]:
    """Where each request of the search stands on the curve: what was spent, seconds, or how many candidates there were,
    up to its end."""
    searched = [row["purpose"] in SEARCHING for row in rows]
    if unit == "seconds":
        moments = [float(row["timing"].get("at", 0.0)) for row in rows]
        places = list(accumulate(_worked(run, moments), max))  # results may come in another order than requests
    else:
        places = [float(place) for place in accumulate(costs if unit == "work" else map(float, map(_is_birth, rows)))]
    return [place for place, wanted in zip(places, searched, strict=True) if wanted]


def _is_birth(row: Row) -> bool:
    """Whether a row is the first training of a candidate in the search, and no promotion."""
    return row["purpose"] == Purpose.SEARCH and row["continues"] is None


def _worked(run: Run, moments: Sequence[float]) -> Iterator[float]:
    """Seconds of work on a run up to each of these moments: pauses between its sessions do not count."""
    marks = [*(act.at for act in run.acts), *moments]
    starts = sorted(act.at for act in run.acts if act.kind == "started")
    sessions = [
        (start, max(mark for mark in marks if start <= mark < end)) for start, end in pairwise([*starts, float("inf")])
    ]
    for moment in moments:
        yield sum(max(0.0, min(moment, end) - start) for start, end in sessions)


def _curve(run: Run, searched: Sequence[Row], places: Sequence[float], objective: Objective) -> Iterator[Point]:
    """Where the best so far, by what the run ranks by, is another one, and the end."""
    best: tuple[int, float] | None = None
    shown: float | None = None
    for place, row in zip(places, searched, strict=True):
        rank, score = _of(run.objective, row), _of(objective, row)
        if rank is None or score is None:
            continue
        standing = (row["images"] * row["epochs"] * row["folds"], rank)
        if best is None or standing > best:
            best, shown = standing, score
            yield Point(place, score)
    if shown is not None:
        yield Point(places[-1], shown)


def _seconds(run: Run) -> float:
    with run.log() as log:
        return seconds_spent(log)
