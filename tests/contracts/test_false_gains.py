"""Every strategy where there is nothing to gain: how often a run says that a younger network is better. On networks,
also whether a search goes on from anywhere to the same end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from lucky_networks import LuckyNetworks

from evolve.config import RunConfig
from evolve.engine.composition import births_up_to, compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.final_stage import FinalStage
from evolve.engine.interrupts import Stop
from evolve.execution.executor import InProcess
from evolve.problems.table_files import Table
from evolve.research import table_search
from evolve.runs.ranking import hall_order
from evolve.search.strategy import STRATEGIES, strategy_class
from evolve.storage.log import Scored
from evolve.storage.store import Store

SEEDS, TRAININGS = 100, 4
SEEDS_OF_NETWORKS, BIRTHS = 30, 14  # which take longer to draw
QUICK = (("aging", "graph"), ("neat", "graph"), ("codeepneat", "graph"), ("aging", "stack"))
ON_NETWORKS = [
    pytest.param(name, encoding, marks=() if (name, encoding) in QUICK else pytest.mark.slow)
    for encoding in ("stack", "graph")
    for name in STRATEGIES
    if (strategy_class(name).encodings or {encoding}) >= {encoding}
]
SMALL = {"blueprints": 3, "modules": 4, "module_species": 2}
SETTINGS = {"encoding": "choices", "evaluations": 30, "population": 8, "leaders": 4, "rescorings": 3}


def alike(seed: int) -> Table:
    """All entries are equally good, and each training of one is luck."""
    rng = np.random.default_rng(seed)
    codes = ["".join(map(str, digits)) for digits in product(range(3), repeat=5)]
    scores = 0.9 + 0.01 * rng.normal(size=(len(codes), TRAININGS))
    entries = {code: {"fitness": row.tolist()} for code, row in zip(codes, scores, strict=True)}
    return Table(f"alike {seed}", (3,) * 5, entries)


def first_of(rescored: Mapping[int, Sequence[float]]) -> int:
    """Who stands first in a hall of fame of candidates that were scored again, equal in the search."""
    return hall_order([Scored(number, 0.0, 1) for number in rescored], rescored)[0].candidate


def level(count: int, repeats: int) -> float:
    """How often one that is not the eldest stands first, if all of so many are equally good."""
    rng = Random(1)
    drawn = [{n: [rng.gauss(0, 1) for _ in range(repeats)] for n in range(count)} for _ in range(4000)]
    return sum(first_of(rescored) != 0 for rescored in drawn) / len(drawn)


def on_tables(name: str) -> bool:
    encodings = strategy_class(name).encodings
    return encodings is None or "choices" in encodings


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[int, Sequence[float]]]:
    """The scores, by candidate, of the leaders of each search that is made."""
    found: list[Mapping[int, Sequence[float]]] = []

    class Watched(FinalStage):
        def train_winner(self, *arguments: Any, **more: Any) -> Any:
            found.append(self.log.rescored())
            return super().train_winner(*arguments, **more)

    monkeypatch.setattr(table_search, "FinalStage", Watched)
    return found


def check_gains(seen: Sequence[Mapping[int, Sequence[float]]], searches: int) -> None:
    gains = sum(first_of(rescored) != min(rescored) for rescored in seen)
    allowed = level(max(map(len, seen)), SETTINGS["rescorings"])
    assert len(seen) == searches and allowed < 0.1
    assert gains <= searches * allowed + 3 * math.sqrt(searches * allowed * (1 - allowed))


@pytest.mark.parametrize("name", [name for name in STRATEGIES if on_tables(name)])
def test_no_strategy_makes_more_false_gains_than_the_level_allows(name: str, seen: Any) -> None:
    for seed in range(SEEDS):
        settings = {"table": "none.json", "strategy": name, "seed": seed, **SETTINGS}
        table_search.search_table(RunConfig.checked(settings), alike(1000 + seed))
    check_gains(seen, SEEDS)


@pytest.mark.parametrize(("name", "encoding"), ON_NETWORKS)
def test_nor_does_one_on_networks(name: str, encoding: str, seen: Any) -> None:
    for seed in range(SEEDS_OF_NETWORKS):
        settings = {**SETTINGS, "encoding": encoding, "strategy": name, "seed": seed, "evaluations": 16}
        config = RunConfig.checked(settings)
        with Store.in_memory({"config": config.model_dump(mode="json")}) as store:
            table_search._search(config, LuckyNetworks(seed, encoding=encoding), (), store)
    check_gains(seen, SEEDS_OF_NETWORKS)


def searched(name: str, encoding: str, births: int, store: Store) -> Any:
    """All births that a search wrote down, after that many; it goes on from those that are there."""
    settings = {"encoding": encoding, "strategy": name, "population": 4, "seed": 5}
    config = RunConfig.checked({**settings, "options": SMALL if name == "codeepneat" else {}})
    problem = LuckyNetworks(5, encoding=encoding)
    dispatcher = Dispatcher(store, InProcess(problem.evaluators, problem.settings), Stop())
    compose_search(config, problem, (), dispatcher, births_up_to(births)).run()
    rows = [(request.number, row.number, row.notation, row.parents, row.steps) for request, row in store.births()]
    return rows, store.facts()


@pytest.mark.parametrize(("name", "encoding"), ON_NETWORKS)
def test_a_search_goes_on_from_any_birth_as_if_it_had_not_ended_there(name: str, encoding: str) -> None:
    with Store.in_memory({"config": {"seed": 5}}) as store:
        whole = searched(name, encoding, BIRTHS, store)
    assert len(whole[0]) == BIRTHS
    assert bool(whole[1]) == (name in ("neat", "codeepneat"))
    for ended in range(1, BIRTHS):
        with Store.in_memory({"config": {"seed": 5}}) as store:
            searched(name, encoding, ended, store)
            assert searched(name, encoding, BIRTHS, store) == whole
