"""The state of a run or of one long training at a moment, for displays."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Running:
    """A candidate in training. epoch: epochs that are done, with the part of the one under way. epochs: how many there
    are going to be; None until its worker says so."""

    candidate: int
    epoch: float = 0.0
    epochs: int | None = None


@dataclass(frozen=True)
class Favourite:
    """The candidate that wins if nothing better comes. what: where it comes from. score: of the search.

    next: the one that is expected to come next. lead: over that, in the unit of scores, carried on to the last training
    where that can be; None while it is not known. interval: two standard errors of it.
    """

    candidate: int
    what: str
    score: float
    next: int | None = None
    lead: float | None = None
    interval: float | None = None


@dataclass(frozen=True)
class Newborn:
    """A candidate and its first score, None if that failed. changes: what made it, step by step."""

    candidate: int
    score: float | None
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """The state of a run at one moment.

    evaluations: candidates that have a result, those of an earlier session included; the other figures are of the
    results that were told. best, mean: scores; the mean is over the last population of results.
    per_minute: evaluations. left: seconds until the run is finished, or None while unknown.
    share: of this phase that is done, from 0 to 1, or None while unknown. trainings: of a phase before or after the
    search, how many are done and how many there are; what: they are called. running: candidates of the search in
    training. favourite: who wins if nothing better comes. newborn: the last births of which a result was told, the
    youngest first. course: the best score after some births, evenly from the first to the last one.
    """

    phase: str
    generation: int
    generations: int | None
    evaluations: int
    limit: int | None
    best: float | None
    best_candidate: int | None
    mean: float | None
    failures: int
    per_minute: float | None
    left: float | None
    share: float | None = None
    trainings: tuple[int, int] | None = None
    what: str = "trainings"
    running: tuple[Running, ...] = ()
    favourite: Favourite | None = None
    newborn: tuple[Newborn, ...] = ()
    course: tuple[float, ...] = ()


@dataclass(frozen=True)
class Epochs:
    """The state of one long training. epoch: how many are done. figures: of the last one, as the evaluator reports
    them. share: of the training that is done, from 0 to 1."""

    phase: str
    epoch: int
    epochs: int | None
    figures: Mapping[str, float]
    left: float | None
    share: float = 0.0


@dataclass
class Trainings:
    """How far several trainings are, by what their workers report. Of each, by the number of its job: epochs that are
    done, and how many there are going to be."""

    _heard: dict[int, tuple[float, int]] = field(default_factory=dict)

    def hear(self, job: int, figures: Mapping[str, float]) -> None:
        """Takes figures of a job; those without `epoch` and `epochs` tell nothing of how far it is."""
        if "epoch" in figures and figures.get("epochs"):
            self._heard[job] = (figures["epoch"], int(figures["epochs"]))

    def forget(self, job: int) -> None:
        """A job is done."""
        self._heard.pop(job, None)

    def running(self, job: int, candidate: int) -> Running:
        """How far the training of a candidate is."""
        return Running(candidate, *self._heard.get(job, (0.0, None)))

    def share(self, job: int) -> float:
        """Of the job that is done, from 0 to 1."""
        epoch, epochs = self._heard.get(job, (0.0, 1))
        return min(1.0, epoch / epochs)

    @property
    def shares(self) -> float:
        """Of all jobs that are not forgotten, together."""
        return sum(map(self.share, self._heard))


class StageWatch:
    """Follows a number of trainings for one purpose. phase: what they are for. total: how many there are.
    predicted: seconds that they take. done: how many are done before it begins. what: they are called."""

    def __init__(
        self, phase: str, total: int, predicted: float | None = None, done: int = 0, what: str = "trainings"
    ) -> None:
        self._what = what
        self.phase, self.total, self._predicted = phase, total, predicted
        self.done = self._before = done
        self._finished = set[int]()
        self._trainings, self._begun = Trainings(), time.monotonic()

    def hear(self, job: int, figures: Mapping[str, float]) -> None:
        """Takes figures of one of the trainings. They may come after its end."""
        if job not in self._finished:
            self._trainings.hear(job, figures)

    def finish(self, job: int) -> None:
        """One of them is done."""
        self._finished.add(job)
        self._trainings.forget(job)
        self.done += 1

    @property
    def share(self) -> float:
        """Of all of them that is done, from 0 to 1."""
        return min(1.0, (self.done + self._trainings.shares) / max(1, self.total))

    @property
    def left(self) -> float | None:
        """Seconds until all are done: as predicted, or, once one is, by the pace so far."""
        gone = time.monotonic() - self._begun
        if self.done > self._before:
            return gone * (self.total * (1 - self.share)) / (self.total * self.share - self._before)
        return None if self._predicted is None else max(0.0, self._predicted - gone)

    def now(self) -> Progress:
        """The figures of this moment."""
        unknown = Progress(self.phase, 0, None, 0, None, None, None, None, 0, None, self.left)
        return replace(unknown, share=self.share, trainings=(self.done, self.total), what=self._what)


class EpochWatch:
    """Follows one long training by the figures that its worker reports after each epoch, and within it."""

    def __init__(self, phase: str, deadline: float | None = None, predicted: float | None = None) -> None:
        self._deadline, self._predicted = deadline, predicted
        self._begun = self._at = time.monotonic()
        self._done = 0.0  # epochs
        self._all: float | None = None  # how many there are going to be, the last one perhaps not whole
        self._since: tuple[float, float] | None = None  # when its first figures came, and the epochs done then
        self._last = Epochs(phase, 0, None, {}, predicted)

    def hear(self, figures: Mapping[str, float]) -> None:
        """Takes figures of the training: the epochs that are done (`epoch`, with the part of the one under way), the
        `epochs` there are going to be, and others."""
        rest = dict(figures)
        self._all = epochs = rest.pop("epochs", self._all)
        done = float(rest.pop("epoch", self._done))
        if done != self._done:
            self._at, self._done = time.monotonic(), done
            self._since = self._since or (self._at, done)
        share = min(1.0, done / epochs) if epochs else 0.0
        whole = math.ceil(epochs) if epochs else None
        self._last = replace(self._last, epoch=int(done), epochs=whole, figures=rest or self._last.figures, share=share)

    def now(self) -> Epochs:
        """The figures of this moment. Until the first ones came, the time left is what was predicted."""
        epochs = self._all
        if not (self._done and epochs):
            gone = time.monotonic() - self._begun
            return replace(self._last, left=None if self._predicted is None else max(0.0, self._predicted - gone))
        each = self._each
        ends = self._at + each * (epochs - self._done)
        if self._deadline is not None:
            ends = min(ends, self._deadline + each)
        return replace(self._last, left=max(0.0, ends - time.monotonic()))

    @property
    def _each(self) -> float:
        """Seconds of an epoch; what comes before the first figures, such as the start of a worker, is left out as soon
        as there are others."""
        begun, done = self._since or (self._begun, 0.0)
        if self._done > done:
            return (self._at - begun) / (self._done - done)
        return (self._at - self._begun) / self._done

    @property
    def paced(self) -> bool:
        """Whether the time left goes by the pace of the training itself."""
        return self._since is not None and self._done > self._since[1]


class WorkWatch:
    """Follows trainings that differ much in size. phase: what they are for. total, done: how many there are, and are
    done before it begins. work: of those to do, in any unit."""

    def __init__(self, phase: str, total: int, done: int, work: float) -> None:
        self._phase, self._total, self._done, self._work = phase, total, done, work
        self._begun, self._spent = time.monotonic(), 0.0

    def finish(self, work: float, phase: str) -> None:
        """One of them is done, which took so much work. phase: what is shown from now on."""
        self._done, self._spent, self._phase = self._done + 1, self._spent + work, phase

    def now(self) -> Progress:
        """The figures of this moment."""
        gone, rest = time.monotonic() - self._begun, self._work - self._spent
        left = gone / self._spent * rest if self._spent else None
        unknown = Progress(self._phase, 0, None, 0, None, None, None, None, 0, None, left)
        share = self._spent / self._work if self._work else 1.0
        return replace(unknown, share=share, trainings=(self._done, self._total))


Shown = Progress | Epochs
