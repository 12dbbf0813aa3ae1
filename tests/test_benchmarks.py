"""What the benchmarks have in common: rows, and the page that is made of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import null_and_power
import pytest
import rows
import search_page
from conftest import ROOT

from evolve.research.statistics import compare


def test_a_row_that_was_not_finished_is_cut_off_and_the_next_one_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "rows.jsonl"
    assert rows.read(log) == []
    rows.append(log, {"arm": "default", "seed": 0})
    with log.open("a") as file:
        file.write('{"arm": "default", "plan": {}')
    assert rows.read(log) == [{"arm": "default", "seed": 0}]
    rows.append(log, {"arm": "default", "seed": 1})
    assert [row["seed"] for row in rows.read(log)] == [0, 1]


def test_the_published_page_is_what_the_published_rows_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    published = ROOT / "results" / "published" / "search"
    shutil.copytree(published, tmp_path / "search")
    (tmp_path / "search" / "README.md").unlink()
    search_page.write(tmp_path / "search")
    assert (tmp_path / "search" / "README.md").read_text() == (published / "README.md").read_text()
    assert "One hour" in capsys.readouterr().out


def test_a_strategy_is_not_found_to_differ_from_itself_but_a_large_difference_is() -> None:
    """A small version of benchmarks/null_and_power.py: 3 claims among 8 would be far beyond 5 %."""
    found = [null_and_power.experiment(number) for number in range(8)]

    def claims(planted: float) -> int:
        compared = [compare(null_and_power.differences(scores, planted)) for scores in found]
        return sum(any(one.clear for one in comparisons.values()) for comparisons in compared)

    assert claims(0.0) <= 2
    assert claims(0.05) == 8
    assert "theory says 68.1%" in null_and_power.report(found)
