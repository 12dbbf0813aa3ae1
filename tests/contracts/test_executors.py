"""Every registered executor: takes jobs, gives each result back once, whatever happens to a worker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
from toy_evaluator import OtherJob, ToyJob

from evolve.errors import MachineError, RunError
from evolve.execution.executor import EXECUTORS, Executor, Message, executor_class
from evolve.execution.processes import Processes
from evolve.execution.retrying import Retrying
from evolve.jobs import Job, Resources
from evolve.values import Result, Status

TOYS = {"toy": "toy_evaluator:Toy", "other": "toy_evaluator:Other", "broken": "toy_evaluator:Broken"}
SETTINGS = {"factor": 2.0}
ALL_CORES = Resources(cores=None)


@pytest.fixture(params=EXECUTORS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def executor(kind: str) -> Iterator[Executor]:
    made = Retrying(executor_class(kind)(TOYS, SETTINGS, workers=2))
    yield made
    made.close()


@pytest.fixture
def processes() -> Iterator[Executor]:
    made = Retrying(Processes(TOYS, SETTINGS, workers=2, usual=Resources(memory=400_000_000)))
    yield made
    made.close()


def until(seen: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not seen() and time.monotonic() < end:
        time.sleep(0.05)
    return seen()


def workers() -> list[psutil.Process]:
    """Worker processes that live."""
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


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


def test_a_crash_a_hang_and_hunger_touch_no_other_job(processes: Executor) -> None:
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


def test_a_job_whose_worker_dies_once_is_tried_again(processes: Executor, tmp_path: Path) -> None:
    processes.submit(job(1, "die once", mark=str(tmp_path / "mark")))
    [result] = collect(processes, 1).values()
    assert (result.status, result.measures, result.timing["deaths"]) == (Status.OK, {"score": 2.0}, 1)


def test_a_job_that_is_tried_again_has_what_is_left_of_its_time(processes: Executor) -> None:
    """Each of its workers is at it for a second and a half, and it has two in all."""
    processes.submit(job(1, "work, then die", seconds=2.0))
    [result] = collect(processes, 1).values()
    assert result.status is Status.TIMEOUT
    assert result.reason == "took longer than 2 s, in 2 workers, as others died"


def test_a_job_that_no_evaluator_takes_is_a_failure(executor: Executor) -> None:
    executor.submit(Job(number=1))
    executor.submit(job(2))
    results = collect(executor, 2)
    assert results[2].status is Status.OK
    assert (results[1].status, results[1].request) == (Status.FAILED, 1)
    assert "no evaluator takes jobs of the kind '', only: toy, other, broken" in str(results[1].reason)


def test_workers_killed_while_idle_or_starting_are_replaced(processes: Executor) -> None:
    processes.submit(job(1))
    collect(processes, 1)
    for child in workers():
        child.kill()
    time.sleep(1.0)
    for number in range(2, 6):
        processes.submit(job(number))
    assert all(result.status is Status.OK for result in collect(processes, 4).values())


def test_a_worker_that_cannot_start_stops_the_run_and_says_why() -> None:
    executor = Processes({"toy": "toy_evaluator:Broken"}, {}, workers=1)
    executor.submit(job(1))
    with pytest.raises(RunError, match="the workers cannot start: ImportError: a library is missing"):
        collect(executor, 1)
    executor.close()


def test_workers_that_die_before_they_work_stop_the_run_and_say_why() -> None:
    executor = Processes(TOYS, SETTINGS, workers=2, usual=Resources(memory=1))
    with pytest.raises(RunError, match=r"die before they can work.*candidate_memory"):
        for number in range(1, 20):
            executor.submit(job(number))
            time.sleep(0.3)
        collect(executor, 19)
    executor.close()


def test_a_worker_that_holds_much_after_a_job_is_replaced(processes: Executor) -> None:
    """The limit is 400 MB, so one that holds more than 200 MB goes, and one that holds less stays."""
    seen: dict[int, list[int]] = {}
    for held in (100_000_000, 300_000_000):
        by = seen.setdefault(held, [])
        for number in range(6):
            processes.submit(job(number, "hold", held=held))
            by.append(collect(processes, 1)[number].timing["worker"])
    assert len(set(seen[100_000_000])) <= 2
    assert len(set(seen[300_000_000])) == 6


def test_workers_that_are_killed_while_they_start_lose_no_job() -> None:
    rng = Random(1)
    for _ in range(12):
        executor = Processes(TOYS, SETTINGS, workers=2)
        try:
            time.sleep(rng.uniform(0, 0.15))
            workers()[-1].kill()
            time.sleep(rng.uniform(0, 0.2))
            executor.submit(job(1))
            executor.submit(job(2))
            assert set(collect(executor, 2)) == {1, 2}
        finally:
            executor.close()


def test_a_job_that_is_cancelled_while_it_waits_never_begins(executor: Executor) -> None:
    for number in range(1, 12):
        executor.submit(job(number))
    for number in (9, 11, 99):
        executor.cancel(number)
    assert set(collect(executor, 9)) == {1, 2, 3, 4, 5, 6, 7, 8, 10}
    assert executor.finished(0.3) == []


def test_a_job_that_is_cancelled_while_it_runs_ends_with_its_worker(processes: Executor) -> None:
    processes.submit(job(1, "report, then hang", seconds=None))
    processes.submit(job(2, "hang", seconds=None))
    processes.submit(job(3))
    assert until(lambda: processes.finished(0.1) == [] and processes.running == 2)
    processes.cancel(1)
    assert set(collect(processes, 1)) == {3}
    processes.cancel(2)
    assert processes.running == 0
    processes.submit(job(4))
    assert set(collect(processes, 1)) == {4}
    assert len(workers()) == 2


def test_capacity_changes_and_no_job_is_lost_or_done_twice(executor: Executor) -> None:
    for number in range(1, 25):
        executor.submit(job(number))
        if number % 6 == 0:
            executor.resize(1 + number // 6 % 3)
    assert set(collect(executor, 24)) == set(range(1, 25))
    with pytest.raises(ValueError, match="workers must be at least 1, not 0"):
        executor.resize(0)


def test_more_workers_start_and_surplus_ones_end_after_their_job(processes: Executor, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    processes.resize(3)
    assert processes.capacity == 3
    assert until(lambda: len(workers()) == 3)
    for number in range(1, 4):
        processes.submit(job(number, "wait for a mark", mark=str(mark)))
    assert until(lambda: processes.finished(0.02) == [] and processes.running == 3)
    processes.resize(1)
    assert (processes.capacity, processes.running) == (1, 3)
    mark.touch()
    assert set(collect(processes, 3)) == {1, 2, 3}
    assert until(lambda: len(workers()) == 1)
    processes.submit(job(4))
    assert set(collect(processes, 1)) == {4}


def test_what_jobs_report_arrives_in_order(executor: Executor) -> None:
    for number in (1, 2):
        executor.submit(job(number, "report", value=3))
    collect(executor, 2)
    heard = executor.messages()
    for number in (1, 2):
        said = [message.figures["step"] for message in heard if message.job == number]
        assert said == [0, 1, 2]
    assert executor.messages() == []


def test_what_a_running_job_reports_is_heard_before_it_ends(processes: Executor) -> None:
    processes.submit(job(1, "report, then hang"))
    heard: list[Message] = []
    assert until(lambda: processes.finished(0.05) == [] and bool(heard.extend(processes.messages()) or heard))
    assert heard == [Message(1, {"step": 1.0})]
    assert processes.running == 1


def test_reports_that_nobody_hears_hold_no_job_up(executor: Executor) -> None:
    """Neither ten thousand of them nor one that is longer than a pipe takes at once."""
    executor.submit(job(1, "report", value=10_000))
    executor.submit(job(2, "report", value=1, held=2000))
    executor.submit(job(3, "report", value=1))
    assert {result.status for result in collect(executor, 3).values()} == {Status.OK}
    heard = executor.messages()
    assert 1 <= len(heard) <= 10_002
    assert heard[-1].job in (1, 2, 3)


def test_evaluators_of_two_kinds_share_an_executor(executor: Executor) -> None:
    for number in (1, 3):
        executor.submit(job(number))
        executor.submit(OtherJob(number=number + 1))
    results = collect(executor, 4)
    assert [dict(results[n].measures) for n in (1, 2, 3, 4)] == [
        {"score": 2.0},
        {"seconds": 14.0},
        {"score": 6.0},
        {"seconds": 14.0},
    ]


class BrokenJob(OtherJob):
    kind = "broken"


def test_a_second_evaluator_that_cannot_be_built_stops_the_run_when_it_is_needed(executor: Executor) -> None:
    executor.submit(job(1))
    assert collect(executor, 1)[1].status is Status.OK
    executor.submit(BrokenJob(number=2))
    with pytest.raises(MachineError, match="the workers cannot start: ImportError: a library is missing"):
        collect(executor, 1)


def test_a_death_is_a_result_that_one_policy_answers(kind: str) -> None:
    made = executor_class(kind)(TOYS, SETTINGS, workers=1)
    made.submit(job(1, "say that a worker died"))
    assert collect(made, 1)[1].status is Status.WORKER_DIED
    retrying = Retrying(made)
    retrying.submit(job(1, "say that a worker died"))
    retrying.submit(job(2))
    results = collect(retrying, 2)
    made.close()
    assert results[2].status is Status.OK
    assert (results[1].status, results[1].timing["deaths"]) == (Status.FAILED, 3)
    assert results[1].reason == "the worker process died 3 times (so it says)"


def test_a_worker_that_dies_over_a_job_is_reported_with_the_time_that_it_took() -> None:
    made = Processes(TOYS, SETTINGS)
    made.submit(job(1, "work, then die"))
    result = collect(made, 1)[1]
    made.close()
    assert (result.status, result.timing["seconds"] >= 1.5) == (Status.WORKER_DIED, True)
    assert "exit code -9" in str(result.reason)


def test_a_job_that_needs_all_cores_is_worked_on_alone_and_in_its_turn(processes: Executor) -> None:
    wants = {4: ALL_CORES, 7: ALL_CORES, 8: ALL_CORES}
    for number in range(1, 11):
        processes.submit(job(number, "note the time", resources=wants.get(number, Resources())))
    results = collect(processes, 10)
    begun = {number: result.timing["begun"] for number, result in results.items()}
    ended = {number: result.timing["ended"] for number, result in results.items()}
    for alone in wants:
        before, after = range(1, alone), range(alone + 1, 11)
        assert max(ended[number] for number in before) <= begun[alone]
        assert ended[alone] <= min(begun[number] for number in after)
    assert len({results[number].timing["worker"] for number in wants} & {results[1].timing["worker"]}) == 0


def test_workers_have_the_threads_that_their_jobs_need(processes: Executor) -> None:
    for number, needs in enumerate((Resources(), ALL_CORES), start=1):
        processes.submit(job(number, "say where", resources=needs))
    told = {number: json.loads(str(result.reason)) for number, result in collect(processes, 2).items()}
    assert told[1]["OMP_NUM_THREADS"] == told[1]["TF_NUM_INTRAOP_THREADS"] == "1"
    assert not {"TF_NUM_INTRAOP_THREADS", "XLA_FLAGS"} & told[2].keys()
    for one in told.values():
        assert (one["CUDA_VISIBLE_DEVICES"], one["JAX_PLATFORMS"], one["gpu_share"]) == ("-1", "cpu", None)


def test_a_job_for_all_cores_can_be_cancelled_waits_for_no_one_dead_and_survives_a_change_of_capacity(
    processes: Executor, tmp_path: Path
) -> None:
    processes.submit(job(1, "hang", seconds=None))
    processes.submit(job(2, resources=ALL_CORES))
    processes.submit(job(3))
    assert until(lambda: processes.finished(0.1) == [] and processes.running == 1)
    processes.resize(1)
    processes.cancel(1)
    assert set(collect(processes, 2)) == {2, 3}
    processes.submit(job(4, "hang", resources=ALL_CORES, seconds=None))
    processes.submit(job(5))
    assert until(lambda: processes.finished(0.1) == [] and processes.running == 1)
    processes.resize(2)
    processes.cancel(4)
    processes.submit(job(6, "die", resources=ALL_CORES))
    processes.submit(job(7))
    results = collect(processes, 3)
    assert {number: result.status for number, result in results.items()} == {
        5: Status.OK,
        6: Status.FAILED,
        7: Status.OK,
    }
    processes.submit(job(8, "wait for a mark", mark=str(tmp_path / "mark")))
    processes.submit(job(9, resources=ALL_CORES))
    assert until(lambda: processes.finished(0.0) == [] and processes.running == 1)
    processes.drop_waiting()
    (tmp_path / "mark").touch()
    assert set(collect(processes, 2, seconds=2.0)) == {8}


def on_gpus(executor: Executor, jobs: list[ToyJob]) -> dict[int, tuple[dict[str, Any], float]]:
    """The environment of each job, and the process that it was in."""
    for one in jobs:
        executor.submit(one)
    results = collect(executor, len(jobs))
    return {n: (json.loads(str(one.reason)), one.timing["worker"]) for n, one in results.items()}


def test_workers_share_gpus_as_their_jobs_say() -> None:
    third, whole = Resources(gpu=1 / 3), Resources(gpu=1.0)
    made = Processes(TOYS, SETTINGS, workers=8, usual=third, gpus=("4", "GPU-abc"))
    assert len(workers()) == 6
    seen = on_gpus(made, [job(number, "say where", resources=third) for number in range(1, 13)])
    assert {told["CUDA_VISIBLE_DEVICES"] for told, _ in seen.values()} == {"4", "GPU-abc"}
    for told, _ in seen.values():
        assert told["gpu_share"] == pytest.approx(1 / 3)
        assert int(told["OMP_NUM_THREADS"]) >= 1
    [(told, _)] = on_gpus(made, [job(20, "say where", resources=whole)]).values()
    assert told["gpu_share"] == 1.0
    assert until(lambda: len(workers()) == 4)  # the three that shared the GPU made room
    made.close()


def test_a_worker_is_replaced_after_a_failure_on_its_gpu() -> None:
    gpu = Resources(gpu=1.0)
    made = Processes(TOYS, SETTINGS, workers=1, usual=gpu, gpus=("0",))
    for number, do in enumerate(("say where", "fail", "say where"), start=1):
        made.submit(job(number, do, resources=gpu))
    results = collect(made, 3)
    made.close()
    assert results[1].timing["worker"] == results[2].timing["worker"] != results[3].timing["worker"]


def test_a_gpu_that_is_asked_for_and_not_there_is_said() -> None:
    made = Processes(TOYS, SETTINGS, workers=1)
    with pytest.raises(MachineError, match="job 1 needs 50% of a GPU, and there is none here"):
        made.submit(job(1, resources=Resources(gpu=0.5)))
    made.close()
    with pytest.raises(ValueError, match=r"gpu must be a share from 0 to 1, not 1\.5"):
        Resources(gpu=1.5)
