"""Values <-> rows of the store."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from evolve.errors import LogError
from evolve.values import Budget, Candidate, Fact, Hits, Purpose, Request, Result, Schedule, Status
from genomes.steps import Step, read_step

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
    steps: tuple[Step, ...]
    parameters: int | None
    multiply_adds: int | None


@dataclass(frozen=True)
class RequestRow:
    """A request as stored. continues: the number of the request that it goes on with."""

    number: int
    candidate: int
    budget: Budget
    repeat: int
    purpose: Purpose
    continues: int | None
    schedule: Schedule
    inherits: str | None
    spans: int | None
    job_key: str | None


@dataclass(frozen=True)
class Act:
    """Something the user or the clock did: started, search ended, stopped, finished."""

    kind: str
    detail: dict[str, Any]
    at: float


def _tuple(text: str, *kinds: type) -> Row:
    """The values of a JSON list, all of these kinds. Raises ValueError for anything else."""
    values = json.loads(text)
    if not isinstance(values, list) or not all(isinstance(value, kinds) for value in values):
        raise ValueError(f"{text:.80} is not a list of {' or '.join(kind.__name__ for kind in kinds)}")
    return tuple(values)


def _object(text: str, *kinds: type) -> dict[str, Any]:
    """A JSON object, its values of these kinds if any are given. Raises ValueError for anything else."""
    value = json.loads(text)
    if not isinstance(value, dict) or not all(isinstance(inner, kinds or object) for inner in value.values()):
        raise ValueError(f"{text:.80} is not an object with values of the right kind")
    return value


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
        _json([step.to_json() for step in c.steps]),
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
        r.continues.request if r.continues else None,
        r.continues.schedule.value if r.continues else None,
        r.inherits,
        r.spans,
        r.job_key,
        r.budget.folds,
    )


def result_values(r: Result) -> Row:
    """A row of the table result. Raises ValueError unless all measures are finite and an OK result has some."""
    if not all(map(math.isfinite, r.measures.values())) or (r.status is Status.OK and not r.measures):
        raise ValueError(f"request {r.request}: status {r.status} with measures {dict(r.measures)}")
    if r.status in (Status.WEIGHTS_MISSING, Status.WORKER_DIED):
        raise ValueError(f"request {r.request}: '{r.status}' is never a result")
    return (
        r.request,
        r.status.value,
        _json(dict(r.measures)),
        _json([dict(point) for point in r.curve]),
        _json(dict(r.spent)),
        r.reason,
        r.cached_from,
        r.reused_from,
        _json(dict(r.timing)),
    )


def fact_values(fact: Fact) -> Row:
    """A row of the table fact, but for its number."""
    return fact.births, fact.kind, _json(dict(fact.detail))


def hits_values(r: Result) -> Row:
    """A row of the table hits."""
    assert r.hits is not None
    return r.request, r.hits.part, r.hits.count, r.hits.bits


def unreadable(number: int, table: str, why: object) -> LogError:
    """The error to raise for a row that holds what nobody has written."""
    return LogError(
        f"the run's file is damaged: row {number} of its {table}s is unreadable ({why}); it was left as it is. Put "
        "back a copy of the run's folder from before, or start a new run"
    )


def _readable(make: Callable[[Row], Value]) -> Callable[[Row], Value]:
    """`make`, raising LogError for a row that holds what nobody has written."""

    @wraps(make)
    def made(row: Row) -> Value:
        try:
            return make(row)
        except (ValueError, TypeError) as error:
            raise unreadable(row[0], make.__name__, error) from None

    return made


@_readable
def result(row: Row) -> Result:
    """A result from its row."""
    request, status, measures, curve, spent, reason, cached_from, reused_from, timing = row
    return Result(
        request=request,
        status=Status(status),
        measures=_object(measures, int, float),
        curve=_tuple(curve, dict),
        spent=_object(spent, int, float, str),
        reason=reason,
        cached_from=cached_from,
        reused_from=reused_from,
        timing=_object(timing),
    )


@_readable
def hits(row: Row) -> Hits:
    """Hits from their row."""
    _, part, count, bits = row
    if not isinstance(bits, bytes) or len(bits) != (count + 7) // 8:
        raise ValueError(f"{count} images do not have {len(bits)} bytes")
    return Hits(str(part), count, bits)


@_readable
def candidate(row: Row) -> CandidateRow:
    """A candidate from its row."""
    number, key, genome, notation, parents, steps, parameters, multiply_adds = row
    family = (_tuple(parents, int), tuple(map(read_step, _tuple(steps, dict, str))))
    return CandidateRow(number, key, _object(genome), str(notation), *family, parameters, multiply_adds)


@_readable
def request(row: Row) -> RequestRow:
    """A request from its row."""
    number, born, images, epochs, repeat, purpose, continues, schedule, inherits, spans, key, folds = row
    goes_on = (continues, Schedule(schedule or Schedule.NEW), inherits, spans)
    return RequestRow(number, born, Budget(images, epochs, folds), repeat, Purpose(purpose), *goes_on, key)


@_readable
def act(row: Row) -> Act:
    """An act from its row, number first."""
    _, kind, detail, at = row
    return Act(kind, _object(detail), float(at))


@_readable
def fact(row: Row) -> Fact:
    """A fact from its row, number first."""
    _, births, kind, detail = row
    return Fact(int(births), str(kind), _object(detail))


META = {"version": str, "created": str, "config": dict, "problem": dict}
PROBLEM = {"name": str, "table": str, "digest": str, "class_names": list, "input_shape": list}  # those that are there


def checked_meta(meta: dict[str, Any]) -> dict[str, Any]:
    """What is known of a run as a whole. Raises LogError if it is missing or of another kind."""
    known = meta.get("problem")
    known = known if isinstance(known, dict) else {}
    wrong = [name for name, kind in META.items() if not isinstance(meta.get(name), kind)]
    wrong += [name for name, kind in PROBLEM.items() if not isinstance(known.get(name, kind()), kind)]
    if wrong:
        raise LogError(f"the run's file is damaged, or not of evolve: '{wrong[0]}' is missing or of another kind")
    return meta
