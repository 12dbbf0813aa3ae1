"""Which of the leaders wins, and by how much."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Any

import pytest

from evolve.display.text import with_spread
from evolve.objectives import read_objective
from evolve.runs.hall import comparison
from evolve.runs.leader import Leader
from evolve.runs.ranking import hall_order, mean_lead
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


def leader(number: int, score: float, *rescorings: float, parents: tuple[int, ...] = (), **more: Any) -> Leader:
    """A leader of a run that is not there."""
    rescored = fmean(rescorings) if rescorings else None
    known = {"origin": f"mutant of {parents[0]}" if parents else "founder fast", "parameters": 10, "multiply_adds": 20}
    told = {"trained": 100, "notation": "", "parents": parents, "rescored": rescored, "rescorings": rescorings}
    return Leader(run=None, candidate=number, score=score, **{**known, **told, **more})  # type: ignore[arg-type]


def test_a_lead_has_an_interval_from_the_trainings_of_all_that_were_scored_again() -> None:
    # Squares of .0002 + .0008 over two degrees of freedom: a deviation of .02236, which is the error of means of two.
    known = mean_lead({3: [0.69, 0.71], 5: [0.70, 0.74]}, 5, 3)
    assert known.by == pytest.approx(0.02)
    assert known.error == pytest.approx(math.sqrt(0.0005))
    assert known.interval == pytest.approx(2 * math.sqrt(0.0005))
    assert not known.is_clear
    assert mean_lead({3: [0.69], 5: [0.70]}, 5, 3).interval is None


def test_a_mutant_is_compared_with_the_best_founder_and_a_founder_with_the_best_mutant() -> None:
    found = [leader(9, 0.7, 0.80, 0.82, parents=(2,)), leader(4, 0.7, 0.7, 0.7), leader(2, 0.6, 0.60, 0.62)]
    against = comparison(found, read_objective("accuracy"))
    assert against is not None
    assert (against.other.candidate, round(against.lead.by, 4)) == (4, 0.11)
    founder_first = [found[2], leader(5, 0.5, 0.6, 0.6), leader(8, 0.5, 0.59, 0.59, parents=(2,)), found[0]]
    against = comparison(founder_first, read_objective("loss"))
    assert against is not None
    assert (against.other.candidate, round(against.lead.by, 4)) == (8, -0.02), "the second loss is the lower one"
    assert comparison(found[1:], read_objective("accuracy")) is None


def test_of_the_change_the_spread_is_that_of_the_fresh_trainings() -> None:
    known = leader(1, 0.2, 0.6, 0.88, retrained=100)
    assert (round(known.change or 0, 4), round(known.spread or 0, 4)) == (0.54, 0.198)
    assert with_spread(known.change, known.spread, 2) == "+0.54 +- 0.20 (2)"
    assert with_spread(-0.0625, 0.0033, 2) == "-0.0625 +- 0.0033 (2)"
    assert with_spread(0.01, None, 1) == "+0.0100 (1)"
    assert with_spread(0.0, 0.0, 3) == "+0.0000 +- 0.0000 (3)"
    assert with_spread(-1e-5, 2e-6, 3) == "-1e-05 +- 2e-06 (3)"
    assert leader(1, 0.2).change is None
    assert leader(1, 0.2, 0.6, 0.88, retrained=300).change is None
