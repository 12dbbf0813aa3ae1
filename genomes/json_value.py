"""Types of JSON, as `json.loads` makes it and `json.dumps` takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, Sequence["Json"], Mapping[str, "Json"], None]  # noqa: UP007, it is recursive
JsonObject: TypeAlias = Mapping[str, Json]
