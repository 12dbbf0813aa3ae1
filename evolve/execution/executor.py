"""Where evaluators run: the contract of an executor, the registry, and the executor that uses this process."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Protocol, TypeVar

from evolve.errors import MachineError
from evolve.execution.keras_import import quiet_start
from evolve.jobs import Job, Resources
from evolve.values import Result, Status
from genomes.json_value import JsonObject

J = TypeVar("J", bound=Job)
MOST_MESSAGES = 1000  # that wait for whoever shows them


class Report(Protocol):
    """Takes figures of a job that is being worked on, by name, for a display. May be called as often as one likes."""

    def __call__(self, **figures: float) -> None: ...


def unheard(**figures: float) -> None:
    """The report of a job that nobody watches."""


class Evaluator(Protocol[J]):
    """Judges jobs of one kind. Made from settings, a JSON object.

    takes: the class of its jobs.
    """

    @property
    def takes(self) -> type[J]: ...
    def evaluate(self, job: J, report: Report) -> Result:
        """The result of a job. A failure is a result, too; raises only MachineError, where the machine failed and not
        the candidate."""
        ...


@dataclass(frozen=True)
class Message:
    """How far a running job is. job: its number. figures: as its evaluator reports them."""

    job: int
    figures: Mapping[str, float]


class Executor(Protocol):
    """Takes jobs and gives their results back as they come, each exactly once, in any order.

    It is made from the evaluators (kind of job -> 'module:Class', the main one first) and the settings that build each
    of them; `workers`, its capacity; `usual`, the resources of most jobs; and `gpus`, ids as CUDA_VISIBLE_DEVICES has
    them. A job whose worker dies ends as WORKER_DIED, with the seconds for which it was worked on in its timing; what
    becomes of it is decided outside, see `Retrying`.
    """

    @property
    def capacity(self) -> int:
        """Jobs that it works on at once at most."""
        ...

    @property
    def running(self) -> int:
        """Jobs that are being worked on now."""
        ...

    def submit(self, job: Job) -> None:
        """Takes a job. Jobs begin in the order in which they came, each as soon as there is a worker with the resources
        that it needs, and then have what is left of their times. One that needs all cores is worked on alone."""
        ...

    def finished(self, timeout: float) -> list[Result]:
        """Results that have come since the last call; waits up to `timeout` seconds for the first."""
        ...

    def messages(self) -> list[Message]:
        """What running jobs have reported since the last call, in order for each job. Some may be lost, as they are for
        displays only."""
        ...

    def cancel(self, number: int) -> None:
        """Forgets a job: one that waits never begins, the worker of one that is being worked on is ended. No result
        comes. A number that is not known means nothing."""
        ...

    def resize(self, workers: int) -> None:
        """Changes the capacity. With less of it, what runs is finished first. Raises ValueError below 1."""
        ...

    def drop_waiting(self) -> None:
        """Forgets the jobs that no worker has begun."""
        ...

    def close(self) -> None:
        """Ends all workers at once; what they were at is lost."""
        ...


class Evaluators:
    """The evaluators of a worker, by the kind of their jobs. The main one, the first, is built at once, so that all
    that it imports is there; any other when the first job of its kind comes."""

    def __init__(self, paths: Mapping[str, str], settings: JsonObject) -> None:
        self._paths, self._settings = paths, settings
        main = next(iter(paths))
        self._built = {main: self._build(main)}

    def of(self, kind: str) -> Evaluator[Job] | None:
        """The evaluator of such jobs; None if there is none. Raises MachineError if it cannot be built."""
        if kind not in self._built and kind in self._paths:
            try:
                self._built[kind] = self._build(kind)
            except Exception as error:
                raise cannot_start(error) from None
        return self._built.get(kind)

    def unknown(self, number: int, kind: str) -> Result:
        """The result of a job that no evaluator takes."""
        known = ", ".join(self._paths)
        return Result(number, Status.FAILED, reason=f"no evaluator takes jobs of the kind '{kind}', only: {known}")

    def _build(self, kind: str) -> Evaluator[Job]:
        made: Evaluator[Job] = resolve_name(self._paths[kind])(self._settings)
        return made


def cannot_start(error: Exception | str) -> MachineError:
    """That an evaluator cannot be built: a library or the data are missing. No fault of a candidate."""
    why = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return MachineError(f"the workers cannot start: {why}; repair that and continue with: evolve resume")


class InProcess:
    """Evaluates in this process, one job at a time. For evaluators that need no protection, such as tables, and for
    functions that no other process can have. Workers, resources and GPUs are taken as everywhere, and of no use; a
    training has all threads here, so its score may differ from a worker's in the last digits."""

    capacity = 1
    running = 0  # between two calls

    def __init__(
        self,
        evaluators: Mapping[str, str],
        settings: JsonObject,
        workers: int = 1,
        usual: Resources | None = None,
        gpus: Sequence[str] = (),
    ) -> None:
        with quiet_start():
            self._evaluators = Evaluators(evaluators, settings)
        self._waiting: deque[tuple[Job, float]] = deque()
        self._messages: deque[Message] = deque(maxlen=MOST_MESSAGES)

    def submit(self, job: Job) -> None:
        self._waiting.append((job, time.monotonic()))

    def finished(self, timeout: float) -> list[Result]:
        """At least one result if a job waits, and as many as come within `timeout`."""
        results: list[Result] = []
        begun = time.monotonic()
        while self._waiting and (not results or time.monotonic() - begun < timeout):
            job, submitted = self._waiting.popleft()
            results.append(self._work(job.after(time.monotonic() - submitted, 0.0)))
        return results

    def _work(self, job: Job) -> Result:
        evaluator = self._evaluators.of(job.kind)
        if evaluator is None:
            return self._evaluators.unknown(job.number, job.kind)
        return judge(evaluator, job, lambda **figures: self._messages.append(Message(job.number, figures)))

    def messages(self) -> list[Message]:
        heard = list(self._messages)
        self._messages.clear()
        return heard

    def cancel(self, number: int) -> None:
        self._waiting = deque(one for one in self._waiting if one[0].number != number)

    def resize(self, workers: int) -> None:
        """One process works on one job, whatever is asked for."""
        check_capacity(workers)

    def drop_waiting(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self._waiting.clear()


def check_capacity(workers: int) -> None:
    """Raises ValueError unless there is at least one worker."""
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")


def judge(evaluator: Evaluator[J], job: J, report: Report = unheard) -> Result:
    """What the evaluator says of a job; an exception, which it ought not to raise, becomes a failure, and so does an
    'ok' with measures that are not finite. Raises MachineError if it does."""
    try:
        result = evaluator.evaluate(job, report)
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
