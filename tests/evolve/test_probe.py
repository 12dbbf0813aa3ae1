"""Machines of all speeds are measured within a minute. How long trainings take there is worked out: nobody has them
all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evolve.config import RunConfig
from evolve.data.splits import Parts
from evolve.display.console import Silent
from evolve.engine.initial_population import founders
from evolve.errors import RunError
from evolve.execution.executor import Message
from evolve.jobs import TrainingJob
from evolve.planning.estimate import estimate
from evolve.planning.plan import Machine
from evolve.planning.planner import RunPlan, plan_run
from evolve.planning.probe import LIMIT, SECONDS, SHARE, probe
from evolve.planning.sizing import plan_for, shortest
from evolve.problems.images import ImageProblem
from evolve.values import Result, Status

SIZES = {"train": 40_000, "validation": 5_000, "selection": 5_000, "test": 10_000}
CIFAR = Parts("cifar10", "", "", "0" * 64, (32, 32, 3), tuple("abcdefghij"), SIZES, 0.0, 255.0, {})
WORKERS = 2


class Paced:
    """Says how long trainings take on a machine of that speed, in units of work a second of one core. A worker has to
    start first, also after one that was stopped, which takes it `start` seconds."""

    running = 0

    def __init__(self, problem: ImageProblem, speed: float, start: float) -> None:
        self._space, self._speed, self._start = problem.space, speed, start
        self._busy, self._started = [0.0] * WORKERS, [False] * WORKERS
        self._done: list[tuple[float, Result]] = []
        self._now = 0.0
        self.submitted = 0

    def submit(self, job: TrainingJob) -> None:
        self.submitted += 1
        worker = self._busy.index(min(self._busy))
        work = self._space.limits.work(job.spec)
        fit, score = 3 * work * job.budget.images / self._speed, SIZES["validation"] * work / self._speed
        took = fit + score + (0.0 if self._started[worker] else self._start)
        self._started[worker] = took <= (job.seconds or 0)
        self._busy[worker] = max(self._now, self._busy[worker]) + min(took, job.seconds or 0)
        status = Status.OK if self._started[worker] else Status.TIMEOUT
        timing = {"fit": fit, "score": score, "seconds": fit + score}
        self._done.append((self._busy[worker], Result(job.number, status, reason=f"took {took:.0f} s", timing=timing)))

    def finished(self, timeout: float) -> list[Result]:
        """Those that end next; so long it waits."""
        self._now = max(self._now, min((at for at, _ in self._done), default=0.0))
        done = [result for at, result in self._done if at <= self._now]
        self._done = [(at, result) for at, result in self._done if at > self._now]
        return done

    def messages(self) -> list[Message]:
        return []

    def drop_waiting(self) -> None:
        self._done.clear()

    def monotonic(self) -> float:
        return self._now


class Heard(Silent):
    """Keeps what is shown."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    @contextmanager
    def live(self, progress: Callable[[], Any]) -> Iterator[None]:
        self._progress = progress
        yield

    def refresh(self) -> None:
        self.seen.append(self._progress())


Measured = Callable[..., tuple[Machine, Paced, Heard]]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """What a probe finds out about a machine of that speed and start, on a clock of its own, and what it shows."""
    problem = ImageProblem(RunConfig.checked({}), CIFAR, False, {})
    known = founders(problem.space, None, Path(), lambda text: None)

    def measure(speed: float, start: float, seconds: float = 600) -> tuple[Machine, Paced, Heard]:
        paced, heard = Paced(problem, speed, start), Heard()
        monkeypatch.setattr("evolve.planning.probe.time", paced)
        return probe(problem, paced, known, WORKERS, seconds, heard), paced, heard  # type: ignore[arg-type]

    return measure


SPEEDS = pytest.mark.parametrize(
    ("speed", "start"),
    [(3e11, 2.0), (4e10, 5.0), (1.5e10, 9.0), (7e9, 12.0)],
    ids=["fast", "usual", "old", "very old: the larger ones do not end in time"],
)


@SPEEDS
def test_a_machine_is_measured_within_a_minute(measured: Measured, speed: float, start: float) -> None:
    machine, paced, _ = measured(speed, start)
    assert machine.rate == pytest.approx(speed)
    assert machine.workers == WORKERS
    assert paced.monotonic() <= SECONDS
    assert machine.start < SECONDS


@SPEEDS
def test_a_short_run_spends_no_more_than_a_quarter_on_that_once_a_worker_is_there(
    measured: Measured, speed: float, start: float
) -> None:
    machine, paced, _ = measured(speed, start, 110)
    assert machine.rate == pytest.approx(speed)
    assert paced.monotonic() <= start + SHARE * 110


def test_a_slow_machine_is_measured_by_fewer_trainings(measured: Measured) -> None:
    assert measured(3e11, 1.0, 60)[1].submitted == 2 * WORKERS
    assert measured(3e11, 10.0, 60)[1].submitted == WORKERS


@pytest.mark.parametrize("seconds", [20, 110, 300])
def test_a_machine_on_which_no_training_ends_gets_a_plan_of_one_network(measured: Measured, seconds: float) -> None:
    machine, paced, _ = measured(1e8, 20.0, seconds)
    assert machine.start == LIMIT
    left = seconds - paced.monotonic()
    made = plan_for(RunConfig(), left, machine, SIZES["train"], 50_000)
    assert made.of_one
    assert left < shortest(machine)
    config = RunConfig().changed(**made.settings)
    assert config.limit == 1


def test_what_is_measured_is_shown_as_it_goes_on(measured: Measured) -> None:
    _, _, heard = measured(4e10, 5.0)
    assert {now.phase for now in heard.seen} == {"measuring how fast this machine trains"}
    done = [now.trainings[0] for now in heard.seen]
    assert done == sorted(done)
    assert heard.seen[-1].trainings == (2 * WORKERS, 2 * WORKERS)
    assert heard.seen[-1].share == 1.0


class Noting(Heard):
    """Keeps what is said, too."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def counted(monkeypatch: pytest.MonkeyPatch, speed: float, **given: Any) -> tuple[RunPlan, Noting]:
    """The plan of a run by counts on a machine of that speed, and what is said of it."""
    problem, said = ImageProblem(RunConfig.checked(given), CIFAR, False, {}), Noting()
    paced = Paced(problem, speed, 5.0)
    monkeypatch.setattr("evolve.planning.probe.time", paced)
    monkeypatch.setattr("evolve.planning.planner.make_executor", lambda *args: paced)
    monkeypatch.setattr("evolve.planning.planner.workers", lambda *args: WORKERS)
    known = founders(problem.space, None, Path(), lambda text: None)
    return plan_run(problem.config, problem, known, said, 0.0), said


def test_a_long_run_by_counts_says_before_it_begins_how_long_it_takes_here(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = []
    for speed, takes in ((4e10, "77 min"), (8e10, "38 min")):
        made, said = counted(monkeypatch, speed, generations=4, population=8)
        assert made.executor is not None, "its workers are warm"
        assert made.times is None, "what was measured decides nothing"
        [text] = said.notes
        assert text.startswith("plan: 32 candidates\n      each trained on 5,000 images x 2 epochs\n")
        assert text.endswith(f"      about {takes} on this machine")
        plans.append((made.config, made.plan))
    assert plans[0] == plans[1]


def test_a_short_run_by_counts_is_not_worth_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"evaluations": 1, "images": 100, "epochs": 1, "final_epochs": 1}
    made, said = counted(monkeypatch, 4e10, **small, max_multiply_adds=100_000)
    assert made.executor is None
    assert not said.seen
    [text] = said.notes
    assert re.search(r"about \d+ s on a usual machine$", text)
    assert "again" not in text


def test_what_a_run_by_counts_takes_is_the_sum_of_its_trainings() -> None:
    given = {"evaluations": 10, "images": 1000, "epochs": 2, "final_epochs": 4, "leaders": 2, "rescorings": 3}
    config = RunConfig.checked(given)
    machine = Machine(rate=3e9, start=2.0, workers=2, usual=0)
    times = estimate(config, ImageProblem(config, CIFAR, False, {}), machine, 1_000_000)
    assert times.search == pytest.approx(10 * (2 + 2) / 2 + (4 + 2) * (6 + 2) / 2), "some are trained longer"
    assert times.rescoring == pytest.approx((2 + 1) * 3 * (6 + 2) / 2)
    assert times.final == pytest.approx(4 * 50 + 2)


def test_a_machine_on_which_nothing_can_be_trained_is_no_slow_one(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Paced, "submit", lambda self, job: self._done.append((0.0, broken(job.number))))
    with pytest.raises(RunError, match=r"measure this machine: failed: no such layer; use evaluations or generations"):
        measured(4e10, 5.0)


def broken(number: int) -> Result:
    return Result(number, Status.FAILED, reason="no such layer")
