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
from evolve.errors import ConfigError, RunError
from evolve.execution.machine import usable_cores
from evolve.execution.spawning import WorkerContext, end_with_parent
from evolve.problems.table_files import Table, load_table
from evolve.research.arms import command_trial
from evolve.research.commands import ON_TABLES, filled
from evolve.research.experiment_file import Arm, Design
from evolve.research.run_trial import TrialFailed
from evolve.research.table_search import search_table
from evolve.research.trials import Point, Trial
from evolve.search.strategy import strategy_class
from evolve.settings import Given

_tables: dict[str, Table] = {}  # of a process of the pool


@dataclass(frozen=True)
class TableData:
    """A table. name: what it is called in the experiment. path: of its file."""

    name: str
    path: Path
    table: Table

    @property
    def digest(self) -> str:
        return self.table.digest


def table_data(design: Design) -> list[TableData]:
    """The tables, loaded. Raises DataError for one that cannot be read, and ConfigError for an arm that cannot be tried
    on one of them."""
    found = [TableData(table.name, path, table) for path in design.tables for table in [load_table(path)]]
    for data in found:
        if (others := [one for one in found if one.name == data.name])[1:]:
            both = f"{others[0].path} and {others[1].path}"
            raise ConfigError(f"{design.label}: {both} have the same name, '{data.name}'; leave one out")
        for arm in design.arms:
            if arm.settings is not None:
                with design.naming(arm):
                    config = RunConfig.checked(given_of(design, arm, data))
                    config.check_objectives()
                    config.check_encoding()
                    strategy_class(config.strategy).Options.checked(
                        config.options, where=f"{config.spelled('options')}: "
                    )
    return found


def given_of(design: Design, arm: Arm, data: TableData, seed: int = 0) -> Given:
    """All settings of an arm that searches a table."""
    of_table = {"table": data.path, "encoding": "choices", "seed": seed}
    given = design.given(arm)
    return replace(given, values={**of_table, **given.values})


def _hold(tables: Mapping[str, Table]) -> None:
    end_with_parent()
    _tables.update(tables)


def _search(name: str, given: Given) -> dict[str, Any]:
    """In a process of the pool: what a search says of its trial."""
    begun = time.monotonic()
    found = search_table(RunConfig.checked(given), _tables[name])
    told = ("selected", "rescored", "test", "evaluations", "winner", "origin")
    values = {name: getattr(found, name) for name in told}
    curve = tuple(Point(point.x, point.selected, point.truth) for point in found.curve)
    return {**values, "curve": curve, "openings": 1, "seconds": round(time.monotonic() - begun, 3)}


@dataclass(frozen=True)
class TableArms:
    """Makes trials on tables, several at once. folder: of the experiment. stop: set if the user wants no more."""

    design: Design
    outputs: Path
    processes: ProcessPoolExecutor
    threads: ThreadPoolExecutor
    stop: threading.Event = field(default_factory=threading.Event)

    def begin(self, arm: Arm, data: TableData, blank: Trial) -> Future[Trial]:
        """Asks for a trial. blank: what is known of it before. Its future raises TrialFailed if it comes to nothing."""
        return self.threads.submit(self._come, arm, data, blank)

    def _come(self, arm: Arm, data: TableData, blank: Trial) -> Trial:
        if arm.command is not None:
            return self._command(arm.command, data, blank)
        try:
            return replace(
                blank,
                **self.processes.submit(_search, data.name, given_of(self.design, arm, data, blank.seed)).result(),
            )
        except RunError as error:
            raise TrialFailed(str(error)) from None

    def _command(self, command: str, data: TableData, blank: Trial) -> Trial:
        begun, output = time.monotonic(), (self.outputs / blank.folder).absolute()
        told = {"dataset": data.name, "table": data.path, "seed": blank.seed, "folder": output}
        words = filled(command, {**told, "evaluations": self.design.evaluations})
        made = command_trial(words, blank, self.design.folder, output, ON_TABLES, self.stop)
        return replace(made, seconds=round(time.monotonic() - begun, 3))


@contextmanager
def table_arms(design: Design, outputs: Path, tables: Sequence[TableData]) -> Iterator[TableArms]:
    """What makes trials on tables; its processes and programs are ended with the block."""
    cores, held = usable_cores(), {data.name: data.table for data in tables}
    processes = ProcessPoolExecutor(cores, WorkerContext(), initializer=_hold, initargs=(held,))
    threads = ThreadPoolExecutor(cores)
    arms = TableArms(design, outputs, processes, threads)
    try:
        yield arms
    finally:
        arms.stop.set()
        threads.shutdown(wait=False, cancel_futures=True)
        processes.shutdown(cancel_futures=True)
        threads.shutdown()
