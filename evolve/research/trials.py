"""A trial: one arm of an experiment on one data set with one seed; and the file of all trials, one a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from evolve.errors import RunError
from evolve.storage.json_lines import BrokenLine, append_row, read_rows
from evolve.values import digest

DISTURBED = 0.1  # of the machine's cores, that others took while a trial was running
Key = tuple[str, str, int]


class Point(NamedTuple):
    """A step of a curve. x: what was spent so far, in the trial's unit. selected: score of the best so far. truth: what
    that one is really worth, where it is known."""

    x: float
    selected: float
    truth: float | None = None


@dataclass(frozen=True)
class Trial:
    """What came of one arm on one data set with one seed. Scores are such that higher is better.

    measure: what scores are, such as accuracy; of one that is to be minimised the sign is turned. guessing: the score
    that whoever guesses hardly ever exceeds; None where that is not known.
    reason: why it failed. test: the score that counts, of the test part; None if it failed. selected: the score by
    which it was selected in the search. rescored: mean of its fresh trainings on other images. openings: how often the
    test part was opened. work: units of work of all trainings together. images: of the test part. winner: the network,
    as a line. origin: where that comes from. curve: where the best so far changes, and the end. unit: what its x
    counts.

    seconds: of the clock. others: the share of the machine's cores, 0 to 1, that other processes took meanwhile; None
    where it was not measured, as on tables. These two, machine, versions and made are all that may differ if a trial
    with a budget in counts or work is made again.
    """

    dataset: str
    arm: str
    seed: int
    status: Literal["ok", "failed"] = "ok"
    reason: str | None = None
    test: float | None = None
    selected: float | None = None
    rescored: float | None = None
    openings: int | None = None
    evaluations: int | None = None
    work: float | None = None
    images: int | None = None
    winner: str | None = None
    origin: str | None = None
    measure: str = "accuracy"
    guessing: float | None = None
    curve: tuple[Point, ...] = ()
    unit: Literal["evaluations", "work", "seconds"] = "evaluations"
    seconds: float = 0.0
    others: float | None = None
    machine: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    made: str = ""

    @property
    def key(self) -> Key:
        """What tells it from all other trials of its experiment."""
        return self.dataset, self.arm, self.seed

    @property
    def folder(self) -> str:
        """What the folder of its run is called, or of what an outside program leaves."""
        return folder_name(self.dataset, self.arm, self.seed)

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def guesses(self) -> bool:
        """Whether its score is one that guessing may come to, too."""
        return self.test is not None and self.guessing is not None and self.test <= self.guessing

    @property
    def disturbed(self) -> bool:
        """Whether others took so much of the machine that its time says little."""
        return (self.others or 0.0) > DISTURBED

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "curve": [list(point) for point in self.curve]}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Trial:
        """The trial of a row; what it has beside is left out. Raises ValueError if its values are of other kinds."""
        known = {one.name: row[one.name] for one in fields(cls) if one.name in row}
        return _TRIAL.validate_json(json.dumps(known), strict=True)


_TRIAL = TypeAdapter(Trial)


def folder_name(dataset: str, arm: str, seed: int) -> str:
    """What the folder of a trial is called: a name that a run may have. A data set's name that none may have is
    changed, and gets a digest, so that two of them are not the same."""
    signs = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "-" for sign in dataset)
    stem = signs.strip(".-_")
    if stem != dataset:
        stem = f"{stem or 'data'}-{digest(dataset)[:6]}"
    return f"{stem}-{arm}-{seed}"


def read_trials(path: Path) -> list[Trial]:
    """Trials written before, of those made again the last. Raises RunError for a line that is none."""
    try:
        rows = read_rows(path)
    except BrokenLine as error:
        raise RunError(f"{path}: {error}; delete that line to have its trial made again") from None
    trials = [_trial(path, number, row) for number, row in enumerate(rows, start=1)]
    return list({trial.key: trial for trial in trials}.values())


def _trial(path: Path, number: int, row: Mapping[str, Any]) -> Trial:
    try:
        return Trial.from_json(row)
    except ValueError as error:
        why = _in_words(error) if isinstance(error, ValidationError) else error
        raise RunError(f"{path}: line {number} is no trial ({why}); delete it to have that made again") from None


def _in_words(error: ValidationError) -> str:
    """The first thing that is wrong, with its place."""
    first = error.errors()[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))


def append_trial(path: Path, trial: Trial) -> None:
    """Writes one more trial."""
    append_row(path, trial.to_json())


def write_trials(path: Path, trials: Iterable[Trial]) -> None:
    """Writes all trials anew, at once."""
    beside = path.with_suffix(".new")
    beside.write_text("".join(f"{json.dumps(trial.to_json())}\n" for trial in trials), encoding="utf-8")
    beside.replace(path)


def in_order(trials: Iterable[Trial], keys: Sequence[Key]) -> list[Trial]:
    """Trials as they stand in a list of keys; others, in the order in which they are, behind."""
    places = {key: place for place, key in enumerate(keys)}
    return sorted(trials, key=lambda trial: places.get(trial.key, len(places)))
