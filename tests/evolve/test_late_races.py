"""Races that are late: what they have found out is used, and what the clock left out is left out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


KNOWN = {"clean": 0.6, "changed_mirror": 0.59, "changed_move": 0.12}
LEFT_OPEN = {**KNOWN, "changed_move": 0.37}
TWINS = (Budget(100, 6), Budget(100, 18))


class Asked(Workers):
    """Their networks know mirrored images as well as others."""

    shown: Mapping[str, float] = KNOWN

    def finished(self, timeout: float) -> list[Result]:
        return [replace(one, measures={**one.measures, **self.shown}) for one in super().finished(timeout)]


def never(births: int, recorded: bool, racing: bool) -> str | None:
    return f"{BIRTHS} births" if births >= BIRTHS and not racing else None


def search(
    store: Store,
    late: int | None,
    stop: Stop | None = None,
    shown: Mapping[str, float] = KNOWN,
    twins: tuple[Budget, ...] = (),
) -> str:
    """Goes on with a search. late: trainings of a race after which its time is over. shown: what networks make of
    changed images. twins: their budgets."""

    def ends(births: int, recorded: bool, racing: bool) -> str | None:
        is_late = racing and late is not None and len(store.results()) >= late and not recorded
        return "the time limit" if is_late else never(births, recorded, racing)

    space = stack_space((8, 8, 1))
    births = Births(space, [Proposal(space.parse(text)) for text in STARTS], mutants=True)
    kind = strategy_class("aging")
    race = Race(4, 4, Budget(100, 3), question=question(twins=twins, last_epochs=54), newcomers=40)
    racing = Racing(kind(births, 8, kind.Options()), births, race)
    workers = Asked(set())
    workers.shown = shown
    dispatcher = Dispatcher(store, workers, stop or Stop())  # type: ignore[arg-type]
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
    assert store.count(Purpose.CHALLENGE) < in_time.count(Purpose.CHALLENGE)


def test_a_race_without_any_answer_ends_where_it_is_late() -> None:
    store = new_store()
    assert search(store, 2) == "the time limit"
    assert not cuts(store)
    assert not augmented(store)


@pytest.mark.parametrize("clock", [None, 0, 6], ids=["no limit", "late at once", "as before"])
@pytest.mark.parametrize("polls", range(11, 26, 2))
def test_what_was_left_out_is_left_out_again(polls: int, clock: int | None) -> None:
    """Whatever the clock says when the search goes on."""
    straight, continued = new_store(), new_store()
    search(straight, 6)
    with pytest.raises(Stopped):
        search(continued, 6, StoppedSoon(polls))
    assert cuts(continued)
    search(continued, clock)
    assert history(continued) == history(straight)
    assert cuts(continued) == cuts(straight)


@pytest.mark.parametrize("polls", range(6, 12))
def test_answers_that_are_on_record_are_heard_however_late_it_is(polls: int) -> None:
    store = new_store()
    with pytest.raises(Stopped):
        search(store, None, StoppedSoon(polls))
    heard = {row.candidate for row in store.requests(Purpose.CHALLENGE) if store.result(row.number)}
    search(store, 0)
    again = {row.candidate for row in store.requests(Purpose.CHALLENGE) if store.result(row.number)}
    assert again >= heard
    assert bool(augmented(store)) == bool(again)


def test_trainings_of_twins_are_ended_by_the_clock() -> None:
    in_time, late = new_store(), new_store()
    search(in_time, None, shown=LEFT_OPEN, twins=TWINS)
    whole = in_time.count(Purpose.TWIN)
    assert whole == 4
    first = min(row.number for row in in_time.requests(Purpose.TWIN))
    search(late, first, shown=LEFT_OPEN, twins=TWINS)
    assert 0 < late.count(Purpose.TWIN) < whole
    assert len(cuts(late)) == 1
    assert set(augmented(late)) == {"flip"} | set(augmented(late)) & {"shift 2"}, "those that were open stay off"


def test_a_search_that_ended_before_all_had_started_may_be_late_in_its_race_later() -> None:
    store = new_store()
    with pytest.raises(Stopped):
        search(store, None, StoppedSoon(3))
    store.act("search ended", births=store.last("candidate"), reason="the time limit")
    search(store, 7)
    assert len(cuts(store)) == 1
    assert set(augmented(store)) == {"flip"}


def test_a_search_that_ended_in_a_race_before_that_was_written_down_stays_so() -> None:
    store = new_store()
    with pytest.raises(Stopped):
        search(store, None, StoppedSoon(11))
    before = store.last("candidate")
    store.act("search ended", births=before, reason="the time limit")
    assert search(store, 5) == "the time limit"
    assert not cuts(store)
    assert not augmented(store)
