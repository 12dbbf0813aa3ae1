"""A run as it is recorded: settings, candidates, requests, results and acts. Reads the store and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from evolve.config import RunConfig
from evolve.errors import RunError
from evolve.objectives import PUBLISHED, Objective, Objectives
from evolve.storage.files import command_words
from evolve.storage.log import Log
from evolve.storage.rows import Act, CandidateRow, RequestRow, checked_meta
from evolve.storage.store import Store
from evolve.values import Result, Status


@dataclass(frozen=True)
class RecordedRun:
    """The run in `folder`. What is asked for is read on first access, then cached; `refresh` makes it see what was
    written since.

    What is cached grows with the run: `candidates`, `requests` and `results` hold all rows, `history` does not.

    trust: what the user named; see `evolve.trust`.
    """

    folder: Path
    trust: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", self.folder.absolute())  # wherever this process goes
        with Store.read(self.folder):
            pass

    def refresh(self) -> Self:
        """Forgets what was read of a run that grows, so that the next access sees what was written since. Settings and
        search space never change and stay. Returns this run itself."""
        for name in self.__dict__.keys() - {"folder", "trust", "meta", "space"}:
            del self.__dict__[name]
        return self

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def words(self) -> str:
        """What stands for it in a command that is to be pasted."""
        return command_words(self.folder)

    @contextmanager
    def log(self) -> Iterator[Log]:
        """The log, for questions that are answered from one moment."""
        with Store.read(self.folder) as store, store.snapshot():
            yield store

    @cached_property
    def meta(self) -> dict[str, Any]:
        """What was stored when the run was made: settings, versions, data."""
        with self.log() as log:
            return checked_meta(log.meta())

    @property
    def config(self) -> RunConfig:
        return RunConfig.checked(self.meta["config"], where=f"{self.folder}: ")

    @property
    def problem(self) -> dict[str, Any]:
        """What the run is about: data set or table, sizes, backend."""
        return dict(self.meta["problem"])

    @property
    def on_recorded_table(self) -> bool:
        """Whether it searched a table of trainings, and not one of published scores."""
        return self.config.table is not None and self.config.encoding != PUBLISHED

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, for a run on images."""
        return tuple(self.problem.get("class_names", ()))

    @cached_property
    def candidates(self) -> dict[int, CandidateRow]:
        """All candidates by birth number."""
        with self.log() as log:
            return log.candidates()

    @cached_property
    def requests(self) -> list[RequestRow]:
        """All requests in order."""
        with self.log() as log:
            return log.requests()

    @cached_property
    def results(self) -> dict[int, Result]:
        """All results by request number."""
        with self.log() as log:
            return log.results()

    @cached_property
    def acts(self) -> list[Act]:
        """All acts in order."""
        with self.log() as log:
            return log.acts()

    @property
    def species(self) -> list[dict[str, Any]]:
        """Of a run with species: each generation that was told, of each population, as `evolve.search.speciation` tells
        it."""
        with self.log() as log:
            return [dict(fact.detail) for fact in log.facts("species")]

    def candidate(self, number: int) -> CandidateRow:
        """The candidate of that birth number. Raises RunError if there is none."""
        with self.log() as log:
            last = log.last("candidate")
            if 1 <= number <= last and (row := log.candidate(number)) is not None:
                return row
            raise RunError(f"run '{self.name}' has candidates 1 to {last}, not {number}")

    def full_training(self, candidate: int) -> tuple[RequestRow, Result] | None:
        """The last full training of a candidate that ended well, by the run or asked for by the user."""
        with self.log() as log:
            return log.full_training(candidate)

    @cached_property
    def objectives(self) -> Objectives:
        """All that the run is for, in the order in which it counts. Raises LogError if its settings are damaged."""
        with self.log() as log:
            return log.objectives

    @property
    def objective(self) -> Objective:
        """What candidates are ranked by."""
        return Objectives.of(self.meta["config"]).first

    @property
    def unrepeatable(self) -> int:
        """Results that depend on the machine: over the time or the memory limit. Such a run repeats from what is
        recorded, but another run with its seed may go another way."""
        with self.log() as log:
            return log.count(statuses=(Status.TIMEOUT, Status.OUT_OF_MEMORY))

    @property
    def state(self) -> str:
        """finished, stopped (by the user), failed (nothing could be trained) or unfinished (it runs, or was killed)."""
        return self._last.kind if self._last and self._last.kind != "started" else "unfinished"

    @property
    def error(self) -> str | None:
        """What ended it, where that was an error."""
        return self._last.detail.get("reason") if self._last and self._last.kind in ("failed", "stopped") else None

    @property
    def search_ended(self) -> str | None:
        """Why the search ended, if it did."""
        return next((act.detail.get("reason") for act in reversed(self.acts) if act.kind == "search ended"), None)

    @property
    def _last(self) -> Act | None:
        """What was done last of what decides its state."""
        decides = ("started", "finished", "stopped", "failed")
        return next((act for act in reversed(self.acts) if act.kind in decides), None)

    def history(self, last: int | None = None, candidate: int | None = None) -> Iterator[dict[str, Any]]:
        """One JSON object per request, in order. All that is not under `timing` is the same for the same seed.

        last: only so many at the end. candidate: only those of one candidate.
        """
        return map(json.loads, self.history_lines(last, candidate))

    def history_lines(self, last: int | None = None, candidate: int | None = None) -> Iterator[str]:
        """The objects of `history` as JSON text."""
        with Store.read(self.folder) as log:  # no snapshot: whoever reads the lines may take hours
            yield from log.history(last, candidate)
