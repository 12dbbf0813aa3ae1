"""How recorded tables are written down, and read: JSON Lines, an object a line, told apart by its `kind`.

    {"kind": "table", "name": ..., "format": 1, "genomes": {"fast": "conv 16 3, ... | sgd 0.2, ...", ...},
     "founders": ["fast", ...], "twins": {"fast": "fast-plain"}, "budgets": {"5000x1": 2, ...}}
    {"kind": "dataset", "dataset": "language", "digest": ..., "input_shape": [24, 24, 1], "classes": 10,
     "sizes": {"train": ..., ...}, "chance": {"validation": 0.1, "selection": 0.1}}
    {"kind": "training", "dataset": "language", "genome": "fast", "budget": "5000x1", "repeat": 0, "status": "ok", ...}

First comes the table, then a line for each data set and one for each training, see `RecordedTraining`; what is not
known here is passed over. A file that is still written to can be read: a last line that is not whole is left out.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from evolve.errors import ConfigError, DataError
from evolve.problems.recorded_tables import (
    BudgetOf,
    Count,
    RecordedDataset,
    RecordedTable,
    RecordedTraining,
    Share,
)
from evolve.values import Budget, Status
from genomes import Genome, InvalidGenome, SearchSpace, space_class
from genomes.alphabet import full_alphabet
from genomes.json_value import JsonObject
from genomes.limits import Limits

SUFFIX = ".jsonl"
BEGINS = b'{"kind": "table"'
RESERVED = ("random", "recorded")
NETWORKS = "stack"  # the encoding of the genomes
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
Positive = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class _Head:
    """The first line."""

    name: Name
    format: Literal[1]
    genomes: Mapping[Name, str]
    budgets: Mapping[BudgetOf, Positive]
    founders: tuple[str, ...] = ()
    twins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Dataset:
    """The line of a data set."""

    dataset: Annotated[str, Field(min_length=1)]
    digest: str
    input_shape: tuple[Positive, Positive, Positive]
    classes: Annotated[int, Field(ge=2)]
    sizes: Mapping[str, Count]
    chance: Mapping[str, Share] = field(default_factory=dict)


_KINDS: dict[str, TypeAdapter[Any]] = {
    "table": TypeAdapter(_Head),
    "dataset": TypeAdapter(_Dataset),
    "training": TypeAdapter(RecordedTraining),
}


def load_recorded(path: Path) -> RecordedTable:
    """The recorded table in `path`. Raises DataError naming the line, what is wrong with it, and the repair."""
    reader = _Reader()
    for number, line in _lines(path):
        try:
            reader.take(line)
        except ValueError as error:
            raise DataError(f"table {path}, line {number}: {error}") from None
    try:
        return reader.table()
    except ValueError as error:
        raise DataError(f"table {path}: {error}") from None


def check_lines(rows: Iterable[JsonObject]) -> None:
    """Raises ConfigError if these lines are none that a recorded table begins with."""
    reader = _Reader()
    for row in rows:
        try:
            reader.take(json.dumps(row).encode())
        except ValueError as error:
            raise ConfigError(str(error)) from None


def is_recorded(path: Path) -> bool:
    """Whether a file begins as recorded tables do."""
    try:
        with path.open("rb") as file:
            first = json.loads(file.readline())
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and first.get("kind") == "table"


def may_be_recorded(path: Path) -> bool:
    """Whether a file is a recorded table as far as it goes: one that was begun may have been cut off at once, and where
    there is none one may be begun."""
    return not path.exists() or is_recorded(path) or BEGINS.startswith(path.read_bytes()[: len(BEGINS)])


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers; not the last one if it was not written to its end, and no empty ones."""
    try:
        lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except FileNotFoundError:
        raise DataError(f"table {path}: there is no such file") from None
    except OSError as error:
        raise DataError(f"table {path}: cannot be read: {error.strerror or error}") from None
    last = lines.pop()
    if _is_json(last):
        lines.append(last)
    yield from ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


class _Reader:
    """Takes lines one by one; what is wrong with one is raised as ValueError."""

    def __init__(self) -> None:
        self._head: _Head | None = None
        self._datasets: dict[str, _Dataset] = {}
        self._trainings: dict[str, dict[tuple[str, Budget, int], RecordedTraining]] = {}

    def take(self, line: bytes) -> None:
        try:
            kind = json.loads(line).get("kind")
        except (ValueError, AttributeError):
            raise ValueError("is not a JSON object; delete the line, or restore the file") from None
        if self._head is None and kind != "table":
            raise ValueError("no recorded table begins so; the name of a table of published scores ends in .json")
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {', '.join(_KINDS)}, not {kind!r}; delete the line")
        if kind == "table" and self._head is not None:
            raise ValueError("there is a line of kind 'table' already; delete this one, or restore the file")
        try:
            value = _KINDS[kind].validate_json(line, strict=True)
        except ValidationError as error:
            raise ValueError(_in_words(error)) from None
        match value:
            case _Head():
                self._take_head(value)
            case _Dataset():
                self._take_dataset(value)
            case _:
                self._take_training(value)

    def _take_head(self, head: _Head) -> None:
        if not head.genomes or not head.budgets:
            raise ValueError("genomes and budgets must not be empty")
        if taken := [name for name in RESERVED if name in head.genomes]:
            raise ValueError(f"genomes: '{taken[0]}' stands for a group of founders; give it another name")
        known: dict[Genome, str] = {}
        networks = network_space()
        for name, notation in head.genomes.items():
            try:
                other = known.setdefault(networks.parse(notation), name)
            except InvalidGenome as error:
                raise ValueError(f"genomes: '{name}': {error}") from None
            if other != name:
                raise ValueError(f"genomes: '{other}' and '{name}' are the same; leave one of them out")
        for what, names in (("founders", head.founders), ("twins", (*head.twins, *head.twins.values()))):
            if missing := [name for name in names if name not in head.genomes]:
                raise ValueError(f"{what}: '{missing[0]}' is not among the genomes")
        self._head = head

    def _take_dataset(self, one: _Dataset) -> None:
        if one.dataset in self._datasets:
            raise ValueError(f"the data set '{one.dataset}' has a line already; delete one of them")
        if missing := [part for part in ("validation", "selection") if part not in one.sizes]:
            raise ValueError(f"sizes: '{missing[0]}' is missing")
        self._datasets[one.dataset] = one
        self._trainings[one.dataset] = {}

    def _take_training(self, one: RecordedTraining) -> None:
        assert self._head is not None
        if one.dataset not in self._datasets:
            raise ValueError(f"dataset: '{one.dataset}' has no line of kind 'dataset' before this one; restore it")
        if one.genome not in self._head.genomes:
            raise ValueError(f"genome: '{one.genome}' is not among the genomes of the first line")
        if one.repeat >= self._head.budgets.get(one.budget, 0):
            known = ", ".join(f"{budget} ({repeats})" for budget, repeats in self._head.budgets.items())
            raise ValueError(f"budget {one.budget}, repeat {one.repeat}: the first line has {known}")
        if problem := _problem_of(one, self._datasets[one.dataset].sizes["validation"]):
            raise ValueError(problem)
        found, place = self._trainings[one.dataset], (one.genome, one.budget, one.repeat)
        if place in found:
            raise ValueError(
                f"{one.genome}, {one.budget}, repeat {one.repeat} is there already; delete one of the lines"
            )
        found[place] = one

    def table(self) -> RecordedTable:
        """All that was taken."""
        if self._head is None or not self._datasets:
            raise ValueError("has no data set yet; record one with: evolve table record")
        head, budgets = self._head, dict(sorted(self._head.budgets.items(), key=lambda item: item[0].size))

        def view(one: _Dataset) -> RecordedDataset:
            return RecordedDataset(
                table=head.name,
                name=one.dataset,
                data=one.digest,
                input_shape=one.input_shape,
                classes=one.classes,
                sizes=one.sizes,
                chance=one.chance,
                genomes=head.genomes,
                founders=head.founders,
                twins=head.twins,
                budgets=budgets,
                trainings=self._trainings[one.dataset],
            )

        return RecordedTable(head.name, {name: view(one) for name, one in self._datasets.items()})


def network_space() -> SearchSpace[Genome]:
    """A search space that reads, and tells apart, the genomes of recorded tables."""
    made: SearchSpace[Genome] = space_class(NETWORKS).for_images((32, 32, 3), 10, Limits(), full_alphabet())
    return made


def _problem_of(training: RecordedTraining, images: int) -> str | None:
    """What is wrong with a training of which each figure is right, or None."""
    if training.status is not Status.OK:
        return None
    needed = {name: getattr(training, name) for name in ("validation", "selection", "seconds")}
    if missing := [name for name, value in needed.items() if value is None]:
        return f"a training that ended well needs {missing[0]}"
    if any(scores.balanced_accuracy is None for scores in (needed["validation"], needed["selection"])):
        return "validation and selection need balanced_accuracy"
    if training.packed_hits is None:
        return None
    try:
        size = len(b64decode(training.packed_hits, validate=True))
    except binascii.Error as error:
        return f"hits must be base64: {error}"
    if size != -(-images // 8):
        return f"hits must be a bit for each of the {images} validation images, {-(-images // 8)} bytes, not {size}"
    return None


def _in_words(error: ValidationError) -> str:
    """The first thing that is wrong."""
    first = error.errors()[0]
    where = ": ".join(str(part) for part in first["loc"] if part != "[key]")
    said = first["msg"].removeprefix("Value error, ")
    shown = "" if first["type"] in ("missing", "value_error") else f", not {first['input']!r:.60}"
    return f"{where}: {said[0].lower()}{said[1:]}{shown}"
