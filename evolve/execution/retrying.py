"""What becomes of a job whose worker died: the same for every executor."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from evolve.execution.executor import Executor, Message
from evolve.jobs import Job
from evolve.values import Result, Status

MAX_DEATHS = 3


@dataclass
class _Task:
    """A job, when it was submitted first, how often a worker died over it, and the seconds that these were at it."""

    job: Job
    submitted: float = field(default_factory=time.monotonic)
    deaths: int = 0
    worked: float = 0.0

    @property
    def left(self) -> Job:
        """The job with what is left of its times."""
        return self.job.after(time.monotonic() - self.submitted, self.worked)


class Retrying:
    """An executor that tries a job again whose worker died, twice, with what is left of its times. The third death is
    FAILED. How many died is in the timing of its result, as `deaths`."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._tasks: dict[int, _Task] = {}

    @property
    def capacity(self) -> int:
        return self._executor.capacity

    @property
    def running(self) -> int:
        return self._executor.running

    def submit(self, job: Job) -> None:
        self._tasks[job.number] = _Task(job)
        self._executor.submit(job)

    def finished(self, timeout: float) -> list[Result]:
        judged = [self._judged(result) for result in self._executor.finished(timeout)]
        return [result for result in judged if result is not None]

    def _judged(self, result: Result) -> Result | None:
        """The result, with what is to be said of deaths; None if the job is tried again."""
        task = self._tasks[result.request]
        if result.status is Status.WORKER_DIED:
            task.deaths += 1
            task.worked += result.timing["seconds"]
            if task.deaths < MAX_DEATHS:
                self._executor.submit(task.left)
                return None
            reason = f"the worker process died {task.deaths} times ({result.reason})"
            result = replace(result, status=Status.FAILED, reason=reason)
        elif result.status is Status.TIMEOUT and task.deaths:
            reason = f"took longer than {task.job.seconds:.0f} s, in {task.deaths + 1} workers, as others died"
            result = replace(result, reason=reason)
        del self._tasks[result.request]
        return replace(result, timing={**result.timing, "deaths": task.deaths}) if task.deaths else result

    def messages(self) -> list[Message]:
        return self._executor.messages()

    def cancel(self, number: int) -> None:
        self._tasks.pop(number, None)
        self._executor.cancel(number)

    def resize(self, workers: int) -> None:
        self._executor.resize(workers)

    def drop_waiting(self) -> None:
        self._executor.drop_waiting()

    def close(self) -> None:
        self._tasks.clear()
        self._executor.close()
