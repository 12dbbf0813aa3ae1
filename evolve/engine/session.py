"""One process's work on a run: puts the parts together, searches, finishes, and stops when asked to."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from evolve.config import RunConfig
from evolve.display.console import Console
from evolve.display.text import duration, plural
from evolve.engine.ancestors import Ancestors
from evolve.engine.composition import compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.final_stage import FinalStage, NoneTrained
from evolve.engine.interrupts import STOPPING, Stop, Stopped, interruptible
from evolve.engine.pace import Pace, simulated_clock, stop_conditions
from evolve.engine.reuse import results_of
from evolve.engine.stats import Stats
from evolve.engine.tensorboard_sink import results_written
from evolve.engine.vetoes import Vetoes
from evolve.errors import DiskLimitError, EvolveError, LogError, MachineError
from evolve.execution.executor import Executor
from evolve.planning.plan import Stages
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem
from evolve.problems.workers import make_executor, workers
from evolve.runs.disk import check_disk
from evolve.search.halving import Halving
from evolve.search.racing import Racing
from evolve.search.strategy import Proposal, Strategy
from evolve.storage.files import FILE, command_words
from evolve.storage.store import Store
from evolve.storage.time_spent import seconds_spent
from evolve.values import Candidate, Purpose, Request

DISK_SECONDS = 10.0


@dataclass
class Session:
    """One process's work on a run."""

    config: RunConfig
    problem: Problem
    founders: list[Proposal]
    store: Store
    folder: Path
    console: Console
    _closing: ExitStack = field(default_factory=ExitStack, init=False)

    def go(
        self, limit: int | None, times: Stages | None, work: Stages | None, executor: Executor | None = None
    ) -> None:
        """Searches up to `limit` births and as long as `times` and `work` say, and finishes the run. None is no limit.

        times: of all sessions on the run together, simulated if the problem simulates time. work: units of the run.
        executor: one that is there already, with its workers; it is closed at the end like those that are made here.
        """
        begun = time.monotonic()
        clock = simulated_clock(self.problem, self.config)
        limits = {"times": times and times.to_json(), "work": work and work.to_json()}
        self.store.act("started", limit=limit, **limits, workers=self.workers)
        stop = Stop()

        def worked() -> float:
            return round(time.monotonic() - begun, 3)

        try:
            with interruptible(stop):
                if executor is None:
                    executor = make_executor(self.problem, self.workers)
                self._closing.callback(executor.close)
                dispatcher = self._dispatcher(executor, stop)
                stats = Stats(self.config.population)
                conditions = stop_conditions(limit, times, work, clock, begun - seconds_spent(self.store))
                pace = Pace(stats, dispatcher, self.problem, self.config, self.workers, conditions)
                dispatcher.on_message, dispatcher.on_result = pace.hear, self._on_result(pace)
                search = compose_search(
                    self.config,
                    self.problem,
                    self.founders,
                    dispatcher,
                    pace.over,
                    stats,
                    clock=clock,
                    planned=limit == self.config.limit,
                )
                pace.view.may_win = search.strategy.may_win if isinstance(search.strategy, Racing) else None
                vetoes = self._vetoes(dispatcher)
                if vetoes and not self.store.last("candidate"):
                    vetoes.check_possible(self.console.note)
                with self.console.live(pace.now):
                    reason = search.run()
                    simulated = {"simulated": clock.now} if clock else {}
                    self.store.act("search ended", births=search.births, reason=reason, **simulated)
                    self.console.note(f"the search ended: {reason}")
                    if isinstance(search.strategy, Halving | Racing):
                        search.close(search.strategy.due, lambda cost: pace.late(cost, racing=True))
                    finished = self._finish(dispatcher, pace, search.strategy)
                    self.store.act("finished", **finished, worked=worked())
                self.console.note(f"finished in {duration(worked())}\n")
        except Stopped:
            self.store.act("stopped", worked=worked())
            self.console.note(f"stopped; nothing is lost. Continue with: evolve resume {command_words(self.folder)}")
            raise KeyboardInterrupt from None
        except LogError:  # where nothing can be written, this cannot either
            raise
        except (DiskLimitError, MachineError) as error:
            self.store.act("stopped", reason=str(error), worked=worked())
            raise
        except EvolveError as error:
            self.store.act("failed", reason=str(error), worked=worked())
            raise
        finally:
            self._closing.close()

    def _dispatcher(self, executor: Executor, stop: Stop) -> Dispatcher:
        """What hands jobs to the executor, and knows results of other runs and how to make lost weights again."""
        if self.config.table is None and self.problem.executor == "in-process":
            what = "the fitness function runs" if self.config.fitness else "trainings run"
            self.console.note(f"{what} in this process, without limits of time and memory")
        again = Ancestors(self.problem, self.store).job
        elsewhere = self._closing.enter_context(results_of(self._reused(), self.store))
        made = Dispatcher(self.store, executor, stop, self._poll(stop), again, elsewhere)
        if isinstance(self.problem, ImageProblem):
            made.measures.maker = self.problem.measuring
        return made

    def _vetoes(self, dispatcher: Dispatcher) -> Vetoes | None:
        """What may not win, if there is a limit that only measuring tells about."""
        limited = self.config.max_size or self.config.max_latency
        return Vetoes(self.config, self.problem, dispatcher, self.store) if limited else None

    def _on_result(self, pace: Pace) -> Callable[[int], None]:
        """What is told of each result that was written: the display, and TensorBoard's files if they are wanted."""
        if not self.config.tensorboard:
            return pace.finish
        write = self._closing.enter_context(results_written(self.store, self.folder, self.console))

        def tell(number: int) -> None:
            pace.finish(number)
            write(number)

        return tell

    def _reused(self) -> str | None:
        """The run whose results are copied, if it is still there: what it would have said is trained as well."""
        if self.config.reuse is not None and not Path(self.config.reuse, FILE).is_file():
            self.console.note(f"the run to reuse, {self.config.reuse}, is gone, so nothing is copied from it any more")
            return None
        return self.config.reuse

    def _poll(self, stop: Stop) -> Callable[[], None]:
        """What is done while waiting: a request to stop is answered, the display refreshed."""
        answered, looked = 0, time.monotonic()

        def poll() -> None:
            nonlocal answered, looked
            if time.monotonic() - looked > DISK_SECONDS:
                looked = time.monotonic()
                check_disk(self.config.results, self.config.disk_limit)
            if stop.level > answered:
                answered = min(stop.level, len(STOPPING))
                self.console.note(STOPPING[answered - 1])
            self.console.refresh()

        return poll

    @property
    def workers(self) -> int:
        """Worker processes of the search."""
        return workers(self.config, self.problem)

    def _finish(self, dispatcher: Dispatcher, pace: Pace, strategy: Strategy) -> dict[str, int]:
        work, most_epochs = pace.work_left, pace.most_epochs(self.config)
        finish = FinalStage(self.problem, dispatcher, self.store, most_epochs)
        if isinstance(strategy, Racing):
            finish = replace(finish, may_win=strategy.may_win)
        if vetoes := self._vetoes(dispatcher):
            finish = replace(finish, vetoed=vetoes.vetoed, hopeless=vetoes.hopeless)
        check_disk(self.config.results, self.config.disk_limit)
        again: list[Candidate] = []

        def begin(leaders: list[Candidate]) -> None:
            again.extend(leaders)
            self._rescoring(finish, leaders, pace)

        ranked = finish.ranked(self.config, bool(self.founders), begin)
        if work is not None:
            work -= self.config.rescorings * finish.cost(again, self.problem.budget(Purpose.RESCORE))
        first = ranked[0].number
        phase = f"training candidate {first} in full" if self.config.table is None else f"looking up candidate {first}"
        pace.begin_training(phase, pace.end_seconds()[1] or None)
        request = self._train_in_full(finish, ranked, pace, work)
        return {"winner": request.candidate.number, "request": request.number}

    def _train_in_full(
        self, finish: FinalStage, ranked: Sequence[Candidate], pace: Pace, work: float | None
    ) -> Request:
        """Trains the winner, and the next best if several are to be used together, which share what is left. Returns
        the winner's training."""
        left, trained = list(ranked), list[Request]()
        count = min(self.config.ensemble or 1, len(ranked))
        for others in range(count, 0, -1):
            seconds = partial(pace.finish_in, others, count)
            try:
                request, _ = finish.train_winner(left, seconds, None if work is None else work / others)
            except NoneTrained:
                if not trained:
                    raise
                self.console.note(f"no more than {plural(len(trained), 'leader')} could be trained in full")
                break
            trained.append(request)
            if work is not None:  # it spends its share; but less if its epochs are limited, and more if one epoch is
                cost, share = finish.cost([request.candidate], request.budget), work / others
                work -= cost if request.budget.epochs == 1 else min(share, cost)
            left = [one for one in left if one.number != request.candidate.number]
        return trained[0]

    def _rescoring(self, finish: FinalStage, leaders: list[Candidate], pace: Pace) -> None:
        """Tells the display that leaders are scored again now."""
        count = min(self.config.leaders, len(leaders))
        first = f" and candidate {leaders[-1].number}, the first one," if len(leaders) > count else ""
        total = len(leaders) * self.config.rescorings
        phase = f"re-scoring {plural(count, 'leader')}{first} with fresh seeds"
        pace.begin_stage(phase, total, min(total, finish.rescored(leaders)), *pace.end_seconds())
