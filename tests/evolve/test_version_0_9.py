"""Runs of version 0.9: they can be looked at, and their models used; only the version that made them continues them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, command, stops
from PIL import Image

import evolve
from evolve.errors import RunError
from evolve.execution.builds import backend_name
from evolve.storage.files import FILE
from evolve.storage.store import Store
from evolve.values import Request

pytest.importorskip(backend_name())


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a run on digits, by loss, and one on a table."""
    shutil.copytree(DATA / "version-0.9", tmp_path / "results")
    shutil.copy(DATA / "table.json", tmp_path)
    return tmp_path


def test_they_are_shown_as_any_other_run(old: Path) -> None:
    before = (old / "results" / "of-0.9" / FILE).read_bytes()
    shown = command("show", "of-0.9", cwd=old)
    assert shown.returncode == 0, shown.stderr
    said = " ".join(shown.stdout.split())
    assert "score: validation loss (lower is better) after 1 epoch on 100 images up to 2 epochs on 200 images" in said
    assert "candidate 6 won, a mutant of candidate 4: its re-scored loss is lower than that" in said
    way = "selected at loss 0.3213 -> re-scored mean 0.3909 (2 fresh seeds) -> test loss 0.3639, test accuracy 90.53%"
    assert f"candidate 6: {way} (trained in full:" in said
    assert said.count("the test part was opened once") == 1
    run = evolve.find("of-0.9", old / "results")
    first = run.hall_of_fame[0]
    assert (first.candidate, round(first.score, 4), round(first.rescored or 0, 4)) == (6, 0.3213, 0.3909)
    one = command("show", "of-0.9", "6", cwd=old)
    assert "remove maxpool 2 at 2" in one.stdout
    table = command("show", "table-0.9", cwd=old)
    assert "score: a score of the table" in table.stdout
    assert "selected at 85.20 -> re-scored mean 85.03 (2 other trainings) -> test score 84.61 (looked up)" in " ".join(
        table.stdout.split()
    )
    assert "of-0.9" in command("list", cwd=old).stdout
    assert (old / "results" / "of-0.9" / FILE).read_bytes() == before


def test_their_history_is_told_in_the_words_of_today(old: Path) -> None:
    told = [json.loads(line) for line in command("history", "of-0.9", "--json", cwd=old).stdout.splitlines()]
    assert len(told) == 16
    assert all(entry["objectives"] == [entry["measures"]["loss"]] for entry in told)
    going_on = [entry for entry in told if entry["continues"]]
    assert len(going_on) == 3
    assert {entry["schedule"] for entry in going_on} == {"new"}
    assert {step["operator"] for entry in told for step in entry["steps"]} == {"recorded"}
    table = [json.loads(line) for line in command("history", "table-0.9", "--json", cwd=old).stdout.splitlines()]
    assert all(entry["objectives"] == [entry["measures"]["score"]] for entry in table)


@pytest.mark.slow
def test_their_models_predict_and_are_exported(old: Path) -> None:
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(old / "one.png")
    said = command("predict", "of-0.9", "one.png", cwd=old)
    assert said.returncode == 0, said.stderr
    for arguments, name in ((("--format", "python"), "of-0.9-2.py"), ((), "of-0.9-6.keras")):
        candidate = name.partition(".")[2][2]
        done = command("export", "of-0.9", candidate, *arguments, cwd=old)
        assert done.returncode == 0, done.stderr
        assert "class probabilities differ" in done.stdout
        assert (old / name).exists()


@pytest.mark.parametrize("arguments", [("resume", "of-0.9"), ("train", "of-0.9", "1"), ("resume", "table-0.9")])
def test_to_continue_them_is_refused_with_the_reason(arguments: tuple[str, ...], old: Path) -> None:
    stops(command(*arguments, cwd=old), "was made by evolve 0.9.0", "another version may search differently")


def test_nothing_is_added_to_them(old: Path) -> None:
    run = evolve.find("table-0.9", old / "results")
    with Store.open(run.folder) as store:
        [asked] = [row for row in store.requests() if row.number == 1]
        with pytest.raises(RunError, match="can be looked at and exported, not continued"):
            store.add(requests=[Request(99, None, asked.budget, 0, asked.purpose, "key")])  # type: ignore[arg-type]
        assert store.hits(1) is None


def test_what_a_fitness_function_returned_is_known_whatever_it_measured(old: Path) -> None:
    with sqlite3.connect(old / "results" / "of-0.9" / FILE) as connection:
        settings = "'$.fitness', 'mine:f', '$.rungs', json('[]')"
        connection.execute(f"UPDATE meta SET value = json_set(value, {settings}) WHERE key = 'config'")
        connection.execute("DROP TRIGGER result_is_final")
        connection.execute("UPDATE result SET objectives = '[3.5]' WHERE status = 'ok'")
    connection.close()
    run = evolve.find("of-0.9", old / "results")
    assert {leader.score for leader in run.hall_of_fame} == {3.5}
    assert run.test_accuracy == 3.5
    assert "what the fitness function returned" in command("show", "of-0.9", cwd=old).stdout
