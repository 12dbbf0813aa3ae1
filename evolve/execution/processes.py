"""Worker processes of this machine, kept by Pebble.

Each worker is a Pebble pool of one process, so that whatever happens to a worker touches no other: a pool whose process
died is thrown away and a fresh one takes its place. Workers are spawned, not forked (TensorFlow and fork do not mix),
and start from this project's own module, so a script without a main guard or a notebook is not run again in them.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, TimeoutError, wait
from dataclasses import dataclass, field, replace
from typing import Any

import psutil
from pebble import ProcessExpired, ProcessPool

from evolve.errors import MachineError
from evolve.execution import worker
from evolve.execution.border import job_to_json, result_from_json
from evolve.execution.spawning import WorkerContext, start_tracker
from evolve.jobs import Job
from evolve.values import Result, Status
from genomes.json_value import JsonObject

RECYCLE_BYTES = 2 * 2**30  # a worker that holds more than this, or half of what it may, after a job is replaced
MAX_DEATHS = 3
MAX_FALSE_STARTS = 10
START_SECONDS = 300  # a worker that is not ready by then never will be
TAKE_UP_SECONDS = 30  # a worker that is ready takes a job up at once, unless one that was killed left a lock behind


@dataclass
class _Task:
    """A job, when it was submitted and begun last, how often a worker died over it, and the seconds that these were at
    it."""

    job: Job
    submitted: float = field(default_factory=time.monotonic)
    begun: float = 0.0
    deaths: int = 0
    worked: float = 0.0

    @property
    def left(self) -> Job:
        """The job with what is left of its times."""
        return self.job.after(time.monotonic() - self.submitted, self.worked)


@dataclass(frozen=True)
class _Worker:
    """A process, the promise that it is ready, and when it was begun."""

    pool: ProcessPool
    ready: Future[Any]
    begun: float

    @property
    def lost(self) -> bool:
        """Whether it died before it was ready, or will never be."""
        if self.ready.done():
            return self.ready.cancelled() or self.ready.exception() is not None
        return time.monotonic() - self.begun > START_SECONDS


class Processes:
    """`workers` processes, each with one evaluator.

    A job whose worker dies is tried again in a fresh process, twice, with what is left of its time; the third death is
    FAILED. One that runs over its time is TIMEOUT, one whose worker passes the memory limit OUT_OF_MEMORY.

    evaluator: 'module:Class', imported in the workers only. threads: per worker; None for all.
    memory_limit: bytes per worker; by default an equal share of nine tenths of the machine's memory.

    `finished` raises MachineError, and no result is written, if workers cannot start at all or a model cannot be saved.
    """

    def __init__(
        self,
        evaluator: str,
        settings: JsonObject,
        workers: int = 1,
        threads: int | None = 1,
        memory_limit: int | None = None,
    ) -> None:
        share = int(psutil.virtual_memory().total * 0.9 / workers)
        self._start = (evaluator, dict(settings), threads, memory_limit or share)
        self._memory_limit = memory_limit or share
        self._false_starts = 0
        self._broken: MachineError | None = None
        self._waiting: deque[_Task] = deque()
        self._running: dict[Future[Any], tuple[_Task, _Worker]] = {}
        self._idle = [self._worker() for _ in range(workers)]

    @property
    def running(self) -> int:
        return len(self._running)

    def submit(self, job: Job) -> None:
        self._waiting.append(_Task(job))
        self._dispatch()

    def finished(self, timeout: float) -> list[Result]:
        if self._broken is not None:
            self._collect_all(())
        self._dispatch()
        starting = [one.ready for one in self._idle if not one.ready.done()] if self._waiting else []
        if not (self._running or starting):
            return []
        done, _ = wait([*self._running, *starting], timeout=timeout, return_when=FIRST_COMPLETED)
        ended = [future for future in done if future in self._running]
        results = self._collect_all(ended)
        self._take_back()
        self._dispatch()
        return results

    def _collect_all(self, ended: Iterable[Future[Any]]) -> list[Result]:
        """Results of jobs that ended. If the machine failed one of them, the others are returned first."""
        results: list[Result] = []
        for future in ended:
            try:
                result = self._collect(future)
            except MachineError as error:
                self._broken = self._broken or error
            else:
                results += [] if result is None else [result]
        if self._broken is not None and not results:
            broken, self._broken = self._broken, None
            raise broken
        return results

    def drop_waiting(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self._waiting.clear()
        workers = [*self._idle, *(one for _, one in self._running.values())]
        self._running.clear()
        self._idle.clear()
        for one in workers:
            _end(one.pool)

    def _worker(self) -> _Worker:
        """A worker that begins at once to import what it needs."""
        start_tracker()
        pool = ProcessPool(
            max_workers=1,
            initializer=worker.start,
            initargs=self._start,
            context=WorkerContext(),
        )
        return _Worker(pool, pool.schedule(worker.ready), time.monotonic())

    def _dispatch(self) -> None:
        """Hands waiting jobs to workers that are ready. One that is still starting gets none: if it were killed then,
        its job might never be taken up."""
        for one in list(self._idle):
            if one.lost:
                self._idle.remove(one)
                self._start_again(one)
            elif self._waiting and one.ready.done():
                self._idle.remove(one)
                self._hand(self._waiting.popleft(), one)

    def _hand(self, task: _Task, one: _Worker) -> None:
        task.begun, job = time.monotonic(), task.left
        try:
            future = one.pool.schedule(worker.work, args=(job_to_json(job),), timeout=job.seconds)
        except RuntimeError:  # the worker died while it was idle
            self._waiting.appendleft(task)
            self._start_again(one)
        else:
            self._running[future] = (task, one)

    def _take_back(self) -> None:
        """Jobs that were handed to a worker and never taken up wait again for another one."""
        for future, (task, one) in list(self._running.items()):
            taken = future.running() or future.done()
            if not taken and time.monotonic() - task.begun > TAKE_UP_SECONDS:
                del self._running[future]
                self._waiting.appendleft(task)
                self._start_again(one)

    def _start_again(self, one: _Worker) -> None:
        self._false_start()
        self._replace(one)

    def _false_start(self) -> None:
        """Counts workers that died with nothing to do. Raises MachineError if they do so again and again."""
        self._false_starts += 1
        if self._false_starts > MAX_FALSE_STARTS:
            raise MachineError(
                f"worker processes die before they can work, {self._false_starts} in a row; the memory limit of "
                f"{self._memory_limit / 2**30:.2g} GiB a worker may be too small (candidate_memory)"
            )

    def _collect(self, future: Future[Any]) -> Result | None:
        """The result of a job that ended in any way; None if it is tried again."""
        task, one = self._running.pop(future)
        try:
            result = result_from_json(future.result())
        except worker.CannotStart as error:
            self._replace(one)
            raise MachineError(
                f"the workers cannot start: {error}; repair that and continue with: evolve resume"
            ) from None
        except MachineError:
            self._replace(one)
            raise
        except TimeoutError:
            result = self._lost(task, Status.TIMEOUT, f"took longer than {task.job.seconds:.0f} s")
        except ProcessExpired as death:
            if death.exitcode == worker.OUT_OF_MEMORY_EXIT:
                limit = f"{self._memory_limit / 2**30:.1f} GiB"
                result = self._lost(task, Status.OUT_OF_MEMORY, f"the worker held more than {limit}")
            else:
                return self._died(task, one, _manner(death.exitcode))
        except (RuntimeError, CancelledError, OSError):  # the pool broke before its worker began the job
            self._waiting.appendleft(task)
            self._start_again(one)
            return None
        else:
            self._false_starts = 0
            if result.timing.get("held_bytes", 0) > min(RECYCLE_BYTES, self._memory_limit // 2):
                self._replace(one)
            else:
                self._idle.append(one)
            return replace(result, timing={**result.timing, "deaths": task.deaths}) if task.deaths else result
        self._replace(one)
        return result

    def _died(self, task: _Task, one: _Worker, how: str) -> Result | None:
        self._replace(one)
        task.deaths += 1
        task.worked += time.monotonic() - task.begun
        if task.deaths < MAX_DEATHS:
            self._waiting.appendleft(task)
            return None
        return self._lost(task, Status.FAILED, f"the worker process died {task.deaths} times ({how})")

    def _lost(self, task: _Task, status: Status, reason: str) -> Result:
        seconds = round(time.monotonic() - task.begun, 3)
        return Result(task.job.number, status, reason=reason, timing={"seconds": seconds, "deaths": task.deaths})

    def _replace(self, one: _Worker) -> None:
        _end(one.pool)
        self._idle.append(self._worker())


def _manner(exit_code: int) -> str:
    """How a process ended, in words where a signal ended it."""
    told = f"exit code {exit_code}"
    if -exit_code == signal.SIGKILL:
        return f"{told}: killed, as the system does when memory runs out"
    if -exit_code in set(signal.Signals):
        return f"{told}: {signal.Signals(-exit_code).name}, a crash in compiled code"
    return told


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
