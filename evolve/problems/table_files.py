"""Tables of published scores: their format, the evaluator that looks scores up, and what converts a published file.

A table is JSON:

    {"name": ..., "choices": [options of gene 1, ...],
     "entries": {"0120...": {"fitness": [one score per training], "test": x,
                             "measures": {"parameters": ..., "multiply_adds": ...}, "cost": seconds}}}

`test`, `measures` and `cost` may be missing. Scores are shares (0 to 1) or per cents, all of one kind.

The published file of NAS-Bench-Macro (Su et al. 2021, https://arxiv.org/abs/2103.11922) is converted by

    evolve table convert nas-bench-macro.json macro.json
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from evolve.errors import DataError
from evolve.execution.executor import Report, unheard
from evolve.jobs import TableJob
from evolve.objectives import SCORE
from evolve.problems.recorded_files import SUFFIX, is_recorded, load_recorded
from evolve.problems.recorded_tables import RecordedTable
from evolve.values import Result, Status, digest
from genomes.json_value import JsonObject


@dataclass(frozen=True, eq=False)
class Table:
    """A table of published scores. name, choices, entries: as in its file. Equal to itself only, so that what is worked
    out for a table is found again quickly."""

    name: str
    choices: tuple[int, ...]
    entries: Mapping[str, Mapping[str, Any]]

    def to_json(self) -> JsonObject:
        """As in its file."""
        return {"name": self.name, "choices": list(self.choices), "entries": dict(self.entries)}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that is in it."""
        return digest(json.dumps(self.to_json(), sort_keys=True))

    @cached_property
    def trainings(self) -> int:
        """Published trainings of each entry, the fewest."""
        return min(len(entry["fitness"]) for entry in self.entries.values())


def truth(entry: Mapping[str, Any]) -> float:
    """What an entry is worth: its `test`, or the mean of its trainings where there is none."""
    return float(entry["test"] if "test" in entry else sum(entry["fitness"]) / len(entry["fitness"]))


def open_table(file: str | Path) -> Table | RecordedTable:
    """The table in a file, of published scores or of recorded trainings. Raises DataError as `load_table` and
    `load_recorded` do."""
    path = Path(file)
    return load_recorded(path) if path.suffix == SUFFIX or is_recorded(path) else load_table(path)


def load_table(path: Path) -> Table:
    """The table of published scores in `path`. Raises DataError naming what is wrong with it."""
    try:
        table = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"table {path}: there is no such file") from None
    except OSError as error:
        raise DataError(f"table {path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"table {path}: not readable JSON: {error}") from None
    if problem := fault_of_table(table):
        raise DataError(f"table {path}: {problem}")
    return read_table(table)


def read_table(data: Mapping[str, Any]) -> Table:
    """The table of JSON in which `fault_of_table` finds nothing wrong."""
    return Table(data["name"], tuple(data["choices"]), data["entries"])


def fault_of_table(table: Any) -> str | None:
    """What is wrong with a table, or None."""
    if not isinstance(table, dict) or not {"name", "choices", "entries"} <= set(table):
        if isinstance(table, dict) and any(isinstance(e, dict) and "test_acc" in e for e in table.values()):
            return "this is the published NAS-Bench-Macro file; convert it with: evolve table convert IN OUT"
        return "needs the keys 'name', 'choices' and 'entries'"
    choices, entries = table["choices"], table["entries"]
    if (
        not isinstance(choices, list)
        or not all(type(n) is int and 1 <= n <= 10 for n in choices)
        or sum(choices) <= len(choices)
    ):
        return f"'choices' must be whole numbers from 1 to 10, one of them at least 2, not {choices}"
    if not isinstance(entries, dict) or len(entries) < 2:
        return "'entries' must be an object with at least two entries"
    for code, entry in entries.items():
        fits = (
            len(code) == len(choices)
            and code.isdecimal()
            and all(int(d) < n for d, n in zip(code, choices, strict=False))
        )
        if not fits:
            return f"entry '{code}' does not fit choices {choices}: one digit per gene, each below its options"
        scores = entry.get("fitness") if isinstance(entry, dict) else None
        if not isinstance(scores, list) or not scores or not all(_finite(score) for score in scores):
            return f"entry '{code}': 'fitness' must be a list of finite numbers, not {scores!r}"
        measures = entry.get("measures", {})
        if not isinstance(measures, dict) or not all(type(n) is int and n >= 0 for n in measures.values()):
            return f"entry '{code}': 'measures' must be an object of whole numbers, not {measures!r}"
        if _finite(entry.get("cost", 0)) and entry.get("cost", 0) < 0:
            return f"entry '{code}': 'cost' must not be negative, not {entry['cost']!r}"
        for name in ("test", "cost"):
            if name in entry and not _finite(entry[name]):
                return f"entry '{code}': '{name}' must be a finite number, not {entry[name]!r}"
    return None


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


class TableEvaluator:
    """Looks scores up.

    settings: "table", as in its file, and "seed" of the run. Of an entry's trainings one is drawn per run as its score;
    repeat r is the r-th behind it, from the first again behind the last. A final request gets the entry's `truth`.
    """

    takes: ClassVar[type[TableJob]] = TableJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._entries, self._seed = settings["table"]["entries"], settings["seed"]

    def evaluate(self, job: TableJob, report: Report = unheard) -> Result:
        """The result of a job."""
        entry = self._entries.get(job.code)
        if entry is None:
            return Result(job.number, Status.FAILED, reason=f"'{job.code}' is not in the table")
        scores = entry["fitness"]
        value = truth(entry) if job.test else scores[drawn(self._seed, job.code, job.repeat, len(scores))]
        return Result(job.number, Status.OK, {SCORE: float(value)}, spent=asdict(job.budget))


def drawn(seed: int, code: str, repeat: int, trainings: int) -> int:
    """Which of so many trainings of an entry a run sees. seed: of the run."""
    return (int(digest("training", seed, code)[:8], 16) + repeat) % trainings


def from_nas_bench_macro(published: Mapping[str, Any]) -> Table:
    """The table of the published NAS-Bench-Macro file: 8 layers with 3 choices each, three trainings per network.
    `test` is the mean of the three; the file has no times, so there is no `cost`."""
    entries = {
        code: {
            "fitness": entry["test_acc"],
            "test": entry["mean_acc"],
            "measures": {"parameters": entry["params"], "multiply_adds": entry["flops"]},
        }
        for code, entry in sorted(published.items())
    }
    return Table("nas-bench-macro", (3,) * 8, entries)


def convert_table(source: Path, target: Path) -> Table:
    """Writes the table of a published file, and returns it. Raises DataError if it is another file, or `target` cannot
    be written."""
    try:
        table = from_nas_bench_macro(json.loads(source.read_text(encoding="utf-8-sig")))
    except FileNotFoundError:
        raise DataError(f"{source}: there is no such file") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{source}: not the published NAS-Bench-Macro file: {error!r}") from None
    try:
        target.write_text(json.dumps(table.to_json()))
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror or error}") from None
    return table
