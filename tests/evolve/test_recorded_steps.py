"""Steps of recorded runs: as data in JSON, as text for people, also in runs of version 0.9."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from conftest import DATA, command, stack_space

import evolve
from evolve.engine.initial_population import founders, founders_json, recorded_founders
from evolve.problems.tables import TableProblem
from evolve.runs.facts import candidate_json
from evolve.storage.store import Store
from genomes.steps import STEPS, read_step


def test_the_effect_of_each_operator_can_be_counted(day: Path) -> None:
    """The gain of children over their best parent, by what made them."""
    score: dict[int, float] = {}
    gains: dict[str, list[float]] = defaultdict(list)
    for told in evolve.find(day).history():
        if told["purpose"] == "search":
            score[told["candidate"]] = told["objectives"][0]
            for step in map(read_step, told["steps"]):
                if told["parents"]:
                    gains[step.operator].append(score[told["candidate"]] - max(score[p] for p in told["parents"]))
    assert set(gains) <= set(STEPS)
    assert len(gains["gene"]) > 50
    assert fmean(gains["gene"]) < 0, "most changes of a good entry are for the worse"


def test_json_has_all_of_a_step_and_people_see_its_text(day: Path) -> None:
    known = candidate_json(evolve.find(day), 100)
    assert known["steps"] == known["family"][0]["steps"]
    for step in known["steps"]:
        assert set(step) == {"operator", "detail", "text"}
    history = command("history", day, cwd=day.parent)
    lines = [json.loads(line) for line in command("history", day, "--json", cwd=day.parent).stdout.splitlines()]
    [born] = [line for line in lines if line["candidate"] == 100 and line["purpose"] == "search"]
    assert born["steps"] == known["steps"]
    shown = command("show", day, "100", cwd=day.parent)
    for text in (history.stdout, shown.stdout):
        assert known["steps"][0]["text"] in text
        assert "operator" not in text


def begun_with(founders: Any, folder: Path) -> evolve.Run:
    """A run that recorded these founders."""
    meta = {"version": "0.9.0", "created": "today", "config": {}, "problem": {}, "founders": founders}
    Store.create(folder, meta).close()
    return evolve.Run(folder)


def test_founders_and_their_steps_are_what_was_recorded(tmp_path: Path) -> None:
    tight = stack_space((32, 32, 3), max_work=20_000_000)
    begun = founders(tight, ["fast-sizes", "conv 8 3, relu, flatten"], tmp_path, lambda text: None)
    assert [step.operator for step in begun[0].steps] == ["founder", "scale"]
    assert recorded_founders(tight, begun_with(founders_json(begun), tmp_path / "run")) == begun


@pytest.mark.parametrize("name", ["of-0.9", "table-0.9"])
def test_a_run_of_version_0_9_is_read(name: str, tmp_path: Path) -> None:
    shutil.copytree(DATA / "version-0.9" / name, tmp_path / "results" / name)
    run = evolve.find(name, tmp_path / "results")
    told = [step for entry in run.history() for step in entry["steps"]]
    assert {step["operator"] for step in told} == {"recorded"}
    assert any(step["text"].startswith("founder") or "gene" in step["text"] for step in told)
    rows = [step for row in run.candidates.values() for step in row.steps]
    assert {step.text for step in rows} == {step["text"] for step in told}
    assert all(row["steps"] for row in candidate_json(run, max(run.candidates))["family"])
    with Store.open(run.folder) as store:
        store.act("started")


def test_a_run_of_version_0_9_keeps_the_founders_it_began_with(table_problem: TableProblem, tmp_path: Path) -> None:
    found = begun_with([["00000", "founder 00000"]], tmp_path / "old")
    assert [one.steps for one in recorded_founders(table_problem.space, found)] == [(read_step("founder 00000"),)]
