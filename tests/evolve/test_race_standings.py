"""How a race stands, from the rows of a run."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from conftest import stack_space

from evolve.runs.race import standings
from evolve.storage.store import Store
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes import Step

BRIEF = Budget(100, 1)
SPACE = stack_space((8, 8, 1))
PROBLEM = {"class_names": list("ab"), "class_counts": [50, 50], "sizes": {"validation": 1000, "selection": 1000}}


def of_run(brief: Mapping[int, float], longer: Mapping[int, float], founders: int = 3) -> Store:
    """A run of so many founders; those with higher numbers were bred."""
    store = Store.in_memory({"config": {"population": 4}, "founders": [["", []]] * founders, "problem": PROBLEM})
    for number, score in brief.items():
        add(store, number, Purpose.SEARCH, score, parents=(1,) if number > founders else ())
    for number, score in longer.items():
        add(store, number, Purpose.CHALLENGE, score)
    return store


def add(
    store: Store, number: int, purpose: Purpose, score: float, parents: tuple[int, ...] = (), budget: Budget = BRIEF
) -> None:
    genome = SPACE.parse(f"conv {4 * number} 3, relu, flatten")
    candidate = Candidate(number, genome, f"{number}", parents, (Step("insert", {}, "insert a layer"),))
    request = Request(store.last("request") + 1, candidate, budget, 0, purpose, f"{purpose} {number}")
    store.add([candidate] if purpose is Purpose.SEARCH else [], [request])
    store.add(results=[Result(request.number, Status.OK, {"accuracy": score})])


def test_what_was_scored_again_does_not_say_who_is_scored_again() -> None:
    """Else a run that is resumed would score others again than it had before."""
    store = of_run({1: 0.6, 2: 0.6, 3: 0.6}, {1: 0.80, 2: 0.79, 3: 0.70})
    before = standings(store, again=False)
    assert before is not None and before.order == (1, 2, 3)
    for number, score in ((1, 0.45), (2, 0.55), (1, 0.55), (2, 0.45)):
        add(store, number, Purpose.RESCORE, score)
    again, with_them = standings(store, again=False), standings(store)
    assert again is not None and again.order == before.order
    assert again.leads[2] == before.leads[2], "nor what they say of the error of seeds"
    assert with_them is not None and with_them.order != before.order


@pytest.mark.parametrize(("newcomer", "wins"), [(0.803, False), (0.90, True)])
def test_a_newcomer_stands_first_only_if_it_is_ahead_by_more_than_luck(newcomer: float, wins: bool) -> None:
    store = of_run(dict.fromkeys(range(1, 9), 0.6), {1: 0.80, 2: 0.70, 4: newcomer})
    race = standings(store)
    assert race is not None
    assert race.favourite == 1
    assert race.leads[4].by > 0
    assert race.leads[4].tried == 5
    assert (race.order[0] == 4) == wins


@pytest.mark.parametrize(("other", "wins"), [(0.802, False), (0.83, True)])
def test_a_start_stands_before_the_first_one_only_if_it_is_clearly_ahead(other: float, wins: bool) -> None:
    """The first one is the best bet before anything is known."""
    race = standings(of_run({1: 0.6, 2: 0.6, 3: 0.6}, {1: 0.80, 2: other, 3: 0.70}))
    assert race is not None
    assert race.favourite == 1
    assert race.leads[2].by > 0
    assert (race.order[0] == 2) == wins


def test_scores_on_more_images_decide_once_all_that_are_compared_have_them() -> None:
    store = of_run({1: 0.42, 2: 0.40, 3: 0.4}, {1: 0.549, 2: 0.546, 3: 0.50})
    before, more = standings(store), Budget(300, 1)
    assert before is not None and before.order[0] == 1
    add(store, 1, Purpose.RESCORE, 0.64, budget=more)
    half = standings(store, among=(1, 2))
    assert half is not None and half.leads[2].by == pytest.approx(before.leads[2].by), "one is not compared with that"
    add(store, 2, Purpose.RESCORE, 0.70, budget=more)
    after = standings(store, among=(1, 2))
    assert after is not None and after.order == (2, 1)
    assert after.leads[2].by > before.leads[2].by + 0.2, "in logits"


def test_one_of_the_first_start_with_other_augmentation_is_as_that_is() -> None:
    store = of_run({1: 0.6, 2: 0.6}, {1: 0.80, 2: 0.802}, founders=2)
    turned = Step("augmentation", {}, "flip off -> on")
    for number, parent, score in ((3, 2, 0.802), (4, 1, 0.80)):
        genome = SPACE.parse(f"conv {4 * number} 3, relu, flatten")
        candidate = Candidate(number, genome, f"{number}", (parent,), (turned,))
        for purpose in (Purpose.SEARCH, Purpose.CHALLENGE):
            request = Request(store.last("request") + 1, candidate, BRIEF, 0, purpose, f"{purpose} {number}")
            store.add([candidate] if purpose is Purpose.SEARCH else [], [request])
            given = 0.6 if purpose is Purpose.SEARCH else score
            store.add(results=[Result(request.number, Status.OK, {"accuracy": given})])
    race = standings(store, among=(3, 4))
    assert race is not None
    assert race.favourite == race.order[0] == 4


def test_leads_are_in_the_unit_of_the_score_and_carried_on_where_all_had_learned_something() -> None:
    learned, guessing = of_run({1: 0.6, 2: 0.6}, {1: 0.7, 2: 0.71}), of_run({1: 0.5, 2: 0.6}, {1: 0.7, 2: 0.71})
    one, other = standings(learned), standings(guessing)
    assert one is not None and one.carried
    assert one.in_scores(2) == pytest.approx(0.015, abs=0.001), "half as much again is still to come"
    assert other is not None and not other.carried
    assert other.in_scores(2) == pytest.approx(0.01, abs=0.001)


def test_a_run_without_a_race_has_no_standings() -> None:
    assert standings(of_run({1: 0.6}, {})) is None
