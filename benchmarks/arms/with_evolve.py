"""This engine: each block is a search of its own whose founders are the networks, up to the end of the search.

The parts are those of a session: the loop, the dispatcher, a run's SQLite file on disk, and worker processes, which
live on from block to block. As a session does, it waits for its last worker at the end of each block.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from laps import BUILD, BUSY, DATA, STORAGE, TRAINING, VALIDATION, Laps, answer

from evolve.api import VERSION
from evolve.config import RunConfig
from evolve.engine.composition import births_up_to, compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.interrupts import Stop
from evolve.engine.loop import Search
from evolve.execution.machine import default_memory, usable_cores
from evolve.jobs import Job
from evolve.problems.images import ImageProblem
from evolve.problems.making import make_problem
from evolve.problems.workers import make_executor
from evolve.search.strategy import Proposal
from evolve.storage.store import Store
from evolve.values import Result

# The evaluator's laps -> categories.
CATEGORIES = {
    "build": BUILD,
    "trace": BUILD,
    "data": DATA,
    "fit": TRAINING,
    "score": VALIDATION,
    "save": STORAGE,
}


class TimedStore(Store):
    """A run's log that counts the seconds in which it writes."""

    seconds = 0.0

    def add(self, *args: Any, **kwargs: Any) -> None:
        begun = perf_counter()
        super().add(*args, **kwargs)
        self.seconds += perf_counter() - begun


class WithEvolve:
    """work: see `work` in throughput.py."""

    def __init__(self, work: dict[str, Any]) -> None:
        self._notations = [network["notation"] for network in work["networks"]]
        self._config = RunConfig.checked(
            {
                "dataset": work["dataset"],
                "images": work["images"],
                "strategy": "random",
                "results": work["scratch"],
                "candidate_memory": default_memory(),
            }
        )
        problem = make_problem(self._config, gpu=False)
        assert isinstance(problem, ImageProblem)
        self._problem, self._workers = problem, min(usable_cores(), self._config.ahead)
        self._executor = make_executor(problem, self._workers)
        self._knock()

    def _knock(self) -> None:
        """Waits until all workers are up: a job that holds nothing fails at once, but not before."""
        for number in range(self._workers):
            self._executor.submit(Job(number=number, resources=self._problem.usual))
        up = 0
        while up < self._workers:
            up += len(self._executor.finished(1.0))

    def train(self, numbers: list[int], epochs: int) -> dict[str, Any]:
        config = self._config.model_copy(update={"epochs": epochs})
        problem = replace(self._problem, config=config)
        meta = {"version": VERSION, "config": config.model_dump(mode="json"), "problem": problem.describe()}
        with TimedStore.create(Path(config.results, f"{epochs}-epochs-from-{numbers[0]}"), meta) as store:
            self._search(problem, [self._notations[number] for number in numbers], store).run()
            return self._answer(list(store.results().values()), store.seconds)

    def _search(self, problem: ImageProblem, notations: list[str], store: Store) -> Search:
        founders = [Proposal(problem.space.parse(notation)) for notation in notations]
        dispatcher = Dispatcher(store, self._executor, Stop())
        return compose_search(problem.config, problem, founders, dispatcher, births_up_to(len(founders)))

    def _answer(self, results: list[Result], storing: float) -> dict[str, Any]:
        laps, timed = Laps(), Laps()
        laps.seconds[STORAGE] += storing
        for result in results:
            laps.seconds[BUSY] += result.timing["seconds"]
            for lap in CATEGORIES.keys() & result.timing.keys():
                timed.seconds[lap] += result.timing[lap]
                laps.seconds[CATEGORIES[lap]] += result.timing[lap]
        return answer(laps, [result.fitness for result in results], self._workers, timed=timed.seconds)

    def close(self) -> None:
        """Ends the workers."""
        self._executor.close()
