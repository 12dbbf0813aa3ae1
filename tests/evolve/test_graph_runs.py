"""A run on graphs, from the first command to the exported model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import command

from evolve.models.export import FORMATS

LINE = "a: conv 8 3 < image, b: relu < a, c: conv 8 3 < b, out < a + c | global_average | adam 0.01, batch 32"
RUN = ("--encoding", "graph", "--evaluations", "3", "--population", "3", "--final-epochs", "1", "--name", "g")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> Path:
    made = tmp_path_factory.mktemp("graphs")
    done = command("run", "--dataset", tiny_npz, "--founder", LINE, *RUN, cwd=made)
    assert done.returncode == 0, done.stderr
    return made


def test_its_candidates_are_graphs_and_are_read_again(folder: Path) -> None:
    from genomes.graph.space import GraphSpace

    rows = [json.loads(line) for line in command("history", "g", "--json", cwd=folder).stdout.splitlines()]
    assert rows[0]["notation"] == LINE
    space = GraphSpace((8, 8, 1), 3)
    assert all(space.parse(row["notation"]).notation() == row["notation"] for row in rows)


def test_a_candidate_is_shown_with_its_head_and_its_recipe_apart(folder: Path) -> None:
    shown = " ".join(command("show", "g", "1", cwd=folder).stdout.split())
    assert "out < a + c | global_average recipe: adam 0.01, batch 32 " in shown
    assert "add a and c" in shown


@pytest.mark.slow
@pytest.mark.parametrize("format", ["keras", "python"])
def test_the_winner_is_exported(format: str, folder: Path) -> None:
    target = folder / f"net{FORMATS[format]}"
    done = command("export", "g", "best", "--format", format, "--output", target, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) <= 1e-4


@pytest.mark.slow
def test_it_goes_on(folder: Path) -> None:
    before = json.loads(command("show", "g", "--json", cwd=folder).stdout)["evaluations"]
    done = command("resume", "g", "--generations", "2", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(command("show", "g", "--json", cwd=folder).stdout)["evaluations"] > before
