"""Few images: candidates are trained in full over folds of them."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import command, stack_space, training_job

from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.jobs import Seeds
from evolve.objectives import Objectives
from evolve.planning.plan import Machine
from evolve.planning.sizing import make_plan
from evolve.planning.work_plan import before_the_last, plan_for_work
from evolve.runs.race import scale_of
from evolve.runs.run import Run
from evolve.search.leads import Scores, share_carried
from evolve.storage.files import FILE
from evolve.storage.store import Store
from evolve.training.evaluator import prepare_training
from evolve.training.folds import folds_of, together
from evolve.training.stopwatch import Stopwatch
from evolve.values import Budget, Purpose, Result, Status

NETWORK = "conv 8 3, batchnorm, relu, dropout 0.2, global_average | sgd 0.2, batch 32, one-cycle"
BUDGET = Budget(72, 3, 4)
LAPTOP = Machine(rate=4e10, start=2.5, workers=2, usual=2_000_000)
PIXELS = {
    "low": 0,
    "high": 255,
    "pixels": {name: {"scale": [1 / 255], "offset": [-0.5]} for name in ("scale", "standardise")},
}


def images(count: int = 97) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    labels = np.sort(rng.integers(0, 10, count))
    return rng.integers(0, 255, (count, 8, 8, 1)).astype(np.uint8), labels


def test_each_image_is_in_one_fold_and_never_trained_on_for_it() -> None:
    pictures, labels = images()
    folds = list(folds_of(pictures, labels, BUDGET, seed=5))
    assert sorted(np.concatenate([fold.rows for fold in folds])) == list(range(97))
    for fold in folds:
        assert len(fold.train[1]) == BUDGET.images
        assert np.array_equal(fold.score[0], pictures[fold.rows])
        seen = {image.tobytes() for image in fold.train[0]}
        assert not any(image.tobytes() in seen for image in fold.score[0])
        by_class = np.bincount(labels[fold.rows], minlength=10) - np.bincount(labels, minlength=10) / 4
        assert np.abs(by_class).max() < 1
        assert not np.array_equal(np.sort(fold.train[1]), fold.train[1])
    others = list(folds_of(pictures, labels, BUDGET, seed=6))
    assert any(not np.array_equal(one.rows, other.rows) for one, other in zip(folds, others, strict=True))


def test_a_network_that_is_trained_again_is_as_one_that_was_made_for_it() -> None:
    space = stack_space((8, 8, 1))
    genome = space.parse(NETWORK)
    pictures, labels = images(72)
    one = training_job(space.blueprint(genome), genome.recipe, BUDGET)
    other = replace(one, seeds=Seeds(2, 3, 4, 5))
    again = prepare_training(one, PIXELS, Stopwatch(), (pictures, labels))
    again.run()
    again.restart(pictures[::-1], labels[::-1], other)
    made = prepare_training(other, PIXELS, Stopwatch(), (pictures[::-1], labels[::-1]))
    assert again.run() == made.run()
    for left, right in zip(again.model.get_weights(), made.model.get_weights(), strict=True):
        assert np.array_equal(left, right)


def test_scores_of_folds_are_of_all_images_and_a_failure_is_one_of_all() -> None:
    space = stack_space((8, 8, 1))
    genome = space.parse(NETWORK)
    job = training_job(space.blueprint(genome), genome.recipe, BUDGET)
    pictures, labels = images()
    folds = list(folds_of(pictures, labels, BUDGET, seed=5))
    found: list[Any] = []
    for number, fold in enumerate(folds):
        right = np.eye(10)[labels[fold.rows]]
        measures = {"accuracy": 0.0, "train_accuracy": number / 4}
        result = Result(1, Status.OK, measures, ({"epoch": 1.0, "loss": float(number)},), {"images": 72})
        found.append((result, right if number else np.roll(right, 1, axis=1)))
    rows = [fold.rows for fold in folds]
    whole = together(job, labels, rows, found)
    assert whole.measures["accuracy"] == pytest.approx(1 - len(folds[0].rows) / 97)
    assert whole.measures["train_accuracy"] == pytest.approx(0.375)
    assert whole.curve == ({"epoch": 1.0, "loss": 1.5},)
    assert whole.spent == {"images": 72, "folds": 4}
    assert whole.hits is not None
    assert [at for at, hit in enumerate(whole.hits.each()) if not hit] == sorted(folds[0].rows)
    failed = Result(1, Status.DIVERGED, reason="not finite")
    assert together(job, labels, rows[:2], [found[0], (failed, None)]) is failed


def test_few_images_are_searched_over_folds(tmp_path: Path, tiny_npz: Path) -> None:
    little = ("--evaluations", "2", "--final-epochs", "2", "--leaders", "1", "--rescorings", "1", "--workers", "1")
    done = command("run", "--dataset", tiny_npz, *little, "--name", "few", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "144 images x 2 epochs, once without each of 4 folds" in done.stdout
    assert "scored again once, on other folds" in done.stdout
    run = Run(tmp_path / "results" / "few")
    with run.log() as log:
        searched, again = log.requests(Purpose.SEARCH), log.requests(Purpose.RESCORE)
        assert {request.budget for request in (*searched, *again)} == {Budget(144, 2, 4)}
        assert [request.budget for request in log.requests(Purpose.FINAL)] == [Budget(192, 2)]
        hits = [log.hits(request.number) for request in (searched[0], again[0])]
        assert all(one is not None and one.count == 192 for one in hits)
    shown = " ".join(command("show", "few", cwd=tmp_path).stdout.split())
    assert "score: accuracy over 4 folds, each scored by a network that has not seen it, after 2 epochs" in shown
    assert "re-scored: mean of fresh trainings over other folds, as no images were set apart" in shown
    last = command("show", "few", "1", cwd=tmp_path).stdout
    assert "144, 4 folds" in last


def test_many_images_and_budgets_of_the_user_have_no_folds(tiny_npz: Path) -> None:
    for name, given in {"none": {"few_images": 192}, "images": {"images": 64}, "rungs": {"rungs": ["64x1"]}}.items():
        run = RunConfig.checked({"dataset": tiny_npz, "evaluations": 1, **given})
        assert make_plan(run, 600, LAPTOP, train=134, images=192).settings["rungs"][0].count("x") == 1, name
    with pytest.raises(ConfigError, match="rungs"):
        RunConfig.checked({"rungs": ["64x1x4", "64x9x4"]})


@pytest.mark.parametrize("seconds", [120, 300, 1800])
def test_a_plan_over_folds_takes_no_longer_than_there_is_time(seconds: float) -> None:
    made = make_plan(RunConfig.checked({}), seconds, LAPTOP, train=140, images=200)
    assert made.seconds is not None
    assert made.seconds.total == pytest.approx(seconds)
    settings, brief = made.settings, Budget.read(made.settings["rungs"][0])
    assert brief.folds == 4
    assert brief.images == 150
    trainings = 2 * settings["max_founders"] + settings["newcomers"] + settings["leaders"] * settings["rescorings"]
    takes = brief.size * 3 * LAPTOP.usual / LAPTOP.rate + LAPTOP.start
    assert trainings * takes / 2 + made.seconds.final <= seconds
    assert made.seconds.final >= 200 * settings["final_epochs"] * 3 * LAPTOP.usual / LAPTOP.rate / 2


@pytest.mark.parametrize("seconds", [300, 1800, 7200])
def test_over_folds_a_last_training_is_as_long_as_what_was_compared(seconds: float) -> None:
    made = make_plan(RunConfig.checked({}), seconds, LAPTOP, train=140, images=200)
    brief = Budget.read(made.settings["rungs"][0])
    assert made.settings["final_epochs"] == brief.epochs
    assert made.seconds is not None and not made.seconds.stretches
    takes = 200 * brief.epochs * 3 * LAPTOP.usual / LAPTOP.rate / 2 / LAPTOP.together + LAPTOP.start
    assert takes <= made.seconds.final <= 1.5 * takes


def test_a_plan_over_folds_takes_no_more_units_than_there_are() -> None:
    config = RunConfig.checked({"work": 2e13})
    made = plan_for_work(config, usual=2_000_000, train=140, images=200)
    assert Budget.read(made.settings["rungs"][0]).folds == 4
    assert before_the_last(made) <= 2e13


def test_without_the_time_for_folds_there_are_none() -> None:
    slow = replace(LAPTOP, rate=LAPTOP.rate / 100)
    made = make_plan(RunConfig.checked({}), 120, slow, train=140, images=200)
    assert Budget.read(made.settings["rungs"][0]).folds == 1


@pytest.mark.slow
def test_a_run_without_a_column_for_folds_is_read_and_gets_one_when_it_goes_on(tmp_path: Path, tiny_npz: Path) -> None:
    little = ("--images", "64", "--epochs", "1", "--final-epochs", "1", "--evaluations", "2", "--workers", "1")
    assert command("run", "--dataset", tiny_npz, *little, "--name", "old", cwd=tmp_path).returncode == 0
    file = tmp_path / "results" / "old" / FILE
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE request DROP COLUMN folds")
        connection.execute("DROP TABLE fact")
        connection.execute("UPDATE meta SET value = '2' WHERE key = 'schema_version'")
    before = file.read_bytes()
    with Store.read(file.parent) as store:
        assert {request.budget for request in store.requests(Purpose.SEARCH)} == {Budget(64, 1)}
    assert file.read_bytes() == before
    with Store.open(file.parent) as store:  # for writing, but nothing is written
        assert len(store.requests(Purpose.SEARCH)) == 2
        assert store.meta()["schema_version"] == 2
    done = command("resume", "old", "--generations", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with Store.read(file.parent) as store:
        assert store.meta()["schema_version"] == 4
        assert {request.budget for request in store.requests(Purpose.SEARCH)} == {Budget(64, 1)}


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_between_trainings_of_one_length_nothing_is_carried_on(metric: str) -> None:
    objective = Objectives.of({"metric": metric}).first
    sizes = {"train": 140, "validation": 30, "selection": 30, "test": 50}
    known = {"class_names": ["a", "b"], "sizes": sizes, "folds": 4}
    scores = [Scores(0.95, (0.97,)), Scores(0.96, (0.96,))]
    assert share_carried(scores, scale_of(objective, known)) == 0
    assert share_carried(scores, scale_of(objective, {**known, "folds": 1})) > 0
    assert scale_of(objective, known).images == (200 if metric == "accuracy" else None)
    assert scale_of(objective, known).seed_error == (0.012 if metric == "accuracy" else 0.03), "each in its own unit"


def test_one_founder_is_searched_around_over_folds_and_has_the_time_that_is_asked_for() -> None:
    for begin in (1, 2, None):
        made = make_plan(RunConfig.checked({}), 1800, LAPTOP, train=140, images=200, begin=begin)
        assert Budget.read(made.settings["rungs"][0]).folds == 4
        assert made.settings["max_founders"] >= 3


def test_folds_that_were_asked_for_have_twins_of_their_own() -> None:
    config = RunConfig.checked({"rungs": ["140x40x4"]})
    assert make_plan(config, 1800, LAPTOP, train=140, images=200).settings["twins"] == []


@pytest.mark.slow
def test_trainings_of_one_epoch_have_no_twins(tmp_path: Path, tiny_npz: Path) -> None:
    run = ("--dataset", tiny_npz, "--evaluations", "2", "--final-epochs", "1", "--workers", "1")
    done = command("run", *run, "--leaders", "1", "--rescorings", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_images_of_a_fold_are_in_their_own_order_so_that_the_first_are_of_all_classes() -> None:
    labels = np.tile(np.arange(10), 100)
    [first, *_] = folds_of(np.zeros((1000, 2, 2, 1), np.uint8), labels, Budget(750, 1, 4), seed=1)
    assert len(set(first.score[1][:60].tolist())) == 10
