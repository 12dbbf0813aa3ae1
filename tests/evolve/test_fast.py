"""Results that are told as they come: another history each time, but each can be continued exactly."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import DATA

import evolve
from evolve.config import RunConfig
from evolve.engine.composition import births_up_to, compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.interrupts import Stop, Stopped
from evolve.execution.executor import InProcess
from evolve.problems.table_files import load_table
from evolve.problems.tables import TableProblem
from evolve.search.births import Births
from evolve.search.strategy import strategy_class
from evolve.storage.store import Store
from evolve.values import Result


class Unordered(InProcess):
    """Gives results back one by one in any order, as workers do, and is asked to stop after some of them."""

    def __init__(self, problem: TableProblem, rng: Random, stop: Stop, stop_after: int) -> None:
        super().__init__(problem.evaluators, problem.settings)
        self._rng, self._stop, self._left = rng, stop, stop_after

    def finished(self, timeout: float) -> list[Result]:
        self._waiting.rotate(self._rng.randrange(8))
        waiting, results = self._waiting, []
        if waiting:
            job = waiting.popleft()
            rest, self._waiting = list(waiting), type(waiting)([job])
            results = super().finished(timeout)
            self._waiting.extend(rest)
        self._left -= 1
        if self._left == 0:
            self._stop.level = 2
        return results


META = {"config": {"table": "table.json"}}


def session(folder: Path, problem: TableProblem, rng: Random, stop_after: int) -> list[tuple[int, float | None]]:
    """Searches until the end or until it is stopped; what was told, in order."""
    kind = strategy_class("genetic")
    told: list[tuple[int, float | None]] = []

    class Noting(kind):  # type: ignore[misc, valid-type]
        def tell(self, request: Any, result: Any) -> None:
            told.append((request.candidate.number, result.fitness))
            super().tell(request, result)

    stop = Stop()
    with Store.open(folder) if (folder / "run.sqlite").exists() else Store.create(folder, META) as store:
        dispatcher = Dispatcher(store, Unordered(problem, rng, stop, stop_after), stop)
        settings = {"table": "table.json", "encoding": "choices", "population": 8, "look_ahead": 6, "seed": 3}
        config = RunConfig.checked({**settings, "fast": True})
        strategy = Noting(Births(problem.space), 8, kind.Options())
        search = compose_search(config, problem, [], dispatcher, births_up_to(60), strategy=strategy)
        with suppress(Stopped):
            search.run()
    return told


@pytest.mark.parametrize("seed", range(6))
def test_a_run_that_is_told_as_results_come_is_continued_in_the_order_in_which_they_came(
    tmp_path: Path, seed: int
) -> None:
    problem, rng = TableProblem(0, load_table(DATA / "table.json")), Random(seed)
    told: list[tuple[int, float | None]] = []
    sessions = 0
    while len(told) < 60:
        again = session(tmp_path / "run", problem, rng, rng.randrange(1, 30))
        assert again[: len(told)] == told  # what was told before is told again, and each genome was born again
        told, sessions = again, sessions + 1
    assert sessions > 2
    assert sorted(number for number, _ in told) == list(range(1, 61))
    assert [number for number, _ in told] != list(range(1, 61))


def test_the_hall_of_fame_says_that_results_were_told_as_they_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from evolve.display.console import show_text
    from evolve.reporting.run_text import hall_of_fame

    run = evolve.run(
        table=DATA / "table.json",
        encoding="choices",
        population=8,
        generations=2,
        fast=True,
        results=tmp_path,
        progress=False,
    )
    show_text(hall_of_fame(run))
    assert "used as they came" in " ".join(capsys.readouterr().out.split())
