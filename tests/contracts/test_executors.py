"""Every registered executor: takes jobs, gives each result back once, whatever happens to a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
from toy_evaluator import ToyJob

from evolve.errors import RunError
from evolve.execution.executor import EXECUTORS, Executor, executor_class
from evolve.execution.processes import Processes
from evolve.jobs import Job
from evolve.values import Result, Status


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    made = executor_class(request.param)("toy_evaluator:Toy", {"factor": 2.0}, workers=2)
    yield made
    made.close()


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes("toy_evaluator:Toy", {"factor": 2.0}, workers=2, memory_limit=400_000_000)
    yield made
    made.close()


def collect(executor: Executor, count: int, seconds: float = 60) -> dict[int, Result]:
    results: dict[int, Result] = {}
    end = time.monotonic() + seconds
    while len(results) < count and time.monotonic() < end:
        for result in executor.finished(0.2):
            assert result.request not in results
            results[result.request] = result
    return results


def job(number: int, do: str = "ok", **more: Any) -> ToyJob:
    return ToyJob(**{"number": number, "do": do, "value": number, "seconds": 60.0, **more})


def test_each_job_gets_its_own_result(executor: Executor) -> None:
    for number in range(1, 8):
        executor.submit(job(number))
    results = collect(executor, 7)
    assert {n: dict(result.measures) for n, result in results.items()} == {n: {"score": 2.0 * n} for n in range(1, 8)}
    assert executor.finished(0.0) == []


def test_what_is_not_finite_never_comes_back_as_ok(executor: Executor) -> None:
    for number, do in enumerate(("nan", "raise", "ok"), start=1):
        executor.submit(job(number, do))
    results = collect(executor, 3)
    assert [results[n].status for n in range(1, 4)] == [Status.FAILED] * 2 + [Status.OK]
    assert "not all finite" in str(results[1].reason)
    assert "a defect of the evaluator" in str(results[2].reason)


def test_dropped_jobs_never_come_back(executor: Executor) -> None:
    for number in range(1, 30):
        executor.submit(job(number))
    executor.drop_waiting()
    running = executor.running
    assert len(collect(executor, 30, seconds=3)) <= max(2, running)


def test_a_crash_a_hang_and_hunger_touch_no_other_job(processes: Processes) -> None:
    jobs = [
        job(1, "die"),
        job(2),
        job(3, "hang", seconds=1.0),
        job(4),
        job(5, "eat memory"),
        job(6),
        job(7, "segfault"),
    ]
    for one in jobs:
        processes.submit(one)
    results = collect(processes, 7)
    assert {n: r.status for n, r in results.items()} == {
        1: Status.FAILED,
        2: Status.OK,
        3: Status.TIMEOUT,
        4: Status.OK,
        5: Status.OUT_OF_MEMORY,
        6: Status.OK,
        7: Status.FAILED,
    }
    assert "died 3 times (exit code -9: killed" in str(results[1].reason)
    assert "exit code -11: SIGSEGV, a crash in compiled code" in str(results[7].reason)
    assert "longer than 1 s" in str(results[3].reason)
    assert "GiB" in str(results[5].reason)


def test_a_job_whose_worker_dies_once_is_tried_again(processes: Processes, tmp_path: Path) -> None:
    processes.submit(job(1, "die once", mark=str(tmp_path / "mark")))
    [result] = collect(processes, 1).values()
    assert (result.status, result.measures, result.timing["deaths"]) == (Status.OK, {"score": 2.0}, 1)


def test_a_job_that_is_tried_again_has_what_is_left_of_its_time(processes: Processes) -> None:
    """Each of its workers is at it for a second and a half, and it has two in all."""
    processes.submit(job(1, "work, then die", seconds=2.0))
    [result] = collect(processes, 1).values()
    assert result.status is Status.TIMEOUT


def test_what_is_no_job_is_a_failure(processes: Processes) -> None:
    processes.submit(Job(number=1))
    processes.submit(job(2))
    results = collect(processes, 2)
    assert results[2].status is Status.OK
    assert (results[1].status, results[1].request) == (Status.OK, 1)  # a job without orders


def test_workers_killed_while_idle_or_starting_are_replaced(processes: Processes) -> None:
    import psutil

    processes.submit(job(1))
    collect(processes, 1)
    for child in psutil.Process().children(recursive=True):
        if any("spawn_main" in part for part in child.cmdline()):
            child.kill()
    time.sleep(1.0)
    for number in range(2, 6):
        processes.submit(job(number))
    assert all(result.status is Status.OK for result in collect(processes, 4).values())


def test_a_worker_that_cannot_start_stops_the_run_and_says_why() -> None:
    executor = Processes("toy_evaluator:Broken", {}, workers=1)
    executor.submit(job(1))
    with pytest.raises(RunError, match="the workers cannot start: ImportError: a library is missing"):
        collect(executor, 1)
    executor.close()


def test_workers_that_die_before_they_work_stop_the_run_and_say_why() -> None:
    executor = Processes("toy_evaluator:Toy", {"factor": 1.0}, workers=2, memory_limit=1)
    with pytest.raises(RunError, match=r"die before they can work.*candidate_memory"):
        for number in range(1, 20):
            executor.submit(job(number))
            time.sleep(0.3)
        collect(executor, 19)
    executor.close()


def test_a_worker_that_holds_much_after_a_job_is_replaced(processes: Processes) -> None:
    """The limit is 400 MB, so one that holds more than 200 MB goes, and one that holds less stays."""
    seen: dict[int, list[int]] = {}
    for held in (100_000_000, 300_000_000):
        workers = seen.setdefault(held, [])
        for number in range(6):
            processes.submit(job(number, "hold", held=held))
            workers.append(collect(processes, 1)[number].timing["worker"])
    assert len(set(seen[100_000_000])) <= 2
    assert len(set(seen[300_000_000])) == 6


def test_workers_that_are_killed_while_they_start_lose_no_job() -> None:
    rng = Random(1)
    for _ in range(12):
        executor = Processes("toy_evaluator:Toy", {"factor": 2.0}, workers=2)
        try:
            time.sleep(rng.uniform(0, 0.15))
            children = [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
            children[-1].kill()
            time.sleep(rng.uniform(0, 0.2))
            executor.submit(job(1))
            executor.submit(job(2))
            assert set(collect(executor, 2)) == {1, 2}
        finally:
            executor.close()
