"""Budgets of work: one plan on every machine, one history whatever the load, and no more spent than was given."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import DATA, command, stops

import evolve
from evolve.config import RunConfig
from evolve.display.console import make_console
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.final_stage import FinalStage
from evolve.engine.initial_population import founders
from evolve.engine.opening import new_problem
from evolve.errors import ConfigError
from evolve.execution.builds import backend_name
from evolve.planning.plan import Plan, Stages, read_plan, units, write_plan
from evolve.planning.planner import plan_run
from evolve.planning.work_plan import before_the_last, check_room, plan_for_work, with_fixed
from evolve.problems.work import START_COST, training_work
from evolve.storage.files import FILE
from evolve.storage.store import Store
from evolve.values import Candidate, Purpose

pytest.importorskip(backend_name())

WORK = 6e11
CIFAR = {"usual": 20_000_000, "train": 40_000, "images": 50_000}
DIGITS = {"usual": 300_000, "train": 900, "images": 1400}
SETTINGS: dict[str, Any] = {
    "work": WORK,
    "founders": ["conv 32 3, relu, conv 32 3, relu, global_average | adam 0.01, batch 64", "random"],
    "seed": 3,
    "progress": False,
}
FLAGS = ("--work", "6e11", "--founder", SETTINGS["founders"][0], "--founders", "random", "--seed", "3")


def plan(work: float, sizes: dict[str, int], **given: Any) -> Plan:
    return plan_for_work(with_fixed(RunConfig.checked({"work": work, **given})), **sizes)


@pytest.mark.parametrize("work", [6e11, 1e12, 2e13, 1e15])
@pytest.mark.parametrize("sizes", [CIFAR, DIGITS], ids=["cifar", "digits"])
@pytest.mark.parametrize("given", [{}, {"final_epochs": 3}, {"strategy": "neat"}], ids=str)
def test_whatever_is_born_scoring_leaders_again_leaves_something_for_the_last_training(
    work: float, sizes: dict[str, int], given: dict[str, Any]
) -> None:
    made = plan(work, sizes, **given)
    assert made.work is not None
    assert made.work.total == pytest.approx(work)
    assert made.settings["max_founders"] >= 3
    assert before_the_last(made) <= work
    assert made.settings["max_work"] >= min(200_000, sizes["usual"])
    assert (made.seconds, made.machine) == (None, None), "no clock and no machine has a part in it"
    assert (made.settings["precision"], made.settings["candidate_memory"]) == ("float32", 4.0)
    config = RunConfig.checked(made.settings)
    assert config.limit == made.settings["evaluations"]


def test_more_work_means_more_and_what_the_user_sets_stays() -> None:
    less, more = plan(2e13, CIFAR).settings, plan(2e14, CIFAR).settings
    assert all(1.2 * less[name] < more[name] for name in ("max_work", "final_epochs"))
    given = {"population": 7, "max_work": 2_000_000, "rungs": ["2000x1"], "leaders": 4, "precision": "bfloat16"}
    assert plan(2e13, CIFAR, **given).settings.items() >= given.items()


def test_with_less_work_than_a_search_takes_one_network_has_all_of_it() -> None:
    made = plan(2e11, CIFAR)
    assert made.of_one
    assert made.work is not None
    assert made.work.total == pytest.approx(2e11)
    assert made.work.search == pytest.approx(START_COST)
    first, second = made.in_words().splitlines()
    assert first == "plan for 2e11 units of work: no search, as the shortest one takes 5.4e11"
    assert re.fullmatch(r" +one small network is trained in full, about \d+ epochs, and tested", second)


@pytest.mark.parametrize("epochs", [None, 1, 20])
@pytest.mark.parametrize("work", [1e11, 1.3e11, 4.7e11])
def test_one_network_is_so_small_that_its_epochs_fit(work: float, epochs: int | None) -> None:
    given = {"final_epochs": epochs} if epochs else {}
    made = plan(work, DIGITS, **given)
    check_room(with_fixed(RunConfig.checked({"work": work, **given})), made, DIGITS["images"])
    largest = made.settings["max_work"]
    needed = before_the_last(made) + training_work(largest, made.settings["final_epochs"] * DIGITS["images"])
    assert needed <= work


def test_the_words_of_a_plan_speak_of_units() -> None:
    assert [units(value) for value in (2e13, 4.81e11, 999.0)] == ["2e13", "4.8e11", "1e3"]
    said = plan(2e13, CIFAR).in_words("about 8.3 min on a usual machine")
    assert said.startswith("plan for 2e13 units of work: about 7 candidates in 3e12, of at most 20,000,000 units an")
    assert re.search(r"the winner trained in full in 1\.5e13, about \d+ epochs\n +about 8.3 min", said)


def test_a_plan_can_be_read_again_with_what_it_fixes(tmp_path: Path) -> None:
    made = plan(2e13, CIFAR)
    write_plan(made, tmp_path)
    assert read_plan(tmp_path) == made.settings
    assert {"precision", "candidate_memory"} <= made.settings.keys()


def planned(results: Path, tiny_npz: Path, **given: Any) -> Plan:
    """The plan of a run that is to come, worked out from its images and founders."""
    config = with_fixed(RunConfig.checked({"dataset": tiny_npz, "results": results, "work": WORK, **given}))
    console = make_console(False)
    problem = new_problem(config, console)
    begin_with = founders(problem.space, config.founders, config.results, lambda text: None)
    made = plan_run(config, problem, begin_with, console, time.monotonic())
    assert made.executor is None
    assert made.plan is not None
    return made.plan


def test_the_plan_is_the_same_with_any_number_of_workers_and_nothing_is_measured(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = planned(tmp_path, tiny_npz)
    monkeypatch.setattr("evolve.planning.planner.probe", lambda *args: pytest.fail("the machine was measured"))
    monkeypatch.setattr("evolve.problems.workers.usable_cores", lambda: 64)
    assert planned(tmp_path, tiny_npz, workers=1) == planned(tmp_path, tiny_npz, workers=16) == first
    in_16_bits = planned(tmp_path, tiny_npz, precision="bfloat16")  # trains so, and is counted as all others
    assert in_16_bits == replace(first, settings={**first.settings, "precision": "bfloat16"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"work": 0.0}, "work must be a number of units of work above 0, not 0.0; for example work = 2e13"),
        ({"work": -1e12}, "work must be a number of units of work above 0, not"),
        ({"work": float("nan")}, "work must be a number of units of work above 0, not nan"),
        ({"work": "much"}, "work must be a number of units of work above 0, not 'much'"),
        ({"work": 1e12, "duration": "2m"}, "work and duration do not go together"),
        ({"work": 1e12, "generations": 2}, "work and generations do not go together"),
        ({"work": 1e12, "evaluations": 2}, "work and evaluations do not go together"),
        ({"work": 1e12, "plan": "."}, "plan and work do not go together"),
        ({"work": 1e12, "fitness": "my:fitness"}, "work does not go with a fitness function"),
        ({"work": 1e12, "table": DATA / "table.json", "encoding": "choices"}, "work means nothing for a table"),
        ({"work": 1e9}, "work = 1e9 is too little for anything: .* 192 images .* at least: work = 6.1e10"),
        ({"work": 6e11, "leaders": 8, "rescorings": 8}, "work = 6e11 is too little with leaders and rescorings"),
        ({"work": 6e11, "max_work": 9_000_000_000}, "work = 6e11 is too little with max_work"),
    ],
    ids=str,
)
def test_what_cannot_be_a_budget_of_work(tiny_npz: Path, tmp_path: Path, given: dict[str, Any], said: str) -> None:
    if given.get("plan"):
        write_plan(plan(2e13, CIFAR), tmp_path)
        given = {**given, "plan": tmp_path}
    with pytest.raises(ConfigError, match=said):
        evolve.run(**{"dataset": tiny_npz, "results": tmp_path, "progress": False, **given})
    assert not list(tmp_path.glob(f"*/{FILE}"))


def test_flags_are_spelled_as_flags(tiny_npz: Path, tmp_path: Path) -> None:
    done = command("run", "--dataset", tiny_npz, "--work", "1e10", cwd=tmp_path)
    stops(done, "--work 1e10 is too little for anything", "that much at least: --work 6.1e10")
    stops(command("run", "--work", "2e12", "--for", "3m", cwd=tmp_path), "--work and --for do not go together")


@pytest.fixture(scope="module")
def spent(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    """A run that had units of work, and two workers."""
    results = tmp_path_factory.mktemp("work")
    return evolve.run(dataset=tiny_npz, results=results, name="spent", workers=2, **SETTINGS)


def history(run: evolve.Run) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if key != "timing"} for entry in run.history()]


def costs(run: evolve.Run) -> dict[Purpose, list[float]]:
    """Units of all requests by what they were for, in the order of asking."""
    found: dict[Purpose, list[float]] = {}
    for request in run.requests:
        spec = run.network(request.candidate)
        assert spec is not None
        units = START_COST + 3 * (spec.multiply_adds + 45 * spec.values) * request.budget.size
        found.setdefault(request.purpose, []).append(units)
    return found


@pytest.mark.slow
def test_a_search_ends_with_its_share_and_the_last_training_has_the_epochs_that_are_left(spent: evolve.Run) -> None:
    stages, by = Stages(**spent.meta["plan"]["work"]), costs(spent)
    searching = [*by[Purpose.SEARCH], *by[Purpose.CHALLENGE]]
    again, final = by[Purpose.RESCORE], by[Purpose.FINAL]
    assert sum(searching) < stages.search + 3 * max(searching)
    assert len(again) == 2
    asked, epoch = sum((*searching, *again, *final)), (final[0] - START_COST) / spent.requests[-1].budget.epochs
    assert spent.in_full is not None
    assert 1 < spent.in_full["epochs"] <= spent.requests[-1].budget.epochs
    total = asked - epoch * (spent.requests[-1].budget.epochs - spent.in_full["epochs"])
    assert WORK - 0.25 * epoch < total <= WORK, "but for a few of the nine steps of an epoch, it ends within one"
    assert spent.summary()["work"] == pytest.approx(total)
    assert (spent.config.precision, spent.config.candidate_memory) == ("float32", 4.0)
    assert read_plan(spent.folder) == spent.meta["plan"]["settings"]


def killed_at(run: evolve.Run, number: int, results: Path) -> Path:
    """A copy of a run as it would be if it had been killed when that request was written."""
    folder = Path(shutil.copytree(run.folder, results / "killed"))
    with sqlite3.connect(folder / FILE) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        for table, kept in (("hits", "request <"), ("result", "request <"), ("request", "number <=")):
            connection.execute(f"DELETE FROM {table} WHERE NOT {kept} {number}")
        connection.execute("DELETE FROM candidate WHERE number NOT IN (SELECT candidate FROM request)")
        connection.execute("DELETE FROM act WHERE number > 1")
    connection.close()
    shutil.rmtree(folder / "models")
    return folder


@pytest.mark.slow
def test_a_killed_run_ends_as_if_it_had_not_been_with_another_number_of_workers(
    spent: evolve.Run, tmp_path: Path
) -> None:
    folder = killed_at(spent, 3, tmp_path)
    shutil.copytree(spent.folder.parent / ".data", tmp_path / ".data", dirs_exist_ok=True)
    seen: list[Any] = []
    assert history(evolve.resume(folder, workers=1, progress=seen.append)) == history(spent)
    shares = [now.share for now in seen if now.phase == "searching"]
    assert shares == sorted(shares)
    assert shares[-1] > 0.8  # nobody may look between the end of the last training and that of the search


@pytest.mark.slow
def test_a_run_killed_in_its_last_training_has_the_same_one_again(spent: evolve.Run, tmp_path: Path) -> None:
    folder = killed_at(spent, spent.requests[-1].number, tmp_path)
    shutil.copytree(spent.folder.parent / ".data", tmp_path / ".data", dirs_exist_ok=True)
    assert history(evolve.resume(folder)) == history(spent)


@pytest.mark.slow
def test_several_that_are_trained_in_full_share_the_work_that_is_left(tmp_path: Path, tiny_npz: Path) -> None:
    run = evolve.run(dataset=tiny_npz, results=tmp_path, name="three", ensemble=3, **SETTINGS)
    finals = [request for request in run.requests if request.purpose is Purpose.FINAL]
    assert len({request.candidate for request in finals}) == 3
    work = run.summary()["work"]
    assert 0.95 * WORK < work <= WORK


def test_a_last_training_has_no_more_epochs_than_the_user_wants_and_one_at_least(
    spent: evolve.Run, tmp_path: Path
) -> None:
    config = spent.config.model_copy(update={"results": spent.folder.parent, "name": spent.name})
    problem = new_problem(config, make_console(False))
    row = spent.candidate(1)
    first = Candidate(1, spent.genome(1), row.key)
    with Store.read(spent.folder) as log:
        dispatcher: Any = Dispatcher
        stage = FinalStage(problem, dispatcher, log)
        found = [stage.final_length(first, work) for work in (-1e12, START_COST, 1e12, None)]
        each = 3 * (spent.network(1).multiply_adds + 45 * spent.network(1).values)  # type: ignore[union-attr]
        seen = int((1e12 - START_COST) / each)
        assert [budget.epochs for budget, _ in found] == [1, 1, -(-seen // 192), spent.requests[-1].budget.epochs]
        assert [images for _, images in found] == [192, 192, pytest.approx(seen, abs=1), None]
        few = FinalStage(problem, dispatcher, log, most_epochs=2).final_length(first, 1e12)
        assert (few[0].epochs, few[1]) == (2, None)


def test_a_table_has_no_units(day: Path) -> None:
    assert evolve.find(day).summary()["work"] is None


POINTS = [("rescore", 2), ("final", 1)]


@pytest.mark.slow
@pytest.mark.parametrize(("purpose", "count"), POINTS, ids=[purpose for purpose, _ in POINTS])
def test_kill_9_changes_nothing(spent: evolve.Run, tiny_npz: Path, tmp_path: Path, purpose: str, count: int) -> None:
    arguments = [sys.executable, "-m", "evolve.cli", "run", "--dataset", str(tiny_npz), *FLAGS, "--name", "killed"]
    running = subprocess.Popen(arguments, cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True)
    file = tmp_path / "results" / "killed" / FILE
    asked = f"SELECT count(*) >= {count} FROM request WHERE purpose = '{purpose}'"
    while not (file.exists() and _answer(file, asked)):
        assert running.poll() is None
        time.sleep(0.02)
    time.sleep(1.0)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -9
    done = command("resume", "killed", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert history(evolve.find("killed", tmp_path / "results")) == history(spent)


def _answer(file: Path, question: str) -> bool:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return bool(connection.execute(question).fetchone()[0])
    except sqlite3.OperationalError:  # it is being made
        return False
    finally:
        connection.close()


@pytest.mark.slow
def test_a_run_that_is_continued_otherwise_goes_by_counts_or_time(spent: evolve.Run, tmp_path: Path) -> None:
    results = Path(shutil.copytree(spent.folder.parent, tmp_path / "results"))
    before, epochs = len(spent.candidates), spent.requests[-1].budget.epochs
    more = evolve.resume("spent", results=results, generations=1, progress=False)
    assert len(more.candidates) == before + more.config.population
    assert {request.budget.epochs for request in more.requests if request.purpose is Purpose.FINAL} == {epochs}
    timed = evolve.resume("spent", results=results, duration="20s", progress=False)
    assert timed.state == "finished"
    assert [act.detail["work"] is None for act in timed.acts if act.kind == "started"] == [False, True, True]


@pytest.mark.slow
def test_a_plan_for_work_is_run_again_by_its_counts(spent: evolve.Run, tiny_npz: Path, tmp_path: Path) -> None:
    given = {name: value for name, value in SETTINGS.items() if name != "work"}
    again = evolve.run(dataset=tiny_npz, results=tmp_path, plan=spent.folder, final_epochs=2, **given)
    planned = read_plan(spent.folder)
    assert len(again.candidates) == len(spent.candidates) <= planned["evaluations"]
    assert (again.config.work, again.config.precision) == (None, "float32")
    assert again.config.candidate_memory == planned["candidate_memory"]
    first = [run.candidate(1).notation for run in (again, spent)]
    assert len({*first}) == 1
    np.testing.assert_equal(again.results[1].measures, spent.results[1].measures)
