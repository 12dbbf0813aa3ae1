"""What `import evolve` offers: make a run, continue it, look at it. The command line calls nothing else."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evolve.clock import VirtualClock
from evolve.config import RunConfig
from evolve.errors import ConfigError, RunError
from evolve.execution.devices import gpu_visible, usable_cores
from evolve.execution.executor import Executor, executor_class
from evolve.finish import Finish
from evolve.ledger import Ledger, Stop, Stopped
from evolve.loop import Search
from evolve.problem import ImageProblem, Problem, backend_name, make_problem
from evolve.progress import Pace
from evolve.reporting.console import Console, make_console
from evolve.run_view import Run, find, model_path
from evolve.search.strategy import Births, Proposal, strategy_class
from evolve.storage.store import Store
from evolve.values import Purpose, Status
from genomes import InvalidGenome

VERSION = version("evolve-convnets")


def run(*, progress: bool = True, **settings: Any) -> Run:
    """Evolves networks, re-scores the leaders, trains the winner in full, and returns the run.

    settings: the fields of `RunConfig`, for example dataset="digits", generations=5, population=16, seed=1.
    progress: whether to show what happens.

    Raises ConfigError or DataError for settings or data that cannot be used, RunError if nothing can be trained, and
    KeyboardInterrupt after Ctrl-C (once: what runs is finished; twice: at once); the run can then be resumed.
    """
    config = RunConfig.checked(settings)
    console = make_console(progress)
    _check_backend(config)
    gpu = config.table is None and gpu_visible()
    console.note("preparing data")
    problem = make_problem(config, gpu)
    config = config.model_copy(update={"name": config.name or _free_name(config, problem)})
    folder = config.results / str(config.name)
    founders = _founders(config, problem, console)
    strategy_class(config.strategy).Options.checked(config.options, where="options: ")
    meta = {
        "version": VERSION,
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
        "config": config.model_dump(mode="json"),
        "problem": problem.describe(),
        "founders": [founder.genome.notation() for founder in founders],
    }
    with Store.create(folder, meta) as store:
        console.note(f"run '{config.name}' in {folder}")
        _Session(config, problem, founders, store, folder, console).go(config.limit)
    return Run(folder)


def resume(
    run: str | Path,
    *,
    generations: int | None = None,
    results: str | Path = "results",
    workers: int | None = None,
    duration: str | float | None = None,
    progress: bool = True,
) -> Run:
    """Continues a killed, stopped or finished run where it ended.

    run: a name below `results`, or a folder. generations: how many more than were asked for so far.
    duration: a time limit for this continuation, such as "10m". Raises as `run` does.
    """
    found = find(run, Path(results))
    made_by = found.meta["version"]
    if made_by != VERSION:
        raise RunError(
            f"run '{found.name}' was made by evolve {made_by}, this is {VERSION}, and another version may search "
            f"differently; continue it with version {made_by}, or start a new run"
        )
    extra = {"workers": workers, "duration": duration, "generations": generations}
    given = RunConfig.checked({name: value for name, value in extra.items() if value is not None})
    config = found.config.model_copy(update={"results": found.folder.parent, "name": found.name})
    console = make_console(progress)
    _check_backend(config)
    problem = make_problem(config, found.problem.get("device") == "gpu" and gpu_visible())
    _same_problem(found, problem)
    founders = _founders(config, problem, make_console(False))
    with Store.open(found.folder) as store:
        limit = _limit(store, config, given)
        duration = None if given.generations else config.duration
        if given.duration:
            duration = _seconds_spent(store) + given.duration
        config = config.model_copy(update={"workers": given.workers or config.workers, "duration": duration})
        _Session(config, problem, founders, store, found.folder, console).go(limit)
    return Run(found.folder)


def _limit(store: Store, config: RunConfig, given: RunConfig) -> int:
    """Births after which a continued run ends its search: where it ended, or was about to, and what is added."""
    limit = config.limit
    for act in store.acts():
        if act.kind == "started":
            limit = int(act.detail["limit"])
        elif act.kind == "search ended" and not given.duration:
            limit = int(act.detail["births"])
    return limit + (given.generations or 0) * config.population


@dataclass
class _Session:
    """One process's work on a run."""

    config: RunConfig
    problem: Problem
    founders: list[Proposal]
    store: Store
    folder: Path
    console: Console

    def go(self, limit: int) -> None:
        """Searches up to `limit` births and finishes the run."""
        spent, stop = _seconds_spent(self.store), Stop()
        deadline = None if self.config.duration is None else time.monotonic() + self.config.duration - spent
        self.store.act("started", limit=limit, workers=self._workers)
        executor = self._executor()
        ledger = Ledger(self.store, executor, stop, self.console.refresh)
        try:
            with _ctrl_c(stop, self.console):
                search = self._search(ledger, limit, deadline)
                trainings = self.config.leaders * self.config.rescorings
                pace = Pace(search, limit, self._workers, deadline, trainings)
                with self.console.live(pace.now):
                    reason = search.run()
                    self.store.act("search ended", births=len(search.candidates), reason=reason)
                    self._finish(search, ledger, pace)
        except Stopped:
            self.store.act("stopped")
            self.console.note(f"stopped; nothing is lost. Go on with: evolve resume {self._named}")
            raise KeyboardInterrupt from None
        finally:
            executor.close()

    @property
    def _named(self) -> str:
        name = str(self.config.name)
        return name if self.config.results == Path("results") else f"{name} --results {self.config.results}"

    @property
    def _workers(self) -> int:
        on_gpu = isinstance(self.problem, ImageProblem) and self.problem.gpu
        return self.config.workers or (1 if on_gpu else usable_cores())

    def _executor(self) -> Executor:
        options: dict[str, Any] = {"workers": self._workers}
        if isinstance(self.problem, ImageProblem):
            options["threads"] = None if self.problem.gpu else 1
            if self.config.candidate_memory:
                options["memory_limit"] = int(self.config.candidate_memory * 2**30)
        made: Executor = executor_class(self.problem.executor)(self.problem.evaluator, self.problem.settings, **options)
        return made

    def _search(self, ledger: Ledger, limit: int, deadline: float | None) -> Search:
        def ended(births: int, recorded: bool) -> str | None:
            if births >= limit:
                return f"{limit} births"
            late = deadline is not None and time.monotonic() >= deadline
            return "the time limit" if late and not recorded else None

        config, kind, rows = self.config, strategy_class(self.config.strategy), self.store.candidates()
        births = Births(self.problem.space, self.founders)
        return Search(
            problem=self.problem,
            strategy=kind(births, config.population, kind.Options.checked(config.options)),
            ledger=ledger,
            clock=VirtualClock(config.look_ahead),
            seed=config.seed,
            population=config.population,
            recorded=[(r, rows[r.candidate]) for r in self.store.requests() if r.purpose is Purpose.SEARCH],
            limit=ended,
        )

    def _finish(self, search: Search, ledger: Ledger, pace: Pace) -> None:
        scored = [(request, result) for request, result in search.told if result.status is Status.OK]
        scored.sort(key=lambda pair: (-pair[1].objectives[0], pair[0].candidate.number))
        leaders = [request.candidate for request, _ in scored[: self.config.leaders]]
        finish = Finish(self.problem, ledger, self.store.requests(), lambda n: model_path(self.folder, n))
        rescoring, final = pace.end_cost()
        pace.begin_phase(f"re-scoring {len(leaders)} leaders with fresh seeds", pace.seconds(rescoring, self._workers))
        ranked = finish.rescore(leaders, self.config.rescorings)
        pace.begin_phase(f"training candidate {ranked[0][0].number} in full", pace.seconds(final))
        request, _ = finish.train_winner([candidate for candidate, _ in ranked])
        self.store.act("finished", winner=request.candidate.number, request=request.number)


def _seconds_spent(store: Store) -> float:
    """How long earlier sessions of a run worked: from each start to the last thing that is known of it."""
    acts = store.acts()
    starts = [act.at for act in acts if act.kind == "started"]
    marks = sorted([act.at for act in acts] + [r.timing["at"] for r in store.results().values() if "at" in r.timing])
    ends = [*starts[1:], float("inf")]
    return sum(
        max((mark for mark in marks if start <= mark < end), default=start) - start
        for start, end in zip(starts, ends, strict=False)
    )


@contextmanager
def _ctrl_c(stop: Stop, console: Console) -> Iterator[None]:
    """Ctrl-C asks to stop, the second one at once; so does a request to terminate."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupted(number: int, frame: Any) -> None:
        stop.ask()
        console.note(
            "stopping: what runs is finished and saved; press Ctrl-C again to stop now"
            if stop.level == 1
            else "stopping now; what was running will be repeated on resume"
        )

    def terminated(number: int, frame: Any) -> None:
        stop.level = 2

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, interrupted),
        signal.SIGTERM: signal.signal(signal.SIGTERM, terminated),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_backend(config: RunConfig) -> None:
    """Raises ConfigError if networks cannot be trained here."""
    if config.table is None and find_spec(backend_name()) is None:
        raise ConfigError(
            f"the Keras backend '{backend_name()}' is not installed; install the extra of that name with: "
            f"pip install -e '.[{backend_name()}]', or set KERAS_BACKEND to tensorflow, jax or torch"
        )


def _free_name(config: RunConfig, problem: Problem) -> str:
    described = problem.describe()
    stem = f"{described.get('name') or described.get('table')}-{config.strategy}"
    number = 1
    while (config.results / f"{stem}-{number}").exists():
        number += 1
    return f"{stem}-{number}"


def _founders(config: RunConfig, problem: Problem, console: Console) -> list[Proposal]:
    """The founders given, or the search space's own; those that do not fit are named and left out."""
    fitting, left_out = problem.space.founders()
    if config.founders:
        named, fitting = fitting, {}
        for text in config.founders:
            if text in left_out or text in named:
                if text in named:
                    fitting[text] = named[text]
                continue
            try:
                fitting[text] = problem.space.parse(text)
            except InvalidGenome as error:
                raise ConfigError(f"founder '{text}': {error}") from None
            try:
                problem.space.blueprint(fitting[text])
            except InvalidGenome as error:
                del fitting[text]
                left_out[text] = str(error)
        left_out = {text: reason for text, reason in left_out.items() if text in config.founders}
    for name, reason in left_out.items():
        console.note(f"founder {name} left out: {reason}")
    return [Proposal(genome, (), (f"founder {name}",)) for name, genome in fitting.items()]


def _same_problem(found: Run, problem: Problem) -> None:
    """Raises RunError if data, table or backend are not what the run was made with."""
    now = problem.describe()
    for name, before in found.problem.items():
        if isinstance(now.get(name), tuple):
            now[name] = list(now[name])
        if now.get(name) != before:
            raise RunError(
                f"run '{found.name}' was made with {name} {before}, now it would be {now.get(name)}; "
                "scores would not compare; restore what it was made with, or start a new run"
            )
