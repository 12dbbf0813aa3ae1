"""Leads that are carried on from brief trainings to the last one, and what luck they may owe."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from statistics import fmean, stdev

import pytest

from evolve.search.leads import (
    CARRIED,
    ONWARD,
    SEED_ERROR,
    Lead,
    Scale,
    Scores,
    image_error,
    lead,
    luckiest,
    pooled_seed_error,
    share_carried,
    share_onward,
)

SHARES = Scale(5000)


def test_who_catches_up_goes_on_catching_up() -> None:
    fast, slow = Scores(0.40, (0.50,)), Scores(0.20, (0.48,))
    assert fast.longer > slow.longer
    assert slow.expected(SHARES, CARRIED) > fast.expected(SHARES, CARRIED)
    kept = Scores(0.30, (0.40,))
    assert fast.expected(SHARES, CARRIED) > kept.expected(SHARES, CARRIED), "a lead that stays is a lead"


def test_what_had_learned_nothing_yet_says_nothing_of_where_it_goes() -> None:
    scale = Scale(5000, learned=0.15)
    late, early = Scores(0.101, (0.22,)), Scores(0.17, (0.24,))
    assert share_carried([late, early], scale) == 0.0
    assert share_carried([early], scale) == CARRIED
    assert late.expected(scale, CARRIED) > early.expected(scale, CARRIED), "as if it caught up"
    assert late.expected(scale, 0.0) < early.expected(scale, 0.0)


def test_a_point_counts_as_much_more_as_it_is_harder_to_gain() -> None:
    assert SHARES(0.99) - SHARES(0.98) > 10 * (SHARES(0.51) - SHARES(0.50))
    for share in (0.1, 0.5, 0.97):
        assert SHARES(share + 1e-6) - SHARES(share) == pytest.approx(1e-6 * SHARES.slope(share), rel=1e-3)
    assert math.isfinite(SHARES(0.0)) and math.isfinite(SHARES(1.0))
    assert (Scale()(-2.5), Scale().slope(-2.5)) == (-2.5, 1.0), "a loss is no share"


def test_more_longer_trainings_make_a_lead_surer() -> None:
    once = lead(Scores(0.4, (0.6,)), Scores(0.4, (0.55,)), SHARES, None)
    twice = lead(Scores(0.4, (0.6, 0.6)), Scores(0.4, (0.55, 0.55)), SHARES, None)
    assert once.by == pytest.approx(twice.by)
    assert twice.error < once.error


def test_what_was_confirmed_on_more_images_stands_before_what_few_of_them_said() -> None:
    behind, ahead = Scores(0.42, (0.549,), (0.64,)), Scores(0.40, (0.546,), (0.70,))
    found = lead(ahead, behind, SHARES, 0.0)
    trend = CARRIED * (SHARES(0.546) - SHARES(0.40) - SHARES(0.549) + SHARES(0.42))
    assert found.by == pytest.approx(SHARES(0.70) - SHARES(0.64) + trend)
    of_seeds = math.hypot(1, CARRIED, CARRIED) * SEED_ERROR * math.sqrt(2)
    assert found.error == pytest.approx(of_seeds * SHARES.slope(0.67))
    often = lead(Scores(0.4, (0.546,), (0.7, 0.7)), Scores(0.42, (0.549,), (0.64, 0.64)), SHARES, 0.0)
    assert often.error < found.error


def test_confirmations_that_are_much_longer_say_where_a_network_goes() -> None:
    """What starts fast, and gains less than another with ten times the images, is not expected to end before it."""
    onward = share_onward(15_000, 160_000, 5_500_000)
    assert onward == pytest.approx(ONWARD * math.log(5_500 / 160) / math.log(160 / 15))
    assert share_onward(15_000, 45_000, 5_500_000) == 0.0, "near each other they say nothing"
    assert share_onward(15_000, 160_000, 150_000) == 0.0, "nothing is still to come"
    fast, steady = Scores(0.5, (0.60,), (0.74,), onward), Scores(0.35, (0.44,), (0.72,), onward)
    found = lead(fast, steady, SHARES, 0.0)
    assert found.by < 0 < lead(replace(fast, onward=0.0), replace(steady, onward=0.0), SHARES, 0.0).by
    gains = [SHARES(one.confirmed[0]) - SHARES(one.longer[0]) for one in (fast, steady)]
    assert found.by == pytest.approx(SHARES(0.74) - SHARES(0.72) + onward * (gains[0] - gains[1]))
    of_seeds = math.hypot(1 + onward, onward) * SEED_ERROR * math.sqrt(2)
    assert found.error == pytest.approx(of_seeds * SHARES.slope(0.73))
    assert lead(fast, steady, SHARES, 0.0, carried=0.0).by > 0, "nothing is carried on where nothing was learned"


def test_an_error_is_the_larger_of_that_over_images_and_that_over_seeds() -> None:
    one, other = Scores(0.5, (0.5,)), Scores(0.5, (0.5,))
    of_seeds = lead(one, other, SHARES, 0.0).error
    assert of_seeds == pytest.approx(math.hypot(1 + CARRIED, CARRIED) * SEED_ERROR * math.sqrt(2) * 4)
    assert lead(one, other, SHARES, 0.1).error == pytest.approx(of_seeds * 0.1 / (SEED_ERROR * math.sqrt(2)))
    assert lead(one, other, Scale(100), None).error > of_seeds, "of few images nobody knows"


def test_more_trainings_scored_on_the_same_images_say_no_more_of_other_images() -> None:
    """Those after the first are all scored on one part; over folds all are."""
    many, few = ((0.6,) * 9, (0.6,) * 2)
    of_images = [lead(Scores(0.4, longer), Scores(0.4, longer), SHARES, 0.2).error for longer in (few, many)]
    assert of_images[1] > of_images[0], "of two trainings each has images of its own"
    of_seeds = [lead(Scores(0.4, longer), Scores(0.4, longer), SHARES, 0.0).error for longer in (few, many)]
    assert of_seeds[1] < 0.75 * of_seeds[0]
    in_full = Scale(5000, learned=math.inf)
    once, often = (lead(Scores(0.4, (0.6,) * n), Scores(0.4, (0.6,) * n), in_full, 0.2, carried=0.0) for n in (1, 9))
    assert once.error == pytest.approx(often.error)


def test_the_error_of_seeds_is_pooled_with_the_usual_one() -> None:
    rng = Random(1)
    assert pooled_seed_error([]) == pytest.approx(SEED_ERROR)
    assert pooled_seed_error([], 0.03) == pytest.approx(0.03)
    assert pooled_seed_error([(0.5,), (0.7,)]) == pytest.approx(SEED_ERROR), "one seed each says nothing"
    for true in (0.002, 0.05):
        drawn = [[0.6 + rng.gauss(0, true) for _ in range(3)] for _ in range(2000)]
        assert pooled_seed_error(drawn) == pytest.approx(true, rel=0.15)
        assert abs(pooled_seed_error(drawn[:2]) - SEED_ERROR) < abs(pooled_seed_error(drawn) - SEED_ERROR)


def test_the_luck_of_the_best_grows_with_those_that_were_tried() -> None:
    needed = [Lead(0.5, 1.0, tried).needed for tried in (0, 1, 5, 20)]
    assert needed == sorted(needed), "least of a start, which was chosen before anything was known"
    assert needed[1] == pytest.approx(0.59, abs=0.01)
    assert Lead(0.5, 2.0, 5).needed == 2 * needed[2]
    assert Lead(0.0, 0.0).needed == 0.0, "the favourite over itself"


def test_the_luck_of_hundreds_is_that_of_a_few_unless_images_are_the_same() -> None:
    few, many = (Lead(0.5, 1.0, tried).needed for tried in (8, 250))
    assert few == many < Lead(0.5, 1.0, 250, alike=True).needed
    scores = Scores(0.4, (0.6,), (0.7, 0.71))
    assert not lead(scores, scores, SHARES, 0.01, tried=250).alike
    assert lead(scores, scores, Scale(5000, learned=math.inf), 0.01, tried=250, carried=0.0).alike


def test_the_best_of_hundreds_that_are_equally_good_seldom_wins() -> None:
    """Chosen by brief trainings and those of a rung, it is compared by others."""
    rng, won = Random(4), 0
    for _ in range(400):

        def noisy(score: float, times: int = 1) -> float:
            return score + rng.gauss(0, 0.012 / math.sqrt(times))

        briefly = sorted((noisy(0.5) for _ in range(250)), reverse=True)[:80]
        brief, _ = max(((brief, noisy(0.6)) for brief in briefly), key=lambda pair: pair[1])
        newcomer = Scores(brief, (noisy(0.6),), (noisy(0.7), noisy(0.7), noisy(0.7)))
        favourite = Scores(noisy(0.5), (noisy(0.6),), (noisy(0.7), noisy(0.7), noisy(0.7)))
        found = lead(newcomer, favourite, SHARES, 0.01, tried=250)
        won += found.by > found.needed
    assert won / 400 < 0.1


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_the_luck_of_the_best_is_what_draws_have(count: int) -> None:
    rng = Random(count)
    drawn = [max(rng.gauss(0, 1) for _ in range(count)) for _ in range(4000)]
    assert luckiest(count) == pytest.approx(fmean(drawn), abs=4 * stdev(drawn) / math.sqrt(4000) + 0.02)
    assert luckiest(0) == 0.0


def test_networks_that_err_on_the_same_images_are_told_apart_sooner() -> None:
    half = [True, False] * 500
    alike = [*half[:-4], True, True, True, True]
    apart = [not one for one in half]
    assert image_error(half, half) == 0.0
    assert image_error(half, alike) < 0.1 * image_error(half, apart)
    assert image_error(half, apart) == pytest.approx(1 / math.sqrt(1000))


def test_seldom_does_a_newcomer_win_that_is_as_good_as_the_favourite() -> None:
    """Of ten that are equally good, tried with the noise of seeds and images, the luckiest wins about every second
    time, and no more: half of the draws of a maximum are above its mean."""
    rng, won = Random(3), 0
    for _ in range(600):
        noise = [0.01 * rng.gauss(0, 1) for _ in range(33)]
        favourite = Scores(0.5 + noise[0], (0.6 + noise[1], 0.6 + noise[2]))
        newcomers = [Scores(0.5 + noise[3 * n], (0.6 + noise[3 * n + 1], 0.6 + noise[3 * n + 2])) for n in range(1, 11)]
        leads = [lead(one, favourite, SHARES, 0.01, tried=10) for one in newcomers]
        won += any(one.by > one.needed for one in leads)
    assert won / 600 < 0.5
