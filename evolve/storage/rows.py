"""Values <-> rows of the store."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from evolve.errors import LogError
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status

Row = tuple[Any, ...]
Value = TypeVar("Value")


@dataclass(frozen=True)
class CandidateRow:
    """A candidate as stored: its genome as JSON and as one line of text."""

    number: int
    key: str | None
    genome: dict[str, Any]
    notation: str
    parents: tuple[int, ...]
    origin: tuple[str, ...]
    parameters: int | None
    multiply_adds: int | None


@dataclass(frozen=True)
class RequestRow:
    """A request as stored."""

    number: int
    candidate: int
    budget: Budget
    repeat: int
    purpose: Purpose
    start_from: int | None
    job_key: str | None


@dataclass(frozen=True)
class Act:
    """Something the user or the clock did: started, search ended, stopped, finished."""

    kind: str
    detail: dict[str, Any]
    at: float


def _tuple(text: str) -> Row:
    return tuple(json.loads(text))


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def candidate_values(c: Candidate) -> Row:
    """A row of the table candidate."""
    genome = c.genome
    return (
        c.number,
        c.key,
        _json(genome.to_json()),
        genome.notation(),
        _json(c.parents),
        _json(c.origin),
        c.parameters,
        c.multiply_adds,
    )


def request_values(r: Request) -> Row:
    """A row of the table request."""
    return (
        r.number,
        r.candidate.number,
        r.budget.images,
        r.budget.epochs,
        r.repeat,
        r.purpose.value,
        r.start_from,
        r.job_key,
    )


def result_values(r: Result) -> Row:
    """A row of the table result. Raises ValueError unless just an OK result has objectives, all of them finite."""
    if not all(map(math.isfinite, r.objectives)) or (r.status is Status.OK) != bool(r.objectives):
        raise ValueError(f"request {r.request}: status {r.status} with objectives {r.objectives}")
    return (
        r.request,
        r.status.value,
        _json(r.objectives),
        _json(dict(r.measures)),
        _json([dict(point) for point in r.curve]),
        _json(dict(r.spent)),
        r.reason,
        r.cached_from,
        _json(dict(r.timing)),
    )


def _readable(make: Callable[[Row], Value]) -> Callable[[Row], Value]:
    """`make`, raising LogError for a row that holds what nobody has written."""

    @wraps(make)
    def made(row: Row) -> Value:
        try:
            return make(row)
        except (ValueError, TypeError) as error:
            raise LogError(
                f"the run's file is damaged: row {row[0]} of its {make.__name__}s is unreadable ({error}); it was left "
                "as it is. Put back a copy of the run's folder from before, or start a new run"
            ) from None

    return made


@_readable
def result(row: Row) -> Result:
    """A result from its row."""
    request, status, objectives, measures, curve, spent, reason, cached_from, timing = row
    return Result(
        request=request,
        status=Status(status),
        objectives=_tuple(objectives),
        measures=json.loads(measures),
        curve=_tuple(curve),
        spent=json.loads(spent),
        reason=reason,
        cached_from=cached_from,
        timing=json.loads(timing),
    )


@_readable
def candidate(row: Row) -> CandidateRow:
    """A candidate from its row."""
    number, key, genome, notation, parents, origin, parameters, multiply_adds = row
    return CandidateRow(
        number, key, json.loads(genome), notation, _tuple(parents), _tuple(origin), parameters, multiply_adds
    )


@_readable
def request(row: Row) -> RequestRow:
    """A request from its row."""
    number, born, images, epochs, repeat, purpose, start_from, key = row
    return RequestRow(number, born, Budget(images, epochs), repeat, Purpose(purpose), start_from, key)


@_readable
def act(row: Row) -> Act:
    """An act from its row, number first."""
    _, kind, detail, at = row
    return Act(kind, dict(json.loads(detail)), float(at))
