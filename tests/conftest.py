"""What several test files use."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import recorded_table

from evolve.config import RunConfig
from evolve.jobs import PartsUsed, Seeds, TrainingJob
from evolve.problems.recorded_files import load_recorded
from evolve.problems.recorded_tables import RecordedTable
from evolve.problems.spaces import image_space, pool_space
from evolve.problems.table_files import Table, load_table
from evolve.problems.tables import TableProblem
from evolve.runs.find import find
from evolve.storage.files import FILE
from evolve.storage.store import Store
from evolve.values import Budget, Purpose, Result, Status
from genomes.recipe import Recipe
from genomes.spec import ModelSpec
from genomes.stack.space import StackSpace

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).parent.parent


@pytest.hookimpl(tryfirst=True)  # before anything is made for the test
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a slow test that begins behind the time, in seconds since 1970, that SLOW_TESTS_BEGIN_UNTIL has: a machine
    that is a quarter as fast as usual cannot run them all in the time that it is given."""
    until = float(os.environ.get("SLOW_TESTS_BEGIN_UNTIL", "inf"))
    if item.get_closest_marker("slow") and time.time() > until:
        pytest.skip("no time left for slow tests on this machine")


def stack_space(shape: tuple[int, int, int], **changes: Any) -> StackSpace:
    """The space that a run on images of that shape has."""
    made = image_space(RunConfig.checked(changes), shape, 10)
    assert isinstance(made, StackSpace)
    return made


def training_job(spec: ModelSpec, recipe: Recipe, budget: Budget, **more: Any) -> TrainingJob:
    """A job of a search, with the same seed for all streams."""
    given = {"number": 1, "seeds": Seeds(1, 1, 1, 1), "parts": PartsUsed("0" * 64, ("train",), "validation")}
    return TrainingJob(spec=spec, recipe=recipe, budget=budget, **{**given, "purpose": Purpose.SEARCH, **more})


def scored(number: int, fitness: float, **more: Any) -> Result:
    """The result of a request that ended well, as strategies see it."""
    return Result(number, Status.OK, {"accuracy": fitness}, objectives=(fitness,), **more)


@pytest.fixture(scope="session")
def table() -> Table:
    """The synthetic table of 200 entries: five genes, three trainings each."""
    return load_table(DATA / "table.json")


@pytest.fixture
def table_problem(table: Table) -> TableProblem:
    return TableProblem(1, table)


@pytest.fixture(scope="session")
def recorded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded table of twelve genomes on two data sets."""
    return recorded_table.write(tmp_path_factory.mktemp("recorded") / "ours.jsonl", recorded_table.lines())


@pytest.fixture(scope="session")
def own_table(recorded_file: Path) -> RecordedTable:
    return load_recorded(recorded_file)


@pytest.fixture(scope="session")
def large_pool(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The search space of a recorded table of 80 genomes."""
    path = tmp_path_factory.mktemp("recorded") / "large.jsonl"
    return pool_space(load_recorded(recorded_table.write(path, recorded_table.lines(80, ["left"]))).dataset("left"))


@pytest.fixture(scope="session")
def larger_data() -> Path:
    """The folder of CIFAR-10 and the published table; tests that want it are skipped without it."""
    folder = os.environ.get("EVOLVE_DATA")
    if not folder or not Path(folder, "cifar10.npz").exists():
        pytest.skip("needs cifar10.npz and nas-bench-macro.json in the folder named by EVOLVE_DATA")
    return Path(folder)


@pytest.fixture(params=[(8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3)], ids=lambda shape: "x".join(map(str, shape)))
def space(request: pytest.FixtureRequest) -> StackSpace:
    return stack_space(request.param)


@pytest.fixture(scope="session")
def tiny_npz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of 8x8 images that a small net tells apart at once: bright left, right or middle."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 240)
    images = rng.integers(0, 60, (240, 8, 8, 1))
    for image, label in zip(images, labels, strict=True):
        image[:, label * 3 : label * 3 + 2] += 150
    path = tmp_path_factory.mktemp("data") / "bars.npz"
    np.savez(path, x_train=images.astype(np.uint8), y_train=labels[:, np.newaxis], classes=["left", "middle", "right"])
    return path


def pytest_configure() -> None:
    """Of several test processes each keeps to one core, and so do the programs it starts: they then train with one
    worker unless a test wants more, instead of all with as many as there are cores."""
    process = os.environ.get("PYTEST_XDIST_WORKER", "")
    if process and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(process.removeprefix("gw")) % len(cores)]})


LONG = (
    "test_readme",
    "test_gallery",
    "test_own",
    "test_trust",
    "test_models",
    "test_bad_trainings",
    "test_going_on",
    "test_run",
    "test_plan",
    "test_crashes",
    "test_rungs",
    "test_chain",
    "test_backends",
    "test_executors",
    "test_precision",
    "test_growth",
    "test_bad_days",
    "test_damage",
    "test_stack",
    "test_training",
    "test_decode",
    "test_source",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first: two workers that take whole files then end at about the same time."""
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG) if item.path.stem == name), len(LONG)))


@cache
def command_server() -> subprocess.Popen[str]:
    """Where commands are forked from, one for each test process. It has no threads, which would be lost in a fork."""
    arguments = [sys.executable, str(Path(__file__).with_name("command_server.py"))]
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=alone)


def pytest_unconfigure() -> None:
    if command_server.cache_info().currsize:
        command_server().communicate()


def command(
    *arguments: str | Path, cwd: Path, before: Callable[[], None] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs `evolve` as a user does, in a process of its own, which on Linux is forked from one that has imported the
    command line. before: called in it first; it is then a Python that begins anew."""
    words, variables = [str(argument) for argument in arguments], {**os.environ, **environment}
    if before is not None or sys.platform != "linux":
        begun = [sys.executable, "-m", "evolve.cli", *words]
        return subprocess.run(begun, cwd=cwd, capture_output=True, text=True, preexec_fn=before, env=variables)
    server = command_server()
    assert server.stdin is not None and server.stdout is not None
    with TemporaryDirectory() as folder:
        said = {name: str(Path(folder, name)) for name in ("stdout", "stderr")}
        order = {"arguments": words, "folder": str(Path(cwd).absolute()), "environment": variables, **said}
        print(json.dumps(order), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(words, code, *(Path(path).read_text() for path in said.values()))


def untimed(folder: Path) -> Path:
    """A copy of the table without costs: the time of a search on it is that of the clock."""
    table = json.loads((DATA / "table.json").read_text())
    for entry in table["entries"].values():
        del entry["cost"]
    (folder / "untimed.json").write_text(json.dumps(table))
    return folder / "untimed.json"


TABLE_RUN = ("--table", DATA / "table.json", "--encoding", "choices", "--population", "8", "--seed", "1")


@pytest.fixture(scope="session")
def finished_on_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("finished")
    done = command("run", *TABLE_RUN, "--generations", "20", "--name", "day", cwd=made)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def day(finished_on_table: Path, tmp_path: Path) -> Path:
    """The folder of a finished run, below a folder of results of its own."""
    return Path(shutil.copytree(finished_on_table / "results", tmp_path / "results")) / "day"


def recorded(folder: Path) -> dict[int, Result]:
    with Store.read(folder) as store:
        return store.results()


def stops(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit code 2 and one message that says all of this."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def goes_on(folder: Path, before: dict[int, Result], *more: str) -> None:
    """The run is continued to its end, and what was recorded before is still there, unchanged."""
    done = command("resume", folder, *more, cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    after = recorded(folder)
    assert {number: after[number] for number in before} == before
    assert find(folder).state == "finished"
    with sqlite3.connect(folder / FILE) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def changed(folder: Path, *statements: str) -> None:
    """Changes rows, which the file itself forbids, as another clock or version would have written them."""
    with sqlite3.connect(folder / FILE) as connection:
        for table in ("act", "result"):
            connection.execute(f"DROP TRIGGER {table}_is_final")
        for statement in statements:
            connection.execute(statement)
    connection.close()
