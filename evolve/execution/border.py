"""Jobs and results as JSON, for the way to another process and back. Here alone they are not typed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from evolve.jobs import Job
from evolve.values import Hits, Result

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """What reads values of a class; making one takes as long as a thousand uses."""
    return TypeAdapter(kind)


def job_to_json(job: Job) -> dict[str, Any]:
    """JSON from which `from_json` restores an equal job."""
    return asdict(job)


def from_json(kind: type[T], data: Mapping[str, Any]) -> T:
    """The value of that class, a job or a part of one, from its JSON. Raises ValueError for anything else."""
    value: T = _adapter(kind).validate_python(data)  # type: ignore[arg-type]  # classes can be hashed
    return value


def result_to_json(result: Result) -> dict[str, Any]:
    """JSON from which `result_from_json` restores an equal result, but for its fitness, which is derived."""
    hits = result.hits and {**asdict(result.hits), "bits": b64encode(result.hits.bits).decode()}
    return {**asdict(replace(result, hits=None, objectives=())), "hits": hits}


def result_from_json(data: Mapping[str, Any]) -> Result:
    """The result of its JSON. Raises ValueError for anything else."""
    hits = data["hits"] and Hits(**{**data["hits"], "bits": b64decode(data["hits"]["bits"])})
    result: Result = _adapter(Result).validate_python({**data, "hits": None})
    return replace(result, hits=hits)
