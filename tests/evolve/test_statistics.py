"""The statistics of comparisons against published examples."""

from __future__ import annotations

import numpy as np
import pytest

from evolve.research import statistics as s

# Student 1908, "The probable error of a mean", additional hours of sleep: the second drug less the first.
SLEEP = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]

# Demšar 2006, table 6: AUC of four classifiers on 14 data sets. On the last but one the paper prints .975 for two of
# them and ranks the third before the fourth.
DEMSAR = {
    "C4.5": [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.000, 0.940, 0.619, 0.972, 0.957],
    "C4.5+m": [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.000, 0.962, 0.666, 0.981, 0.978],
    "C4.5+cf": [0.771, 0.590, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1.000, 0.965, 0.614, 0.9751, 0.946],
    "C4.5+m+cf": [0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.000, 0.962, 0.669, 0.975, 0.970],
}


def test_students_interval_of_the_sleep_data() -> None:
    found = s.t_interval(SLEEP)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-6)


def test_the_bootstrap_interval_lies_near_students_and_is_the_same_each_time() -> None:
    found = s.bootstrap_interval(SLEEP)
    assert found == s.bootstrap_interval(SLEEP)
    assert found is not None
    assert 0.7 < found.low < 1.2 < 2.0 < found.high < 2.9


def test_pooled_intervals_hold_the_true_mean_as_often_as_they_say() -> None:
    """Of six data sets with two seeds each, which alone say next to nothing."""
    rng, held, wide = np.random.default_rng(0), 0, 0.0
    for _ in range(500):
        parts = {name: list(rng.normal(name, 1.0, 2)) for name in range(6)}
        found = s.pooled_intervals(parts)
        held += sum(one.low <= name <= one.high for name, one in found.items())
        wide += sum(one.high - one.low for one in found.values())
    assert 0.93 < held / 3000 < 0.97
    assert wide / 3000 < 4, "that of two values alone is 14 wide in the mean"


def test_pooled_intervals_are_no_narrower_than_what_is_known_of_a_part() -> None:
    parts = {"a": [0.1, 0.1], "b": [0.2, 0.2], "c": [0.3]}
    assert s.pooled_intervals(parts)["a"] == s.Interval(0.1, 0.1)
    found = s.pooled_intervals(parts, {"a": 0.01})
    assert found["a"].high - 0.1 == pytest.approx(0.0196, abs=1e-4)
    assert found["b"] == s.Interval(0.2, 0.2)
    assert s.pooled_intervals({"a": [0.1], "b": [0.2]}) == {}


def test_wilcoxons_own_example() -> None:
    """Wilcoxon 1945: fertilised wheat, eight blocks; the smaller sum of ranks is 3.5 there, and p about 2 %."""
    differences = [59, -2, 65, 22, 29, 33, 55, -7]
    assert s.signed_rank(differences) == pytest.approx(0.0391, abs=5e-4)


def test_holms_correction() -> None:
    assert s.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert s.holm([0.9, 0.8]) == [1.0, 1.0]
    assert s.holm([]) == []


def test_demsars_ranks_and_critical_difference() -> None:
    found = s.ranks(DEMSAR)
    assert list(found.mean.values()) == pytest.approx([3.143, 2.000, 2.893, 1.964], abs=5e-4)
    assert found.critical == pytest.approx(1.25, abs=0.005)
    assert 0.01 < found.p < 0.0258  # the paper has chi-square 9.28 with 3 degrees of freedom; SciPy corrects for ties


@pytest.mark.parametrize(("comparisons", "pairs"), [(1, 6), (2, 7), (3, 7), (5, 8)])
def test_fewest_pairs_that_can_show_anything(comparisons: int, pairs: int) -> None:
    assert s.fewest_pairs(comparisons) == pairs

    def best(count: int) -> float:
        return s.holm([s.signed_rank(np.arange(1, count + 1)), *[1.0] * (comparisons - 1)])[0]

    assert best(pairs) <= s.LEVEL < best(pairs - 1)


def test_pairs_for_a_medium_effect() -> None:
    """Cohen 1988 and G*Power: 34 pairs for half a standard deviation, 80 % power, two-sided 5 %."""
    assert s.pairs_to_show(0.5, 1.0) == 34
    assert s.power(0.5, 1.0, 34) == pytest.approx(0.8078, abs=5e-4)
    assert s.pairs_to_show(0.001, 1.0, most=1000) is None
    assert s.pairs_to_show(0.5, 0.0) == 2


def test_pairs_to_claim_take_the_stricter_test_into_account() -> None:
    """34 pairs for a t test, 41 of them at half the level; a signed-rank test takes 1.047 times as many."""
    values = [-1 / np.sqrt(2), 1 / np.sqrt(2)]  # with a standard deviation of 1
    assert s.pairs_to_claim(0.5, values, comparisons=1) == 36
    assert s.pairs_to_show(0.5, 1.0, level=0.025) == 41
    assert s.pairs_to_claim(0.5, values, comparisons=2) == 43
    assert s.pairs_to_claim(100.0, values, comparisons=3) == 7, "fewer show nothing at all"
    assert s.pairs_to_claim(0.5, [1.0], comparisons=1) is None
    assert s.pairs_to_claim(1e-9, values, comparisons=1) is None


def test_so_many_pairs_find_such_a_difference_four_times_in_five() -> None:
    rng = np.random.default_rng(0)
    pairs = s.pairs_to_claim(0.8, [-1 / np.sqrt(2), 1 / np.sqrt(2)], comparisons=1)
    assert pairs is not None
    found = [s.signed_rank(rng.normal(0.8, 1.0, pairs)) <= s.LEVEL for _ in range(1000)]
    assert np.mean(found) == pytest.approx(s.POWER, abs=0.04)


def test_the_typical_difference_has_the_sign_that_the_ranks_speak_for() -> None:
    assert s.typical([1.0, 2.0, 3.0]) == 2.0
    assert s.typical([1.0, 1.1, 1.2, 1.3, 1.4, -20.0]) == pytest.approx(1.15)
    assert s.typical([0.0]) == 0.0
    assert s.typical([0.1] * 8 + [0.0] * 32) == 0.1, "equal pairs say nothing"


@pytest.mark.parametrize("equal", [0, 8, 9, 15, 60])
def test_equal_pairs_change_nothing_of_what_the_others_say(equal: int) -> None:
    """Exactly, however many there are: five differing ones are too few for any claim."""
    assert s.signed_rank([0.1, 0.2, 0.3, 0.4, 0.5] + [0.0] * equal) == 2 / 2**5
    assert s.signed_rank([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7] + [0.0] * equal) == 2 / 2**7


def test_a_band_is_students_interval_at_each_point() -> None:
    found = s.band(np.array([[1.0, value] for value in SLEEP]))
    assert found.mean == pytest.approx((1.0, 1.58))
    assert found.low == pytest.approx((1.0, 0.7001142), abs=1e-6)
    assert found.high == pytest.approx((1.0, 2.4598858), abs=1e-6)
    assert s.band(np.array([[1.0, 2.0]])) == s.Band((1.0, 2.0), None, None)


def test_power_is_what_simulated_experiments_have() -> None:
    rng = np.random.default_rng(0)
    found = [s.t_interval(rng.normal(0.7, 1.0, 12)) for _ in range(2000)]
    share = np.mean([one is not None and not one.low <= 0 <= one.high for one in found])
    assert share == pytest.approx(s.power(0.7, 1.0, 12), abs=0.04)


def test_the_chance_to_win_is_what_new_pairs_say() -> None:
    rng = np.random.default_rng(0)
    expected, seen = [], []
    for _ in range(3000):
        *values, new = rng.normal(0.5, 1.0, 8)
        expected.append(s.chance_to_win(values))
        seen.append(new > 0)
    assert np.mean(np.array(expected, dtype=float)) == pytest.approx(np.mean(seen), abs=0.04)


def test_a_false_claim_among_many_comparisons_is_rare() -> None:
    rng = np.random.default_rng(0)
    claims = 0
    for _ in range(300):
        made = {str(arm): s.signed_rank(rng.normal(size=12)) for arm in range(4)}
        claims += any(p <= s.LEVEL for p in s.holm(list(made.values())))
    assert claims <= 0.05 * 300 + 3 * np.sqrt(0.05 * 0.95 * 300)


def test_differences_that_are_all_zero_are_no_evidence() -> None:
    [found] = s.compare({"a": [0.0] * 9}).values()
    assert (found.p, found.clear, found.mean, found.wins) == (1.0, False, 0.0, 0.05)
    assert (found.ahead, found.equal) == (0, 9)
    assert found.t == found.bootstrap == s.Interval(0.0, 0.0)


@pytest.mark.parametrize("count", [2, 3, 6, 7, 11, 19, 20])
def test_values_without_spread_have_an_interval_without_width(count: int) -> None:
    [found] = s.compare({"a": [0.38] * count}).values()
    assert found.mean == 0.38 and found.t == found.bootstrap == s.Interval(0.38, 0.38)
    assert found.wins == 1.0 and s.deviation([0.38] * count) == 0.0
    assert s.pairs_to_claim(0.005, [0.38] * count, comparisons=1) == 6


def test_where_pairs_are_equal_the_chance_to_win_is_counted() -> None:
    assert s.chance_to_win([1.0, 0.0, 0.0, -1.0]) == 1.5 / 5
    assert s.chance_to_win([0.0] * 9) == 0.05, "never quite 0"


def test_a_comparison_without_a_pair_counts_for_the_correction() -> None:
    values = np.arange(1.0, 8.0).tolist()
    alone, among = s.compare({"a": values}), s.compare({"a": values, "b": [], "c": [], "d": []})
    assert among.keys() == {"a"}
    assert (alone["a"].adjusted, among["a"].adjusted) == (2 / 2**7, 4 * 2 / 2**7)


def test_one_value_that_outweighs_all_others_has_no_bootstrap() -> None:
    found = s.bootstrap_interval([1e100, 0.0, 0.0])
    assert found is None or found.low <= found.high
    assert s.compare({"a": [1e100, -1e100, 0.1, 0.2, 0.3, 0.4, 1e-12]})["a"].adjusted > s.LEVEL


def test_one_pair_has_no_interval() -> None:
    [found] = s.compare({"a": [0.3]}).values()
    assert (found.t, found.bootstrap, found.wins, found.clear) == (None, None, None, False)


def test_a_planted_difference_is_found() -> None:
    rng = np.random.default_rng(1)
    found = s.compare({"better": rng.normal(1, 0.3, 9), "same": rng.normal(0, 0.3, 9)})  # type: ignore[dict-item]
    assert found["better"].clear and not found["same"].clear
    assert found["better"].wins is not None and found["better"].wins > 0.95
