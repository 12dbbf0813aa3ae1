"""Worker processes of this machine, each started for the resources that its jobs need."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, TimeoutError, wait
from dataclasses import dataclass, field, replace
from typing import Any

import psutil
from pebble import ProcessExpired

from evolve.errors import MachineError
from evolve.execution import worker
from evolve.execution.border import result_from_json
from evolve.execution.executor import MOST_MESSAGES, Message, check_capacity
from evolve.execution.machine import usable_cores
from evolve.execution.placement import Floor, Place, can_begin
from evolve.execution.worker_process import WorkerProcess, manner_of_death
from evolve.jobs import Job, Resources
from evolve.values import Result, Status
from genomes.json_value import JsonObject

MAX_FALSE_STARTS = 10
TAKE_UP_SECONDS = 30  # a worker that is ready takes a job up at once, unless one that was killed left a lock behind


@dataclass
class _Task:
    """A job, what it needs, and when it was submitted and begun."""

    job: Job
    needs: Resources
    submitted: float = field(default_factory=time.monotonic)
    begun: float = 0.0


class Processes:
    """`workers` processes at most, each with evaluators of its own.

    Workers for `usual` jobs are started at once, others when a job needs them; an idle worker of another kind ends to
    make room. A job that runs over its time is TIMEOUT, one whose worker passes the memory limit OUT_OF_MEMORY.

    usual: its memory is the limit of a worker whose job names none, by default an equal share of nine tenths of the
    machine's. gpus: a job that needs a share of a GPU gets a worker that sees one of them alone.

    `finished` raises MachineError, and no result is written, if workers cannot start at all or a model cannot be saved;
    `submit` does if a job needs a GPU and there is none.
    """

    def __init__(
        self,
        evaluators: Mapping[str, str],
        settings: JsonObject,
        workers: int = 1,
        usual: Resources | None = None,
        gpus: Sequence[str] = (),
    ) -> None:
        check_capacity(workers)
        self._evaluators, self._settings = dict(evaluators), dict(settings)
        usual = usual or Resources()
        self._memory_limit = usual.memory or int(psutil.virtual_memory().total * 0.9 / workers)
        self._usual = self._needs(usual)
        self._floor = Floor(workers, tuple(gpus))
        self._false_starts = 0
        self._broken: MachineError | None = None
        self._waiting: deque[_Task] = deque()
        self._running: dict[Future[Any], tuple[_Task, WorkerProcess]] = {}
        self._idle: list[WorkerProcess] = []
        self._heard: deque[Message] = deque(maxlen=MOST_MESSAGES)
        self._fill()

    @property
    def capacity(self) -> int:
        return self._floor.capacity

    @property
    def running(self) -> int:
        return len(self._running)

    def submit(self, job: Job) -> None:
        if job.resources.gpu and not self._floor.gpus:
            raise MachineError(f"job {job.number} needs {job.resources.gpu:.0%} of a GPU, and there is none here")
        self._waiting.append(_Task(job, self._needs(job.resources)))
        self._move_on()

    def finished(self, timeout: float) -> list[Result]:
        self._move_on()
        starting = [one.ready for one in self._idle if not one.ready.done()] if self._waiting else []
        patience = 0.0 if self._broken else timeout
        done, _ = wait([*self._running, *starting], timeout=patience, return_when=FIRST_COMPLETED)
        results = self._collect_all([future for future in done if future in self._running])
        self._move_on()
        return results

    def messages(self) -> list[Message]:
        for one in self._workers:
            self._heard.extend(one.messages())
        heard = list(self._heard)
        self._heard.clear()
        return heard

    def cancel(self, number: int) -> None:
        self._waiting = deque(task for task in self._waiting if task.job.number != number)
        for future, (task, one) in list(self._running.items()):
            if task.job.number == number:
                del self._running[future]
                self._replace(one)
        self._move_on()

    def resize(self, workers: int) -> None:
        check_capacity(workers)
        self._floor = replace(self._floor, capacity=workers)
        while self._idle and self._surplus > 0:
            self._end(self._idle[0])
        self._fill()
        self._move_on()

    def drop_waiting(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self._waiting.clear()
        workers = self._workers
        self._running.clear()
        for one in workers:
            self._end(one)

    @property
    def _workers(self) -> list[WorkerProcess]:
        return [*self._idle, *self._busy]

    @property
    def _busy(self) -> list[WorkerProcess]:
        return [one for _, one in self._running.values()]

    @property
    def _surplus(self) -> int:
        """Workers that there are above the capacity."""
        return len(self._idle) + len(self._running) - self.capacity

    def _needs(self, resources: Resources) -> Resources:
        return replace(resources, memory=resources.memory or self._memory_limit)

    def _fill(self) -> None:
        """Starts workers for usual jobs where there is room, so that they are warm; none beside a job that has the
        machine alone."""
        while self._surplus < 0:
            opening = self._floor.opening(self._usual, [one.place for one in self._workers], ())
            if opening is None:
                return
            self._start(opening.place)

    def _start(self, place: Place) -> WorkerProcess:
        serves = place.serves
        threads = serves.cores if place.gpu is None else max(1, usable_cores() // self.capacity)
        limit = serves.memory or self._memory_limit
        setup = worker.Setup(self._evaluators, self._settings, threads, limit, place.gpu, serves.gpu)
        self._idle.append(WorkerProcess(setup, place))
        return self._idle[-1]

    def _move_on(self) -> None:
        """Begins what can begin. That the machine failed is told by `finished`, after the results that are there."""
        try:
            self._take_back()
            self._dispatch()
        except MachineError as error:
            self._broken = self._broken or error

    def _dispatch(self) -> None:
        """Hands waiting jobs to workers, in the order in which the jobs came. While the first one waits for its worker
        to start, workers for those behind it are found and started, too."""
        for lost in [one for one in self._idle if one.lost]:
            self._start_again(lost)
        claimed: list[WorkerProcess] = []
        for task in list(self._waiting):
            one = self._worker_for(task.needs, claimed)
            if one is None:
                return
            if claimed or not one.is_ready:
                claimed.append(one)
            elif not self._hand(task, one):
                return

    def _worker_for(self, needs: Resources, claimed: list[WorkerProcess]) -> WorkerProcess | None:
        """An idle worker that no earlier job has claimed, or a new one; None if there is no room before others end."""
        busy = [one.place for one in [*self._busy, *claimed]]
        free = [one for one in self._idle if one not in claimed]
        if not can_begin(needs, busy):
            return None
        if fitting := [one for one in free if one.place.serves == needs]:
            return min(fitting, key=lambda one: not one.is_ready)
        opening = self._floor.opening(needs, busy, [one.place for one in free])
        if opening is None:
            return None
        for at in opening.ending:
            self._end(free[at])
        return self._start(opening.place)

    def _hand(self, task: _Task, one: WorkerProcess) -> bool:
        """Has the worker begin with the first job that waits; False if it died while it was idle."""
        task.begun = time.monotonic()
        try:
            future = one.work(task.job.after(task.begun - task.submitted, 0.0))
        except RuntimeError:
            self._start_again(one)
            return False
        self._waiting.popleft()
        self._idle.remove(one)
        self._running[future] = (task, one)
        return True

    def _take_back(self) -> None:
        """Jobs that were handed to a worker and never taken up wait again for another one."""
        for future, (task, one) in list(self._running.items()):
            taken = future.running() or future.done()
            if not taken and time.monotonic() - task.begun > TAKE_UP_SECONDS:
                del self._running[future]
                self._waiting.appendleft(task)
                self._start_again(one)

    def _start_again(self, one: WorkerProcess) -> None:
        """Replaces a worker that died with nothing to do. Raises MachineError if workers do so again and again."""
        self._replace(one)
        self._false_starts += 1
        if self._false_starts > MAX_FALSE_STARTS:
            raise MachineError(
                f"worker processes die before they can work, {self._false_starts} in a row; the memory limit of "
                f"{self._memory_limit / 2**30:.2g} GiB a worker may be too small (candidate_memory)"
            )

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

    def _collect(self, future: Future[Any]) -> Result | None:
        """The result of a job that ended in any way; None if its worker had not begun it."""
        task, one = self._running.pop(future)
        try:
            result = result_from_json(future.result())
        except MachineError:
            self._replace(one)
            raise
        except TimeoutError:
            result = _lost(task, Status.TIMEOUT, f"took longer than {task.job.seconds:.0f} s")
        except ProcessExpired as death:
            result = self._death(task, one, death.exitcode)
        except (RuntimeError, CancelledError, OSError):  # the pool broke before its worker began the job
            self._waiting.appendleft(task)
            self._start_again(one)
            return None
        else:
            self._false_starts = 0
            self._rest(one, result)
            return result
        self._replace(one)
        return result

    def _death(self, task: _Task, one: WorkerProcess, exit_code: int) -> Result:
        if exit_code != worker.OUT_OF_MEMORY_EXIT:
            return _lost(task, Status.WORKER_DIED, manner_of_death(exit_code))
        held = f"the worker held more than {one.setup.memory_limit / 2**30:.1f} GiB"
        return _lost(task, Status.OUT_OF_MEMORY, held)

    def _rest(self, one: WorkerProcess, result: Result) -> None:
        """A worker is idle again, unless it is worn out or one too many."""
        if one.worn_out(result):
            self._replace(one)
        elif self._surplus >= 0:
            self._end(one)
        else:
            self._idle.append(one)

    def _replace(self, one: WorkerProcess) -> None:
        """Ends a worker; one of its kind is started in its place, if there is still room."""
        self._end(one)
        if self._surplus < 0:
            self._start(one.place)

    def _end(self, one: WorkerProcess) -> None:
        if one in self._idle:
            self._idle.remove(one)
        self._heard.extend(one.end())


def _lost(task: _Task, status: Status, reason: str) -> Result:
    worked = {"seconds": round(time.monotonic() - task.begun, 3)}
    return Result(task.job.number, status, reason=reason, timing=worked)
