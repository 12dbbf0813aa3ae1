"""Tables of published scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from conftest import DATA, command

import evolve
from evolve.errors import ConfigError, DataError, RunError
from evolve.jobs import TableJob
from evolve.problems.table_files import (
    Table,
    TableEvaluator,
    convert_table,
    fault_of_table,
    from_nas_bench_macro,
    load_table,
)
from evolve.runs.facts import candidate_json
from evolve.values import Budget
from genomes import candidate_key


def good(**changes: Any) -> dict[str, Any]:
    entries = {"00": {"fitness": [1.0]}, "01": {"fitness": [2.0, 3.0]}}
    return {"name": "t", "choices": [1, 2], "entries": entries, **changes}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "needs the keys"),
        ({"name": "t"}, "needs the keys 'name', 'choices' and 'entries'"),
        ({"0": {"test_acc": [1]}}, "published NAS-Bench-Macro file; convert it"),
        (good(choices=[1, 11]), "'choices' must be whole numbers from 1 to 10"),
        (good(choices=[1, 1]), "one of them at least 2"),
        (good(entries={"00": {"fitness": [1]}}), "at least two entries"),
        (good(entries={"00": {"fitness": [1]}, "02": {"fitness": [1]}}), "entry '02' does not fit"),
        (good(entries={"00": {"fitness": [1]}, "010": {"fitness": [1]}}), "entry '010' does not fit"),
        (good(entries={"00": {"fitness": [1]}, "01": {"fitness": []}}), "'fitness' must be a list of finite numbers"),
        (good(entries={"00": {"fitness": [1]}, "01": {"fitness": [float("nan")]}}), "finite numbers"),
        (good(entries={"00": {"fitness": [1]}, "01": {"fitness": [1], "cost": "x"}}), "'cost' must be a finite number"),
        (good(entries={"00": {"fitness": [1]}, "01": {"fitness": [1], "cost": -1}}), "'cost' must not be negative"),
        (
            good(entries={"00": {"fitness": [1]}, "01": {"fitness": [1], "measures": [1]}}),
            "'measures' must be an object",
        ),
        (good(choices=[]), "one of them at least 2"),
    ],
)
def test_tables_that_cannot_be_used_say_why(table: Any, message: str) -> None:
    assert message in str(fault_of_table(table))


def test_missing_and_damaged_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        load_table(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DataError, match="not readable JSON"):
        load_table(tmp_path / "bad.json")


def look_up(table: Table, code: str, seed: int = 0, repeat: int = 0, test: bool = False) -> float:
    job = TableJob(number=1, code=code, budget=Budget(1, 1), repeat=repeat, test=test)
    return float(TableEvaluator({"table": table.to_json(), "seed": seed}).evaluate(job).measures["score"])


def test_one_training_is_drawn_per_run_and_repeats_are_the_others(table: Table) -> None:
    code, entry = next(iter(table.entries.items()))
    assert {look_up(table, code, 1, repeat) for repeat in range(3)} == set(entry["fitness"])
    assert look_up(table, code, 5) == look_up(table, code, 5)
    assert {look_up(table, code, seed) for seed in range(30)} == set(entry["fitness"])
    assert look_up(table, code, test=True) == entry["test"]


def test_the_published_file_is_converted(larger_data: Path, tmp_path: Path) -> None:
    published = larger_data / "nas-bench-macro.json"
    done = command("table", "convert", published, "macro.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "wrote macro.json: 6,561 entries\n")
    table = load_table(tmp_path / "macro.json")
    assert len(table.entries) == 3**8
    best = max(table.entries.values(), key=lambda entry: fmean(entry["fitness"]))
    assert fmean(best["fitness"]) == pytest.approx(93.13, abs=0.005)
    source = json.loads(published.read_text())
    code = "02012100"
    assert table.entries[code]["fitness"] == source[code]["test_acc"]
    assert table.entries[code]["measures"] == {"parameters": 890666, "multiply_adds": 47327744}
    with pytest.raises(DataError, match="convert it"):
        load_table(published)


def test_the_converter_refuses_other_files(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"0": 1}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "good.json").write_text(
        json.dumps({"0" * 8: {"test_acc": [1], "mean_acc": 1, "params": 5, "flops": 6}})
    )
    for name in ("x.json", "list.json"):
        with pytest.raises(DataError, match="not the published NAS-Bench-Macro file"):
            convert_table(tmp_path / name, tmp_path / "y.json")
    with pytest.raises(DataError, match=r"none\.json: there is no such file"):
        convert_table(tmp_path / "none.json", tmp_path / "y.json")
    with pytest.raises(DataError, match="cannot be written: Is a directory"):
        convert_table(tmp_path / "good.json", tmp_path)
    assert not (tmp_path / "y.json").exists()


def test_a_table_is_shown_with_how_complete_it_is(recorded_file: Path, tmp_path: Path) -> None:
    said = " ".join(command("table", "show", DATA / "table.json", cwd=tmp_path).stdout.split())
    assert "synthetic-200: 200 entries, 5 genes of up to 4 choices, at least 3 trainings each best: " in said
    lines = recorded_file.read_text().splitlines()
    (tmp_path / "part.jsonl").write_text("\n".join(lines[:-1]))
    said = " ".join(command("table", "show", "part.jsonl", cwd=tmp_path).stdout.split())
    assert "ours: 12 genomes, 2 of them founders" in said
    assert "left 24/24 36/36 24/24 0" in said and "right 24/24 36/36 23/24 0" in said


def test_conversion_keeps_what_is_known() -> None:
    table = from_nas_bench_macro({"0" * 8: {"test_acc": [1.0, 2.0, 3.0], "mean_acc": 2.0, "params": 5, "flops": 6}})
    assert table.entries["0" * 8]["test"] == 2.0
    assert table.choices == (3,) * 8


@pytest.fixture
def searched(tmp_path: Path) -> evolve.Run:
    """A run on a copy of the table."""
    shutil.copyfile(DATA / "table.json", tmp_path / "copy.json")
    given: dict[str, Any] = {"table": tmp_path / "copy.json", "encoding": "choices", "evaluations": 4, "population": 2}
    return evolve.run(**given, name="a", results=tmp_path / "results", progress=False)


def test_where_a_run_is_evaluated_is_a_setting_that_changes_no_history(searched: evolve.Run) -> None:
    given: dict[str, Any] = {**searched.config.model_dump(), "name": "b", "executor": "processes", "workers": 2}
    other = evolve.run(**given, progress=False)

    def told(run: evolve.Run) -> list[Any]:
        return [{key: value for key, value in entry.items() if key != "timing"} for entry in run.history()]

    assert told(other) == told(searched)


def test_the_space_and_the_genomes_of_a_run_on_a_table_can_be_had(searched: evolve.Run) -> None:
    row = searched.candidate(2)
    genome = searched.genome(2)
    assert (genome.notation(), genome.recipe) == (row.notation, None)
    assert candidate_key(genome, searched.space.blueprint(genome)) == row.key
    assert searched.network(2) is None
    assert searched.space.kind == "choices"


def test_if_the_table_is_gone_the_run_can_be_looked_at_and_says_what_is_missing(searched: evolve.Run) -> None:
    (searched.folder.parent.parent / "copy.json").unlink()
    run = evolve.find(searched.folder)
    assert candidate_json(run, 2)["layers"] == []
    reason = r"the search space of run 'a' cannot be read: table .*copy.json: there is no such file; put the table back"
    with pytest.raises(RunError, match=reason):
        run.genome(2)


@pytest.mark.parametrize(
    ("name", "value"), [("layers", {"conv": 2}), ("recipe", {"mixup": 0}), ("max_layers", 4), ("fill", True)]
)
def test_a_setting_that_means_nothing_to_a_table_is_refused(name: str, value: Any, tmp_path: Path) -> None:
    given: dict[str, Any] = {"table": DATA / "table.json", "encoding": "choices", "results": tmp_path, name: value}
    reason = f"{name} has no effect with the encoding 'choices'; leave it out, or use an encoding that has it: stack"
    with pytest.raises(ConfigError, match=reason):
        evolve.run(**given, progress=False)
    assert list(tmp_path.iterdir()) == []
