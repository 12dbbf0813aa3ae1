"""Tables of our own trainings: reading them, and searching them."""

from __future__ import annotations

import copy
import json
import math
import shutil
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import numpy as np
import pytest
import recorded_table
from conftest import changed, command, stops

import evolve
from evolve.config import RunConfig
from evolve.display.text import duration
from evolve.errors import ConfigError, DataError, RunError
from evolve.jobs import TableJob
from evolve.problems.making import table_problem
from evolve.problems.recorded_files import load_recorded
from evolve.problems.recorded_problem import RecordedEvaluator
from evolve.problems.recorded_tables import RecordedDataset, RecordedTable
from evolve.problems.spaces import pool_space
from evolve.research.table_search import search_table
from evolve.search.births import Births
from evolve.search.strategy import STRATEGIES, Member, strategy_class
from evolve.values import Budget, Result, Status

LINES = recorded_table.lines(4, ["left"])


def edited(place: int, **changes: Any) -> list[Any]:
    """The lines, one of them changed; a value of None takes a key out."""
    told = copy.deepcopy(LINES)
    line = {**told[place], **changes}
    told[place] = {name: value for name, value in line.items() if value is not None}
    return told


def loaded(path: Path, told: list[Any]) -> RecordedTable:
    return load_recorded(recorded_table.write(path / "table.jsonl", told))


SCORES = {"accuracy": 0.5, "balanced_accuracy": 0.5, "loss": 1.0}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ([], "has no data set yet; record one with: evolve table record"),
        (LINES[:1], "has no data set yet"),
        (LINES[1:], "line 1: no recorded table begins so; the name of a table of published scores ends in .json"),
        ([LINES[0], *LINES], "line 2: there is a line of kind 'table' already"),
        ([LINES[0], [1], LINES[1]], "line 2: is not a JSON object; delete the line, or restore the file"),
        (edited(0, format=2), "line 1: format: input should be 1, not 2"),
        (edited(0, genomes={}), "line 1: genomes and budgets must not be empty"),
        (edited(0, genomes={"a": "conv 16"}), "line 1: genomes: 'a': .*kernel"),
        (edited(0, genomes={"random": "flatten"}), "line 1: genomes: 'random' stands for a group of founders"),
        (edited(0, genomes={"a b": "flatten"}), "line 1: genomes: a b: string should match"),
        (
            edited(0, genomes={"a": "flatten | adam 0.01", "b": "flatten | adam 0.01"}),
            "line 1: genomes: 'a' and 'b' are the same",
        ),
        (edited(0, founders=["net-9"]), "line 1: founders: 'net-9' is not among the genomes"),
        (edited(0, twins={"net-1": "net-9"}), "line 1: twins: 'net-9' is not among the genomes"),
        (edited(0, budgets={"100": 2}), "line 1: budgets: 100: must be images x epochs, such as 5000x3, not '100'"),
        (edited(1, sizes={"validation": 20}), "line 2: sizes: 'selection' is missing"),
        (edited(1, classes="3"), "line 2: classes: input should be a valid integer, not '3'"),
        ([*LINES[:2], LINES[1]], "line 3: the data set 'left' has a line already"),
        (edited(2, kind="note"), "line 3: kind must be one of table, dataset, training, not 'note'"),
        (edited(2, dataset="right"), "line 3: dataset: 'right' has no line of kind 'dataset' before this one"),
        (edited(2, genome="net-9"), "line 3: genome: 'net-9' is not among the genomes of the first line"),
        (
            edited(2, budget="100x2"),
            r"line 3: budget 100x2, repeat 0: the first line has 100x1 \(2\), 100x3",
        ),
        (edited(2, repeat=2), "line 3: budget 100x1, repeat 2: the first line has"),
        (edited(2, repeat=1), "line 4: net-0, 100x1, repeat 1 is there already"),
        (edited(2, status="fine"), "line 3: status: input should be 'ok', .*, not 'fine'"),
        (edited(2, selection=None), "line 3: a training that ended well needs selection"),
        (edited(2, seconds=None), "line 3: a training that ended well needs seconds"),
        (edited(2, seconds=-1), "line 3: seconds: input should be greater than or equal to 0, not -1"),
        (edited(2, validation={**SCORES, "loss": math.nan}), "line 3: validation: loss: input should be a finite"),
        (edited(2, validation={**SCORES, "accuracy": 92}), "line 3: validation: accuracy: .* less than or equal to 1"),
        (edited(2, validation={"accuracy": 0.5, "loss": 1}), "line 3: validation and selection need balanced_accuracy"),
        (edited(2, hits="?"), "line 3: hits must be base64"),
        (edited(2, hits="AAAA" * 2), "line 3: hits must be a bit for each of the 20 validation images, 3 bytes, not 6"),
    ],
)
def test_a_table_that_cannot_be_used_says_which_line_and_why(told: list[Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"table.jsonl[:,] {message}"):
        loaded(tmp_path, told)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.jsonl: there is no such file"):
        load_recorded(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        load_recorded(tmp_path)


def test_a_last_line_that_is_not_whole_is_left_out_and_another_is_not(tmp_path: Path) -> None:
    path = recorded_table.write(tmp_path / "table.jsonl", LINES)
    whole = path.read_text()
    path.write_text(whole[:-30])
    assert len(load_recorded(path).dataset("left").trainings) == len(LINES) - 3
    path.write_text(whole.rstrip("\n"))
    assert len(load_recorded(path).dataset("left").trainings) == len(LINES) - 2
    path.write_text(whole[:-30] + "\n" + whole.splitlines()[-1])
    with pytest.raises(DataError, match=rf"line {len(LINES)}: is not a JSON object"):
        load_recorded(path)


def test_what_is_in_it_is_read(own_table: RecordedTable) -> None:
    assert list(own_table.datasets) == ["left", "right"]
    left = own_table.dataset("left")
    assert (left.name, left.input_shape, left.classes, left.founders) == ("left", (8, 8, 1), 3, ("net-2", "net-0"))
    assert (left.smallest, left.largest) == (Budget(100, 1), Budget(200, 4))
    training = left.training("net-3", "100x3", 2)
    assert training is not None and training == left.repeats("net-3", Budget(100, 3))[2]
    assert training.validation and training.validation.accuracy > training.validation.balanced_accuracy
    assert (training.parameters, training.machine["cores"], training.curve[2]["epoch"]) == (103, 2, 3)
    assert left.training("net-3", "100x3", 3) is None
    assert left.repeats("net-3", "100x2") == ()
    told = [line for line in recorded_table.lines() if (line.get("dataset"), line.get("genome")) == ("left", "net-3")]
    longest = [line["selection"]["loss"] for line in told if line["budget"] == "200x4"]
    assert left.mean("net-3", "200x4", "loss") == pytest.approx(fmean(longest))
    assert left.seconds("net-3", "100x1") == pytest.approx(1.305)
    hits = left.hits("net-3", "100x1", 1)
    assert hits is not None and hits.shape == (20,)
    assert np.flatnonzero(hits).tolist() == [0, 2, 16, 17, 18, 19]
    with pytest.raises(DataError, match="the table 'ours' has no data set 'up'; it has left, right"):
        own_table.dataset("up")


def test_twins_without_augmentation_say_what_changed_images_mean_to_them(tmp_path: Path) -> None:
    table = loaded(tmp_path, edited(2, clean=0.8, changed={"mirror": 0.3, "move": 0.7}))
    [plain, other] = table.dataset("left").repeats("net-0", "100x1")
    assert (plain.clean, plain.changed) == (0.8, {"mirror": 0.3, "move": 0.7})
    assert (other.clean, other.changed) == (None, {})


def asked(
    data: RecordedDataset, genome: str, budget: str, repeat: int = 0, seed: int = 0, test: bool = False
) -> Result:
    settings = {"answers": data.answers, "truths": data.truths, "dataset": data.name, "seed": seed}
    settings = json.loads(json.dumps(settings))  # as another process gets it
    images, epochs = map(int, budget.split("x"))
    job = TableJob(number=1, code=genome, budget=Budget(images, epochs), repeat=repeat, test=test)
    return RecordedEvaluator(settings).evaluate(job)


def test_one_repeat_is_drawn_per_run_and_further_ones_are_the_others(own_table: RecordedTable) -> None:
    data = own_table.dataset("left")
    known = [one.validation.measures() for one in data.repeats("net-1", "100x3") if one.validation]
    assert len({scores["accuracy"] for scores in known}) == 3
    repeats = [asked(data, "net-1", "100x3", repeat).measures for repeat in range(3)]
    assert sorted(repeats, key=str) == sorted(known, key=str)
    seen = {asked(data, "net-1", "100x3", seed=seed).measures["accuracy"] for seed in range(30)}
    assert seen == {scores["accuracy"] for scores in known}
    truth = asked(data, "net-1", "200x4", test=True).measures
    assert truth["accuracy"] == data.mean("net-1", "200x4")
    assert truth["loss"] == data.mean("net-1", "200x4", "loss")


def with_gaps(tmp_path: Path) -> RecordedTable:
    """Of net-1 no training is recorded, of net-2 but the smallest budget, and one of net-3 diverged."""
    failed = {"status": "diverged", "reason": "loss is nan", "validation": None, "selection": None, "hits": None}
    told = []
    for line in recorded_table.lines(4, ["left"]):
        of, budget = line.get("genome"), line.get("budget")
        if of == "net-1" or (of == "net-2" and budget != "100x1"):
            continue
        told.append({**line, **failed} if of == "net-3" and (budget, line["repeat"]) == ("200x4", 0) else line)
    return loaded(tmp_path, told)


def test_what_is_not_recorded_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    data = with_gaps(tmp_path).dataset("left")
    assert data.pool == ("net-0", "net-2", "net-3")
    gone = asked(data, "net-2", "100x3")
    assert (gone.status, gone.measures) == (Status.FAILED, {})
    assert gone.reason == "a training of 'net-2' with 100x3 on left is not recorded"
    worth = asked(data, "net-2", "200x4", test=True)
    assert worth.reason == "a training of 'net-2' with 200x4 on left is not recorded, or did not end well"
    found = [asked(data, "net-3", "200x4", repeat) for repeat in range(2)]
    assert {(one.status, one.reason) for one in found} == {(Status.OK, None), (Status.DIVERGED, "loss is nan")}
    left = [one.selection.accuracy for one in data.repeats("net-3", "200x4") if one.selection]
    assert asked(data, "net-3", "200x4", test=True).measures["accuracy"] == left[0]


def test_a_search_of_a_table_with_gaps_ends_with_what_is_whole(tmp_path: Path) -> None:
    table = with_gaps(tmp_path)
    for rungs in ((), ("100x1", "100x3", "200x4")):
        found = search_table(config(dataset="left", rungs=rungs, population=2, promote_one_in=2), table)
        assert found.winner in ("net-0", "net-3")
        assert found.evaluations == 3


def config(**settings: Any) -> RunConfig:
    return RunConfig.checked({"table": "ours.jsonl", "evaluations": 20, "population": 4, **settings})


def test_settings_that_do_not_go_with_the_table_are_refused_with_the_repair(own_table: RecordedTable) -> None:
    def refused(message: str, **settings: Any) -> None:
        with pytest.raises(ConfigError, match=message):
            table_problem(config(**settings), own_table)

    refused("the table 'ours' has several data sets, left, right; give dataset")
    refused("dataset = 'up' is not in the table 'ours'; it has left, right", dataset="up")
    listed = "is not a budget of the table 'ours'; it has 100x1, 100x3, 200x4"
    refused(f"rungs 100x2 {listed}", dataset="left", rungs=("100x1", "100x2"))
    refused(f"images = 300 {listed}", dataset="left", images=300)
    refused(f"images = 200 and epochs = 3 {listed}", dataset="left", images=200, epochs=3)
    for given, budget in ({}, "100x1"), ({"images": 200}, "200x4"), ({"epochs": 3}, "100x3"):
        assert list(map(str, table_problem(config(dataset="left", **given), own_table).rungs)) == [budget]


def test_a_table_of_one_data_set_needs_no_name_for_it(tmp_path: Path) -> None:
    assert search_table(config(), loaded(tmp_path, LINES)).evaluations == 4


def nearest(data: RecordedDataset, of: list[str], born: set[str]) -> str:
    """The nearest of those that are left, found by looking at all."""
    networks = pool_space(data).networks  # type: ignore[attr-defined]
    genomes = {name: networks.parse(data.genomes[name]) for name in data.genomes}
    left = [name for name in data.genomes if name not in born]
    return min(left, key=lambda name: max(networks.distance(genomes[name], genomes[other]) for other in of))


def test_a_mutant_is_the_nearest_that_was_not_born_and_a_child_is_nearest_to_both(own_table: RecordedTable) -> None:
    data = own_table.dataset("left")
    births, rng = Births(pool_space(data)), Random(1)
    members, born = list[Member](), set[str]()
    for number in range(1, 13):
        parents = members[-2:] if number % 2 else members[-1:]
        proposal = births.child(lambda: parents, rng, 0.0) if parents else births.newcomer(rng)  # noqa: B023
        assert proposal is not None
        name = proposal.genome.notation()
        if parents:
            assert name == nearest(data, [one.genome.notation() for one in parents], born)
            assert proposal.steps[0].operator == ("nearest" if len(parents) == 1 else "crossover")
        members.append(Member(number, proposal.genome, 0.0))
        born.add(name)
    assert born == set(data.genomes)
    assert births.child(lambda: members[:1], rng) is births.newcomer(rng) is None


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if strategy_class(name).encodings is None])
def test_every_strategy_ends_when_all_were_born(strategy: str, own_table: RecordedTable) -> None:
    found = search_table(config(dataset="right", strategy=strategy, evaluations=100), own_table)
    assert found.evaluations <= 12
    assert found.evaluations == 12 or strategy == "neat"


@pytest.mark.parametrize(
    ("settings", "measure"),
    [
        ({"strategy": "aging", "look_ahead": 3}, "accuracy"),
        ({"strategy": "genetic", "metric": "loss"}, "loss"),
        ({"strategy": "neat", "metric": "balanced_accuracy"}, "balanced_accuracy"),
        ({"strategy": "aging", "rungs": ("100x1", "100x3", "200x4"), "promote_one_in": 2}, "accuracy"),
        ({"strategy": "random", "duration": 8.0, "evaluations": None}, "accuracy"),
    ],
)
def test_a_run_finds_what_a_search_in_memory_finds(
    settings: dict[str, Any], measure: str, recorded_file: Path, own_table: RecordedTable, tmp_path: Path
) -> None:
    given: dict[str, Any] = {**config().model_dump(), "table": recorded_file, "dataset": "left", "seed": 4, **settings}
    given = {name: value for name, value in given.items() if name not in ("name", "encoding")}
    run = evolve.run(**{**given, "results": tmp_path}, progress=False)
    found, first = search_table(RunConfig.checked(given), own_table), run.hall_of_fame[0]
    assert (found.winner, found.origin) == (first.notation, first.origin)
    assert (found.selected, found.rescored) == (first.score, first.rescored)
    assert run.final_result is not None and found.test == run.final_result.measures[measure]
    history = list(run.history())
    assert found.evaluations == len({entry["candidate"] for entry in history})
    ended = next(act.detail for act in run.acts if act.kind == "search ended")
    assert found.seconds == ended["simulated"]
    assert found.test == own_table.dataset("left").mean(found.winner, "200x4", measure)
    data = own_table.dataset("left")
    for entry in history:
        if entry["purpose"] != "final":
            known = [one.validation.measures() for one in data.repeats(entry["notation"], run_budget(entry))]
            assert entry["measures"] in known


def run_budget(entry: dict[str, Any]) -> str:
    return f"{entry['images']}x{entry['epochs']}"


def test_time_is_simulated_from_the_seconds_that_were_recorded(own_table: RecordedTable) -> None:
    data = own_table.dataset("left")
    one = search_table(config(dataset="left", strategy="random", look_ahead=1), own_table)
    seconds = [data.seconds(name, "100x1") or 0.0 for name in data.genomes]
    assert one.seconds == pytest.approx(sum(seconds))
    three = search_table(config(dataset="left", strategy="random", look_ahead=3), own_table)
    assert three.seconds is not None and sum(seconds) / 3 <= three.seconds < sum(seconds) / 2
    assert one.curve_in_seconds is not None
    assert [point.selected for point in one.curve_in_seconds] == [point.selected for point in one.curve]
    assert one.curve_in_seconds[-1].x == one.seconds
    for limit in (2.0, 5.5):
        short = search_table(config(dataset="left", strategy="random", look_ahead=1, duration=limit), own_table)
        assert short.seconds is not None
        last = short.seconds - max(seconds)
        assert last < limit <= short.seconds  # nothing begins any more when the time is over
        assert short.curve == tuple(point for point in one.curve if point.x < short.evaluations) + short.curve[-1:]


def test_simulated_time_goes_on_where_it_ended(recorded_file: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = {"table": recorded_file, "dataset": "left", "population": 3, "strategy": "random"}
    whole = evolve.run(**given, duration=9, results=tmp_path, name="whole", progress=False)
    part = evolve.run(**given, duration=4, results=tmp_path, name="part", progress=False)
    births = [candidate_count(run) for run in (part, whole)]
    assert 1 < births[0] < births[1] < 12
    ended = next(act.detail["simulated"] for act in part.acts if act.kind == "search ended")
    part = evolve.resume(part.folder, duration=9 - ended, progress=False)
    assert candidate_count(part) == births[1]
    assert searched(part) == searched(whole)
    again = evolve.resume(part.folder, generations=1, progress=False)
    assert candidate_count(again) == min(12, births[1] + 3)


def candidate_count(run: evolve.Run) -> int:
    with run.log() as log:
        return log.last("candidate")


def searched(run: evolve.Run) -> list[Any]:
    names = ("notation", "parents", "images", "epochs", "objectives")
    return [[entry[name] for name in names] for entry in run.history() if entry["purpose"] == "search"]


def test_a_run_that_was_cut_off_is_replayed_with_its_promotions(recorded_file: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = {"table": recorded_file, "dataset": "right", "population": 3, "look_ahead": 2}
    given |= {"rungs": ("100x1", "200x4"), "promote_one_in": 2, "evaluations": 9, "progress": False}
    whole = evolve.run(**given, results=tmp_path, name="whole")
    assert any(entry["continues"] for entry in whole.history() if entry["request"] < 7)
    cut = shutil.copytree(whole.folder, tmp_path / "cut")
    final = [f"DROP TRIGGER {table}_stays" for table in ("act", "result")]
    changed(cut, *final, "DELETE FROM result WHERE request > 6", "DELETE FROM act WHERE kind != 'started'")
    run = evolve.resume(cut, progress=False)
    assert [without_timing(entry) for entry in run.history()] == [without_timing(entry) for entry in whole.history()]
    assert run.hall_of_fame[0].notation == whole.hall_of_fame[0].notation


def without_timing(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "timing"}


def test_another_table_under_the_same_name_is_refused(recorded_file: Path, tmp_path: Path) -> None:
    table = Path(shutil.copyfile(recorded_file, tmp_path / "copy.jsonl"))
    given: dict[str, Any] = {"table": table, "dataset": "left", "evaluations": 3, "population": 2}
    run = evolve.run(**given, results=tmp_path / "results", progress=False)
    assert (run.name, run.config.dataset, run.config.encoding) == ("left-aging-1", "left", "pool")
    assert run.genome(1).notation() == "net-2"
    table.write_text(table.read_text().replace('"seconds": 1.', '"seconds": 2.'))
    with pytest.raises(RunError, match="was made with digest"):
        evolve.resume(run.folder, generations=1, progress=False)
    table.unlink()
    with pytest.raises(RunError, match=r"copy.jsonl: there is no such file; put the table back"):
        evolve.find(run.folder).genome(1)


def test_time_and_encoding_are_checked_before_anything_is_made(recorded_file: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = {"table": recorded_file, "dataset": "left", "results": tmp_path, "progress": False}
    with pytest.raises(ConfigError, match="fast and duration do not go together where time is simulated"):
        evolve.run(**given, fast=True, duration=8)
    with pytest.raises(ConfigError, match="a table of our own trainings, not for the encoding 'choices'; use enc"):
        evolve.run(**given, encoding="choices")
    with pytest.raises(ConfigError, match="strategy 'neat' takes one score per candidate; give one rung"):
        evolve.run(**given, strategy="neat", rungs=("100x1", "100x3"))
    assert list(tmp_path.iterdir()) == []


def test_from_the_command_line(recorded_file: Path, tmp_path: Path) -> None:
    at = ("run", "--table", recorded_file, "--population", "4")
    stops(command(*at, cwd=tmp_path), "has several data sets, left, right; give --dataset")
    done = command(*at, "--dataset", "left", "--for", "8s", "--rungs", "100x1,200x4", "--name", "a", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    acts = evolve.find(tmp_path / "results" / "a").acts
    [simulated] = [act.detail["simulated"] for act in acts if "simulated" in act.detail]
    assert simulated >= 8 and f"0 failures; {duration(simulated)} of simulated time" in said
    assert "on the selection part (the mean of its longest trainings, looked up); no test part was opened" in said
    assert "validation accuracy after 1 epoch on 100 images up to 4 epochs on 200 images" in said
    shown = command("show", "a", "1", cwd=tmp_path).stdout
    assert "founder net-2" in shown and "what it is worth" in shown
    network = recorded_table.genomes(12)["net-2"].partition(" | ")[0]
    assert network in shown
    assert "of the table were tried" not in said and "search further" in said
    every = command(*at, "--dataset", "left", "--generations", "9", cwd=tmp_path).stdout
    assert "all 12 networks of the table were tried" in every and "search further" not in every
    listed = command("list", cwd=tmp_path).stdout.splitlines()
    assert len(listed) > 1 and all(line.split()[5] == "-" for line in listed[1:]), "no test part was opened"
    some = evolve.find("a", tmp_path / "results")
    assert "finished" in some._repr_html_() and "no test accuracy yet" not in some._repr_html_()
    assert some.hall_of_fame[0].test_accuracy is None
    rungs = ("--rungs", "100x1,200x4", "--evaluations", "9", "--promote-one-in", "2", "--name", "b")
    climbed = command(*at, "--dataset", "left", *rungs, cwd=tmp_path).stdout
    assert evolve.find("b", tmp_path / "results").summary()["evaluations"] > 9, "promotions count there"
    assert "of the table were tried" not in climbed and "search further" in climbed
    history = " ".join(command("history", "a", cwd=tmp_path).stdout.split())
    assert "founder net-0" in history and "looked up: 4 epochs of 200 images" in history
