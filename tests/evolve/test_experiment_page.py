"""The page of an experiment says what is shown, and what is not."""

from __future__ import annotations

import io
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from trial_making import planted, trials

from evolve.objectives import read_objective
from evolve.reporting import static_charts
from evolve.reporting.experiment_headline import headline
from evolve.reporting.experiment_page import About, page, write_page
from evolve.reporting.experiment_pictures import spent_in
from evolve.reporting.experiment_scores import Scores, about, in_words, places, probability
from evolve.reporting.experiment_single_arms import alone, guesses
from evolve.reporting.experiment_text import experiment
from evolve.reporting.markdown import code, plain
from evolve.research.analysis import Analysis, analyse
from evolve.research.statistics import Interval
from evolve.research.trials import Point, Trial

BASE = [0.95, 0.951, 0.949, 0.952, 0.948, 0.95, 0.953]
LEADS = [0.011, 0.012, 0.010, 0.013, 0.009, 0.012, 0.010]
OPEN = [0.010, -0.012, 0.004, -0.008, 0.009, -0.003, 0.001]


def pair(leads: list[float], base: list[float] = BASE, **more: object) -> Analysis:
    """Aging, the default arm, and random, which is ahead of it by so much."""
    ahead = [one + lead for one, lead in zip(base, leads, strict=False)]
    return analyse(trials({"aging": base[: len(leads)], "random": ahead}, **more), "aging")  # type: ignore[arg-type]


def said(analysis: Analysis) -> str:
    [claim] = headline(analysis)
    return f"{claim.claim} {claim.rest}"


def words(text: str) -> str:
    return " ".join(text.split())


def section(text: str, title: str) -> str:
    """A section of the page."""
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_a_clear_difference_has_its_size_and_interval() -> None:
    # Leads of 1.1 points, with a deviation of .141 of them: 2.447 * .141 / sqrt(7) is .13.
    assert said(pair(LEADS)) == (
        "random ends ahead of aging on digits, by 1.10 points of test accuracy (95 % interval 0.97 to 1.23). If the "
        "two were alike, a result as clear would come up in about 2 of 100 such experiments (p = 0.016; 7 pairs). On a "
        "new seed random is ahead with a probability of more than 99 %."
    )


def test_it_names_whichever_arm_is_ahead() -> None:
    assert said(pair([-lead for lead in LEADS])).startswith(
        "aging ends ahead of random on digits, by 1.10 points of test accuracy (95 % interval 0.97 to 1.23)."
    )


def test_no_evidence_does_not_read_as_equal() -> None:
    text = said(pair(OPEN))
    assert text.startswith(
        "No evidence of a difference between random and aging on digits. That does not mean that they are equal: the "
        "difference may be anywhere from 0.8 points in favour of aging to 0.8 points in favour of random (95 % "
        "interval, 7 pairs; p = 0.94)."
    )
    assert "To show half a point, if it is there, four times in five, takes about 26 seeds, 19 more than these." in text
    assert "Such a number is for a new experiment, or has to be fixed before looking again." in text
    assert "no evidence of a difference is not evidence that there is none" in words(page(pair(OPEN), About("x")))


def test_more_comparisons_say_that_they_are_corrected() -> None:
    rows = trials({"aging": BASE, "random": [one + 0.01 for one in BASE], "neat": [one - 0.01 for one in BASE]})
    first, _ = headline(analyse(rows, "aging"))
    assert "(p = 0.031 after the correction for 2 comparisons; 7 pairs)" in first.rest


def test_many_comparisons_are_summed_up_first() -> None:
    rows = trials({"aging": BASE, **{name: [one + 0.01 for one in BASE] for name in "abc"}, "d": BASE})
    first, *others = headline(analyse(rows, "aging"))
    assert first.claim == "0 of 4 comparisons show a difference." and len(others) == 4
    assert "For all 4 there is no evidence" in first.rest
    longer = [0.95 + number / 1000 for number in range(12)]
    rows = trials({"aging": longer, "a": [one + 0.01 for one in longer], "d": longer, "e": longer, "f": longer})
    first, *_ = headline(analyse(rows, "aging"))
    assert first.claim == "1 of 4 comparisons show a difference (ahead of aging: a)."
    assert first.rest.startswith("For the other 3 there is no evidence of one, which does not mean that")


def test_one_seed_has_no_interval_and_says_so() -> None:
    assert said(pair([0.02])) == (
        "One pair says nothing of random and aging on digits. random is ahead by 2.00 points in it, but with one seed "
        "there is no interval, and that may be luck. From 6 seeds on a difference can be shown."
    )
    assert "with one seed there is no interval" in section(page(pair([0.02]), About("x")), "What is not shown")


def test_an_arm_that_does_not_vary_is_named() -> None:
    rows = trials({"aging": BASE, "program": [0.9] * len(BASE)})
    shown = section(page(analyse(rows, "aging"), About("x")), "What is not shown")
    assert "How luck changes program: every seed came to the same score" in shown
    assert "How luck" not in page(pair([0.01, 0.02]), About("x"))
    assert "How luck" not in page(pair([0.01]), About("x"))


def test_arms_that_are_no_better_than_guessing_are_named() -> None:
    rows = trials({"aging": BASE, "lost": [0.09, 0.1, *BASE[2:]], "blind": [0.1] * len(BASE)}, guessing=0.13)
    analysis = analyse(rows, "aging")
    assert [claim.claim for claim in guesses(analysis)] == [
        "On digits lost is not clearly better than guessing in 2 of 7 trials.",
        "On digits blind is not clearly better than guessing.",
    ]
    assert (
        "**On digits blind is not clearly better than guessing.** Guessing hardly ever comes to more than 13.00 %."
        in page(analysis, About("x"))
    )
    assert guesses(pair([0.1])) == []


def test_a_difference_far_beyond_half_a_point_takes_few_seeds() -> None:
    rows = trials({"aging": BASE[:5], "random": [0.5, 0.56, 0.5, 0.44, 0.5]})
    rest = headline(analyse(rows, "aging"))[0].rest
    assert "To show half a point, if it is there, four times in five, takes about" in rest
    assert "If the difference is as large as here, about 6 are enough." in rest
    small = headline(
        analyse(trials({"aging": BASE, "random": [one + 0.001 * (-1) ** n for n, one in enumerate(BASE)]}), "aging")
    )
    assert "as large as here" not in small[0].rest


def test_too_few_seeds_show_nothing_however_large_a_difference_is() -> None:
    rows = trials({"aging": BASE[:5], "random": [0.5, 0.51, 0.5, 0.49, 0.5], "neat": [0.5, 0.51, 0.52, 0.49, 0.48]})
    for claim in headline(analyse(rows, "aging")):
        assert claim.claim.endswith(": 5 are there, and 2 comparisons take 7 at least.")
        assert claim.rest.startswith("That does not mean that they are equal: the difference may be anywhere from 4")


def test_pairs_that_are_equal_do_not_count_as_enough() -> None:
    assert said(pair([0.01, 0.0, 0.0, 0.01, 0.02, 0.01, 0.0])).startswith(
        "Too few pairs to show any difference between random and aging on digits: 4 differ, and a comparison takes 6"
    )


def test_equal_scores_are_the_same_in_these_pairs_only() -> None:
    assert said(pair([0.0] * 7)) == "random and aging come to the same in all 7 pairs on digits. A new seed may differ."


def test_two_equal_pairs_are_too_few() -> None:
    assert said(pair([0.0] * 2)) == (
        "Too few pairs to show any difference between random and aging on digits: 2 are there, all of them equal, and "
        "a comparison takes 6 at least. That does not mean that they are equal: a new seed may differ (p = 1.00)."
    )


def test_equal_differences_in_a_few_pairs_are_not_all_that_may_be() -> None:
    text = said(pair([0.0038] * 3))
    assert "and a comparison takes 6 at least. All 3 are 0.38 points in favour of random, but a new seed may" in text


def test_after_clear_steps_fewer_pairs_are_enough() -> None:
    """The strictest of four steps takes eight pairs, the last one six: seven that differ are then no longer too few."""
    longer = [0.95 + number / 1000 for number in range(14)]
    mixed = [0.01, 0.012, 0.013, -0.014, 0.015, 0.016, -0.011, *[0.0] * 7]
    ahead = {name: [one + lead for one in longer] for name, lead in (("a", 0.01), ("b", 0.02), ("c", 0.03))}
    rows = trials({"aging": longer, **ahead, "d": [one + lead for one, lead in zip(longer, mixed, strict=True)]})
    assert headline(analyse(rows, "aging"))[-1].claim == "No evidence of a difference between d and aging on digits."
    few = [0.01, -0.012, *[0.0] * 12]
    rows = trials({"aging": longer, **ahead, "d": [one + lead for one, lead in zip(longer, few, strict=True)]})
    last = headline(analyse(rows, "aging"))[-1]
    assert last.claim.endswith(": 2 differ, and the comparison that is left takes 6 at least.")


def survivors(lead: float, failures: int, of: str = "random") -> Analysis:
    """Twenty seeds; the first ones of an arm failed, in the others random is ahead of aging."""
    base = [0.90 + number % 7 / 500 for number in range(20)]
    ahead = [one + lead + number / 5000 for number, one in enumerate(base)]
    rows = trials({"aging": base, "random": ahead})
    lost = [row for row in rows if row.arm == of and row.seed < failures]
    return analyse([*rows, *(Trial("digits", of, row.seed, status="failed") for row in lost)], "aging")


def test_who_is_ahead_only_where_it_did_not_fail_is_not_ahead() -> None:
    text = said(survivors(0.02, failures=12))
    assert text.startswith(
        "Among the 8 pairs in which neither failed (random failed in 12 of 20): no evidence of a difference between "
        "random and aging on digits. That does not mean"
    )
    assert "if each failure counts as a loss of the arm that failed, aging is ahead (p = 0.0" in text
    assert "new seed" not in text and "more than these" not in text
    text = page(survivors(0.02, failures=12), About("x"))
    assert "| random | 8 of 20 |" in section(text, "Scores")
    compared = section(text, "Comparisons")
    assert "| 0.008 | 0.008 | - |" in compared
    assert "Some trials failed: random failed in 12 of 20." in compared
    assert "if differences scatter normally; where trials failed nothing is known of it." in compared
    assert re.search(r"With that p, corrected, is: random 0\.0\d+, in favour of aging\.", compared)


@pytest.mark.parametrize(
    ("of", "failed"), [("random", "random failed in 1 of 20"), ("aging", "aging failed in 1 of 20")]
)
def test_a_difference_that_failures_leave_as_it_is_is_claimed_without_a_probability(of: str, failed: str) -> None:
    text = said(survivors(0.02, failures=1, of=of))
    assert text.startswith(f"Among the 19 pairs in which neither failed ({failed}): random ends ahead of aging on")
    assert "That is so, too, if each failure counts as a loss of the arm that failed (p below 0.001)." in text
    assert "probability" not in text


def test_a_summary_and_a_network_alone_tell_of_failures_too() -> None:
    rows = trials(dict.fromkeys(("aging", "b", "c", "d", "fast-alone"), BASE))
    rows += [Trial("digits", name, 0, status="failed") for name in ("aging", "b", "fast-alone")]
    analysis = analyse(rows, "aging", alone={"fast-alone": "fast"})
    assert headline(analysis)[0].claim == (
        "0 of 4 comparisons show a difference among pairs in which neither failed (aging failed in 1 of 7, "
        "b in 1 of 7, fast-alone in 1 of 7)."
    )
    [line] = alone(analysis)
    assert line.claim.startswith(
        "Without trials that failed (fast-alone failed in 1 of 7, aging in 1 of 7): the default"
    )


def test_an_arm_without_any_pair_is_a_comparison_like_others() -> None:
    rows = trials({"aging": BASE, "random": [one + 0.01 for one in BASE]})
    rows += [Trial("digits", name, seed, status="failed") for name in "bcd" for seed in range(7)]
    claims = headline(analyse(rows, "aging"))
    assert "p = 0.062 after the correction for 4 comparisons" in claims[1].rest
    assert claims[0].claim.startswith("0 of 4 comparisons show a difference")
    assert claims[2].claim == "b failed in 7 of 7: b and aging cannot be compared on digits."


def test_an_interval_without_zero_is_no_claim() -> None:
    text = said(pair([0.03] * 7 + [-0.0301], base=[*BASE, 0.95]))
    assert text.startswith("No evidence")
    assert "points in favour of random" in text
    assert "The interval alone would say more, but it takes for granted" in text


def test_a_few_large_differences_against_many_small_ones_are_told() -> None:
    leads = [0.01, 0.012, 0.013, 0.014, 0.015, 0.016, 0.017, 0.018, 0.019, 0.011, 0.0105, -0.4]
    text = said(pair(leads, base=[0.95] * 12))
    assert text.startswith("random ends ahead of aging on digits by ranks, but not on average.")
    assert "by the mean aging is ahead by" in text and "probability" not in text


@pytest.mark.parametrize("sign", [1, -1])
def test_the_one_that_is_ahead_is_named_however_many_pairs_are_equal(sign: int) -> None:
    leads = [sign * 0.01 * (1 + one / 10) for one in range(8)] + [0.0] * 32
    text, analysis = said(pair(leads, base=[0.9] * 40)), pair(leads, base=[0.9] * 40)
    winner, loser = ("random", "aging") if sign > 0 else ("aging", "random")
    assert text.startswith(f"{winner} ends ahead of {loser} on digits, by ")
    assert f"{winner} is ahead in 8 of the 40 pairs, and 32 are equal, so on a new seed it is ahead with a" in text
    counted = "21 % (8 ahead, 32 equal)" if sign > 0 else "1 % (0 ahead, 32 equal)"
    assert counted in section(page(analysis, About("x")), "Comparisons")


def test_too_few_pairs_are_not_said_to_have_been_enough() -> None:
    text = said(pair([0.001, 0.0011] + [0.0] * 10, base=[0.9] * 12))
    assert text.startswith("Too few pairs to show any difference") and "would have been shown" not in text


def test_of_a_loss_lower_is_better() -> None:
    analysis = pair(LEADS, base=[-0.5, -0.51, -0.49, -0.52, -0.48, -0.5, -0.53], measure="loss")
    assert said(analysis).startswith(
        "random ends ahead of aging on digits, by 0.0110 of test loss (lower is better, 95 % interval 0.0097 to 0.0123)"
    )
    text = page(analysis, About("x"))
    assert "| random | 7 | -0.0110 | -0.0123 to -0.0097 |" in text
    assert "mean test loss (lower is better)" in text and "in points" not in text
    assert "| aging (first) | 7 | 0.504 | 0.488 to 0.520 | 0.480 | 0.530 |" in text
    assert "one per cent of the mean of aging" in text


def test_tables_in_per_cents_have_points_too() -> None:
    analysis = pair([100 * lead for lead in LEADS], base=[100 * one for one in BASE], measure="score")
    assert "by 1.10 points of test score (95 % interval 0.97 to 1.23)" in said(analysis)
    assert "| aging (first) | 7 | 95.04 % | 94.88 to 95.20 |" in page(analysis, About("x"))


def test_claims_on_some_data_sets_are_for_these() -> None:
    rows = [
        row
        for number, dataset in enumerate(("digits", "signs", "spoken"))
        for row in trials({"aging": BASE, "random": [one + 0.01 + number / 100 for one in BASE]}, dataset=dataset)
    ]
    two, three = analyse([row for row in rows if row.dataset != "spoken"], "aging"), analyse(rows, "aging")
    assert said(two).endswith("with a probability of more than 99 %. That is for these 2 data sets only.")
    assert "on digits, signs and spoken, by 2.0 points" in said(three)
    assert (
        "each data set counts once, and the 95 % interval of random minus aging is -0.5 to 4.5 points, so on"
        in said(three)
    )
    text = page(three, About("x"))
    assert text.count("| random | all | 21 |") == text.count("| random | spoken | 7 | +3.00 |") == 1
    assert "| random | -0.5 to 4.5 |" in text
    assert "how much seeds differ on all of them together:" in text
    counted = analyse([replace(row, images=1000) for row in rows], "aging")
    assert "or by the images of its test part, if these leave more open" in page(counted, About("x"))
    assert counted.contrasts[0].pooled["spoken"].low < three.contrasts[0].pooled["spoken"].low
    assert "With two data sets nothing can be said of others" in page(two, About("x"))


def test_the_network_alone_has_its_line() -> None:
    rows = [*trials({"aging": BASE}), *trials({"fast-alone": BASE, "vgg-alone": BASE})]
    for row_unit, same in (("work", "same work"), ("seconds", "same time")):
        analysis = analyse([replace(row, unit=row_unit) for row in rows], "aging", alone={"fast-alone": "fast"})  # type: ignore[arg-type]
        [line] = alone(analysis)
        assert line.claim == f"The default network alone (fast), {same}: 95.04 %."
        assert line.rest == "aging beside it: 95.04 %."
        assert f"**{line.claim}**" in page(analysis, About("x"))
    [line] = alone(analyse(rows, "aging", alone={"vgg-alone": "vgg"}))
    assert line.claim.startswith("The network vgg alone, same work:")
    [line] = alone(analyse(rows, "aging", alone={"vgg-alone": "vgg"}, tables=True))
    assert line.claim == "The network vgg alone, looked up in the table: 95.04 %."


def test_work_stands_beside_scores_where_all_trials_say_it() -> None:
    rows = [replace(row, work=1e11 + row.seed * 1e10) for row in trials({"aging": BASE, "random": BASE})]
    program = trials({"program": BASE})
    text = section(page(analyse([*rows, *program], "aging"), About("x")), "Scores")
    assert "| lowest | highest | mean work |" in text
    assert re.search(r"\| aging \(first\) \| 7 \|.* \| 1\.3e11 \|\n", text)
    assert re.search(r"\| program \| 7 \|.* \| - \|\n", text)
    assert "work" not in section(page(analyse(program, "program"), About("x")), "Scores")
    some = [replace(row, work=None) if row.seed == 3 else row for row in rows]
    assert "work" not in section(page(analyse(some, "aging"), About("x")), "Scores")


def test_times_of_tables_are_simulated() -> None:
    rows = [
        replace(row, unit="seconds", curve=(Point(1, 0.5), Point(3.5, 0.7)), others=0.5)
        for row in trials({"aging": BASE, "random": BASE})
    ]
    analysis = analyse(rows, "aging", timed={"random"}, target=0.6, tables=True)
    text = page(analysis, About("x", budget="10m 00s"))
    assert analysis.timed == () and "another machine" not in text and not analysis.disturbed
    assert spent_in(analysis) == "simulated seconds" and "median of these, in simulated seconds" in text
    assert "budget of each trial: 10m 00s, simulated from the times in the table" in text
    assert "simulated" not in page(analyse(rows, "aging", target=0.6), About("x", budget="10m 00s"))


def test_all_scores_of_a_published_table_are_test_scores() -> None:
    rows = [
        Trial("macro", "aging", seed, test=93.1, selected=93.4, rescored=92.9, measure="score") for seed in range(3)
    ]
    text = page(analyse(rows, "aging", tables=True), About("x"))
    curse = section(text, "From the score that selected a winner to its test score")
    assert "only later scores are fair" not in curse and "images" not in curse
    assert "so a part of the luck is still in the test score" in curse
    assert "Re-scored: the mean of others of its trainings" in curse
    opened = section(text, "How often the test part was opened")
    assert "A published table has no test part that could be kept closed" in opened and "not on record" not in opened
    recorded = page(analyse([replace(row, measure="accuracy") for row in rows], "aging", tables=True), About("x"))
    assert "only later scores are fair" in recorded and "- aging: not on record in each of 3 trials" in recorded


def test_a_page_that_was_seen_before_says_so() -> None:
    text = page(pair(OPEN), About("x", seen=(3, 5)))
    before, _, _ = text.partition("## Scores")
    assert "**This page was seen before with 3 and 5 seeds; then seeds were added.** p values hold for" in before
    assert "seen before with 1 seed;" in page(pair(OPEN), About("x", seen=(1,)))
    assert "seen before" not in page(pair(OPEN), About("x"))


def test_an_arm_that_is_no_longer_asked_for_is_compared_and_named() -> None:
    rows = trials({"aging": BASE, "random": [one + 0.01 for one in BASE], "gone": BASE})
    arms = {"gone": 'strategy = "neat"', "aging": "the usual", "random": "random"}
    text = page(analyse(rows, "aging"), About("x", arms=arms, gone=("gone",)))
    assert '- random: random\n- gone: strategy = "neat", no longer asked for' in section(text, "What was run")
    assert "after the correction for 2 comparisons" in text and "| gone | 7 |" in text


@pytest.mark.parametrize("pairs", [3, 6, 7, 11, 19])
def test_equal_differences_have_no_digits_of_rounding(pairs: int) -> None:
    base = [90 + 0.7 * number / pairs for number in range(pairs)]
    text = page(pair([0.38] * pairs, base=base, measure="score"), About("x"))
    assert f"| random | {pairs} | +0.38 | 0.38 to 0.38 | 0.38 to 0.38 |" in text
    assert not re.search(r"\d\.\d{5}", text)


def test_no_interval_supports_more_than_a_few_digits() -> None:
    fitness, points = Scores(read_objective("fitness"), None), Scores(read_objective("accuracy"), 0.01)
    assert fitness.between(Interval(0.38, 0.38 + 1e-15)) == "0.380000 to 0.380000"
    assert fitness.between(Interval(1.2e-5, 1.6e-5)) == "0.0000120 to 0.0000160"
    assert fitness.between(Interval(1.2e-30, 1.6e-30)) == "1.2e-30 to 1.6e-30"
    assert fitness.between(Interval(1.2e30, 1.6e30)) == "1.2e+30 to 1.6e+30"
    assert fitness.between(Interval(5e-324, 1.5e-323)) == "4.94e-324 to 1.48e-323"
    assert points.score(0.5, Interval(0.5, 0.5 + 1e-13)) == "50.0000 %"
    assert points.size(0.00001, Interval(0.00001, 0.00001)) == "0.001 points"
    assert Scores(read_objective("loss"), None).difference(0.0, None) == "0.0000"


def test_intervals_of_accuracies_are_what_is_possible() -> None:
    rows = trials({"aging": [0.99, 1.0, 0.7], "random": [0.0, 0.01, 0.4]})
    text = page(analyse(rows, "aging"), About("x"))
    assert "| aging (first) | 3 | 90 % | 47 to 100 |" in text and "| random | 3 | 14 % | 0 to 70 |" in text
    assert "| random | 3 | -76 | -100 to 23 |" in text
    assert "from 100 points in favour of aging to 23 points in favour of random" in text
    text = page(analyse([replace(row, measure="fitness") for row in rows], "aging"), About("x"))
    assert "| aging (first) | 3 | 0.9 | 0.5 to 1.3 |" in text, "a fitness may be anything"
    scores = Scores(read_objective("accuracy"), 0.01)
    assert (scores.drawn(1.2), scores.drawn(-0.1), scores.drawn(0.5)) == (100.0, 0.0, 50.0)


@pytest.mark.parametrize(
    ("value", "measure"),
    [
        (1e308, "accuracy"),
        (-1.7e308, "fitness"),
        (1e155, "loss"),
        (1e100, "fitness"),
        (1e-308, "loss"),
        (math.inf, "loss"),
    ],
)
def test_any_numbers_make_a_page(tmp_path: Path, value: float, measure: str) -> None:
    told = {"selected": value, "rescored": -value, "work": abs(value), "seconds": abs(value), "measure": measure}
    curve = (Point(0, 0.1, -value), Point(abs(value), value, 0.1), Point(2, 0.3, 0.2), Point(3, -value, value))
    rows = trials({"aging": BASE, "random": [*BASE[:6], value], "c": [-value, value, *BASE[:5]]}, curve=curve, **told)
    rows += trials({"aging": [value] * 7, "random": [-value] * 7, "c": BASE}, dataset="signs", measure=measure)
    rows += trials({"aging": BASE[:3], "random": [0.1, 0.2, 0.2], "c": BASE[:3]}, dataset="z", measure=measure)
    text, _, _ = write_page(analyse(rows, "aging", target=0.2), tmp_path, About("x")).read_text().partition("## Times")
    assert "nan" not in text and not re.search(r"\binf", text)
    assert max(map(len, re.findall(r"\d+", text))) < 12
    assert ("its score is not a number of at most 1e+100" in text) == (abs(value) > 1e100)


def test_failed_trials_and_incomplete_pairs_are_named() -> None:
    rows = [row for row in trials({"aging": BASE, "random": BASE}) if row.key != ("digits", "random", 3)]
    rows.append(Trial("digits", "random", 3, status="failed", reason="out of | memory"))
    text = section(page(analyse(rows, "aging"), About("x")), "Failed, incomplete and disturbed trials")
    assert "- digits-random-3 failed: out of \\| memory" in text
    assert "- random and aging are not compared on digits with seed 3: one has no score" in text


def test_disturbed_trials_are_named_where_the_clock_decides() -> None:
    rows = [replace(row, others=0.4 if row.seed == 2 else 0.0) for row in trials({"aging": BASE, "random": BASE})]
    title, line = "Failed, incomplete and disturbed trials", "digits-{}-2 was disturbed: other programs took 40% of the"
    counts, late = (
        "machine's cores meanwhile; it counts nevertheless",
        "2 trials were disturbed, by up to 40%; that changes no score, as the budget is no time",
    )
    by_count = page(analyse(rows, "aging"), About("x"))
    assert title not in by_count and late in by_count
    by_time = page(analyse([replace(row, unit="seconds") for row in rows], "aging"), About("x"))
    assert f"{line.format('random')} {counts}" in section(by_time, title) and late not in by_time
    assert "What aging and random would find on another machine, as the budget was a time." in by_time
    mixed = page(analyse(rows, "aging", timed={"random"}), About("x"))
    assert f"{line.format('random')} {counts}" in section(mixed, title)
    assert "1 trial was disturbed, by up to 40%" in section(mixed, "Times and machines")
    assert line.format("aging") not in section(mixed, title)
    assert "What random would find on another machine" in mixed


def test_scores_of_recorded_tables_are_of_the_selection_part() -> None:
    text = page(analyse(trials({"aging": BASE, "random": BASE}), "aging", tables=True), About("x"))
    assert "mean selection accuracy" in text and "mean test accuracy" not in text


def test_an_arm_without_scores_is_shown() -> None:
    rows = [*trials({"aging": BASE}), *(Trial("digits", "random", seed, status="failed") for seed in range(7))]
    analysis = analyse(rows, "aging")
    assert (
        said(analysis) == "random failed in 7 of 7: random and aging cannot be compared on digits. There is no pair in "
        "which both have a score."
    )
    assert "| random | 0 of 7 | - | - | - | - |" in page(analysis, About("x"))


def test_one_arm_has_nothing_to_be_compared_with() -> None:
    analysis = analyse(trials({"aging": BASE}), "aging")
    assert said(analysis).startswith("There is one arm, so there is nothing to compare.")
    assert "## Comparisons" not in page(analysis, About("x"))


def test_winners_curse_and_firewall_are_on_the_page() -> None:
    analysis = analyse(
        [
            Trial("digits", "aging", 0, test=0.95, selected=0.94, rescored=0.91, openings=1),
            Trial("digits", "aging", 1, test=0.95, selected=0.94, rescored=0.92, openings=1),
            Trial("digits", "hand", 0, test=0.93, selected=0.94, openings=1),
            Trial("digits", "hand", 1, test=0.93, selected=0.94, openings=3),
            Trial("digits", "program", 0, test=0.93),
        ],
        "aging",
    )
    text = page(analysis, About("x"))
    curse = section(text, "From the score that selected a winner to its test score")
    assert "| aging | 2 | 94 % | 92 % | 95 % | -2 | -9 to 4 |" in curse
    assert "| hand | 2 | 94.00 % | - | 93.00 % | -1.00 | -1.00 to -1.00 |" in curse
    opened = section(text, "How often the test part was opened")
    assert "- aging: once in each of 2 trials" in opened
    assert "- hand: once in 1 and 3 times in 1 of 2 trials" in opened
    assert "- program: not on record in 1 trial" in opened


def test_the_time_to_a_target_says_who_did_not_get_there() -> None:
    rows = [
        Trial("digits", "aging", seed, test=0.9, curve=(Point(1, 0.5), Point(8 + seed, top), Point(40, top)))
        for seed, top in enumerate((0.8, 0.8, 0.6))
    ]
    text = page(analyse(rows, "aging", target=0.75), About("x"))
    assert "**Time to 75.00 %**, by the score that selects" in text
    assert "| digits | aging | 2 of 3 | 8.5 |" in text


def test_what_was_run_is_on_the_page_as_it_was_written() -> None:
    told = About("x", "Is *aging* better?\n# no", "40 evaluations", {"aging": "strategy aging"}, 'a = "```"\n')
    text = page(pair(OPEN), told)
    assert text.startswith("# Is \\*aging\\* better? # no\n")
    setup = section(text, "What was run")
    assert "- budget of each trial: 40 evaluations" in setup and "- aging: strategy aging" in setup
    assert '````toml\na = "```"\n````' in setup


def test_machines_and_seeds_are_told_in_short() -> None:
    machine = {"processor": "Ryzen", "cores": 2, "memory": 23.5, "gpus": [], "system": "Linux"}
    rows = [replace(row, machine=machine, made="2026-11-27") for row in trials({"a": BASE, "b": BASE})]  # type: ignore[arg-type]
    text = page(analyse(rows, "a"), About("x"))
    assert "- Ryzen, 2 cores, 23.5 GiB of memory, Linux, evolve 0.13.0\n- made from 2026-11-27 to" in text
    assert "- seeds: 0 to 6\n" in text
    some = [row for row in rows if row.seed in (0, 3, 6)]
    assert "- seeds: 0, 3 and 6\n" in page(analyse(some, "a"), About("x"))
    assert "not measured" in section(text, "Times and machines")


def test_only_times_differ_on_another_machine() -> None:
    rows = planted({"aging": 0.0, "random": 0.01})
    other = [
        replace(row, seconds=5.0, others=0.7, machine={"system": "Mac"}, versions={"evolve": "9"}, made="2027")
        for row in rows
    ]
    one, two = (page(analyse(trials, "aging"), About("x")) for trials in (rows, other))
    assert one != two
    assert one.partition("## Times and machines")[0] == two.partition("## Times and machines")[0]


def test_two_makings_are_the_same_to_the_byte(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        analysis = analyse(planted({"aging": 0.0, "random": 0.01, "neat $x$ <b>": 0.0}), "aging", target=0.8)
        assert write_page(analysis, tmp_path / name, About("x")) == tmp_path / name / "page.md"
    made = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert made.keys() == {"page.md", "curves-digits.svg", "ranks.svg"}
    assert made == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    text = made["page.md"].decode()
    assert "(curves-digits.svg)" in text and "(ranks.svg)" in text
    assert b"<dc:date>" not in made["ranks.svg"]


def test_data_sets_of_like_names_have_pictures_of_their_own(tmp_path: Path) -> None:
    rows = [replace(row, dataset=name) for name in ("My data", "my-data", "図") for row in planted({"a": 0.0}, seeds=2)]
    write_page(analyse(rows, "a"), tmp_path, About("x"))
    assert {path.name for path in tmp_path.glob("*.svg")} == {
        "curves-my-data.svg", "curves-my-data-1.svg", "curves-2.svg"
    }  # fmt: skip


def test_without_matplotlib_all_but_pictures_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert not static_charts.installed()
    text = write_page(analyse(planted({"a": 0.0, "b": 0.1, "c": 0.0}), "a"), tmp_path, About("x")).read_text()
    assert "Pictures need Matplotlib, which is not installed here" in text
    assert "pip install -e '.[research]'" in text
    assert "![" not in text and "## Ranks" in text
    assert [path.name for path in tmp_path.iterdir()] == ["page.md"]


def test_settings_of_the_users_matplotlib_stay_as_they_are(tmp_path: Path) -> None:
    import matplotlib

    with matplotlib.rc_context({"font.size": 40.0, "svg.hashsalt": "mine"}):
        before = dict(matplotlib.rcParams)
        write_page(analyse(planted({"a": 0.0, "b": 0.1}), "a"), tmp_path, About("x"))
        assert dict(matplotlib.rcParams) == before
        first = (tmp_path / "curves-digits.svg").read_bytes()
    write_page(analyse(planted({"a": 0.0, "b": 0.1}), "a"), tmp_path, About("x"))
    assert (tmp_path / "curves-digits.svg").read_bytes() == first


def test_arms_that_cannot_be_told_apart_are_joined() -> None:
    assert static_charts.alike([1.0, 1.5, 2.8, 3.9], critical=1.25) == [(0, 1), (2, 3)]
    assert static_charts.alike([1.0, 1.5, 2.2, 3.9], critical=1.25) == [(0, 2)]
    assert static_charts.alike([1.0, 3.0], critical=1.25) == []


@pytest.mark.parametrize("width", [60, 80])
def test_a_terminal_shows_the_short_version(width: int) -> None:
    console = Console(width=width, file=io.StringIO(), highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(experiment(pair(LEADS), Path("results/x-experiment/page.md")))
    text = capture.get()
    assert max(map(len, text.splitlines())) <= width
    assert "random ends ahead of aging on digits, by 1.10 points" in words(text)
    assert re.search(r"aging \(first\) +7 +95\.04 % +94\.88 to 95\.20", text)
    assert "results/x-experiment/page.md" in text


@pytest.mark.parametrize(
    ("half", "digits"), [(0.43, 1), (0.25, 2), (0.3, 1), (2.0, 1), (5.0, 0), (40.0, 0), (0.0123, 3)]
)
def test_numbers_have_as_many_digits_as_the_interval_supports(half: float, digits: int) -> None:
    assert places(half) == digits


def test_numbers_in_words() -> None:
    assert [in_words(p) for p in (0.0001, 0.0041, 0.016, 0.5)] == [
        "in fewer than 1 of 1,000",
        "in about 5 of 1,000",
        "in about 2 of 100",
        "in about 50 of 100",
    ]
    assert [probability(share) for share in (1.0, 0.5, 0.0)] == ["more than 99 %", "50 %", "less than 1 %"]
    assert [about(count) for count in (7, 99, 2424, 61311)] == ["7", "99", "2,400", "61,000"]


def test_text_of_others_is_no_markup() -> None:
    assert plain("a|b `c` <d> *e* [f](g)\nh_i _j_ \x1b[31m") == (
        "a\\|b \\`c\\` &lt;d> \\*e\\* \\[f\\](g) h_i \\_j\\_ \\\\x1b\\[31m"
    )
    assert plain("# no heading") == "\\# no heading"
    assert code("x", "toml") == "```toml\nx\n```"
