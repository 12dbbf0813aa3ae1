"""Weights that are made again while a search goes on: nothing that is still wanted is deleted, a stop begins nothing,
and the history is that of a search that was never interrupted. Trainings are made up, so that each moment comes."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import stack_space, training_job

from evolve.config import RunConfig
from evolve.engine.ancestors import Ancestors
from evolve.engine.composition import births_up_to, compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.interrupts import Stop, Stopped
from evolve.execution.executor import Message
from evolve.jobs import Beginning, Takes, TrainingJob
from evolve.search.births import Births
from evolve.search.halving import Halving
from evolve.search.random_search import RandomSearch
from evolve.storage.store import Store
from evolve.values import Budget, Purpose, Request, Result, Status, digest
from genomes.spec import ModelSpec

RUNGS = (Budget(100, 1), Budget(100, 3), Budget(100, 9))


class Problem:
    """Images that nobody has; weights are names in a set."""

    def __init__(self, weights: set[str]) -> None:
        self.space, self.weights, self.rungs = stack_space((8, 8, 1)), weights, RUNGS
        self.first_space = self.space

    def budget(self, purpose: Purpose) -> Budget:
        return RUNGS[0]

    def job_key(self, request: Request) -> str:
        return digest(request.candidate.key, request.budget, request.continues and request.continues.weights)

    def cost(self, blueprint: ModelSpec, budget: Budget) -> float:
        return budget.size + blueprint.multiply_adds / 1e5

    def keep_weights(self, keys: set[str]) -> None:
        self.weights &= keys

    def job(self, request: Request, spec: ModelSpec, model: str | None = None, keeps_weights: bool = False) -> Any:
        begins = request.continues and Beginning(request.continues.weights, Takes.WEIGHTS)
        named = {"number": request.number, "key": request.job_key, "keeps_weights": keeps_weights}
        return training_job(spec, request.candidate.genome.recipe, request.budget, begins=begins, **named)  # type: ignore[arg-type]


class Workers:
    """Four of them. A job builds its network before it looks for weights, then trains as long as its budget says."""

    def __init__(self, weights: set[str], ends: Status = Status.OK) -> None:
        self._weights, self._ends = weights, ends
        self._waiting: list[TrainingJob] = []
        self._at: dict[int, tuple[TrainingJob, int]] = {}
        self.made_again = 0

    @property
    def running(self) -> int:
        return len(self._at)

    def submit(self, job: TrainingJob) -> None:
        self._waiting.append(job)
        self.made_again += job.number < 0

    def drop_waiting(self) -> None:
        self._waiting.clear()

    def close(self) -> None:
        self.drop_waiting()

    def messages(self) -> list[Message]:
        return []

    def finished(self, timeout: float) -> list[Result]:
        while self._waiting and len(self._at) < 4:
            job = self._waiting.pop(0)
            self._at[job.number] = (job, 0)
        return [result for number in list(self._at) if (result := self._tick(number)) is not None]

    def _tick(self, number: int) -> Result | None:
        job, ticks = self._at.pop(number)
        if ticks == 1 and job.begins and job.begins.weights not in self._weights:
            return Result(number, Status.WEIGHTS_MISSING, reason=job.begins.weights)
        if ticks < 2 + job.budget.size // 150:
            self._at[number] = (job, ticks + 1)
            return None
        if job.keeps_weights:
            self._weights.add(job.key)
        if number < 0 and self._ends is not Status.OK:
            return Result(number, self._ends, reason="a bad day")
        return Result(number, Status.OK, {"accuracy": int(digest(job.key)[:6], 16) / 16**6})


SEED = 29  # with which, of the first dozen, the search is stopped where weights that it goes on from were let go


def searched(
    births: int, store: Store, weights: set[str], stop: Stop | None = None, ends: Status = Status.OK, seed: int = 1
) -> Workers:
    problem, workers = Problem(weights), Workers(weights, ends)
    again: Any = Ancestors(problem, store).job  # type: ignore[arg-type]
    dispatcher = Dispatcher(store, workers, stop or Stop(), again=again)  # type: ignore[arg-type]
    births_of = Births(problem.space)
    strategy = Halving(RandomSearch(births_of, 8, RandomSearch.Options()), RUNGS, 3, room=8)
    config = RunConfig.checked({"look_ahead": 8, "population": 8, "seed": seed})
    search = compose_search(config, problem, [], dispatcher, births_up_to(births), strategy=strategy)  # type: ignore[arg-type]
    search.run()
    search.close(strategy.due, lambda cost: False)
    return workers


def history(store: Store) -> list[tuple[object, ...]]:
    rows = store.requests(Purpose.SEARCH)
    results = [store.result(row.number) for row in rows]
    return [
        (row.candidate, row.budget, one and (one.status, one.measures)) for row, one in zip(rows, results, strict=True)
    ]


def new_store() -> Store:
    return Store.in_memory({"config": {}})


@pytest.mark.parametrize("deleted", [False, True], ids=["as the search left them", "all of them gone"])
def test_a_search_that_goes_on_is_the_one_that_was_never_stopped(deleted: bool) -> None:
    straight, continued, weights = new_store(), new_store(), set[str]()
    searched(120, straight, set(), seed=SEED)
    searched(63, continued, weights, seed=SEED)
    if deleted:
        weights.clear()
    assert searched(120, continued, weights, seed=SEED).made_again > 0
    assert history(continued) == history(straight)


def test_a_bad_day_of_the_machine_is_told_as_what_it_was() -> None:
    store, weights = new_store(), set[str]()
    searched(60, store, weights, seed=2)
    weights.clear()
    searched(120, store, weights, ends=Status.OUT_OF_MEMORY, seed=2)
    statuses = {result.status for result in store.results().values()}
    assert statuses == {Status.OK, Status.OUT_OF_MEMORY}


class StoppedSoon(Stop):
    """The user asks to stop when so many polls were made."""

    def __init__(self, polls: int) -> None:
        self._polls = polls

    @property
    def level(self) -> int:  # type: ignore[override]
        self._polls -= 1
        return int(self._polls < 0)


@pytest.mark.parametrize("polls", range(20, 60, 8))
def test_after_a_request_to_stop_nothing_is_begun_and_nothing_is_lost(polls: int) -> None:
    straight, store, weights = new_store(), new_store(), set[str]()
    searched(120, straight, set())
    searched(60, store, weights)
    weights.clear()
    with pytest.raises(Stopped):
        searched(120, store, weights, StoppedSoon(polls))
    searched(120, store, weights)
    assert history(store) == history(straight)
