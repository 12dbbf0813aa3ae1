"""What the benchmarks have in common: rows, and the page that is made of them."""

from __future__ import annotations

import shutil
from base64 import b64encode
from pathlib import Path

import null_and_power
import pytest
import recorded_page
import recorded_table
import rows
import search_page
import small_networks
from conftest import ROOT

from evolve.problems.recorded_files import load_recorded
from evolve.research.statistics import compare
from evolve.values import Budget


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


def probed(path: Path) -> Path:
    """A small table in which mirrored images keep a quarter of the accuracy above guessing, and net-2 recognises two
    images more than its twin."""
    told = recorded_table.lines(datasets=["left"])
    for line in told:
        if line["kind"] == "dataset":
            line["chance"] = {"validation": 0.2, "selection": 0.2}
        if line["kind"] == "training":
            bits = [0xFF, 0, 0] if line["genome"] == "net-2" else [0b11111100, 0, 0]
            line["hits"] = b64encode(bytes(bits)).decode()
            if line["genome"] != "net-2":
                line |= {"clean": 0.6, "changed": {"mirror": 0.3, "move": 0.6}}
    return recorded_table.write(path / "table.jsonl", told)


def test_a_table_of_trainings_is_read_by_its_page(tmp_path: Path) -> None:
    table = load_recorded(probed(tmp_path))
    left = table.dataset("left")
    largest, shares = left.largest, [one.share for one in recorded_page.kept_in(left, left.largest, "mirror")]
    assert shares == pytest.approx([0.25] * len(shares)) and len(shares) == 2 * 11
    gap = recorded_page.gap(left, "net-2", "net-3", Budget(100, 3))
    assert gap is not None and gap.points == pytest.approx(10), "two images of twenty"
    assert gap.error == pytest.approx(100 * (0.1 * 0.9 / 19) ** 0.5), "paired over images"
    recorded_page.write(table, tmp_path)
    said = (tmp_path / "recorded.md").read_text()
    assert "| left | 0.25 (0.25 to 0.25; 22) |" in said and f"{largest} |" in said
    assert "84 of 84 trainings, 0 of them failed" in said
    for name in ("probes", "twins"):
        assert (tmp_path / f"recorded-{name}.svg").read_text().startswith("<?xml")


def test_a_network_that_only_guesses_says_nothing_of_what_is_kept(tmp_path: Path) -> None:
    told = recorded_table.lines(datasets=["left"])
    for line in told:
        if line["kind"] == "training":
            line |= {"clean": 0.42, "changed": {"mirror": 0.1}}
        if line["kind"] == "dataset":
            line["chance"] = {"validation": 0.4, "selection": 0.4}
    left = load_recorded(recorded_table.write(tmp_path / "table.jsonl", told)).dataset("left")
    assert recorded_page.kept_in(left, left.largest, "mirror") == []


def test_the_page_of_small_networks_says_what_its_rows_say() -> None:
    row = {
        "test": 0.802, "images": 10_000, "openings": 1, "parameters": 24_000, "multiply_adds": 3_000_000,
        "litert": 98_000, "litert_int8": 30_600, "on_selection": [0.81, 0.805], "births": 9,
        "notation": "conv 8 3 | adam 0.01, batch 32",
    }  # fmt: skip
    text = small_networks.page([
        {**row, "limit": "25k weights", "front": [], "shelf": ""},
        {**row, "limit": "several objectives", "parameters": 50_000, "shelf": "a shelf",
         "front": [{"parameters": 9_000, "multiply_adds": 1_000_000, "score": 0.4, "notation": "conv | adam"}]},
    ])  # fmt: skip
    assert "| 25k weights | 80.2% | 79.4% to 81.0% | 24.0k | 3.0M | 98.0 kB | 30.6 kB | 81.0% and 80.5% |" in text
    assert "beats 79.35 % (article-1, 236,266 weights) has 24,000 weights: 80.2% (limit: 25k weights)." in text
    assert "None here beats the 81.4 % of article-2." in text and "a shelf" in text
    assert r"| 9.0k | 1.0M | 40.0% | `conv \| adam` |" in text
    assert "| `article-1`, by hand | 79.35 % | - | 236.3k |" in text
