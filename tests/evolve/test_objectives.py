"""What a search is for: directions, one order, one sign for people, results that serve every objective."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random
from statistics import fmean
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import DATA

import evolve
from evolve.config import RunConfig
from evolve.data.splits import part_digest
from evolve.display.progress import Progress
from evolve.engine.config_checks import check_objectives
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.interrupts import Stop
from evolve.engine.pace import CLOSING_SECONDS, Pace, StopConditions
from evolve.engine.stats import Stats
from evolve.errors import ConfigError, RunError
from evolve.execution.builds import backend_name
from evolve.execution.executor import InProcess
from evolve.objectives import Direction, Objective, Objectives, Standing, in_order, read_objective
from evolve.planning.plan import Stages
from evolve.problems.tables import TableProblem
from evolve.storage.store import Store
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status, judged_by

pytest.importorskip(backend_name())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loss", ("loss", "minimise")),
        ("accuracy", ("accuracy", "maximise")),
        ("maximise loss", ("loss", "maximise")),
        ("minimise latency", ("latency", "minimise")),
    ],
)
def test_objectives_are_named_by_measures(text: str, expected: tuple[str, str]) -> None:
    assert read_objective(text) == Objective(expected[0], Direction(expected[1]))


@pytest.mark.parametrize("text", ["speed", "upwards loss", "", "minimise", 'minimise a"b', "minimise $.x"])
def test_what_names_no_objective_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="measure"):
        read_objective(text)


def test_fitness_is_better_when_it_is_higher_and_people_see_what_was_measured() -> None:
    loss = read_objective("loss")
    assert loss.fitness(0.3) > loss.fitness(0.4)
    assert loss.shown(loss.fitness(0.3)) == 0.3


def test_a_result_that_lacks_what_is_asked_for_is_a_failure() -> None:
    both = Objectives((read_objective("accuracy"), read_objective("loss")))
    ok = Result(1, Status.OK, {"accuracy": 0.9, "loss": 0.2})
    assert judged_by(both, ok).objectives == (0.9, -0.2)
    for measures in ({"accuracy": 0.9}, {"accuracy": 0.9, "loss": float("nan")}):
        failed = judged_by(both, Result(1, Status.OK, measures))
        assert (failed.status, failed.fitness) == (Status.FAILED, None)
        assert "accuracy, loss" in str(failed.reason)


def test_a_larger_budget_ranks_before_a_higher_score_and_the_eldest_before_its_equals() -> None:
    standings = {1: Standing(100, 0.9), 2: Standing(300, 0.1), 3: Standing(300, 0.5), 4: Standing(300, 0.5)}
    assert sorted(standings, key=lambda number: in_order(standings[number], number)) == [3, 4, 2, 1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"objectives": ["loss", "accuracy"]}, "ranks by one objective; give one, not 2"),
        ({"objectives": ["minimise speed"]}, "'speed' is not measured; .*without a fitness function these are"),
        ({"objectives": ["minimise latency"]}, "'latency' cannot be the first"),
        ({"objectives": ["upwards"]}, "objectives names 'upwards', which must be one of accuracy"),
        ({"objectives": "accuracy;loss"}, "objectives names 'accuracy;loss', which must be the name of a measure"),
        ({"objectives": ["loss"], "metric": "balanced_accuracy"}, "metric is short for objectives"),
        ({"metric": "loss", "fitness": "my_module:f"}, "metric and a fitness function do not go together"),
        ({"metric": "loss", "table": DATA / "table.json", "encoding": "choices"}, "a table has one score"),
    ],
)
def test_objectives_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_objectives(RunConfig.checked(settings))


SETTINGS: dict[str, Any] = {
    "strategy": "random",
    "founders": ["conv 4 3, relu, flatten | adam 0.01, batch 16", "conv 6 3, maxpool 2, flatten | sgd 0.1, batch 16"],
    "max_parameters": 20_000,
    "images": 48,
    "epochs": 1,
    "evaluations": 4,
    "population": 4,
    "look_ahead": 2,
    "workers": 1,
    "final_epochs": 1,
    "leaders": 2,
    "rescorings": 1,
    "seed": 2,
    "precision": "float32",
}


@pytest.fixture(scope="module")
def by_accuracy(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    folder = tmp_path_factory.mktemp("objectives")
    return evolve.run(dataset=str(tiny_npz), results=folder, name="accuracy", progress=False, **SETTINGS)


@pytest.fixture(scope="module")
def by_loss(by_accuracy: evolve.Run, tiny_npz: Path) -> evolve.Run:
    given = {**SETTINGS, "results": by_accuracy.folder.parent, "name": "loss", "reuse": "accuracy"}
    return evolve.run(dataset=str(tiny_npz), objectives=["loss"], progress=False, **given)


@pytest.mark.slow
def test_results_of_equal_jobs_serve_another_objective(by_accuracy: evolve.Run, by_loss: evolve.Run) -> None:
    first, second = ([e for e in run.history() if e["purpose"] == "search"] for run in (by_accuracy, by_loss))
    assert [e["reused_from"] for e in first] == [None] * 4
    assert [e["reused_from"] for e in second] == ["accuracy"] * 4
    for ours, theirs in zip(first, second, strict=True):
        assert ours["measures"] == theirs["measures"]
        assert (ours["objectives"], theirs["objectives"]) == (
            [ours["measures"]["accuracy"]],
            [ours["measures"]["loss"]],
        )
        assert theirs["spent"] == {}
    final = [e for e in by_loss.history() if e["purpose"] == "final"]
    assert [e["reused_from"] for e in final] == [None], "its model is this run's own"
    assert by_loss.hall_of_fame[0].model() is not None


@pytest.mark.slow
def test_a_loss_has_one_sign_everywhere(by_loss: evolve.Run) -> None:
    run = by_loss
    losses = {e["candidate"]: e["measures"]["loss"] for e in run.history() if e["purpose"] in ("search", "challenge")}
    assert {leader.candidate: leader.score for leader in run.hall_of_fame} == losses
    again = [leader.rescored for leader in run.hall_of_fame if leader.rescored is not None]
    assert len(again) == 2
    assert min(again) > 0
    longer = [e["measures"]["loss"] for e in run.history() if e["purpose"] == "challenge"]
    assert run.summary()["best"] == min(longer), "a score after more images seen counts more"


@pytest.mark.slow
def test_it_is_known_which_images_each_network_recognised(by_accuracy: evolve.Run, by_loss: evolve.Run) -> None:
    sizes, parts = by_accuracy.problem["sizes"], {"rescore": "selection", "final": "test"}
    parts |= dict.fromkeys(("search", "challenge"), "validation")
    with by_accuracy.log() as log:
        for entry in by_accuracy.history():
            hits = log.hits(entry["request"])
            assert hits is not None
            assert hits.part == part_digest(by_accuracy.problem["digest"], parts[entry["purpose"]])
            assert hits.count == sizes[parts[entry["purpose"]]]
            assert fmean(hits.each()) == pytest.approx(entry["measures"]["accuracy"])
    with by_loss.log() as log:
        *before, last = [log.hits(e["request"]) is None for e in by_loss.history()]
        assert all(before)
        assert not last


def test_a_display_shows_a_loss_as_it_was_measured(table_problem: TableProblem) -> None:
    store, stats = Store.in_memory({"config": {"metric": "loss"}}), Stats(4)
    for number, loss in ((1, 0.5), (2, 0.3)):
        candidate = Candidate(number, table_problem.space.random(Random(number)).genome, "key")
        request = Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, "job")
        stats.begin(request, 1.0)
        stats.add(request, judged_by(store.objectives, Result(number, Status.OK, {"loss": loss})))
    dispatcher = Dispatcher(store, InProcess(table_problem.evaluators, table_problem.settings), Stop())
    now = Pace(stats, dispatcher, table_problem, RunConfig(), 1, StopConditions()).now()
    assert isinstance(now, Progress)
    assert (now.best, now.best_candidate, now.mean) == (0.3, 2, 0.4)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_last_trainings_of_several_end_in_time(
    count: int, table_problem: TableProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=400.0, monotonic=lambda: clock.now)
    monkeypatch.setattr("evolve.engine.pace.time", clock)
    dispatcher = Dispatcher(
        Store.in_memory({"config": {}}), InProcess(table_problem.evaluators, table_problem.settings), Stop()
    )
    conditions = StopConditions(ends=1000.0, times=Stages(300.0, 100.0, 600.0))
    pace = Pace(Stats(4), dispatcher, table_problem, RunConfig(), 1, conditions)
    for left in range(count, 0, -1):
        share = pace.finish_in(left, count)
        assert share is not None
        assert share == pytest.approx((600 - CLOSING_SECONDS) / count)
        clock.now += share
    assert clock.now == pytest.approx(1000 - CLOSING_SECONDS)
    assert pace.finish_in(1, count) == 300 / count, "what was lost is not made up for by nothing"


@pytest.mark.parametrize(("stretches", "seconds"), [(True, 900 - CLOSING_SECONDS), (False, 120)])
def test_what_a_search_leaves_goes_to_the_last_training_unless_it_is_to_be_as_long_as_what_was_compared(
    stretches: bool, seconds: float, table_problem: TableProblem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evolve.engine.pace.time", SimpleNamespace(monotonic=lambda: 100.0))
    dispatcher = Dispatcher(
        Store.in_memory({"config": {}}), InProcess(table_problem.evaluators, table_problem.settings), Stop()
    )
    times = Stages(780.0, 100.0, 120.0, stretches=stretches)
    config = RunConfig.checked({"final_epochs": 40})
    pace = Pace(Stats(4), dispatcher, table_problem, config, 1, StopConditions(ends=1000.0, times=times))
    assert pace.finish_in() == pytest.approx(seconds)
    by_work = Pace(Stats(4), dispatcher, table_problem, config, 1, StopConditions(work=times))
    assert by_work.most_epochs(config) == (None if stretches else 40)


@pytest.mark.slow
def test_the_best_is_the_best_of_the_search_on_every_display(by_accuracy: evolve.Run) -> None:
    scores = {leader.candidate: leader.score for leader in by_accuracy.hall_of_fame}
    assert by_accuracy.summary()["best"] == max(scores.values())


def test_a_run_to_reuse_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run 'other'"):
        evolve.run(dataset="digits", reuse="other", results=tmp_path, progress=False)


@pytest.mark.slow
def test_a_run_goes_on_though_the_one_it_reused_is_gone(
    by_accuracy: evolve.Run, tiny_npz: Path, tmp_path: Path
) -> None:
    shutil.copytree(by_accuracy.folder, tmp_path / "accuracy")
    given = {**SETTINGS, "results": tmp_path, "progress": False}
    evolve.run(dataset=str(tiny_npz), name="other", reuse="accuracy", **given)
    shutil.rmtree(tmp_path / "accuracy")
    resumed = evolve.resume("other", generations=1, results=tmp_path, progress=False)
    assert resumed.state == "finished"
    reused = [e["reused_from"] for e in resumed.history() if e["purpose"] == "search"]
    assert reused == ["accuracy"] * 4 + [None] * 4
