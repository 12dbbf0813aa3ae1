"""Figures of runs, and the table that each carries along."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from conftest import DATA

import evolve
from evolve import figures
from evolve.errors import ConfigError, RunError
from evolve.figures.operator_effects import effects
from evolve.figures.style import hover, plain
from evolve.runs.shelf import cells, front, items

TABLE: dict[str, Any] = {"table": DATA / "table.json", "progress": False}
NAMES = [name for name in figures.__all__ if name != "table"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    folder = tmp_path_factory.mktemp("figures")
    return evolve.run(**TABLE, strategy="neat", evaluations=90, population=12, results=folder, name="f")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "curves"])
def test_each_is_a_figure_with_its_table(name: str, run: evolve.Run) -> None:
    figure = getattr(figures, name)(run)
    rows = figures.table(figure)
    assert rows and figure.data
    assert json.loads(figure.to_json())["layout"]["meta"]["rows"] == json.loads(
        json.dumps([[*row.values()] for row in rows])
    )
    assert figure.layout.title.text.startswith("f: ")


def test_the_best_so_far_is_that_of_the_search(run: evolve.Run) -> None:
    rows = figures.table(figures.progress(run))
    assert len(rows) == len(run.candidates)
    best = -1.0
    for row in rows:
        best = max(best, row["score"])
        assert row["best so far"] == best
    again = {row["candidate"]: row["re-scored"] for row in rows if row["re-scored"] is not None}
    assert again == {one.candidate: pytest.approx(one.rescored) for one in run.hall_of_fame if one.rescored is not None}


def test_effects_of_operators_are_those_of_children_of_one_parent(run: evolve.Run) -> None:
    scores = {entry["candidate"]: entry["objectives"][0] for entry in run.history() if entry["purpose"] == "search"}
    children = [row for row in run.candidates.values() if len(row.parents) == 1]
    changes = [scores[row.number] - scores[row.parents[0]] for row in children]
    assert effects(run) == {"gene": pytest.approx(changes)}
    [row] = figures.table(figures.operators(run))
    assert (row["children"], row["mean change"]) == (len(children), pytest.approx(fmean(changes)))
    assert row["low"] < row["mean change"] < row["high"]


def test_fronts_and_shelves_are_those_of_the_run(run: evolve.Run) -> None:
    best = {item.candidate for item in front(run, items(run), ["score", "parameters"])}
    assert {row["candidate"] for row in figures.table(figures.front(run)) if row["on the front"]} == best
    held = {item.candidate for item in cells(run, items(run), ["parameters", "multiply_adds"]).values()}
    assert {row["candidate"] for row in figures.table(figures.shelf(run))} == held


def test_the_family_holds_all_ancestors(run: evolve.Run) -> None:
    rows = {row["candidate"]: row for row in figures.table(figures.family(run, [90]))}
    assert 90 in rows
    for number, row in rows.items():
        parents = run.candidate(number).parents
        assert row["parents"] == " ".join(map(str, parents))
        assert all(rows[parent]["generation"] < row["generation"] for parent in parents)


def test_species_have_their_members(run: evolve.Run) -> None:
    rows = figures.table(figures.species(run))
    told = [(one["generation"], s["species"], s["size"]) for one in run.species for s in one["species"]]
    assert sorted((row["generation"], row["species"], row["members"]) for row in rows) == sorted(told)


@pytest.mark.slow
def test_trained_networks_have_curves_and_times(tmp_path: Path, tiny_npz: Path) -> None:
    trained = evolve.run(
        dataset=str(tiny_npz), evaluations=4, population=2, images=60, epochs=2, final_epochs=3, leaders=1,
        rescorings=1, founders=["small"], max_parameters=3000, executor="in-process", results=tmp_path, progress=False,
    )  # fmt: skip
    found = figures.table(figures.progress(trained, over="seconds"))
    assert [row["seconds"] for row in found] == sorted(row["seconds"] for row in found)
    by_purpose = {row["purpose"]: row for row in figures.table(figures.budgets(trained))}
    assert by_purpose["search"]["trainings"] == len(trained.candidates)
    assert by_purpose["trained in full"]["trainings"] == 1
    drawn = figures.table(figures.curves(trained))
    final = trained.final_result
    assert final is not None
    assert [row["epoch"] for row in drawn if row["purpose"] == "final"] == [point["epoch"] for point in final.curve]


@pytest.mark.parametrize(
    ("draw", "error", "why"),
    [
        (lambda run: figures.curves(run), RunError, "no training of run 'f' had two epochs"),
        (lambda run: figures.progress(run, over="seconds"), RunError, "searched a table, in no time"),
        (lambda run: figures.species(run, "modules"), RunError, "has no species of modules"),
        (lambda run: figures.front(run, "score"), ConfigError, "'score' is no cost of a network"),
        (lambda run: figures.front(run, "speed"), ConfigError, "'speed' is no measure of a candidate"),
        (lambda run: figures.front(run, "latency"), RunError, "of no candidate of run 'f' is the seconds for one"),
        (lambda run: figures.shelf(run, ["parameters"]), ConfigError, "by must name two different costs"),
        (lambda run: figures.family(run, [500]), RunError, "has candidates 1 to 90, not 500"),
    ],
)
def test_what_cannot_be_drawn(draw: Any, error: type[Exception], why: str, run: evolve.Run) -> None:
    with pytest.raises(error, match=why.replace("(", r"\(")):
        draw(run)


def test_a_run_without_species_or_children_says_so(tmp_path: Path) -> None:
    alone = evolve.run(**TABLE, strategy="random", evaluations=8, results=tmp_path, name="r")
    with pytest.raises(RunError, match="strategy neat has"):
        figures.species(alone)
    with pytest.raises(RunError, match="no child of one parent"):
        figures.operators(alone)


def test_text_from_data_is_no_html() -> None:
    assert hover("<b>x</b>", "") == "&lt;b&gt;x&lt;/b&gt;"
    assert hover("a " * 400).count("<br>") == 3 and hover("a " * 400).endswith(" ...")
    assert plain("a<script>\x1b") == "a&lt;script&gt;\\x1b"


def test_nothing_waits_for_plotly_until_a_figure_is_drawn() -> None:
    code = "import sys, evolve.figures, evolve.cli.app; assert not {'plotly', 'tensorflow'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
