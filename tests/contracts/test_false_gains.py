"""Every strategy where there is nothing to gain: how often a run says that a younger network is better."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest

from evolve.config import RunConfig
from evolve.engine.final_stage import FinalStage
from evolve.problems.table_files import Table
from evolve.research import table_search
from evolve.runs.ranking import hall_order
from evolve.search.strategy import STRATEGIES, strategy_class
from evolve.storage.log import Scored

SEEDS, TRAININGS = 100, 4
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


@pytest.mark.parametrize("name", [name for name in STRATEGIES if on_tables(name)])
def test_no_strategy_makes_more_false_gains_than_the_level_allows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Mapping[int, Sequence[float]]] = []

    class Watched(FinalStage):
        def train_winner(self, *arguments: Any, **more: Any) -> Any:
            seen.append(self.log.rescored())
            return super().train_winner(*arguments, **more)

    monkeypatch.setattr(table_search, "FinalStage", Watched)
    for seed in range(SEEDS):
        settings = {"table": "none.json", "strategy": name, "seed": seed, **SETTINGS}
        table_search.search_table(RunConfig.checked(settings), alike(1000 + seed))
    gains = sum(first_of(rescored) != min(rescored) for rescored in seen)
    allowed = level(max(map(len, seen)), SETTINGS["rescorings"])
    assert len(seen) == SEEDS and allowed < 0.1
    assert gains <= SEEDS * allowed + 3 * math.sqrt(SEEDS * allowed * (1 - allowed))
