"""A `.keras` file as it is before Keras reads it: what it holds, and which classes and functions it names.

Everything is looked at without importing anything, so that a file from a stranger can be refused first.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from evolve.errors import DataError, RunError

CONFIG = "config.json"
FACTS = "evolve.json"  # a member that Keras does not look at
FACT_NAMES = ("class_names", "low", "high", "depth")
ITSELF = ("keras", "builtins")  # where Keras says that its own classes and functions come from


@dataclass(frozen=True)
class Foreign:
    """A class or function in a model that is not Keras's. registered: what Keras knows it by."""

    module: str
    name: str
    registered: str


def foreign(path: Path) -> list[Foreign]:
    """The classes and functions in a model that are not Keras's, each once. Raises RunError for a file that cannot be
    read, holds code, or has members that would lie outside of it."""
    try:
        config = json.loads(_member(path, CONFIG) or "")
        found = [_foreign(path, named) for named in _named(config)]
    except (OSError, zipfile.BadZipFile, ValueError, RecursionError) as error:
        raise RunError(
            f"model {path}: cannot be read as a .keras file: {error}; if it belongs to a run, delete it and make it "
            "again with: evolve train RUN CANDIDATE"
        ) from None
    return list(dict.fromkeys(one for one in found if one is not None))


def layers_of(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Class names and settings of a model's layers, in the order of the file. Raises RunError for a file that cannot be
    read."""
    try:
        layers = json.loads(_member(path, CONFIG) or "")["config"]["layers"]
        return [(str(one["class_name"]), dict(one["config"])) for one in layers]
    except FileNotFoundError:
        raise RunError("there is no such file") from None
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(f"it cannot be read as a .keras file: {type(error).__name__}: {error}") from None


def facts_of(path: Path) -> dict[str, Any]:
    """What `save_model` was given, see `FACT_NAMES`; "depth" may be missing. Nothing if the model was not saved by
    evolve. Raises DataError for a file that cannot be read or says something else there."""
    try:
        text = _member(path, FACTS)
        facts = {} if text is None else json.loads(text)
    except (OSError, zipfile.BadZipFile, ValueError, RecursionError) as error:
        raise DataError(f"model {path}: not a readable .keras file: {error}") from None
    if facts != {} and not _are_facts(facts):
        raise DataError(f"model {path}: {FACTS} in it must hold class names and the range of pixels; train it again")
    return dict(facts)


def _are_facts(facts: Any) -> bool:
    if not isinstance(facts, dict) or not isinstance(facts.get("class_names"), list):
        return False
    numbers = [facts.get("low"), facts.get("high")]
    finite = all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)
    return (
        finite
        and isinstance(facts.get("depth", ""), str)
        and all(isinstance(name, str) for name in facts["class_names"])
    )


def _member(path: Path, name: str) -> bytes | None:
    """The bytes of a member, None if there is none. Raises ValueError if any member has a path that leads out."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if PurePosixPath(member).is_absolute() or ".." in member.split("/") or "\\" in member or ":" in member:
                raise ValueError(f"its member {member!r} would lie outside of it")
        return archive.read(name) if name in archive.namelist() else None


def _named(config: Any) -> Iterator[dict[str, Any]]:
    """All parts of a configuration that name a class or a function, however deep they stand."""
    waiting: list[Any] = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
            if "class_name" in value:
                yield value
        elif isinstance(value, list):
            waiting += value


def _foreign(path: Path, named: dict[str, Any]) -> Foreign | None:
    """What a part of a configuration names, None if it is Keras's own. Raises RunError for code."""
    kind, module = named["class_name"], named.get("module")
    if kind in ("__lambda__", "__typespec__"):
        raise RunError(f"model {path}: it holds code ({kind}), which is not run; save it with a layer of a module")
    name = named.get("config") if kind == "function" else kind
    if module is None or (isinstance(module, str) and module.partition(".")[0] in ITSELF):
        return None
    if not isinstance(module, str) or not isinstance(name, str):
        raise ValueError(f"it names no class or function: {module!r:.80}, {name!r:.80}")
    registered = named.get("registered_name")
    fits = isinstance(registered, str) and registered.rpartition(">")[2] == name
    return Foreign(module, name, str(registered) if fits else name)


def modules(found: Sequence[Foreign]) -> list[str]:
    """The modules they come from."""
    return [one.module for one in found]
