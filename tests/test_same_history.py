"""On the committed table every strategy makes the births that it made in version 0.9.0."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import DATA
from same_history import STRATEGIES, on_table

KNOWN: dict[str, str] = json.loads((DATA / "table-digests.json").read_text())


@pytest.mark.parametrize("look_ahead", [1, 8])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_history_is_the_one_that_is_known(tmp_path: Path, strategy: str, seed: int, look_ahead: int) -> None:
    name = f"table, {strategy}, seed {seed}, look-ahead {look_ahead}"
    assert on_table(tmp_path, strategy, seed, look_ahead) == KNOWN[name]
