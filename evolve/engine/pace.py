"""How far a run is: when its stages are to end, and figures for a display, with the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from statistics import fmean

from evolve.config import RunConfig
from evolve.display.progress import Epochs, EpochWatch, Progress, StageWatch, Trainings
from evolve.engine.clock import VirtualClock
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.search_view import SearchView
from evolve.engine.stats import Stats
from evolve.execution.executor import Message
from evolve.planning.plan import Stages
from evolve.problems.problem import Problem
from evolve.values import Purpose

CLOSING_SECONDS = 1.5  # to say what came out


@dataclass(frozen=True)
class StopConditions:
    """What ends a run. births: of the search. ends: when the whole run is to be finished, by the clock `now`.
    times: of its stages. work: units of its stages. None is no limit."""

    births: int | None = None
    ends: float | None = None
    times: Stages | None = None
    work: Stages | None = None
    now: Callable[[], float] = time.monotonic


def simulated_clock(problem: Problem, config: RunConfig) -> VirtualClock | None:
    """The clock of a search whose time is simulated; None where it is that on the wall."""
    return VirtualClock() if problem.simulates_time and not config.fast else None


def stop_conditions(
    births: int | None, times: Stages | None, work: Stages | None, clock: VirtualClock | None, begun: float
) -> StopConditions:
    """What ends a run. clock: of a simulated time, which begins at 0; else the time on the wall began at `begun`, as if
    all sessions had followed one another."""
    if clock is None:
        return StopConditions(births, None if times is None else begun + times.total, times, work)
    return StopConditions(births, None if times is None else times.total, times, work, lambda: clock.now)


class Pace:
    """Watches a search and predicts how long the rest takes, from the cost and the seconds of what is done.

    view: how the search stands."""

    def __init__(
        self,
        stats: Stats,
        dispatcher: Dispatcher,
        problem: Problem,
        config: RunConfig,
        workers: int,
        conditions: StopConditions,
    ) -> None:
        self._stats, self._dispatcher, self._problem, self._workers = stats, dispatcher, problem, workers
        self._limit, self._ends, self._times = conditions.births, conditions.ends, conditions.times
        self._work, self._now = conditions.work, conditions.now
        self._rescorings = config.leaders * config.rescorings
        self._begun = time.monotonic()
        self._trainings = Trainings()
        self._stage: StageWatch | None = None  # after the search
        self._final_seconds: float | None = None
        self._watch: EpochWatch | None = None
        self._youngest = 1
        self.view = SearchView(stats, dispatcher.store, problem.space)

    @property
    def work_left(self) -> float | None:
        """Units of work that the search has left to what follows it; None where work is no limit."""
        return None if self._work is None else self._work.total - self._stats.begun

    def most_epochs(self, config: RunConfig) -> int | None:
        """Epochs of a last training with units of work, if the user or the plan says how many it has at most."""
        work = self._work
        return config.final_epochs if work is not None and not (work.by_clock and work.stretches) else None

    def over(self, births: int, recorded: bool, racing: bool = False) -> str | None:
        """Why no more than so many births are wanted, or None. recorded: whether the next request is; what is recorded
        is told again, however late it is. racing: whether a race goes on, which may take the time, or the work, that
        scoring leaders again was to have."""
        if self._limit is not None and births >= self._limit and not racing:
            return f"{self._limit} births"
        if self._work is not None:  # a function of what was asked for, whatever is recorded
            most = self._work.search + (self._work.rescoring if racing else 0.0)
            return "the limit of work" if births and self._stats.begun >= most else None
        return "the time limit" if births and not recorded and self.late(racing=racing) else None

    def late(self, more: float = 0.0, racing: bool = False) -> bool:
        """Whether nothing more, or nothing of that predicted cost, may begin if the search is to end in time, or with
        its share of the work. racing: as for `over`."""
        if self._work is not None:
            return self._stats.begun + more > self._work.search + (self._work.rescoring if racing else 0.0)
        if self._ends is None or self._times is None:
            return False
        left = self._ends - (0.0 if racing else self._times.rescoring) - self._times.final - self._now()
        return left <= (self.seconds(self._stats.running_cost(self._dispatcher.is_there) + more, self._workers) or 0.0)

    def finish_in(self, left: int = 1, count: int = 1) -> float | None:
        """Seconds in which a last training that begins now is to be finished, of `count` ones of which `left` are to
        be made; None for when it has had its epochs. If time was lost it has at least half of what was planned."""
        times = self._times
        if self._ends is None or times is None or not times.final or not times.by_clock:
            return None
        available = (self._ends - CLOSING_SECONDS - time.monotonic()) / left
        return max(available if times.stretches else min(available, times.final / count), times.final / (2 * count))

    def begin_training(self, name: str, predicted: float | None) -> None:
        """The final training, which is predicted to take that many seconds."""
        seconds = self.finish_in()
        deadline = None if seconds is None else time.monotonic() + seconds
        self._watch = EpochWatch(name, deadline, predicted)

    def hear(self, message: Message) -> None:
        """Takes what a training reports. Of the final one there may be several, if the first fails: the youngest job
        counts."""
        if self._watch is not None:
            if message.job >= self._youngest:
                self._youngest = message.job
                self._watch.hear(message.figures)
        elif self._stage is not None:
            self._stage.hear(message.job, message.figures)
        elif message.job in self._stats.running:  # else it comes after the result
            self._trainings.hear(message.job, message.figures)

    def finish(self, job: int) -> None:
        """A training is done."""
        self._trainings.forget(job)
        if self._stage is not None:
            self._stage.finish(job)

    def begin_stage(self, name: str, trainings: int, done: int, seconds: float | None, final: float | None) -> None:
        """Trainings after the search, of which some are done. seconds, final: how long they and the training in full
        that follows are predicted to take."""
        self._stage, self._final_seconds = StageWatch(name, trainings, seconds, done), final

    def seconds(self, cost: float, workers: int = 1) -> float | None:
        """Predicted seconds of work of that cost, or None while nothing is known."""
        stats = self._stats
        if stats.measured_cost and stats.seconds:
            return cost / stats.measured_cost * stats.seconds / workers
        return None

    def end_seconds(self) -> tuple[float | None, float | None]:
        """Predicted seconds of re-scoring and of the final training: as planned, or as if the leaders were like the
        best so far."""
        if self._times is not None:
            return self._times.rescoring, self._times.final
        if self._work is not None:
            return self.seconds(self._work.rescoring, self._workers), self.seconds(self._work.final)
        problem, best = self._problem, self._stats.best
        if best is None:
            return 0.0, 0.0
        blueprint = problem.space.blueprint(best[0].genome)
        rescoring = problem.cost(blueprint, problem.budget(Purpose.RESCORE)) * self._rescorings
        return self.seconds(rescoring, self._workers), self.seconds(
            problem.cost(blueprint, problem.budget(Purpose.FINAL))
        )

    def _left(self) -> float | None:
        if self._ends is not None:
            return max(0.0, self._ends - self._now())
        if self._stage is not None:
            left = self._stage.left
            return None if left is None else left + (self._final_seconds or 0.0)
        stats = self._stats
        end = self.end_seconds()
        if self._work is not None:
            search = self.seconds(max(0.0, self._work.search - stats.cost), self._workers)
            return None if search is None else search + sum(part or 0.0 for part in end)
        mean = self.seconds(stats.cost / stats.told, self._workers) if stats.told else None
        if self._limit is None or mean is None or None in end:
            return None
        return (self._limit - stats.births) * mean + sum(part or 0.0 for part in end)

    def _share(self, running: tuple[int, ...]) -> float | None:
        """Of the search that is done: of its births, with the epochs of those in training, or of its work or time."""
        shares = []
        if self._work is not None:
            shares.append(self._spent(running) / self._work.search)
        if self._ends is not None and self._times is not None and self._times.search:
            ends = self._ends - self._times.rescoring - self._times.final
            shares.append(max(0.0, 1 - (ends - self._now()) / self._times.search))
        if self._limit is not None:
            being_born = [number for number in running if number in self._stats.being_born]
            shares.append((self._born + sum(map(self._trainings.share, being_born))) / self._limit)
        return min(1.0, max(shares)) if shares else None

    @property
    def _born(self) -> int:
        """Candidates that have their first result, told or not."""
        return self._stats.births + sum(map(self._dispatcher.is_there, self._stats.being_born))

    def _spent(self, running: tuple[int, ...]) -> float:
        """Units of work of the search that are done, with the epochs of those in training."""
        stats = self._stats
        done = stats.begun - stats.running_cost(self._dispatcher.is_there)
        return done + sum(stats.running[number] * self._trainings.share(number) for number in running)

    def _generation(self) -> int:
        """Of the birth told last; a generation is a population of births."""
        stats = self._stats
        return max(0, stats.births - 1) // stats.population + 1

    def now(self) -> Progress | Epochs:
        """The figures of this moment."""
        if self._watch is not None:
            return self._watch.now()
        stats, dispatcher, stage = self._stats, self._dispatcher, self._stage
        shown = dispatcher.store.objectives.first.shown
        recent = [shown(result.fitness) for result in stats.recent if result.fitness is not None]
        minutes = (time.monotonic() - self._begun) / 60
        waiting = (number for number in stats.running if not dispatcher.is_there(number))
        running = () if stage else tuple(islice(waiting, self._workers))
        return Progress(
            phase=stage.phase if stage else "searching",
            generation=self._generation(),
            generations=None if self._limit is None else -(-self._limit // stats.population),
            evaluations=self._born,
            limit=self._limit,
            best=shown(stats.best[1]) if stats.best else None,
            best_candidate=stats.best[0].number if stats.best else None,
            mean=fmean(recent) if recent else None,
            failures=stats.failures,
            per_minute=dispatcher.written / minutes if dispatcher.written and minutes > 0.02 else None,
            left=self._left(),
            share=stage.share if stage else self._share(running),
            trainings=(stage.done, stage.total) if stage else None,
            running=tuple(self._trainings.running(number, stats.candidates[number]) for number in running),
            favourite=self.view.favourite(stage.done if stage else None),
            newborn=() if stage else self.view.newborn(),
            course=() if stage else self.view.course(),
        )
