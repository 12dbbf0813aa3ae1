"""Trials on tables: searches by the thousand, one process per core, and outside programs beside them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evolve.config import RunConfig
from evolve.engine.config_checks import check_settings
from evolve.engine.initial_population import founders
from evolve.errors import ConfigError, DataError, RunError
from evolve.execution.machine import usable_cores
from evolve.execution.spawning import WorkerContext, end_with_parent
from evolve.planning.work_plan import check_work
from evolve.problems.making import table_problem
from evolve.problems.recorded_tables import RecordedTable
from evolve.problems.table_files import Table, open_table, truth
from evolve.research.arms import command_trial, in_fitness, line_of, possible
from evolve.research.commands import ON_TABLES, Range, Terms, filled
from evolve.research.design import Arm, Design
from evolve.research.run_trial import TrialFailed
from evolve.research.table_search import search_table
from evolve.research.trials import Trial
from evolve.runs.guessing import guessing_bound
from evolve.search.strategy import check_strategy
from evolve.settings import Given

FEW = 10  # searches that are made in this process sooner than others start

_tables: dict[Path, Table | RecordedTable] = {}  # that this process holds


@dataclass(frozen=True)
class TableData:
    """A table, or what a recorded one says of a data set. name: of either. path: of the file."""

    name: str
    path: Path
    table: Table | RecordedTable

    @property
    def digest(self) -> str:
        return self.table.digest if isinstance(self.table, Table) else self.table.dataset(self.name).digest

    @property
    def size(self) -> int:
        """Networks that can be searched."""
        return len(self.table.entries if isinstance(self.table, Table) else self.table.dataset(self.name).pool)

    @property
    def founders(self) -> int:
        """Networks that searches begin with, if nothing else is asked for."""
        return 0 if isinstance(self.table, Table) else len(self.table.dataset(self.name).founders)

    def guessing(self, measure: str) -> float | None:
        """What guessing hardly ever exceeds on the part that winners are worth; None where that is not known."""
        if isinstance(self.table, Table) or measure != "accuracy":
            return None
        known = self.table.dataset(self.name)
        chance, images = known.chance.get("selection"), known.sizes.get("selection", 0)
        return guessing_bound(chance, images) if chance is not None and images else None

    def scores(self, measure: str) -> Range:
        """The least and the largest score that there can be: of published ones those of the table."""
        if isinstance(self.table, Table):
            known = [score for entry in self.table.entries.values() for score in (*entry["fitness"], truth(entry))]
            return min(known), max(known)
        return possible(measure)


def table_data(design: Design) -> list[TableData]:
    """The tables, loaded. Raises DataError for one that cannot be read, and ConfigError for an arm that cannot be tried
    on one of them."""
    found = [data for path in design.tables for data in _read(path)]
    published = [data.name for data in found if isinstance(data.table, Table)]
    if published and len(published) < len(found):
        recorded = next(data.path for data in found if not isinstance(data.table, Table))
        raise ConfigError(
            f"{design.label}: {published[0]} is a table of published scores, {recorded} one of recorded trainings, and "
            "these have no common score; leave one out"
        )
    if published and "duration" in design.budget.values:
        raise ConfigError(f"{design.label}: tables of published scores have no time; use evaluations in [budget]")
    for data in found:
        if (others := [one for one in found if one.name == data.name])[1:]:
            both = f"{others[0].path} and {others[1].path}"
            raise ConfigError(f"{design.label}: {both} have the same name, '{data.name}'; leave one out")
        for arm in design.arms:
            if arm.command is None:
                _check(design, arm, data)
    return found


def _read(path: Path) -> list[TableData]:
    """What there is to search in a file. Raises DataError for a recorded table that lacks what winners are worth."""
    table = open_table(path)
    for dataset in () if isinstance(table, Table) else table.datasets.values():
        if lacking := [name for name in dataset.pool if not dataset.repeats(name, dataset.largest)]:
            raise DataError(
                f"table {path}: what {', '.join(lacking[:4])}{' and others' if lacking[4:] else ''} come to on "
                f"{dataset.name} with the largest budget, {dataset.largest}, is not recorded yet; finish it with: "
                "evolve table record"
            )
    names = [table.name] if isinstance(table, Table) else list(table.datasets)
    return [TableData(name, path, table) for name in names]


def _check(design: Design, arm: Arm, data: TableData) -> None:
    with design.naming(arm):
        config = RunConfig.checked(given_of(design, arm, data))
        check_work(config)
        check_settings(config)
        check_strategy(config.strategy, config.options, f"{config.spelled('options')}: ")
        problem = table_problem(config, data.table)
        founders(problem.space, config.founders, config.results, lambda text: None)


def given_of(design: Design, arm: Arm, data: TableData, seed: int = 0) -> Given:
    """All settings of an arm that searches a table; one that is alone is looked up."""
    given = design.given(arm)
    recorded = {"dataset": data.name} if isinstance(data.table, RecordedTable) else {}
    given = replace(given, values={**given.values, **recorded, "table": data.path, "seed": seed})
    if arm.alone is None:
        return given
    config = RunConfig.checked(given)
    line = line_of(table_problem(config, data.table).space, arm.alone, config.results)
    return replace(given, values={**given.values, "founders": (line,), "evaluations": 1})


def _hold(tables: Mapping[Path, Table | RecordedTable]) -> None:
    end_with_parent()
    _tables.update(tables)


def _search(given: Given, blank: Trial) -> Trial:
    """What a search comes to, on one of the tables that this process holds."""
    begun, config = time.monotonic(), RunConfig.checked(given)
    assert config.table is not None
    found = search_table(config, _tables[config.table])
    curve = (found.curve_in_seconds if blank.unit == "seconds" else found.curve) or ()
    return replace(
        blank,
        test=found.test,
        selected=found.selected,
        rescored=found.rescored,
        openings=None if isinstance(_tables[config.table], Table) else 0,
        evaluations=found.evaluations,
        winner=found.winner,
        origin=found.origin,
        curve=curve,
        seconds=round(time.monotonic() - begun, 3),
    )


@dataclass(frozen=True)
class TableArms:
    """Makes trials on tables, several at once. outputs: folder of what outside programs leave. processes: where
    searches are made; None for this one. stop: set if the user wants no more."""

    design: Design
    outputs: Path
    processes: ProcessPoolExecutor | None
    threads: ThreadPoolExecutor
    stop: threading.Event = field(default_factory=threading.Event)

    def begin(self, arm: Arm, data: TableData, blank: Trial) -> Future[Trial]:
        """Asks for a trial. blank: what is known of it before. Its future raises TrialFailed if it comes to nothing."""
        return self.threads.submit(self._make, arm, data, blank)

    def _make(self, arm: Arm, data: TableData, blank: Trial) -> Trial:
        if arm.command is not None:
            return self._command(arm.command, data, blank)
        given = given_of(self.design, arm, data, blank.seed)
        try:
            trial = self.processes.submit(_search, given, blank).result() if self.processes else _search(given, blank)
        except RunError as error:
            raise TrialFailed(str(error)) from None
        trial = in_fitness(trial, self.design)
        return trial if arm.alone is None else replace(trial, selected=None, rescored=None, curve=())

    def _command(self, command: str, data: TableData, blank: Trial) -> Trial:
        begun, output = time.monotonic(), (self.outputs / blank.folder).absolute()
        told: dict[str, Any] = {"dataset": data.name, "table": data.path, "seed": blank.seed, "folder": output}
        words = filled(command, {**told, "evaluations": self.design.evaluations})
        terms = Terms(self.design.folder, ON_TABLES, self.stop, data.scores(blank.measure))
        made = in_fitness(command_trial(words, blank, output, terms), self.design)
        return replace(made, seconds=round(time.monotonic() - begun, 3))


@contextmanager
def table_arms(design: Design, outputs: Path, tables: Sequence[TableData], trials: int) -> Iterator[TableArms]:
    """What makes so many trials on tables; its processes and programs are ended with the block."""
    held, cores = {data.path: data.table for data in tables}, usable_cores()
    processes = None
    if trials > FEW:
        processes = ProcessPoolExecutor(cores, WorkerContext(), initializer=_hold, initargs=(held,))
    else:
        _tables.update(held)
    threads = ThreadPoolExecutor(cores if processes else 1)
    arms = TableArms(design, outputs, processes, threads)
    try:
        yield arms
    finally:
        arms.stop.set()
        threads.shutdown(wait=False, cancel_futures=True)
        if processes:
            processes.shutdown(cancel_futures=True)
        threads.shutdown()
        _tables.clear()
