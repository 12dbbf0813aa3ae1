"""Races that are late: what they have found out is used, and what the clock left out is left out again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import stack_space
from test_made_again import Problem, StoppedSoon, Workers, history, new_store
from test_racing import STARTS, question

from evolve.config import RunConfig
from evolve.engine.composition import compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.interrupts import Stop, Stopped
from evolve.engine.replay import CUT
from evolve.search.births import Births
from evolve.search.racing import Race, Racing
from evolve.search.strategy import Proposal, strategy_class
from evolve.storage.store import Store
from evolve.values import Budget, Purpose, Result, is_reborn
from genomes.genome import recipe_of

BIRTHS = 14
Ends = Callable[[int, bool, bool], str | None]


class Asked(Workers):
    """Their networks know mirrored images as well as others."""

    def finished(self, timeout: float) -> list[Result]:
        shown = {"clean": 0.6, "changed_mirror": 0.59, "changed_move": 0.12}
        return [replace(one, measures={**one.measures, **shown}) for one in super().finished(timeout)]


def never(births: int, recorded: bool, racing: bool) -> str | None:
    return f"{BIRTHS} births" if births >= BIRTHS and not racing else None


def search(store: Store, late: int | None, stop: Stop | None = None) -> str:
    """Goes on with a search. late: trainings of a race after which its time is over."""

    def ends(births: int, recorded: bool, racing: bool) -> str | None:
        is_late = racing and late is not None and len(store.results()) >= late and not recorded
        return "the time limit" if is_late else never(births, recorded, racing)

    space = stack_space((8, 8, 1))
    births = Births(space, [Proposal(space.parse(text)) for text in STARTS], mutants=True)
    kind = strategy_class("aging")
    race = Race(4, 4, Budget(100, 3), question=question(), newcomers=40)
    racing = Racing(kind(births, 8, kind.Options()), births, race)
    dispatcher = Dispatcher(store, Asked(set()), stop or Stop())  # type: ignore[arg-type]
    config = RunConfig.checked({"look_ahead": 3, "population": 8})
    return compose_search(config, Problem(set()), [], dispatcher, ends, strategy=racing).run()  # type: ignore[arg-type]


def augmented(store: Store) -> list[str]:
    space = stack_space((8, 8, 1))
    rows = store.candidates().values()
    return [recipe_of(space.read(row.genome)).augmentation for row in rows if is_reborn(row)]


def cuts(store: Store) -> list[int]:
    return [act.detail["requests"] for act in store.acts() if act.kind == CUT]


@pytest.mark.parametrize("late", [5, 6, 7])
def test_a_race_that_is_late_decides_on_augmentation_all_the_same(late: int) -> None:
    store = new_store()
    search(store, late)
    assert len(cuts(store)) == 1
    assert set(augmented(store)) == {"flip"}
    in_time = new_store()
    search(in_time, None)
    assert not cuts(in_time)
    assert store.count(Purpose.CHALLENGE) < in_time.count(Purpose.CHALLENGE) + 1


def test_a_race_without_any_answer_ends_where_it_is_late() -> None:
    store = new_store()
    assert search(store, 2) == "the time limit"
    assert not cuts(store)
    assert not augmented(store)


@pytest.mark.parametrize("polls", range(11, 26, 3))
def test_what_was_left_out_is_left_out_again(polls: int) -> None:
    """Whatever the clock says when the search goes on."""
    straight, continued = new_store(), new_store()
    search(straight, 6)
    with pytest.raises(Stopped):
        search(continued, 6, StoppedSoon(polls))
    assert cuts(continued)
    search(continued, None)
    assert history(continued) == history(straight)
    assert cuts(continued) == cuts(straight)


def test_a_search_that_ended_in_a_race_before_that_was_written_down_stays_so() -> None:
    store = new_store()
    with pytest.raises(Stopped):
        search(store, None, StoppedSoon(11))
    before = store.last("candidate")
    store.act("search ended", births=before, reason="the time limit")
    assert search(store, 5) == "the time limit"
    assert not cuts(store)
    assert not augmented(store)
