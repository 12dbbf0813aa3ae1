"""What a search holds of its history: little of each birth, and what that is stands in CONTRIBUTING.md."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from test_made_again import RUNGS, Problem, Workers, new_store

from evolve.config import RunConfig
from evolve.engine.composition import compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.interrupts import Stop
from evolve.search.births import Births
from evolve.search.halving import Halving
from evolve.search.strategy import STRATEGIES, strategy_class
from genomes.spec import ModelSpec

FIRST, LAST = 300, 1200  # births between which growth is measured: by then all that is bounded is full
LOOKS = 30  # births up to each of the two; the least that was held counts, as networks on their way come and go

PARTS_OF_NETWORKS = ("spec", "limits", "composites", "primitives")
NETWORKS = [tracemalloc.Filter(False, f"*/genomes/{name}.py") for name in PARTS_OF_NETWORKS]


def kept() -> int:
    """Bytes, without networks: those that are alive are few but large, and of another size each time."""
    gc.collect()
    traces = tracemalloc.take_snapshot().filter_traces(NETWORKS)
    return sum(line.size for line in traces.statistics("filename"))


def networks() -> int:
    return sum(isinstance(one, ModelSpec) for one in gc.get_objects())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in STRATEGIES if strategy_class(name).encodings is None])
def test_of_each_birth_a_search_holds_its_key_and_its_scores(name: str) -> None:
    weights, held = set[str](), dict[int, list[int]]({FIRST: [], LAST: []})
    problem, kind = Problem(weights), strategy_class(name)
    strategy = kind(Births(problem.space), 8, kind.Options())
    if strategy.takes_updates:
        strategy = Halving(strategy, RUNGS, 3, room=8)

    def ends(births: int, recorded: bool, racing: bool) -> str | None:
        for end, looks in held.items():
            if end - LOOKS < births <= end:
                looks.append(kept())
        return "enough" if births == LAST else None

    dispatcher = Dispatcher(new_store(), Workers(weights), Stop())  # type: ignore[arg-type]
    config = RunConfig.checked({"look_ahead": 8, "population": 8})
    search = compose_search(config, problem, [], dispatcher, ends, strategy=strategy)  # type: ignore[arg-type]
    before = networks()
    tracemalloc.start()
    try:
        search.run()
    finally:
        tracemalloc.stop()
    assert networks() < before + 20
    grown = (min(held[LAST]) - min(held[FIRST])) / (LAST - FIRST)
    assert grown < (500 if strategy.takes_updates else 250), f"{grown:.0f} bytes a birth"
    assert grown > 100  # its key, without which it would be born again
