"""Where evaluators run: the contract of an executor, the registry, and the executor that uses this process."""

from __future__ import annotations

import math
import time
from collections import deque
from pkgutil import resolve_name
from typing import Any, Protocol, TypeVar

from evolve.errors import MachineError
from evolve.jobs import Job
from evolve.values import Result, Status
from genomes.json_value import JsonObject

J = TypeVar("J", bound=Job)


class Evaluator(Protocol[J]):
    """Judges jobs of one kind. Made from settings, a JSON object.

    takes: the class of its jobs.
    """

    @property
    def takes(self) -> type[J]: ...
    def evaluate(self, job: J) -> Result:
        """The result of a job. A failure is a result, too; raises only MachineError, where the machine failed and not
        the candidate."""
        ...


class Executor(Protocol):
    """Takes jobs and gives their results back as they come, each exactly once, in any order."""

    @property
    def running(self) -> int:
        """Jobs that are being worked on now."""
        ...

    def submit(self, job: Job) -> None:
        """Takes a job; it is worked on when a worker is free, and then has what is left of its times."""
        ...

    def finished(self, timeout: float) -> list[Result]:
        """Results that have come since the last call; waits up to `timeout` seconds for the first."""
        ...

    def drop_waiting(self) -> None:
        """Forgets the jobs that no worker has begun."""
        ...

    def close(self) -> None:
        """Ends all workers at once; what they were at is lost."""
        ...


class InProcess:
    """Evaluates in this process, one job at a time. For evaluators that need no protection, such as tables, and for
    functions that no other process can have. Workers, threads and limits are taken as everywhere, and of no use."""

    def __init__(
        self,
        evaluator: str,
        settings: JsonObject,
        workers: int = 1,
        threads: int | None = 1,
        memory_limit: int | None = None,
    ) -> None:
        self._evaluator = build_evaluator(evaluator, settings)
        self._waiting: deque[tuple[Job, float]] = deque()

    @property
    def running(self) -> int:
        return 0

    def submit(self, job: Job) -> None:
        self._waiting.append((job, time.monotonic()))

    def finished(self, timeout: float) -> list[Result]:
        """At least one result if a job waits, and as many as come within `timeout`."""
        results: list[Result] = []
        begun = time.monotonic()
        while self._waiting and (not results or time.monotonic() - begun < timeout):
            job, submitted = self._waiting.popleft()
            results.append(judge(self._evaluator, job.after(time.monotonic() - submitted, 0.0)))
        return results

    def drop_waiting(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self._waiting.clear()


def build_evaluator(path: str, settings: JsonObject) -> Evaluator[Job]:
    """The evaluator named by `path`, 'module:Class', with its settings."""
    made: Evaluator[Job] = resolve_name(path)(settings)
    return made


def judge(evaluator: Evaluator[J], job: J) -> Result:
    """What the evaluator says of a job; an exception, which it ought not to raise, becomes a failure, and so does an
    'ok' with measures that are not finite. Raises MachineError if it does."""
    try:
        result = evaluator.evaluate(job)
    except MachineError:
        raise
    except Exception as error:
        return Result(job.number, Status.FAILED, reason=f"{type(error).__name__}: {error}")
    if result.status is Status.OK and not all(map(math.isfinite, result.measures.values())):
        reason = f"the evaluator returned measures that are not all finite: {dict(result.measures)!s:.200}"
        return Result(result.request, Status.FAILED, spent=result.spent, reason=reason, timing=result.timing)
    return result


# Name -> class; to be registered here is to be tested by the suite in tests/contracts.
EXECUTORS = {
    "in-process": "evolve.execution.executor:InProcess",
    "processes": "evolve.execution.processes:Processes",
}


def executor_class(name: str) -> Any:
    """The class registered under `name`. Raises KeyError for an unknown one."""
    return resolve_name(EXECUTORS[name])
