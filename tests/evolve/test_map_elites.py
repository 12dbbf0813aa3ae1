"""The strategy that keeps the best of each size, and the library that it is made of."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from conftest import scored
from typer.testing import CliRunner

import evolve
from evolve.cli.app import app, main
from evolve.errors import ConfigError
from evolve.runs import shelf
from evolve.search.births import Births
from evolve.search.map_elites import DOUBLINGS, MapElites
from evolve.search.random_search import RandomSearch
from evolve.search.strategy import Proposal
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes.stack.space import StackSpace

SPACE = StackSpace((16, 16, 3), 5)
Cell = tuple[int, ...]


def cell_of(genome: Any) -> Cell:
    spec = SPACE.blueprint(genome)
    return tuple(math.floor(math.log2(cost)) for cost in (spec.parameters, spec.multiply_adds))


def deep(genome: Any) -> float:
    """A stand-in for accuracy that has nothing to do with size: what has many layers is good."""
    return len(genome.layers) / 32


def play(strategy: Any, births: int, fitness: Any = deep) -> dict[Cell, tuple[float, int]]:
    """The best of each cell, by birth number, after so many births."""
    best: dict[Cell, tuple[float, int]] = {}
    for number in range(1, births + 1):
        proposal = strategy.ask(Random(f"birth {number}"))
        assert isinstance(proposal, Proposal)
        candidate = Candidate(number, proposal.genome, "key", proposal.parents, proposal.steps)
        request = Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key")
        value = fitness(proposal.genome)
        strategy.tell(request, scored(number, value))
        cell = cell_of(proposal.genome)
        if cell not in best or value > best[cell][0]:
            best[cell] = (value, number)
    return best


def made(**options: Any) -> MapElites:
    return MapElites(Births(SPACE), 10, MapElites.Options(**options))


def test_the_best_of_each_cell_is_kept() -> None:
    strategy = made()
    best = play(strategy, 120)
    kept = {cell_of(one.genome): (one.fitness, one.number) for one in strategy._elites.values()}
    assert kept == best
    assert len(strategy._archive) == len(best)


def test_shelves_are_filled_better_than_by_random_search() -> None:
    """The sum of what is best in each cell (the QD score of its authors), on a landscape where depth counts."""
    ours = play(made(), 400)
    theirs = play(RandomSearch(Births(SPACE), 10, RandomSearch.Options()), 400)
    assert sum(value for value, _ in ours.values()) > 1.2 * sum(value for value, _ in theirs.values())


def test_nothing_is_moved_to_the_edge_of_the_archive() -> None:
    """pyribs moves what lies outside to the edge without a word; here every cost has its own cell."""
    strategy = made(cells=("parameters", "multiply_adds", "activations"))
    play(strategy, 40)
    for cell, one in strategy._elites.items():
        place = strategy._place(one)
        assert all(0 <= value < DOUBLINGS for value in place)
        grid = np.unravel_index(cell, (DOUBLINGS,) * 3)
        spec = SPACE.blueprint(one.genome)
        costs = (spec.parameters, spec.multiply_adds, spec.activations)
        assert list(map(int, grid)) == [math.floor(math.log2(cost)) for cost in costs]


def test_a_failure_is_not_taken_in() -> None:
    strategy = made()
    proposal = strategy.ask(Random(1))
    assert isinstance(proposal, Proposal)
    request = Request(1, Candidate(1, proposal.genome, "key"), Budget(1, 1), 0, Purpose.SEARCH, "key")
    strategy.tell(request, Result(1, Status.FAILED, reason="a test"))
    assert not strategy._elites


def test_a_run_fills_the_shelf_that_is_printed(tmp_path: Path) -> None:
    table = Path(__file__).parent.parent / "data" / "table.json"
    run = evolve.run(
        table=table, strategy="map-elites", evaluations=60, seed=1, results=tmp_path, name="m", progress=False
    )
    cells = shelf.cells(run, shelf.items(run), ("parameters", "multiply_adds"))
    assert len(cells) > 1
    again = evolve.run(
        table=table,
        strategy="map-elites",
        evaluations=60,
        seed=1,
        results=tmp_path,
        name="n",
        progress=False,
        workers=3,
    )
    assert [row.notation for row in run.candidates.values()] == [row.notation for row in again.candidates.values()]


@pytest.mark.parametrize("cells", [(), ("latency",), ("parameters",) * 4])
def test_cells_that_cannot_be(cells: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="one to three of 'parameters', 'multiply_adds' and 'activations'"):
        MapElites.Options.checked({"cells": cells}, where="options: ")


def test_without_its_library_nothing_is_begun(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("evolve.errors.find_spec", lambda name: None if name == "ribs" else object())
    command = ["evolve", "run", "--dataset", "digits", "--strategy", "map-elites", "--results", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert (
        "strategy 'map-elites' needs ribs; install the extra with: pip install -e '.[shelf]'" in capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())
    assert CliRunner().invoke(app, ["run", "--help"]).exit_code == 0
