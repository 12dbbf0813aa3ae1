"""What the trials of an experiment show, against numbers worked by hand or published."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import pytest
from test_statistics import DEMSAR, SLEEP
from trial_making import planted, trials

from evolve.errors import RunError
from evolve.research.analysis import Analysis, analyse
from evolve.research.statistics import Interval
from evolve.research.trials import Point, Trial

# Student 1908: hours of sleep of ten patients with the first drug; `SLEEP` is what the second adds.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]


def failed(arm: str, seed: int, dataset: str = "digits") -> Trial:
    return Trial(dataset, arm, seed, status="failed", reason="out of memory")


def test_students_patients_are_pairs() -> None:
    second = [one + more for one, more in zip(FIRST, SLEEP, strict=True)]
    found = analyse(trials({"first": FIRST, "second": second}, measure="fitness"), "first")
    [contrast] = found.contrasts
    overall = contrast.overall
    assert overall is not None and overall.t is not None
    assert (overall.pairs, overall.mean) == (10, pytest.approx(1.58))
    assert (overall.t.low, overall.t.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    assert overall.p == pytest.approx(2 / 2**9), "nine pairs differ, all of them for the second"
    assert (contrast.favours, contrast.clear, contrast.split) == (1, True, False)
    assert found.point is None and found.effect == pytest.approx(0.0075), "a hundredth of the first drug's mean"
    assert found.arms[0].scores["digits"].mean == pytest.approx(0.75)


def test_demsars_classifiers_are_ranked() -> None:
    found = analyse(trials(DEMSAR), "C4.5").ranks
    assert found is not None
    assert list(found.mean.values()) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.critical == pytest.approx(1.25, abs=0.005)


def test_two_arms_have_no_ranks() -> None:
    assert analyse(trials({"a": [0.1, 0.2], "b": [0.2, 0.3]}), "a").ranks is None


def test_a_planted_difference_is_found_and_its_direction() -> None:
    found = analyse(planted({"default": 0.0, "better": 0.02, "worse": -0.02, "same": 0.0}), "default")
    better, worse, same = found.contrasts
    assert (better.clear, better.favours) == (True, 1)
    assert (worse.clear, worse.favours) == (True, -1)
    assert not same.clear
    assert better.overall is not None and better.overall.wins is not None and better.overall.wins > 0.95


def test_equal_arms_are_hardly_ever_told_apart() -> None:
    found = [analyse(planted({"a": 0.0, "b": 0.0, "c": 0.0}, random=random), "a") for random in range(60)]
    claims = sum(any(contrast.clear for contrast in one.contrasts) for one in found)
    assert claims <= 7, "3 of 60 are expected, more than 7 in one of 100 times"


def test_a_seed_without_a_score_of_one_arm_is_left_out_for_that_arm_alone() -> None:
    rows = trials({"a": [0.1, 0.2, 0.3], "b": [0.2, 0.3, 0.5], "c": [0.2, 0.2, 0.2]})
    rows = [row for row in rows if row.key != ("digits", "b", 1)] + [failed("b", 1)]
    found = analyse(rows, "a")
    b, c = found.contrasts
    assert (list(b.differences.values()), b.missing) == ([0.1, 0.2], (("digits", 1),))
    assert (len(c.differences), c.missing) == (3, ())
    assert [trial.key for trial in found.failed] == [("digits", "b", 1)]
    assert found.by_name["b"].scores["digits"].count == 2


def survivors(failures: int, of: str = "b") -> Analysis:
    """b is ahead of a by two points and more in each of 20 seeds, but for the first ones, where an arm failed."""
    base = [0.90 + number % 7 / 500 for number in range(20)]
    rows = trials({"a": base, "b": [one + 0.02 + number / 5000 for number, one in enumerate(base)], "c": base})
    return analyse([*rows, *(failed(of, seed) for seed in range(failures))], "a")


@pytest.mark.parametrize(
    ("failures", "of", "clear", "favours"),
    [(12, "b", False, -1), (5, "b", False, 1), (1, "b", True, 1), (12, "a", True, 1)],
)
def test_each_failure_counts_as_a_loss_of_the_arm_that_failed(
    failures: int, of: str, clear: bool, favours: int
) -> None:
    b, c = survivors(failures, of).contrasts
    assert b.overall is not None and b.overall.clear and b.favours == 1, "among pairs in which neither failed"
    assert b.failures is not None and (b.clear, b.failures.favours) == (clear, favours)
    assert (c.failures is None) == (of == "b"), "the default arm's failures are in all contrasts"


def test_where_both_failed_nobody_lost() -> None:
    rows = trials({"a": [0.5] * 8, "b": [0.5 + number / 100 for number in range(1, 9)]})
    [contrast] = analyse([*rows, failed("a", 8), failed("b", 8)], "a").contrasts
    assert contrast.overall is not None and contrast.failures is not None
    assert contrast.failures.p == contrast.overall.p and contrast.clear


def test_without_failures_there_is_nothing_to_count() -> None:
    assert all(contrast.failures is None and contrast.upheld for contrast in survivors(0).contrasts)


def test_an_arm_that_failed_has_the_last_rank() -> None:
    found = survivors(20, "c")
    assert found.ranks is None, "two arms are left"
    found = survivors(10, "b")
    assert found.ranks is not None and found.ranks.mean == pytest.approx({"a": 2.0, "b": 2.0, "c": 2.0}, abs=0.26)
    assert found.ranks.mean["b"] == 2.0, "first ten times, and last ten times"


def test_all_arms_are_of_the_family_that_is_corrected() -> None:
    rows = trials({"a": [0.5] * 7, "b": [0.51 + number / 1000 for number in range(7)]})
    rows += [failed(arm, seed) for arm in "cde" for seed in range(7)]
    found = analyse(rows, "a")
    first = found.contrasts[0].overall
    assert first is not None and (first.p, first.adjusted) == (2 / 2**7, 4 * 2 / 2**7)
    assert (found.left, found.fewest) == (4, 8)
    both = [*rows, *trials({"a": [0.5] * 7, "b": [0.51 + number / 1000 for number in range(7)]}, dataset="signs")]
    single = analyse(both, "a").contrasts[0].by_dataset
    assert single["signs"].adjusted == 8 * 2 / 2**7, "four arms on two data sets"


def test_a_trial_that_is_not_there_yet_makes_no_pair() -> None:
    rows = [row for row in trials({"a": [0.1, 0.2], "b": [0.2, 0.3]}) if row.key != ("digits", "b", 1)]
    [contrast] = analyse(rows, "a").contrasts
    assert contrast.missing == (("digits", 1),)


def test_a_score_that_is_no_number_counts_as_failed() -> None:
    rows = [*trials({"a": [0.1, 0.2], "b": [0.2]}), Trial("digits", "b", 1, test=math.nan)]
    found = analyse(rows, "a")
    assert [trial.key for trial in found.failed] == [("digits", "b", 1)]


@pytest.mark.parametrize("value", [1e308, -1e308, math.inf, math.nan])
def test_numbers_that_cannot_be_computed_with_are_left_out(value: float) -> None:
    curve = (Point(1, 0.2, value), Point(2, value, 0.3), Point(value, 0.4, 0.4), Point(3, 0.5, 0.5))
    told = {"selected": value, "rescored": value, "work": value, "others": value, "seconds": value}
    [trial, lost] = analyse(
        [Trial("x", "a", 0, test=0.5, curve=curve, **told), Trial("x", "a", 1, test=value)], "a"
    ).trials  # type: ignore[arg-type]
    assert trial.ok and (trial.test, trial.selected, trial.rescored, trial.work, trial.others) == (0.5, *[None] * 4)
    assert (trial.seconds, trial.curve) == (0.0, (Point(1, 0.2), Point(3, 0.5, 0.5)))
    assert (lost.ok, lost.test, lost.reason) == (False, None, "its score is not a number of at most 1e+100")


def test_work_is_known_where_all_trials_say_it() -> None:
    rows = [replace(row, work=1e9 * (row.seed + 1)) for row in trials({"a": [0.1, 0.2]})]
    assert analyse(rows, "a").arms[0].work("digits") == 1.5e9
    assert analyse([rows[0], replace(rows[1], work=None)], "a").arms[0].work("digits") is None
    assert analyse([*rows, failed("a", 2)], "a").arms[0].work("digits") == 1.5e9


def test_of_equal_keys_the_last_trial_counts() -> None:
    found = analyse([failed("a", 0), *trials({"a": [0.3], "b": [0.4]})], "a")
    assert not found.failed and found.contrasts[0].differences == {("digits", 0): 0.1}


def test_rounding_makes_no_difference_unequal() -> None:
    """0.3 - 0.2 and 0.8 - 0.7 differ in the last bit: ties are ties."""
    [contrast] = analyse(trials({"a": [0.2, 0.7, 0.1], "b": [0.3, 0.8, 0.2]}), "a").contrasts
    assert set(contrast.differences.values()) == {0.1}
    assert contrast.overall is not None and contrast.overall.bootstrap == Interval(0.1, 0.1)


def test_equal_scores_are_no_evidence() -> None:
    [contrast] = analyse(trials({"a": [0.5] * 8, "b": [0.5] * 8}), "a").contrasts
    assert contrast.overall is not None
    assert (contrast.clear, contrast.favours, contrast.overall.p, contrast.seeds) == (False, 0, 1.0, None)


def test_one_seed_has_no_interval() -> None:
    [contrast] = analyse(trials({"a": [0.5], "b": [0.6]}), "a").contrasts
    assert contrast.overall is not None
    assert (contrast.overall.t, contrast.overall.wins, contrast.seeds) == (None, None, None)


@pytest.mark.parametrize(("arms", "fewest"), [(2, 6), (3, 7), (4, 7), (6, 8)])
def test_seven_seeds_for_two_or_three_comparisons_and_eight_for_five(arms: int, fewest: int) -> None:
    rows = trials({f"arm {number}": [0.5] for number in range(arms)})
    assert analyse(rows, "arm 0").fewest == fewest


def test_ranks_and_mean_may_speak_for_different_arms() -> None:
    better = [0.51, 0.512, 0.513, 0.514, 0.515, 0.516, 0.517, 0.518, 0.519, 0.511, 0.5105, 0.1]
    [contrast] = analyse(trials({"a": [0.5] * 12, "b": better}), "a").contrasts
    assert contrast.overall is not None and contrast.overall.mean < 0
    assert (contrast.clear, contrast.favours, contrast.split) == (True, 1, True)


def test_a_lower_loss_is_better() -> None:
    rows = trials({"a": [-0.5, -0.6], "b": [-0.4, -0.55]}, measure="loss")
    found = analyse(rows, "a", target=0.45)
    [contrast] = found.contrasts
    assert found.objective.name == "loss" and found.objective.shown(found.arms[1].scores["digits"].mean) > 0
    assert (found.point, found.target) == (None, -0.45)
    assert contrast.overall is not None and contrast.overall.mean == pytest.approx(0.075)


@pytest.mark.parametrize(
    ("scores", "measure", "point", "effect"),
    [
        ([0.5, 0.6], "accuracy", 0.01, 0.005),
        ([92.5, 93.0], "score", 1.0, 0.5),
        ([0.925, 0.93], "score", 0.01, 0.005),
        ([-3.0, -5.0], "score", None, 0.04),
        ([200.0, 300.0], "score", None, 2.5),
        ([4.0, 6.0], "fitness", None, 0.05),
        ([0.0, 0.0], "fitness", None, None),
    ],
)
def test_half_a_point_is_asked_for_where_scores_are_accuracies(
    scores: list[float], measure: str, point: float | None, effect: float | None
) -> None:
    found = analyse(trials({"a": scores}, measure=measure), "a")
    assert (found.point, found.effect) == (point, effect and pytest.approx(effect))


def test_seeds_are_counted_on_all_data_sets_together() -> None:
    one = trials({"a": [0.5, 0.5, 0.5], "b": [0.50, 0.51, 0.52]})
    two = [*one, *trials({"a": [0.5, 0.5, 0.5], "b": [0.50, 0.51, 0.52]}, dataset="signs")]
    single, both = analyse(one, "a").contrasts[0].seeds, analyse(two, "a").contrasts[0].seeds
    assert single == 36 and both is not None and both < single / 2 + 2


def test_each_data_set_is_compared_apart_and_adjusted_with_the_others() -> None:
    rows = [
        row
        for dataset, lead in (("x", 0.02), ("y", 0.0), ("z", -0.01))
        for row in trials({"a": [0.5, 0.6, 0.7], "b": [0.5 + lead, 0.6 + lead, 0.71 + lead]}, dataset=dataset)
    ]
    [contrast] = analyse(rows, "a").contrasts
    assert {name: round(one.mean, 4) for name, one in contrast.by_dataset.items()} == {
        "x": 0.0233,
        "y": 0.0033,
        "z": -0.0067,
    }
    assert contrast.by_dataset["x"].adjusted == pytest.approx(3 * contrast.by_dataset["x"].p)
    assert contrast.overall is not None and contrast.overall.pairs == 9
    # Means of .02333, .00333, -.00667 over three data sets: .00667 +- 4.30265 * .00882.
    assert contrast.datasets is not None
    assert (contrast.datasets.low, contrast.datasets.high) == pytest.approx((-0.031275, 0.044608), abs=1e-5)


def test_two_data_sets_have_no_interval_over_data_sets() -> None:
    rows = trials({"a": [0.1, 0.2], "b": [0.1, 0.3]}) + trials({"a": [0.1, 0.2], "b": [0.1, 0.3]}, dataset="signs")
    assert analyse(rows, "a").contrasts[0].datasets is None


def test_what_was_left_of_the_score_that_selected_a_winner() -> None:
    rows = [
        Trial("digits", "a", seed, test=0.93, selected=selected, rescored=rescored)
        for seed, (selected, rescored) in enumerate([(0.92, 0.90), (0.94, 0.91), (0.93, 0.89)])
    ]
    found = analyse([*rows, Trial("digits", "a", 3, test=0.5)], "a").arms[0].winners_curse
    assert found is not None and found.rescored == pytest.approx(0.90)
    assert (found.trials, found.selected, found.test) == (3, pytest.approx(0.93), pytest.approx(0.93))
    # Changes of -.02, -.03, -.04: -.03 +- 4.30265 * .01 / sqrt(3).
    assert found.change.interval is not None
    assert (found.change.mean, found.change.interval.high) == pytest.approx((-0.03, -0.005159), abs=1e-6)


def test_without_fresh_trainings_the_change_is_to_the_test_score() -> None:
    found = analyse([Trial("digits", "a", 0, test=0.9, selected=0.95)], "a").arms[0].winners_curse
    assert found is not None and (found.rescored, found.change.mean) == (None, -0.05)
    assert analyse(trials({"a": [0.9]}), "a").arms[0].winners_curse is None


def stepped(arm: str, seed: int, *points: tuple[float, ...]) -> Trial:
    return Trial("digits", arm, seed, test=0.9, curve=tuple(Point(*point) for point in points))


def test_curves_are_steps_on_one_grid() -> None:
    rows = [stepped("a", 0, (1, 0.2), (3, 0.6), (4, 0.6)), stepped("a", 1, (2, 0.4), (5, 0.5))]
    curve = analyse(rows, "a").curves["digits"]["a"]
    assert curve.x == (2.0, 3.0, 4.0, 5.0)
    assert curve.selected.mean == pytest.approx((0.3, 0.5, 0.5, 0.55))
    assert (curve.trials, curve.truth) == (2, None)


def test_a_curve_of_truth_needs_the_truth_of_all() -> None:
    known = stepped("a", 0, (1, 0.2, 0.1), (2, 0.6, 0.5))
    both = analyse([known], "a").curves["digits"]["a"].truth
    assert both is not None and both.mean == (0.1, 0.5)
    assert analyse([known, stepped("a", 1, (1, 0.4))], "a").curves["digits"]["a"].truth is None


def test_what_a_program_of_others_says_of_its_curve_is_put_in_order() -> None:
    rows = [stepped("a", 0, (3, 0.6), (1, 0.2), (2, math.nan))]
    assert analyse(rows, "a").curves["digits"]["a"].selected.mean == (0.2, 0.2, 0.6)


def test_long_curves_are_drawn_at_a_hundred_places() -> None:
    curve = analyse([stepped("a", 0, (1e12, 0.2), (5e12, 0.6))], "a").curves["digits"]["a"]
    assert (len(curve.x), curve.x[0], curve.x[-1]) == (100, 1e12, 5e12)


def test_time_to_target_is_of_those_that_got_there() -> None:
    rows = [
        stepped("a", 0, (1, 0.5), (10, 0.8), (40, 0.8)),
        stepped("a", 1, (1, 0.8), (40, 0.8)),
        stepped("a", 2, (1, 0.5), (40, 0.7)),
        stepped("b", 0, (1, 0.5), (40, 0.6)),
    ]
    found = analyse(rows, "a", target=0.75).targets["digits"]
    assert (found["a"].reached, found["a"].trials, found["a"].median, found["a"].by_truth) == (2, 3, 5.5, False)
    assert (found["b"].reached, found["b"].median) == (0, None)
    assert analyse(rows, "a").targets == {}
    found = analyse([*rows, failed("a", 3)], "a", target=0.75).targets["digits"]
    assert (found["a"].reached, found["a"].trials) == (2, 4), "a failed trial did not get there"


def test_a_target_is_met_by_what_the_best_is_really_worth_where_that_is_known() -> None:
    found = analyse([stepped("a", 0, (1, 0.9, 0.6), (5, 0.95, 0.8))], "a", target=0.75).targets["digits"]["a"]
    assert (found.median, found.by_truth) == (5, True)


def test_openings_and_disturbed_trials_are_known() -> None:
    rows = trials({"a": [0.1, 0.2]})
    rows = [rows[0], replace(rows[1], openings=3, others=0.5)]
    found = analyse(rows, "a", timed={"a"})
    assert found.arms[0].openings == (1, 3)
    assert [trial.key for trial in found.disturbed] == [("digits", "a", 1)]
    assert analyse(rows, "a", timed={"a"}, tables=True).timed == (), "a table has the times that were recorded"
    assert analyse(rows, "a").disturbed == [], "others cannot change what a count of evaluations finds"


def test_an_arm_without_any_score_is_still_an_arm() -> None:
    found = analyse([*trials({"a": [0.1, 0.2], "c": [0.1, 0.3], "d": [0.2, 0.2]}), failed("b", 0)], "a")
    assert [arm.name for arm in found.arms] == ["a", "c", "d", "b"]
    assert found.contrasts[-1].overall is None and not found.contrasts[-1].clear
    assert found.ranks is not None and set(found.ranks.mean) == {"a", "c", "d"}


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(RunError, match="there is no trial of 'b'"):
        analyse(trials({"a": [0.1]}), "b")
    with pytest.raises(RunError, match="one measure, not accuracy and loss"):
        analyse([*trials({"a": [0.1]}), *trials({"b": [-0.1]}, measure="loss")], "a")


def test_no_value_is_anything_but_a_number() -> None:
    rows = [
        *planted({"a": 0.0, "b": 0.01}, seeds=3),
        *trials({"a": [0.5] * 2, "b": [0.5] * 2, "c": [0.5]}, dataset="equal"),
        failed("c", 7),
        Trial("equal", "b", 9, test=math.nan),
    ]
    found = analyse(rows, "a", target=0.8)
    values = [
        value for name in fields(Analysis) if name.name != "trials" for value in numbers(getattr(found, name.name))
    ]
    assert len(values) > 100 and all(map(math.isfinite, values))


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, Trial):
        return
    elif is_dataclass(value):
        for one in fields(value):
            yield from numbers(getattr(value, one.name))
    elif isinstance(value, dict):
        for inner in value.values():
            yield from numbers(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from numbers(inner)
