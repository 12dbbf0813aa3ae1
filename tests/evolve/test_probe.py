"""Machines of all speeds are measured within a minute. How long trainings take there is worked out: nobody has them
all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evolve.config import RunConfig
from evolve.data.splits import Parts
from evolve.engine.initial_population import founders
from evolve.errors import RunError
from evolve.jobs import TrainingJob
from evolve.planning.plan import Machine
from evolve.planning.probe import SECONDS, probe
from evolve.problems.images import ImageProblem
from evolve.values import Result, Status

SIZES = {"train": 40_000, "validation": 5_000, "selection": 5_000, "test": 10_000}
CIFAR = Parts("cifar10", "", "", "0" * 64, (32, 32, 3), tuple("abcdefghij"), SIZES, 0.0, 255.0, {})
WORKERS = 2


class Paced:
    """Says how long trainings take on a machine of that speed, in units of work a second of one core. A worker has to
    start first, also after one that was stopped, which takes it `start` seconds."""

    def __init__(self, problem: ImageProblem, speed: float, start: float) -> None:
        self._space, self._speed, self._start = problem.space, speed, start
        self._busy, self._started = [0.0] * WORKERS, [False] * WORKERS
        self._done: list[Result] = []

    def submit(self, job: TrainingJob) -> None:
        worker = self._busy.index(min(self._busy))
        work = self._space.limits.work(job.spec)
        fit, score = 3 * work * job.budget.images / self._speed, SIZES["validation"] * work / self._speed
        took = fit + score + (0.0 if self._started[worker] else self._start)
        self._started[worker] = took <= (job.seconds or 0)
        self._busy[worker] += min(took, job.seconds or 0)
        status = Status.OK if self._started[worker] else Status.TIMEOUT
        timing = {"fit": fit, "score": score, "seconds": fit + score}
        self._done.append(Result(job.number, status, reason=f"took {took:.0f} s", timing=timing))

    def finished(self, timeout: float) -> list[Result]:
        self._busy = [self.monotonic()] * WORKERS
        done, self._done = self._done, []
        return done

    def monotonic(self) -> float:
        return max(self._busy)


Measured = Callable[[float, float], tuple[Machine, float]]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """What a probe finds out about a machine of that speed and start, and how long it takes there."""
    problem = ImageProblem(RunConfig.checked({}), CIFAR, False, {})
    known = founders(problem.space, None, Path(), lambda text: None)

    def measure(speed: float, start: float) -> tuple[Machine, float]:
        paced = Paced(problem, speed, start)
        monkeypatch.setattr("evolve.planning.probe.time", paced)
        return probe(problem, paced, known, WORKERS, 600), paced.monotonic()  # type: ignore[arg-type]

    return measure


@pytest.mark.parametrize(
    ("speed", "start"),
    [(3e11, 2.0), (4e10, 5.0), (1.5e10, 9.0), (7e9, 12.0)],
    ids=["fast", "usual", "old", "very old: the larger ones do not end in time"],
)
def test_a_machine_is_measured_within_a_minute(measured: Measured, speed: float, start: float) -> None:
    machine, took = measured(speed, start)
    assert machine.rate == pytest.approx(speed)
    assert machine.workers == WORKERS
    assert took <= SECONDS
    assert machine.start < SECONDS


def test_one_that_is_too_slow_for_that_is_told_what_to_do_instead(measured: Measured) -> None:
    with pytest.raises(RunError, match=r"measure this machine: timeout: took \d+ s; evaluations or generations"):
        measured(1e9, 20.0)
