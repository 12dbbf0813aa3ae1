"""Where evaluators run: the contract of an executor, the registry, and the executor that uses this process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

from evolve.errors import MachineError
from evolve.values import Job, Result, Status


class Executor(Protocol):
    """Takes jobs and gives their results back as they come, each exactly once, in any order."""

    @property
    def running(self) -> int:
        """Jobs that are being worked on now."""
        ...

    def submit(self, job: Job) -> None:
        """Takes a job; it is worked on when a worker is free."""
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
        settings: Mapping[str, Any],
        workers: int = 1,
        threads: int | None = 1,
        memory_limit: int | None = None,
    ) -> None:
        self._evaluator = build_evaluator(evaluator, settings)
        self._waiting: deque[Job] = deque()

    @property
    def running(self) -> int:
        return 0

    def submit(self, job: Job) -> None:
        self._waiting.append(job)

    def finished(self, timeout: float) -> list[Result]:
        """At least one result if a job waits, and as many as come within `timeout`."""
        results: list[Result] = []
        begun = time.monotonic()
        while self._waiting and (not results or time.monotonic() - begun < timeout):
            results.append(result_from_json(judge(self._evaluator, self._waiting.popleft())))
        return results

    def drop_waiting(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self._waiting.clear()


def build_evaluator(path: str, settings: Mapping[str, Any]) -> Any:
    """The evaluator named by `path`, 'module:Class', with its settings."""
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)(settings)


def judge(evaluator: Any, job: Job) -> dict[str, Any]:
    """What the evaluator says of a job, as JSON; an exception, which it ought not to raise, becomes a failure. Raises
    MachineError if it does."""
    try:
        return dict(evaluator.evaluate(job))
    except MachineError:
        raise
    except Exception as error:
        return {"request": job["request"], "status": Status.FAILED, "reason": f"{type(error).__name__}: {error}"}


def result_from_json(data: dict[str, Any]) -> Result:
    """A result from what an evaluator returned. One that is 'ok' without finite objectives becomes a failure."""
    result = Result(
        request=data["request"],
        status=Status(data["status"]),
        objectives=tuple(data.get("objectives", ())),
        measures=data.get("measures", {}),
        curve=tuple(data.get("curve", ())),
        spent=data.get("spent", {}),
        reason=data.get("reason"),
        timing=data.get("timing", {}),
    )
    finite = result.objectives and all(abs(value) < float("inf") for value in result.objectives)
    if result.status is Status.OK and not finite:
        reason = f"the evaluator returned objectives {result.objectives}, which are not all finite"
        return Result(result.request, Status.FAILED, spent=result.spent, reason=reason, timing=result.timing)
    return result


# Name -> class; to be registered here is to be tested by the suite in tests/contracts.
EXECUTORS = {
    "in-process": "evolve.execution.executor:InProcess",
    "processes": "evolve.execution.processes:Processes",
}


def executor_class(name: str) -> Any:
    """The class registered under `name`. Raises KeyError for an unknown one."""
    module, _, attribute = EXECUTORS[name].partition(":")
    return getattr(import_module(module), attribute)
