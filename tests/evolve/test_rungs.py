"""Runs whose candidates climb rungs: weights are continued, one history, and little on disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from conftest import command, stops

import evolve
from evolve.errors import ConfigError
from evolve.runs.disk import disposables
from evolve.values import Purpose, Status

RUNGS = ("40x1", "80x1", "80x3")
SETTINGS: dict[str, Any] = {
    "rungs": RUNGS,
    "evaluations": 9,
    "population": 4,
    "strategy": "aging",
    "final_epochs": 1,
    "leaders": 1,
    "rescorings": 1,
    "seed": 4,
    "progress": False,
    "founders": ["conv 4 3, relu, global_max | adam 0.01, batch 16", "random"],
    "max_multiply_adds": 20_000,
}


@pytest.fixture(scope="module")
def climbed(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    results = tmp_path_factory.mktemp("rungs")
    return evolve.run(dataset=str(tiny_npz), results=results, name="climbed", workers=1, **SETTINGS)


def history(run: evolve.Run) -> list[dict[str, Any]]:
    return [{key: value for key, value in entry.items() if key != "timing"} for entry in run.history()]


def test_some_candidates_climb(climbed: evolve.Run) -> None:
    requests = {request.number: request for request in climbed.requests}
    promoted = [request for request in requests.values() if request.continues is not None]
    assert 3 <= len(promoted) <= 6
    for request in promoted:
        below = requests[request.continues or 0]
        assert below.candidate == request.candidate
        assert f"{below.budget}" == RUNGS[RUNGS.index(f"{request.budget}") - 1]
    assert {f"{r.budget}" for r in requests.values() if r.purpose is Purpose.RESCORE} == {RUNGS[-1]}
    assert all(result.status is Status.OK for result in climbed.results.values())


def test_the_hall_of_fame_ranks_by_rung_first(climbed: evolve.Run) -> None:
    trained = [leader.trained for leader in climbed.hall_of_fame if leader.rescored is None]
    assert trained == sorted(trained, reverse=True)
    assert climbed.hall_of_fame[0].trained == 240
    assert climbed.winner == climbed.hall_of_fame[0].candidate


def test_a_promotion_goes_on_where_the_training_below_ended(climbed: evolve.Run) -> None:
    """Its first epoch begins better than a training from scratch does."""
    requests = {request.number: request for request in climbed.requests}
    first = {n: result.curve[0]["loss"] for n, result in climbed.results.items() if result.curve}
    below = {r.continues: r.number for r in requests.values() if r.continues}
    assert np.mean([first[up] < first[down] for down, up in below.items() if down]) > 0.7


def test_weights_on_disk_are_bounded(climbed: evolve.Run) -> None:
    left = list((climbed.folder / "weights").iterdir())
    assert 0 < len(left) <= 2 * SETTINGS["population"]
    assert all(path.suffix == ".npz" and len(path.stem) == 32 for path in left)


@pytest.mark.slow
def test_weights_that_are_gone_are_made_again(climbed: evolve.Run, tiny_npz: Path, tmp_path: Path) -> None:
    """A run that goes on without the weights of its first part, and with another number of workers, has the same
    history as one that was never stopped."""
    longer = {**SETTINGS, "evaluations": 13}
    straight = evolve.run(dataset=str(tiny_npz), results=tmp_path, name="straight", workers=2, **longer)
    shutil.copytree(climbed.folder, tmp_path / "climbed")
    for place, path in enumerate(sorted((tmp_path / "climbed" / "weights").iterdir())):
        path.unlink() if place % 2 else path.write_bytes(path.read_bytes()[:100])
    resumed = evolve.resume("climbed", results=tmp_path, generations=1, progress=False)

    def search(run: evolve.Run) -> list[dict[str, Any]]:
        hidden = ("request", "continues", "cached_from", "spent")
        found = [entry for entry in history(run) if entry["purpose"] == "search"]
        return [{key: value for key, value in entry.items() if key not in hidden} for entry in found]

    assert search(resumed) == search(straight)


def test_closing_promotions_are_not_trained_twice(climbed: evolve.Run) -> None:
    again = evolve.resume("climbed", results=climbed.folder.parent, progress=False)
    assert history(again) == history(climbed)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"rungs": ["40x2", "80x1"]},
            "rungs must be a list of budgets, images x epochs, each larger than the one before",
        ),
        ({"rungs": "40"}, "rungs must be"),
        ({"rungs": "5x1"}, "rungs must be"),
        ({"rungs": "40x1,80x1", "epochs": 3}, "leave out epochs or rungs"),
        ({"rungs": "40x1,80x1", "strategy": "neat"}, "strategy 'neat' takes one score per candidate"),
        (
            {"rungs": "40x1", "fitness": "a:b"},
            "rungs is for networks that evolve trains: not for a fitness function",
        ),
        ({"promote_one_in": 1}, "promote_one_in must be a whole number of at least 2, not 1"),
    ],
)
def test_rungs_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("(", r"\(")):
        evolve.run(**settings, progress=False)


@pytest.mark.slow
def test_a_long_last_training_has_a_worker_of_its_own_and_none_is_left(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evolve.problems.images.LONG", 0.0)
    few = {**SETTINGS, "rungs": RUNGS[:1], "evaluations": 2, "workers": 1}
    run = evolve.run(dataset=str(tiny_npz), results=tmp_path, name="long", **few)
    *brief, last = [entry["timing"]["worker"] for entry in run.history()]
    assert len(set(brief)) == 1
    assert last not in brief
    left = [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
    assert left == []


def test_clean_offers_weights_of_a_finished_run(climbed: evolve.Run) -> None:
    offered = {thing.path.name: thing for thing in disposables(climbed.folder.parent)}
    assert offered["weights"].size > 0
    assert "made again if the search goes on" in offered["weights"].why


@pytest.mark.slow
def test_on_the_command_line(climbed: evolve.Run, tmp_path: Path) -> None:
    stops(command("run", "--rungs", "9x1", cwd=tmp_path), "rungs must be", "3000x1")
    told = command("history", climbed.folder, "--json", cwd=tmp_path).stdout.splitlines()
    assert any(json.loads(line)["continues"] for line in told)
    assert "3 epochs of 80 images, " in command("history", climbed.folder, cwd=tmp_path, COLUMNS="120").stdout
    assert "seen" in command("show", climbed.folder, cwd=tmp_path).stdout
