"""How values of settings are read, and the headings that settings stand under."""

from __future__ import annotations

import re
from contextlib import suppress
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from evolve.display.quantities import seconds
from evolve.errors import ConfigError, nearest
from evolve.objectives import KNOWN, read_objective
from evolve.settings import Given, path_of
from evolve.values import Budget

RUNG = re.compile(r"\d{1,9}x\d{1,6}(x\d{1,3})?")


def times_without_unit(given: Given) -> list[str]:
    """What is to be said of times that lack a unit: a number is seconds, and who types one may think of minutes. In
    Python a number is seconds to everybody."""
    said = []
    for name in ("duration", "candidate_timeout", "max_latency"):
        value, source = given.values.get(name), given.source(name)
        number = isinstance(value, int | float) and not isinstance(value, bool) and bool(source.file)
        if number or (isinstance(value, str) and re.fullmatch(r"(.*[smhd ])?[\d.]+ *", value)):
            with suppress(ValueError):
                other, unit = ("milliseconds", "ms") if name == "max_latency" else ("minutes", "m")
                written = source.assigned(f"{str(value).strip()}{unit}")
                said.append(
                    f"{source.assigned(value)} means {seconds(value):,.10g} seconds; for {other} write {written}"
                )
    return said


def read_path(value: Any) -> Any:
    """A path, with the home folder for ~."""
    return path_of(value) if isinstance(value, str | Path) else value


def read_text(value: Any) -> Any:
    """Text that may be a path; only one that begins with ~ is changed."""
    return str(read_path(value)) if isinstance(value, Path) or str(value).startswith("~") else value


class Group(StrEnum):
    """Headings of the settings in help and in their table."""

    DATA = "Data"
    SEARCH = "Search"
    BUDGET = "Budget"
    LIMITS = "Limits"
    MACHINE = "Machine"


def read_rungs(value: Any) -> Any:
    """Budgets such as ['3000x1', '9000x2'], or '3000x1,9000x2', or one over folds. Raises ValueError else."""
    given = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) and RUNG.fullmatch(one) for one in given):
        raise ValueError("not budgets")
    found = [Budget.read(one) for one in given]
    if any(one.images < 10 or one.epochs < 1 for one in found) or any(not a < b for a, b in pairwise(found)):
        raise ValueError("not growing")
    if len(found) > 1 and any(one.folds > 1 for one in found):
        raise ValueError("folds do not climb")
    return tuple(given)


def one_of(names: Any) -> BeforeValidator:
    """Asks for one of those names."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in names:
            raise ConfigError(f"'{value}' is unknown{nearest(str(value), names)}")
        return value

    return BeforeValidator(check)


def read_objectives(value: Any) -> Any:
    """Objectives such as ['minimise loss']. Raises ConfigError for a name that is unknown, ValueError for what is no
    list of names."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(one, str) for one in given):
        raise ValueError("not objectives")
    for one in given:
        try:
            read_objective(one)
        except ValueError as error:
            raise ConfigError(f"names {one.strip()!r}, which must be {error}{_close(one)}") from None
    return tuple(given)


def _close(objective: str) -> str:
    """A hint for a measure whose name is mistyped; "" if none is like it."""
    hint = nearest(objective.split()[-1].replace("-", "_") if objective.strip() else "", KNOWN)
    return hint if "did you mean" in hint else ""


def read_twins(value: Any) -> Any:
    """Two budgets of the same images with growing epochs, or none. Raises ValueError for anything else."""
    found = [Budget.read(one) for one in read_rungs(value)] if value else []
    if found and (len(found) != 2 or found[0].images != found[1].images):
        raise ValueError("not two budgets of the same images")
    return tuple(map(str, found))


HomePath = Annotated[Path, BeforeValidator(read_path, json_schema_input_type=str | Path)]
PathText = Annotated[str, BeforeValidator(read_text, json_schema_input_type=str | Path)]
