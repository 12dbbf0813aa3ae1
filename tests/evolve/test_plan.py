"""From a time to a plan, and trainings that end in time."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import command, stops, training_job

import evolve
from evolve.config import RunConfig
from evolve.engine.initial_population import founders
from evolve.errors import ConfigError
from evolve.planning.plan import Machine, Plan, read_plan, write_plan
from evolve.planning.planner import FEWEST_EPOCHS, _fitting, _too_long, _with_room
from evolve.planning.race_sizing import TrainingTimes, budget_again, rescoring_of_counts, twins_of_counts
from evolve.planning.sizing import (
    FILLED,
    TYPICAL_SHARE,
    make_plan,
    plan_for,
    shortest,
    times,
)
from evolve.search.newcomers import TRAINED_LONGER
from evolve.search.racing import REBORN
from evolve.values import Budget
from genomes.limits import Limits
from genomes.stack.space import StackSpace

SMALL = ("--founder", "conv 4 3, relu, global_max | adam 0.01, batch 16")
STAGES = ("search", "rescoring", "final")
CIFAR = {"train": 40_000, "images": 50_000}
LAPTOP = Machine(rate=4e10, start=2.5, workers=2, usual=20_000_000)


def plan(seconds: float, machine: Machine = LAPTOP, **given: Any) -> Any:
    return make_plan(RunConfig.checked(given), seconds, machine, **CIFAR)


@pytest.mark.parametrize("seconds", [60, 600, 3600, 36_000])
@pytest.mark.parametrize("speed", [0.1, 1, 30])
def test_a_plan_is_a_run_that_takes_about_as_long(seconds: float, speed: float) -> None:
    machine = replace(LAPTOP, rate=LAPTOP.rate * speed)
    made = plan(seconds, machine)
    assert made.seconds.total == pytest.approx(seconds)
    config = RunConfig.checked(made.settings)  # whatever it decides is a setting
    assert config.limit == made.settings["evaluations"]
    starts = made.settings["max_founders"]
    typical = TYPICAL_SHARE * made.settings["max_work"]
    work = FILLED * made.settings["max_work"] if config.fill else min(machine.usual, typical)

    def takes(budget: Budget) -> float:
        return budget.size * 3 * work / machine.rate + machine.start

    first = config.budgets[0]
    newcomers = config.limit - starts - REBORN
    each = sum(takes(budget) / config.promote_one_in**rung for rung, budget in enumerate(config.budgets))
    took = starts * (takes(first) + takes(first.longer)) + newcomers * each
    took += TRAINED_LONGER * takes(first.longer) if newcomers else 0.0
    assert 0.3 < took / 2 / made.seconds.search < 1.2


@pytest.mark.parametrize("seconds", [300, 600, 3600])
def test_the_last_training_has_most_of_the_time(seconds: float) -> None:
    stages = plan(seconds).seconds
    assert stages.search <= 0.15 * seconds + 1e-6
    assert stages.rescoring <= 0.1 * seconds + 1e-6
    assert stages.final >= 0.7 * seconds


def test_a_race_has_more_starts_with_more_time_and_then_newcomers() -> None:
    fast = replace(LAPTOP, rate=LAPTOP.rate * 30)
    starts = [plan(seconds, fast).settings["max_founders"] for seconds in (120, 600, 36_000)]
    assert starts == sorted(starts)
    assert starts[0] >= 3
    born = [plan(seconds, fast).settings["evaluations"] for seconds in (120, 36_000)]
    assert born[1] > born[0] + 4
    named = make_plan(RunConfig(), 600, LAPTOP, **CIFAR, begin=6).settings
    assert named["max_founders"] == named["challengers"] == 6, "all that were named are tried"


def test_twins_are_trained_where_there_is_time_for_them() -> None:
    assert plan(60).settings["twins"] == []
    first, second = (Budget.read(text) for text in plan(36_000).settings["twins"])
    assert first.size >= 15_000
    assert (second.images, second.epochs) == (first.images, 3 * first.epochs)


@pytest.mark.parametrize(("births", "planned"), [(8, False), (160, True)])
def test_a_run_by_counts_has_twins_where_these_take_a_small_share(births: int, planned: bool) -> None:
    found = twins_of_counts(births, Budget(5000, 1), Budget(50_000, 20) if planned else Budget(5000, 20))
    assert [*map(str, found)] == (["5000x3", "5000x9"] if planned else [])
    assert twins_of_counts(10_000, Budget(150, 40, 4), Budget(200, 40)) == (), "over folds there are others"


def test_with_an_hour_newcomers_are_bred_and_the_last_training_keeps_its_share() -> None:
    made = plan(3600)
    assert made.settings["newcomers"] >= 4
    assert made.seconds.search <= 0.15 * 3600 + 1e-6
    slow = replace(LAPTOP, rate=LAPTOP.rate / 2)
    spoken = make_plan(RunConfig(), 3600, slow, train=2000, images=2500)
    assert spoken.settings["newcomers"] >= 4
    assert spoken.seconds is not None
    assert spoken.seconds.final >= 0.7 * 3600


def test_a_plan_says_what_is_bred_and_what_decides() -> None:
    assert "no newcomers: in this time, training the best start for longer brings more" in plan(300).in_words()
    text = plan(36_000).in_words()
    assert re.search(r"\d+ newcomers at most, bred from the best: one wins only if it is ahead beyond luck", text)
    assert re.search(r"where that is unclear, twins that are trained with it and without decide, on \d.* and \d", text)


def test_a_plan_says_nothing_that_does_not_hold() -> None:
    assert "no newcomers, as you say" in plan(3600, newcomers=0).in_words(wished=True)
    more_than_fit = plan(3600, newcomers=5000)
    assert ": up to 5,0" in more_than_fit.in_words(wished=True)
    assert ": about " in plan(3600).in_words()
    few = make_plan(RunConfig(), 600, LAPTOP, train=400, images=500)
    assert few.settings["newcomers"] == 0
    assert "no newcomers: there is no time for any" in few.in_words()
    assert "changed images" not in plan(300).in_words(asked=False)
    two = replace(plan(300), settings={**plan(300).settings, "evaluations": 2})
    assert "the best 2 starts" in two.in_words()


@pytest.mark.parametrize("wanted", [0, 3, 40])
@pytest.mark.parametrize("seconds", [300, 36_000])
def test_as_many_newcomers_as_the_user_wants_are_planned(wanted: int, seconds: float) -> None:
    settings = plan(seconds, newcomers=wanted).settings
    assert settings["newcomers"] == wanted
    assert settings["evaluations"] == settings["max_founders"] + REBORN + wanted
    few = make_plan(RunConfig.checked({"newcomers": wanted}), 3600, LAPTOP, train=400, images=500).settings
    assert (few["newcomers"], few["rescorings"] >= 1) == (wanted, True)


def test_for_more_newcomers_than_there_is_time_for_the_search_has_more_up_to_half() -> None:
    none, some, many = (plan(600, newcomers=wanted) for wanted in (0, 20, 2000))
    assert none.seconds.search < some.seconds.search < many.seconds.search
    brief = Budget.read(some.settings["rungs"][0])
    took = brief.size * 3 * FILLED * some.settings["max_work"] / LAPTOP.rate + LAPTOP.start
    assert 20 * took / LAPTOP.workers < some.seconds.search
    assert many.seconds.search == pytest.approx(0.5 * many.seconds.total, rel=0.01)
    assert many.settings["final_epochs"] < none.settings["final_epochs"]
    assert many.seconds.total == pytest.approx(600)
    fixed = plan(600, newcomers=20, final_epochs=3)
    assert fixed.settings["final_epochs"] == 3
    assert fixed.seconds.final == pytest.approx(plan(600, newcomers=0, final_epochs=3).seconds.final)


@pytest.mark.parametrize("seconds", [1800, 3600])
def test_newcomers_that_are_wished_have_the_time_that_others_have(seconds: float) -> None:
    usual = plan(seconds)
    wished = plan(seconds, newcomers=usual.settings["newcomers"])
    assert wished.settings["newcomers"] > 0
    assert wished.seconds.search == pytest.approx(usual.seconds.search)
    assert wished.settings == usual.settings


@pytest.mark.parametrize("side", [32, 64, 128, 224])
@pytest.mark.parametrize("rate", [4e9, 2e10])
@pytest.mark.parametrize("seconds", [120, 600])
def test_limits_are_so_wide_that_a_race_can_be_made_of_founders(side: int, rate: float, seconds: float) -> None:
    """And the plan is one for networks as large as they allow."""
    space = StackSpace((side, side, 3), 10, Limits(max_multiply_adds=10**12))
    begin_with = founders(space, None, Path("results"), lambda note: None)
    machine = Machine(rate, 2.5, 2, int(median(space.limits.work(space.blueprint(one.genome)) for one in begin_with)))

    def made(config: RunConfig) -> Plan:
        return plan_for(config, seconds, machine, 16_000, 20_000)

    problem: Any = SimpleNamespace(space=space)
    settings = _with_room(made, RunConfig(), problem, begin_with).settings
    most = settings["max_work"]
    assert _fitting(begin_with, problem, most) >= 1
    if not made(RunConfig()).of_one:
        again = made(RunConfig.checked({"max_work": most, "max_multiply_adds": most})).settings
        assert settings["final_epochs"] == again["final_epochs"]
        assert settings["rungs"] == again["rungs"]
        doubled = made(RunConfig.checked({"max_work": 2 * most, "max_multiply_adds": 2 * most})).settings
        assert _fitting(begin_with, problem, most) >= 3 or doubled["final_epochs"] < FEWEST_EPOCHS


def test_trainings_that_are_too_long_for_a_race_are_told_of() -> None:
    short, long = (RunConfig.checked({"duration": 600, "images": images, "epochs": 8}) for images in (200, 20_000))
    said = [_too_long(config, make_plan(config, 600, LAPTOP, **CIFAR)) for config in (short, long, RunConfig())]
    assert (said[0], said[2]) == ("", "")
    assert re.search(r"images and epochs: trainings so long take about .* for a race, .* and is cut short", said[1])


def test_several_networks_that_are_delivered_share_the_last_training() -> None:
    alone, together = plan(600), plan(600, ensemble=4)
    assert together.settings["leaders"] == 4
    assert together.settings["max_work"] < alone.settings["max_work"]
    epochs = [one.settings["final_epochs"] * one.settings["max_work"] for one in (alone, together)]
    assert epochs[1] == pytest.approx(epochs[0] / 4, rel=0.35)
    starts, newcomers = together.settings["max_founders"], together.settings["newcomers"]
    assert together.settings["evaluations"] == starts + 4 + newcomers, "all of them can be born again"


def test_a_race_of_long_trainings_has_fewer_starts() -> None:
    starts = [plan(3600, images=images, epochs=4).settings["max_founders"] for images in (500, 1000, 40_000)]
    assert starts == [8, 6, 3]


def test_a_plan_does_not_say_that_random_networks_are_bred() -> None:
    text = plan(36_000, strategy="random").in_words(bred=False)
    assert re.search(r"\d+ newcomers at most, drawn at random: one wins only if it is ahead beyond luck", text)


def test_the_epochs_that_are_foreseen_are_those_of_the_time_that_breeding_leaves() -> None:
    bred = plan(3600)
    assert bred.settings["newcomers"] > 0
    takes = FILLED * bred.settings["max_work"] * CIFAR["images"] * 3 / LAPTOP.rate / 2 / LAPTOP.together
    assert bred.settings["final_epochs"] == pytest.approx(bred.seconds.final / takes, rel=0.1)


def test_few_images_are_seen_often_in_the_last_training() -> None:
    made = make_plan(RunConfig(), 600, LAPTOP, train=2000, images=2500).settings
    assert made["final_epochs"] * 2500 >= 100_000


def test_more_time_and_a_faster_machine_mean_more() -> None:
    for less, more in ((plan(600), plan(3600)), (plan(600), plan(600, replace(LAPTOP, rate=4e11)))):
        for name in ("max_work", "final_epochs"):
            assert 1.2 * less.settings[name] < more.settings[name]
        assert less.settings["evaluations"] <= more.settings["evaluations"]
        assert RunConfig.checked(less.settings).budgets[-1].size <= RunConfig.checked(more.settings).budgets[-1].size


def test_the_last_training_of_a_shorter_run_has_a_larger_share() -> None:
    assert [round(times(seconds).final / seconds, 2) for seconds in (60, 600, 3600, 36_000)] == [0.92, 0.89, 0.85, 0.85]


def test_the_favourite_and_a_challenger_are_scored_again_at_least() -> None:
    for seconds in (60, 200, 600, 3600, 36_000):
        made = plan(seconds).settings
        assert made["leaders"] >= 2
        assert made["rescorings"] >= 1


def test_leaders_are_confirmed_on_more_images_where_there_is_time_for_it() -> None:
    for seconds in (200, 600, 3600):
        made = plan(seconds)
        longer, images = Budget.read(made.settings["rungs"][-1]), made.settings["rescoring_images"]
        longer = max(longer, Budget.read(made.settings["rungs"][0]).longer)
        assert 1.5 * longer.images <= images <= 3 * longer.images
        assert made.seconds.final >= 0.7 * seconds
        assert f"scored again once on {images:,} images x {longer.epochs} epochs" in made.in_words()
    rungs = replace(made, settings={**made.settings, "rungs": ["1000x1", "3000x4"], "rescoring_images": 9000})
    assert "on 9,000 images x 4 epochs" in rungs.in_words(), "as long as the longest before"
    assert plan(600, rescoring_images=6000).settings["rescoring_images"] == 6000
    assert plan(600, rescoring_images=10**6).settings["rescoring_images"] == 40_000, "all that there are"
    assert plan(600, rescoring_images=100).settings["rescoring_images"] is None, "less than the race has"
    few = make_plan(RunConfig(), 600, LAPTOP, train=4000, images=5000)
    assert few.settings["rescoring_images"] is None, "there are no more"


def test_before_a_very_long_last_training_leaders_are_scored_again_for_longer() -> None:
    """Networks so small that the last training sees their images a hundred times: who starts fast tells little."""
    takes = TrainingTimes(start=1.0, speed=10_000.0, images=40_000)
    longer, last = Budget(5000, 3), 50_000 * 100
    assert budget_again(longer, 60, takes, RunConfig(), last) == Budget(40_000, 6), "a twentieth of what that sees"
    assert budget_again(longer, 13, takes, RunConfig(), last) == Budget(40_000, 3), "as far as there is time"
    assert budget_again(longer, 60, takes, RunConfig(), 50_000 * 10) == Budget(15_000, 3)
    assert budget_again(longer, 2, takes, RunConfig(), last) is None
    given = RunConfig(rescoring_epochs=9)
    assert budget_again(longer, 60, takes, given, last) == Budget(5000, 9)
    assert "on 5,000 images x 9 epochs" in plan(600, images=5000, epochs=1, rescoring_epochs=9).in_words()


def test_a_run_by_counts_confirms_on_more_images_instead_of_more_often() -> None:
    config, longest = RunConfig(generations=2), Budget(5000, 3)
    assert rescoring_of_counts(config, longest, 40_000) == {"rescorings": 1, "rescoring_images": 15_000}
    assert rescoring_of_counts(config, longest, 6000) == {}
    assert rescoring_of_counts(config, Budget(300, 40, folds=4), 40_000) == {"rescoring_images": None}
    assert rescoring_of_counts(RunConfig(generations=2, rescorings=2), longest, 40_000) == {}
    for given, has in ((100, None), (8000, 8000), (10**6, 40_000)):
        config = RunConfig(generations=2, rescoring_images=given)
        assert rescoring_of_counts(config, longest, 40_000) == {"rescoring_images": has}


def test_a_plan_limits_networks_by_what_the_machine_can_do_unless_the_user_has_done_so() -> None:
    made = plan(36_000).settings
    assert made["max_multiply_adds"] == made["max_work"] > 50_000_000
    assert plan(36_000, max_multiply_adds=2_000_000).settings["max_multiply_adds"] == 2_000_000


def test_epochs_of_the_last_training_that_the_user_sets_take_their_time() -> None:
    usual, few, many = plan(600), plan(600, final_epochs=3), plan(600, final_epochs=100)
    assert usual.seconds.by_clock
    for made in (few, many):
        assert not made.seconds.by_clock
        assert made.seconds.total == pytest.approx(600)
    assert few.seconds.search > 4 * usual.seconds.search
    assert few.settings["evaluations"] > 3 * usual.settings["evaluations"]
    assert many.settings["max_work"] < usual.settings["max_work"] / 4  # so that they fit
    assert many.seconds.final <= usual.seconds.final


def test_a_last_training_with_more_than_plenty_of_epochs_leaves_some_of_its_time_to_the_search() -> None:
    few, many, very_many = (
        make_plan(
            RunConfig(), 100, replace(LAPTOP, rate=rate, usual=300_000, start=0.5), train=900, images=1200
        ).seconds
        for rate in (2e8, 5e8, 1e12)
    )
    assert few.final >= 0.7 * 100
    rest = [stages.final + stages.rescoring for stages in (few, many, very_many)]
    assert 0.8 * rest[0] < rest[1] <= rest[0]
    assert rest[2] < rest[0]
    assert very_many.final >= 70, "the last training keeps most of the time"
    for stages in (few, many, very_many):
        assert stages.total == pytest.approx(100)


def test_what_the_user_sets_stays() -> None:
    made = plan(600, population=7, max_work=9_000_000, rungs="100x1,400x1", leaders=5)
    assert [made.settings[n] for n in ("population", "max_work", "leaders")] == [7, 9_000_000, 5]
    assert made.settings["rungs"] == ["100x1", "400x1"]
    assert plan(600, leaders=10).settings["rescorings"] == 1


@pytest.mark.parametrize("workers", [1, 2, 16])
def test_the_shortest_run_has_time_for_a_race_of_three(workers: int) -> None:
    machine = replace(LAPTOP, workers=workers)
    seconds = shortest(machine)
    made = plan(seconds, machine)
    assert made.settings["max_founders"] == 3
    assert made.seconds.search * workers > 6 * machine.start
    assert made.seconds.rescoring * workers >= 2 * machine.start
    assert made.seconds.final > 0.3 * seconds
    assert made.seconds.total == pytest.approx(seconds)


@pytest.mark.parametrize(
    "given", [{}, {"small_births": 4, "small_work": 1000}, {"rungs": "9000x3"}, {"evaluations": 9}]
)
@pytest.mark.parametrize("share", [0.95, 0.1, -1])
def test_with_less_time_than_a_search_takes_one_network_is_trained(given: dict[str, Any], share: float) -> None:
    config, slow = RunConfig.checked(given), replace(LAPTOP, start=10.0, rate=3e9)
    left = share * shortest(slow)
    made = plan_for(config, left, slow, **CIFAR)
    decided = config.changed(**{**made.settings, "images": None, "epochs": None})
    assert decided.limit == 1
    assert [budget.size for budget in decided.budgets] == [200]
    assert made.seconds.by_clock
    first, more, *longer = made.in_words().splitlines()
    assert "no time for a search, as the shortest one takes 90 s on this machine" in first
    assert "one small network is trained in full in" in more
    assert bool(longer) == (share < 0.95)
    if share == 0.95:
        assert made.seconds.total == pytest.approx(left)
    longer_run = plan_for(config.changed(duration=200), left, slow, **CIFAR)
    assert longer_run.seconds.final >= 30  # so that something is learned
    assert not plan_for(config, shortest(slow) + 1, slow, **CIFAR).of_one


def test_a_network_that_is_all_there_is_time_for_is_as_small_as_the_machine_is_slow() -> None:
    made = [plan_for(RunConfig(), 70, replace(LAPTOP, start=10.0, rate=rate), **CIFAR) for rate in (1e10, 1e12)]
    slow, fast = (one.settings["max_work"] for one in made)
    assert slow < fast / 5
    chosen = plan_for(RunConfig(final_epochs=7), 70, replace(LAPTOP, start=10.0), **CIFAR)
    assert chosen.settings["final_epochs"] == 7
    assert not chosen.seconds.by_clock


@pytest.mark.parametrize("train", [1000, 40_000])
def test_rungs_have_the_same_images_and_ever_more_epochs(train: int) -> None:
    fast = replace(LAPTOP, rate=LAPTOP.rate * 30)
    made = make_plan(RunConfig(), 36_000, fast, train=train, images=round(1.25 * train))
    budgets = RunConfig.checked(made.settings).budgets
    assert len(budgets) == 2, "there is time for many newcomers"
    assert budgets[1] == budgets[0].longer
    assert budgets[0].size >= 4000
    assert budgets[-1].images <= train


@pytest.fixture(scope="module")
def timed(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that had little time: whatever this machine does in it."""
    folder = tmp_path_factory.mktemp("timed")
    done = command("run", "--dataset", tiny_npz, "--for", "30s", *SMALL, "--name", "timed", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert re.search(r"plan for [\d.]+ (s|min): (about|no time for a search)", done.stdout)
    assert done.stdout.index("plan for") < done.stdout.index("searching")
    return folder


@pytest.mark.slow
def test_a_timed_run_is_planned_stored_and_finished(timed: Path) -> None:
    run = evolve.find("timed", timed / "results")
    settings = read_plan(run.folder)
    assert run.state == "finished"
    assert run.meta["plan"]["settings"] == settings
    assert list(run.config.rungs) == settings["rungs"]
    assert run.config.max_work == settings["max_work"]
    assert run.final_result is not None
    assert math.ceil(float(run.final_result.spent["epochs"])) == len(run.final_result.curve)


@pytest.mark.slow
def test_a_plan_can_be_run_again_by_its_counts(timed: Path, tiny_npz: Path) -> None:
    file = timed / "results" / "timed" / "plan.json"
    small = json.loads(file.read_text())
    small["settings"] |= {"evaluations": 4, "newcomers": 4, "final_epochs": 2, "leaders": 1, "rescorings": 1}
    (timed / "small.json").write_text(json.dumps(small))
    done = command("run", "--dataset", tiny_npz, "--plan", "small.json", *SMALL, "--name", "again", cwd=timed)
    assert done.returncode == 0, done.stderr
    again, first = (evolve.find(name, timed / "results") for name in ("again", "timed"))
    assert len(again.candidates) == 4
    assert read_plan(again.folder).items() >= {"evaluations": 4, "max_work": first.config.max_work}.items()
    assert again.final_result is not None
    assert again.final_result.spent["epochs"] == 2
    both = range(1, 1 + min(2, len(first.candidates)))  # one, if this machine was busy
    assert [again.candidate(n).notation for n in both] == [first.candidate(n).notation for n in both]


@pytest.mark.slow
def test_a_timed_run_goes_on(timed: Path) -> None:
    before = len(evolve.find("timed", timed / "results").candidates)
    done = command("resume", "timed", "--for", "8s", cwd=timed)
    assert done.returncode == 0, done.stderr
    run = evolve.find("timed", timed / "results")
    assert len(run.candidates) >= before
    first, last = (act.detail["times"] for act in run.acts if act.kind == "started")
    had_a_search = not run.meta["plan"]["search"]  # else this machine was too busy for one
    share = first["final"] / sum(first[name] for name in STAGES) if had_a_search else times(8).final / 8
    assert last["final"] == pytest.approx(8 * share)


def test_a_strategy_that_takes_one_score_gets_one_rung_however_much_time_there_is() -> None:
    fast = replace(LAPTOP, rate=LAPTOP.rate * 30)
    made = plan(36_000, fast, strategy="neat").settings
    assert len(RunConfig.checked({**made, "strategy": "neat"}).budgets) == 1 < len(plan(36_000, fast).settings["rungs"])


@pytest.mark.slow
def test_a_plan_says_how_many_of_the_usual_founders_begin(tiny_npz: Path, tmp_path: Path) -> None:
    assert plan(600).settings["max_founders"] == 4
    assert plan(600, max_founders=2).settings["max_founders"] == 2
    decided = {"max_founders": 1, "evaluations": 2, "leaders": 1, "rescorings": 1, "final_epochs": 1}
    (tmp_path / "plan.json").write_text(json.dumps({"settings": decided}))
    given = {"max_work": 200_000, "precision": "float32", "images": 20, "workers": 1}
    run = evolve.run(plan=tmp_path, dataset=tiny_npz, results=tmp_path, progress=False, **given)
    assert len(run.meta["founders"]) == 1
    assert run.candidate(2).parents == (1,), "a mutant of it"


def test_too_little_time_for_any_machine_is_refused_at_once(tmp_path: Path, tiny_npz: Path) -> None:
    done = command("run", "--dataset", tiny_npz, "--for", "10", *SMALL, cwd=tmp_path)
    stops(done, "--for 10s is too short for anything", "take 20 s on a fast machine", "--for 2m for a small search")
    assert not (tmp_path / "results").exists()
    assert done.stdout.splitlines() == ["--for 10 means 10 seconds; for minutes write --for 10m"]


@pytest.mark.parametrize(
    "founders",
    [None, pytest.param(["vgg", "resnet"], marks=pytest.mark.slow), pytest.param(["random"], marks=pytest.mark.slow)],
)
def test_on_a_slow_machine_one_network_is_trained_and_tested(
    founders: list[str] | None, tmp_path: Path, tiny_npz: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers train; only what was measured is worked out: a training takes twenty seconds to start."""
    slow = Machine(rate=2e7, start=20.0, workers=2, usual=20_000_000)
    monkeypatch.setattr("evolve.planning.planner.probe", lambda *args: slow)
    seen: list[Any] = []
    given: dict[str, Any] = {"dataset": tiny_npz, "duration": 25, "founders": founders, "final_epochs": 2}
    run = evolve.run(**given, results=tmp_path, progress=seen.append)
    assert seen[-1].share == 1.0
    assert run.state == "finished"
    assert [leader.candidate for leader in run.hall_of_fame] == [run.winner] == [1]
    assert run.test_accuracy is not None
    assert run.model_path(1).exists()
    assert [entry["purpose"] for entry in run.history()] == ["search", "final"], "nothing to choose from"
    first = run.candidate(1)
    if founders is None:
        assert first.steps[0].text == "founder fast-average"
    elif founders[0] == "vgg":
        assert [step.operator for step in first.steps] == ["founder", "scale"]


@pytest.mark.slow
def test_on_a_busy_machine_a_run_is_planned_and_finished(tmp_path: Path) -> None:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
    try:
        done = command("run", "--for", "40s", "--name", "busy", cwd=tmp_path)
    finally:
        for one in busy:
            one.kill()
            one.wait()
    assert done.returncode == 0, done.stderr
    run = evolve.find("busy", tmp_path / "results")
    assert run.state == "finished"
    assert run.test_accuracy is not None


def test_a_plan_is_run_by_its_counts_or_made_for_a_time(tmp_path: Path) -> None:
    write_plan(plan(600), tmp_path)
    with pytest.raises(ConfigError, match="plan and duration do not go together"):
        evolve.run(plan=tmp_path, duration="10m", progress=False)


def test_a_file_that_is_no_plan(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(ConfigError, match="is not a plan; a run leaves one"):
        read_plan(tmp_path / "other.json")
    with pytest.raises(ConfigError, match="there is no such file"):
        read_plan(tmp_path)


def training(epochs: int, rate: str = "adam 0.01", count: int = 8192, **options: Any) -> Any:
    import keras

    from evolve.training.epochs import Training
    from evolve.training.stopwatch import Stopwatch
    from genomes.decode import decode
    from genomes.stack.space import StackSpace

    keras.utils.set_random_seed(1)
    space = StackSpace((8, 8, 1), 4)
    genome = space.parse(f"conv 4 3, relu, global_max | {rate}, batch 16")
    rng = np.random.default_rng(1)
    images, labels = rng.integers(0, 256, (count, 8, 8, 1), dtype=np.uint8), rng.integers(0, 4, count)
    spec = space.blueprint(genome)
    job = training_job(spec, genome.recipe, Budget(count, epochs), **options)
    return Training(decode(spec), images, labels, job, (0, 255), Stopwatch())


@pytest.mark.parametrize("name", ["layers", "fitness", "dataset", "results"])
def test_a_plan_of_a_stranger_decides_nothing_but_what_plans_decide(tmp_path: Path, name: str) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({"settings": {"population": 4, name: "x"}}))
    with pytest.raises(ConfigError, match=f"a plan does not decide '{name}'"):
        evolve.run(plan=tmp_path, progress=False)


def test_all_that_a_plan_decides_can_be_read_again(tmp_path: Path) -> None:
    made = plan(600)
    write_plan(made, tmp_path)
    assert read_plan(tmp_path) == made.settings


def watched(made: Any) -> list[float]:
    """The learning rates with which the stretches of a training end, as they come."""
    rates, train = [], made._train

    def trained(images: Any, targets: Any) -> None:
        train(images, targets)
        rates.append(float(made.model.optimizer.learning_rate))

    made._train = trained
    return rates


def test_a_training_that_has_so_many_images_ends_within_an_epoch_annealed() -> None:
    made = training(2, "sgd 0.1, linear", seen=16 * 700 + 15)
    rates = watched(made)
    assert len(made.run()) == 2
    assert (made.spent["steps"], made.spent["schedule_steps"], made.spent["seen"]) == (700, 700, 16 * 700)
    assert made.spent["epochs"] == 1.36, "of 512 steps"
    assert rates[-1] == pytest.approx(0, abs=1e-6)
    assert training(2, "sgd 0.1, linear", seen=1)._total == 1
    assert training(3, count=40, seen=100)._total == 5, "2.5 epochs of two steps each"
    assert training(2, "sgd 0.1, linear", seen=10**9)._total == 1024


@pytest.mark.slow
def test_a_training_with_more_time_than_its_epochs_need_has_more_and_ends_annealed() -> None:
    made = training(1, "sgd 0.1, linear", finish_in=6.0)
    rates = watched(made)
    curve = made.run()
    assert len(curve) > 1
    steps = int(made.model.optimizer.iterations)
    assert (made.spent["steps"], made.spent["schedule_steps"], made.spent["seen"]) == (steps, steps, 16 * steps)
    assert made.spent["epochs"] == pytest.approx(steps / 512, abs=0.01)
    assert len(curve) - 1 < steps / 512 <= len(curve)
    assert max(rates[1:]) < rates[0]
    assert rates[-1] == pytest.approx(0, abs=1e-6)


def test_a_training_without_time_ends_at_once_and_annealed() -> None:
    made = training(50, "sgd 0.1, cosine", finish_in=-1.0)
    rates = watched(made)
    assert len(made.run()) == 1
    assert float(made.model.optimizer.iterations) == 257, "one stretch, and a step to end with"
    assert rates[0] > 0.09
    assert rates[-1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("done", [0, 100, 900])
def test_an_elastic_schedule_has_no_jump_and_ends_where_it_should(done: int) -> None:
    import keras

    from evolve.training.optimizers import Elastic

    rate = Elastic(keras.optimizers.schedules.CosineDecay(0.4, 1000), 1000)
    rate.add_to(keras.optimizers.SGD(rate))
    before = float(rate(done))
    rate.end_in(done, 50)
    assert float(rate(done)) == pytest.approx(before)
    assert float(rate(done + 25)) == pytest.approx(0.2 * (1 + math.cos(math.pi * (done + 1000) / 2000)), abs=1e-5)
    assert float(rate(done + 50)) == pytest.approx(0, abs=1e-6)
    rate.end_in(done + 25, 1000)
    assert float(rate(done + 525)) == pytest.approx(
        0.2 * (1 + math.cos(math.pi * ((done + 1000) / 2 + 1000) / 2000)), abs=1e-5
    )


def test_averaged_weights_are_the_mean_over_the_end() -> None:
    made, seen = training(5, averaging=True), []
    train = made._train

    def noted(images: Any, targets: Any) -> None:
        train(images, targets)
        seen.append(made.model.get_weights())

    made._train = noted
    made.run()
    assert len(seen) == 10
    made.average()
    for place, mean in enumerate(made.model.get_weights()):
        np.testing.assert_allclose(mean, (seen[8][place] + seen[9][place]) / 2, atol=1e-6)


def test_a_training_that_learns_nothing_is_given_up_halfway() -> None:
    made = training(2, "sgd 0.00001", may_give_up=True)
    assert len(made.run()) == 1
    assert made.gave_up
    stubborn = training(2, "sgd 0.00001")
    assert len(stubborn.run()) == 2
    assert not stubborn.gave_up


def test_a_diverging_training_stops_within_its_epoch() -> None:
    from evolve.training.epochs import Diverged

    made = training(3, "sgd 1.0, batch 16")
    made.model.set_weights([weights * np.nan for weights in made.model.get_weights()])
    with pytest.raises(Diverged, match="epoch 1"):
        made.run()
    assert float(made.model.optimizer.iterations) == 256, "one stretch, half of the epoch"
