"""One process's work on a run: puts the parts together, searches, finishes, and stops when asked to."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from evolve.clock import Arrivals, VirtualClock
from evolve.config import RunConfig
from evolve.errors import DiskLimitError, EvolveError, LogError, MachineError
from evolve.execution.devices import usable_cores
from evolve.execution.executor import Executor, executor_class
from evolve.finish import Finish
from evolve.founders import RANDOM
from evolve.housekeeping import check_disk
from evolve.image_problem import ImageProblem
from evolve.ledger import Ledger, Stop, Stopped
from evolve.loop import Search
from evolve.problem import Problem
from evolve.progress import Pace
from evolve.reporting.console import Console, duration
from evolve.run_view import model_path
from evolve.search.strategy import Births, Proposal, strategy_class
from evolve.storage.rows import Act
from evolve.storage.store import Store
from evolve.tally import Tally
from evolve.values import Purpose

DISK_SECONDS = 10.0
SESSION_ACTS = ("started", "search ended", "finished", "stopped", "failed")
STOPPING = (
    "stopping: what runs is finished and saved; press Ctrl-C again to stop now",
    "stopping now; what was running will be repeated on resume",
)


@dataclass
class Session:
    """One process's work on a run."""

    config: RunConfig
    problem: Problem
    founders: list[Proposal]
    store: Store
    folder: Path
    console: Console

    def go(self, limit: int | None, seconds: float | None) -> None:
        """Searches up to `limit` births and until the run has worked `seconds`, and finishes it. None is no limit."""
        deadline = None if seconds is None else time.monotonic() + seconds - seconds_spent(self.store)
        self.store.act("started", limit=limit, seconds=seconds, workers=self._workers)
        stop, executor, begun = Stop(), None, time.monotonic()

        def worked() -> float:
            return round(time.monotonic() - begun, 3)

        try:
            with _ctrl_c(stop):
                executor = self._executor()
                if self.config.fitness and self.problem.executor == "in-process":
                    self.console.note("the fitness function runs in this process, without limits of time and memory")
                ledger = Ledger(self.store, executor, stop, self._poll(stop))
                search = self._search(ledger, limit, deadline)
                pace = Pace(search, limit, self._workers, deadline, self.config.leaders * self.config.rescorings)
                with self.console.live(pace.now):
                    reason = search.run()
                    self.store.act("search ended", births=search.births, reason=reason)
                    finished = self._finish(ledger, pace)
                    self.store.act("finished", **finished, worked=worked())
                self.console.note(f"finished in {duration(worked())}\n")
        except Stopped:
            self.store.act("stopped", worked=worked())
            self.console.note(f"stopped; nothing is lost. Go on with: evolve resume {self._named}")
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
            if executor is not None:
                executor.close()

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
    def _named(self) -> str:
        name = str(self.config.name)
        usual = self.config.results.absolute() == Path("results").absolute()
        return name if usual else f"{name} --results {self.config.results}"

    @property
    def _on_gpu(self) -> bool:
        return isinstance(self.problem, ImageProblem) and self.problem.gpu

    @property
    def _workers(self) -> int:
        return self.config.workers or (1 if self._on_gpu else min(usable_cores(), self.config.look_ahead))

    def _executor(self) -> Executor:
        gigabytes = self.config.candidate_memory
        made: Executor = executor_class(self.problem.executor)(
            self.problem.evaluator,
            self.problem.settings,
            workers=self._workers,
            threads=None if self._on_gpu else 1,
            memory_limit=int(gigabytes * 2**30) if gigabytes else None,
        )
        return made

    def _search(self, ledger: Ledger, limit: int | None, deadline: float | None) -> Search:
        def ended(births: int, recorded: bool) -> str | None:
            if limit is not None and births >= limit:
                return f"{limit} births"
            late = deadline is not None and time.monotonic() >= deadline
            return "the time limit" if late and not recorded else None

        config, kind = self.config, strategy_class(self.config.strategy)
        births = Births(self.problem.space, self.founders, mutants=RANDOM not in (config.founders or [RANDOM]))
        return Search(
            problem=self.problem,
            strategy=kind(births, config.population, kind.Options.checked(config.options)),
            ledger=ledger,
            clock=Arrivals(ledger.first) if config.fast else VirtualClock(),
            look_ahead=config.look_ahead,
            seed=config.seed,
            recorded=self.store.births(),
            known=self.store.count(Purpose.SEARCH),
            limit=ended,
            tally=Tally(config.population),
        )

    def _finish(self, ledger: Ledger, pace: Pace) -> dict[str, int]:
        finish = Finish(self.problem, ledger, self.store, lambda number: model_path(self.folder, number))
        leaders = finish.leaders(self.config.leaders)
        check_disk(self.config.results, self.config.disk_limit)
        rescoring, final = pace.end_cost()
        times = (pace.seconds(rescoring, self._workers), pace.seconds(final))
        pace.begin_phase(f"re-scoring {len(leaders)} leaders with fresh seeds", *times)
        ranked = finish.rescore(leaders, self.config.rescorings)
        watched = Path(f"{model_path(self.folder, ranked[0].number)}.progress")
        pace.begin_training(f"training candidate {ranked[0].number} in full", watched, pace.seconds(final))
        request, _ = finish.train_winner(ranked)
        for left in watched.parent.glob(f"{watched.name}*"):
            left.unlink(missing_ok=True)
        return {"winner": request.candidate.number, "request": request.number}


def seconds_spent(store: Store) -> float:
    """How long earlier sessions of a run worked: what each says of itself or, of one that was killed, from its start to
    the last thing that is known of it. What the user asked for between them, such as a training by hand, does not
    count. A clock that was set back between sessions does no harm."""
    acts = [act for act in store.acts() if act.kind in SESSION_ACTS]
    marks = [act.at for act in acts] + store.moments(Purpose.SEARCH, Purpose.RESCORE, Purpose.FINAL)
    starts = sorted(act.at for act in acts if act.kind == "started")  # by the clock, which may not be as they were
    known = _said_of_themselves(acts)
    return sum(
        known.get(start, max((mark for mark in marks if start <= mark < end), default=start) - start)
        for start, end in pairwise([*starts, float("inf")])
    )


def _said_of_themselves(acts: list[Act]) -> dict[float, float]:
    """Seconds of work of each session that ended by itself, by the time of its start."""
    known, start = {}, 0.0
    for act in acts:
        start = act.at if act.kind == "started" else start
        if "worked" in act.detail:
            known[start] = float(act.detail["worked"])
    return known


@contextmanager
def _ctrl_c(stop: Stop) -> Iterator[None]:
    """Ctrl-C asks to stop, the second one at once; so does a request to terminate. The handlers only note it: what is
    to be said is said while waiting, not in the middle of another output."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupted(number: int, frame: Any) -> None:
        stop.level = 2 if number == signal.SIGTERM else stop.level + 1

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
