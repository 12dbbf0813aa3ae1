"""Searches on tables in memory: what a run finds, without a file."""

from __future__ import annotations

import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA

import evolve
from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.problems.table_files import Table, load_table, truth
from evolve.research.table_search import TableSearch, search_table
from evolve.search.strategy import STRATEGIES, strategy_class

SETTINGS: dict[str, Any] = {"table": DATA / "table.json", "encoding": "choices", "evaluations": 30, "population": 6}

ANYWHERE = [name for name in STRATEGIES if strategy_class(name).encodings is None]  # on tables, too


@pytest.mark.parametrize("strategy", ANYWHERE)
def test_it_finds_what_a_run_finds(strategy: str, table: Table, tmp_path: Path) -> None:
    settings = {**SETTINGS, "strategy": strategy, "seed": 2}
    run = evolve.run(**settings, results=tmp_path, progress=False)
    found, best = search_table(RunConfig.checked(settings), table), run.hall_of_fame[0]
    assert (found.winner, found.origin, found.selected) == (best.notation, best.origin, best.score)
    assert (found.rescored, found.test) == (best.rescored, run.test_accuracy)
    ended = next(act.detail for act in run.acts if act.kind == "search ended")
    assert (found.evaluations, found.seconds) == (30, ended["simulated"])
    history = [entry for entry in run.history() if entry["purpose"] == "search"]
    so_far = list(accumulate((entry["measures"]["score"] for entry in history), max))
    steps = [(at, score) for at, score in enumerate(so_far, start=1) if at == 1 or score > so_far[at - 2]]
    assert [(point.x, point.selected) for point in found.curve] == [*steps, (30, so_far[-1])]
    codes = {entry["measures"]["score"]: entry["notation"] for entry in reversed(history)}
    assert [point.truth for point in found.curve] == [truth(table.entries[codes[p.selected]]) for p in found.curve]


def test_its_table_can_be_elsewhere_and_nothing_is_written(table: Table, tmp_path: Path) -> None:
    there = search_table(RunConfig.checked(SETTINGS), table)
    settings = {**SETTINGS, "table": tmp_path / "none.json", "results": tmp_path / "results"}
    assert search_table(RunConfig.checked(settings), table) == there
    assert list(tmp_path.iterdir()) == []


def search(seed: int) -> TableSearch:
    return search_table(RunConfig.checked({**SETTINGS, "seed": seed}), TABLES[0])


TABLES: list[Table] = []


def test_processes_that_were_handed_the_table_find_the_same(table: Table) -> None:
    TABLES[:] = [table]
    with ProcessPoolExecutor(1, initializer=TABLES.append, initargs=(table,)) as pool:
        found = list(pool.map(search, range(3)))
    assert found == [search(seed) for seed in range(3)]
    assert len({one.winner for one in found}) > 1
    assert pickle.loads(pickle.dumps(found)) == found


def test_settings_that_mean_nothing_to_a_table_are_refused(table: Table) -> None:
    with pytest.raises(ConfigError, match="a table has one score for each entry; leave metric out"):
        search_table(RunConfig.checked({**SETTINGS, "metric": "loss"}), table)
    with pytest.raises(ConfigError, match="fill has no effect"):
        search_table(RunConfig.checked({**SETTINGS, "fill": True}), table)


def test_nothing_is_imported_that_trains() -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom evolve.config import RunConfig\n"
        "from evolve.problems.table_files import load_table\nfrom evolve.research.table_search import search_table\n"
        f"settings = {{'table': {str(DATA / 'table.json')!r}, 'encoding': 'choices', 'evaluations': 3}}\n"
        "search_table(RunConfig.checked(settings), load_table(Path(settings['table'])))\n"
        "print(*[m for m in sys.modules if m.split('.')[0] in ('keras', 'tensorflow', 'jax', 'torch')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_table_is_read_as_it_was_written(table: Table) -> None:
    assert table.trainings == 3
    assert load_table(DATA / "table.json").digest == table.digest
