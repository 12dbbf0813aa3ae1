"""Which of the leaders wins."""

from __future__ import annotations

from evolve.runs.ranking import hall_order
from evolve.storage.log import Scored


def order(rescored: dict[int, list[float]], *scored: Scored) -> list[int]:
    known = scored or [Scored(number, 0.5, 100) for number in rescored]
    return [one.candidate for one in hall_order(known, rescored)]


def test_the_eldest_of_those_that_cannot_be_told_apart_wins() -> None:
    # A deviation of .02 and so a standard error of .02: two means of two are apart from .04 on.
    assert order({3: [0.69, 0.69], 5: [0.70, 0.74], 9: [0.72, 0.76]}) == [5, 9, 3]
    assert order({3: [0.705, 0.705], 5: [0.70, 0.74], 9: [0.72, 0.76]}) == [3, 9, 5]


def test_a_child_wins_that_is_clearly_better() -> None:
    assert order({1: [0.70, 0.71], 8: [0.80, 0.81]}) == [8, 1]


def test_without_repeats_the_best_wins_and_then_the_higher_score_of_the_search() -> None:
    assert order({1: [0.7], 2: [0.71]}) == [2, 1]
    assert order({1: [0.7], 2: [0.7]}, Scored(1, 0.5, 100), Scored(2, 0.6, 100)) == [2, 1]
    assert order({1: [0.7, 0.7], 2: [0.7, 0.7]}, Scored(1, 0.5, 100), Scored(2, 0.4, 300)) == [2, 1]


def test_those_that_were_not_scored_again_stand_behind_by_training_score_and_birth() -> None:
    known = [Scored(1, 0.9, 100), Scored(2, 0.6, 300), Scored(4, 0.9, 100), Scored(7, 0.1, 100)]
    assert order({7: [0.2]}, *known) == [7, 2, 1, 4]
    assert order({}, *known) == [2, 1, 4, 7]
