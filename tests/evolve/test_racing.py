"""Races of starts without any training: who is trained longer, what is decided, and who is born then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from statistics import fmean
from typing import Any

import pytest
from conftest import scored, stack_space

from evolve.search.augmentation import DESTROYS, SURVIVES, Kept, Question, kept
from evolve.search.births import SMALL_STEPS, Births
from evolve.search.halving import Halving
from evolve.search.leads import Scale
from evolve.search.newcomers import TRAINED_LONGER
from evolve.search.racing import REBORN, Race, Racing
from evolve.search.strategy import Examination, Member, Promotion, Proposal, Strategy, strategy_class
from evolve.search.twins import Twins
from evolve.values import Budget, Candidate, Probe, Purpose, Request, Status, is_reborn
from genomes.genome import recipe_of
from genomes.recipe import DEFAULT, PLAIN, of_group

BRIEF = Budget(100, 1)
STARTS = [f"conv {width} 3, relu, global_max | adam 0.01, batch 16, flip, shift 2" for width in (8, 16, 24, 32)]
GENES: Mapping[str, Mapping[str, Any]] = {"mirror": {"flip": True}, "move": {"shift": 2, "zoom": 0.0}}


def question(**changes: Any) -> Question:
    probes = tuple(Probe(group, of_group(DEFAULT, group), 1) for group in GENES)
    usual = {"probes": probes, "genes": GENES, "off": PLAIN, "chance": 0.1, "images": 2000}
    return Question(**{**usual, **changes})


class Played:
    """A race that is played with the scores that it is given: brief ones by birth number, longer ones likewise."""

    def __init__(
        self,
        brief: Callable[[int], float],
        longer: Callable[[int], float],
        rungs: Sequence[Budget] = (),
        **changes: Any,
    ) -> None:
        self.space = stack_space((16, 16, 3))
        given = [Proposal(self.space.parse(text)) for text in STARTS]
        births = Births(self.space, given, mutants=True)
        kind = strategy_class("aging")
        strategy: Strategy = kind(births, 8, kind.Options())
        if rungs:
            strategy = Halving(strategy, rungs, 3, room=8)
        usual: dict[str, Any] = {"starts": 4, "challengers": 2, "longer": BRIEF.longer, "scale": Scale(2000)}
        self.race = Racing(strategy, births, Race(**{**usual, **changes}))
        self.brief, self.longer = brief, longer
        self.measures: dict[str, float] = {}
        self.born: dict[int, Candidate] = {}
        self.asked: list[Request] = []
        self.ended = False

    def play(self, requests: int) -> Played:
        for _ in range(requests):
            wish = self.race.ask(Random(len(self.asked)))
            if wish == "done":
                self.ended = True
                break
            assert isinstance(wish, Proposal | Examination | Promotion), wish
            self.tell(wish)
        return self

    def tell(self, wish: Proposal | Examination | Promotion) -> None:
        number = len(self.asked) + 1
        if isinstance(wish, Proposal):
            candidate = Candidate(len(self.born) + 1, wish.genome, f"{number}", wish.parents, wish.steps)
            self.born[candidate.number] = candidate
            request = Request(number, candidate, BRIEF, 0, Purpose.SEARCH, f"{number}")
            score = self.brief(candidate.number)
        elif isinstance(wish, Promotion):
            candidate, continues = wish.request.candidate, wish.request.continued(wish.schedule)
            request = Request(number, candidate, wish.budget, 0, Purpose.SEARCH, f"{number}", continues)
            score = self.longer(candidate.number)
        else:
            request = Request(number, wish.candidate, wish.budget, 0, wish.purpose, f"{number}", probes=wish.probes)
            score = self.longer(wish.candidate.number)
        self.asked.append(request)
        measures = {"accuracy": score, **(self.measures if request.probes else {})}
        result = scored(number, score)
        self.race.tell(request, type(result)(number, Status.OK, measures, objectives=(score,)))

    def of(self, purpose: Purpose) -> list[int]:
        return [one.candidate.number for one in self.asked if one.purpose is purpose]


def test_the_favourite_and_the_best_are_trained_longer_and_the_best_is_asked() -> None:
    played = Played(lambda n: n / 10, lambda n: n / 5, question=question(), newcomers=0).play(20)
    assert played.of(Purpose.SEARCH) == [1, 2, 3, 4]
    assert played.of(Purpose.CHALLENGE) == [4, 3, 1], "the two best, and the first one"
    assert [one.candidate.number for one in played.asked if one.probes] == [4]
    assert {str(one.budget) for one in played.asked if one.purpose is Purpose.CHALLENGE} == {"100x3"}
    assert played.ended
    assert all(not recipe_of(one.genome).augmentation for one in played.born.values()), "they race without"


@pytest.mark.parametrize(
    ("mirrored", "moved", "on"),
    [(0.59, 0.58, "flip, shift 2"), (0.12, 0.58, "shift 2"), (0.58, 0.11, "flip"), (0.12, 0.12, "")],
)
def test_what_changed_images_mean_decides_for_all(mirrored: float, moved: float, on: str) -> None:
    played = Played(lambda n: n / 10, lambda n: n / 5, question=question())
    played.measures = {"clean": 0.6, "changed_mirror": mirrored, "changed_move": moved}
    played.play(16)
    reborn = [one for one in played.born.values() if is_reborn(one)]
    assert len(reborn) == (REBORN if on else 0)
    assert {recipe_of(one.genome).augmentation for one in reborn} == ({on} if on else set())
    if on:
        assert reborn[0].parents == (4,), "the most promising is born again first"
        assert {one.parents for one in reborn} >= {(1,)}, "and so is the favourite"
    bred = list(played.born.values())[4 + len(reborn) :]
    assert bred
    assert {recipe_of(one.genome).augmentation for one in bred} == {on}
    assert all(played.race.may_win(one.genome) for one in (*reborn, *bred))
    assert played.race.may_win(played.born[1].genome) == (on == "")


@pytest.mark.parametrize("longer", [1, 2, 4])
def test_a_race_that_is_cut_short_loses_nothing_that_it_has_found_out(longer: int) -> None:
    """Being born again costs nothing, so that there is time for it in any case."""
    played = Played(lambda n: n / 10, lambda n: n / 5, question=question(twins=TWINS), challengers=4)
    played.measures = {"clean": 0.6, "changed_mirror": 0.59, "changed_move": 0.4}
    assert not played.race.cut_short(), "nothing is known before all have started"
    played.play(4 + longer)
    assert played.race.racing
    assert not played.race.only_copies
    assert played.race.cut_short()
    while played.race.racing:
        assert played.race.only_copies
        played.play(1)
    again = [one for one in played.born.values() if is_reborn(one)]
    assert len(again) == min(REBORN, longer)
    assert {recipe_of(one.genome).augmentation for one in again} == {"flip"}
    assert all(played.race.may_win(one.genome) for one in again)
    assert len(played.of(Purpose.CHALLENGE)) == longer + len(again)
    assert not played.of(Purpose.TWIN)
    assert not played.race.cut_short(), "it is over"


@pytest.mark.parametrize("late", [True, False])
def test_where_the_one_that_was_asked_has_no_answer_another_one_is_asked(late: bool) -> None:
    """One that starts fast may learn nothing. Its copy, born again, has no more of an answer, and takes none away."""
    longer = {4: 0.11, 3: 0.5, 2: 0.5, 1: 0.45 if late else 0.6}
    scale = Scale(2000, learned=0.2)
    played = Played(lambda n: 0.1 + n / 100, lambda n: longer.get(n, 0.3), question=question(), scale=scale)
    played.measures = {"clean": 0.11, "changed_mirror": 0.1, "changed_move": 0.1}
    played.play(4 + 3)
    assert not played.race._kept
    played.measures = {"clean": 0.5, "changed_mirror": 0.49, "changed_move": 0.12}
    played.play(1)
    asked = [one.candidate.number for one in played.asked if one.probes]
    assert asked == [4, 3 if late else 1]
    assert [one.share > 0.5 for one in played.race._kept] == [True, False]
    played.play(8)
    assert len([one for one in played.asked if one.probes and not is_reborn(one.candidate)]) == 2, "and no third"


def test_of_those_that_are_bred_the_best_are_trained_longer_at_the_end() -> None:
    played = Played(lambda n: n / 100, lambda n: n / 50, question=question(), newcomers=5).play(30)
    assert played.ended
    before = played.of(Purpose.CHALLENGE)
    while (wish := played.race.due()) is not None:
        played.tell(wish)
    newest = sorted(played.born)[-TRAINED_LONGER:]
    assert played.of(Purpose.CHALLENGE)[len(before) :] == newest[::-1]


def test_without_time_for_all_that_is_due_the_best_that_are_bred_come_first() -> None:
    """None that was not trained longer can win; a promotion only says more of the search."""
    rungs = (BRIEF, BRIEF.longer)
    played = Played(lambda n: n / 100, lambda n: n / 50, rungs, question=question(), newcomers=7).play(60)
    assert played.ended
    due = []
    while (wish := played.race.due()) is not None:
        due.append(wish)
    assert [isinstance(wish, Examination) for wish in due[: TRAINED_LONGER + 1]] == [True] * TRAINED_LONGER + [False]


def test_a_network_that_is_no_better_than_guessing_is_not_believed() -> None:
    assert kept({"clean": 0.11, "changed_mirror": 0.1}, 0.1, 2000) == []
    [one] = kept({"clean": 0.6, "changed_mirror": 0.35}, 0.1, 2000)
    assert (one.group, one.share) == ("mirror", pytest.approx(0.5))
    assert one.verdict == "open"
    played = Played(lambda n: n / 10, lambda n: n / 5, question=question())
    played.measures = {"clean": 0.1, "changed_mirror": 0.1, "changed_move": 0.1}
    assert all(not recipe_of(one.genome).augmentation for one in played.play(16).born.values())


@pytest.mark.parametrize("images", [200, 2000])
def test_an_answer_needs_enough_images(images: int) -> None:
    def verdict(share: float) -> str:
        changed = 0.1 + share * 0.5
        return kept({"clean": 0.6, "changed_move": changed}, 0.1, images)[0].verdict

    assert verdict(0.0) == "destroys"
    assert verdict(1.0) == "survives"
    assert verdict((DESTROYS + SURVIVES) / 2) == "open"
    assert (verdict(0.4) == "destroys") == (images == 2000)


TWINS = (Budget(100, 150), Budget(100, 450))


@pytest.mark.parametrize(
    ("gaps", "pays"), [((-0.05, 0.01), True), ((-0.05, -0.02), True), ((0.02, 0.01), False), ((-0.3, -0.29), False)]
)
def test_twins_decide_where_a_network_cannot_tell(gaps: tuple[float, float], pays: bool) -> None:
    """On only if the gap grows and, carried on in the logarithm of epochs, is above zero at the last training."""
    played = Played(lambda n: n / 10, lambda n: n / 5)
    births = Births(played.space, [Proposal(played.space.parse(text)) for text in STARTS])
    twins, best = Twins(births, question(twins=TWINS, last_epochs=1350)), played.play(4).race._known[4]
    assert len(list(twins.born(best, [Kept("move", 0.55, 0.01)], 5))) == 1
    assert twins.won == set(), "nothing is known"
    for budget, plain, gap in zip(TWINS, (0.0, 0.1), gaps, strict=True):
        twins.hear(4, budget, plain)
        assert twins.won == set(), "one that failed decides nothing"
        twins.hear(5, budget, plain + gap)
    assert (twins.won == {"move"}) == pays


@pytest.mark.parametrize("better", [True, False])
def test_twins_are_born_and_trained_with_what_is_open(better: bool) -> None:
    def longer(number: int) -> float:
        request = played.asked[-1] if played.asked else None
        twin = number == 5
        grown = request is not None and len(played.of(Purpose.TWIN)) % 2 == 1
        return 0.5 + (0.1 * grown * (1 if better else -1) if twin else 0.0)

    played = Played(lambda n: n / 10, longer, question=question(twins=TWINS, last_epochs=1350))
    played.measures = {"clean": 0.6, "changed_mirror": 0.12, "changed_move": 0.37}
    played.play(24)
    twin = played.born[5]
    assert recipe_of(twin.genome).augmentation == "shift 2"
    trained = [(one.candidate.number, str(one.budget)) for one in played.asked if one.purpose is Purpose.TWIN]
    assert trained == [(twin.parents[0], "100x150"), (twin.parents[0], "100x450"), (5, "100x150"), (5, "100x450")]
    assert recipe_of(list(played.born.values())[-1].genome).augmentation == ("shift 2" if better else "")


def test_breeding_begins_with_small_steps_from_each_of_the_best() -> None:
    """In turn, before the strategy chooses parents of its own."""
    played = Played(lambda n: n / 20, lambda n: n / 10, challengers=3).play(24)
    steps = [one for number, one in played.born.items() if number > len(STARTS)]
    assert [one.parents for one in steps[: 3 * SMALL_STEPS]] == [(4,), (3,), (2,)] * SMALL_STEPS
    distance = played.space.distance
    assert all(distance(played.born[one.parents[0]].genome, one.genome) > 0 for one in steps[: 3 * SMALL_STEPS])
    usual = [played.space.mutate(played.born[4].genome, Random(seed)).genome for seed in range(200)]
    mean = fmean(distance(played.born[4].genome, one) for one in usual)
    assert fmean(distance(played.born[one.parents[0]].genome, one.genome) for one in steps[:6]) < mean


def test_without_mutants_nothing_is_bred_near_winners() -> None:
    """Of founders that are drawn at random no mutants were wanted."""
    space = stack_space((16, 16, 3))
    births = Births(space)
    births.breed_near([Member(1, space.parse(STARTS[0]), 0.5)])
    born = births.child_or_newcomer(False, list, Random(1))
    assert born is not None
    assert born.parents == ()


def test_few_births_leave_room_to_be_born_again() -> None:
    assert Race(8, 4, BRIEF.longer, question=question(twins=TWINS), most=12).room == 7
    assert Race(8, 4, BRIEF.longer, question=question(twins=TWINS), most=12).most_twins == 2
    assert Race(8, 4, BRIEF.longer, question=question(twins=TWINS), most=5).most_twins == 0
    assert Race(8, 4, BRIEF.longer, question=question(), most=4).room == 2
    assert Race(8, 4, BRIEF.longer, question=question(), most=3).room == 3, "too few for any to be born again"
    assert Race(8, 4, BRIEF.longer, question=question(), most=5).room == 3
    assert Race(4, 4, BRIEF.longer, question=question(), most=9, leaders=5).reborn == 4
    assert Race(8, 4, BRIEF.longer, question=question(), most=20).room == 8
    assert Race(8, 4, BRIEF.longer, question=question(genes={}), most=4).room == 4
    assert Kept("move", 0.7, 0.01).verdict == "survives"


@pytest.mark.parametrize("lead", [-0.05, 0.2])
def test_breeding_ends_where_training_brings_more(lead: float) -> None:
    """The best start has learning curve enough; newcomers that do not lead are no reason to go on."""
    played = Played(lambda n: 0.4 + (lead if n > 4 else 0.0), lambda n: 0.6, newcomers=40, last=10_000).play(80)
    newcomers = [number for number in played.born if number > 4]
    assert played.ended
    [reason] = played.race.stop_reasons().values()
    if lead < 0:
        assert len(newcomers) == 8
        assert reason == "training on brings more: none of 8 newcomers leads beyond luck"
    else:
        assert len(newcomers) == 40
        assert reason == "all that the plan has time for was born"


def test_breeding_goes_on_where_the_last_training_is_long_enough() -> None:
    """A learning curve of a few epochs says nothing of what more than enough of them bring."""
    played = Played(lambda n: 0.4 - (0.05 if n > 4 else 0.0), lambda n: 0.6, newcomers=40, last=10_000, enough=9_000)
    played.play(80)
    assert len([number for number in played.born if number > 4]) == 40


def test_a_strategy_that_counts_its_births_itself_knows_of_no_others() -> None:
    played = Played(lambda n: n / 20, lambda n: n / 10, question=question())
    births = Births(played.space, [Proposal(played.space.parse(text)) for text in STARTS], mutants=True)
    kind = strategy_class("neat")
    race = Race(starts=4, challengers=2, longer=BRIEF.longer, scale=Scale(2000), question=question())
    played.race = Racing(kind(births, 4, kind.Options()), births, race)
    played.measures = {"clean": 0.6, "changed_mirror": 0.59, "changed_move": 0.58}
    played.play(30)
    bred = [one for one in list(played.born.values())[4:] if not is_reborn(one) and one.parents]
    assert any(is_reborn(one) for one in played.born.values())
    assert bred
    assert all(parent < one.number and not is_reborn(played.born[parent]) for one in bred for parent in one.parents)


def test_a_twin_that_is_what_was_decided_is_not_lost() -> None:
    """The best stays able to win where its twin has the very genes that were decided for all."""

    def longer(number: int) -> float:
        return 0.5 + (0.1 if number == 5 and len(played.of(Purpose.TWIN)) % 2 == 1 else 0.0)

    played = Played(lambda n: n / 10, longer, question=question(twins=TWINS, last_epochs=1350))
    played.measures = {"clean": 0.6, "changed_mirror": 0.12, "changed_move": 0.37}
    played.play(24)
    assert 5 in played.of(Purpose.CHALLENGE), "a copy of what its parent came to"
    assert played.race.may_win(played.born[5].genome)


def test_a_change_that_ruins_one_class_of_many_is_open() -> None:
    """Two of ten classes that are each other's mirror images cost a fifth of the accuracy, which alone says little."""
    measures = {"clean": 0.9, "changed_mirror": 0.72, "least_mirror": 0.08}
    assert [one.verdict for one in kept(measures, 0.1, 2000)] == ["open"]
    assert [one.verdict for one in kept({**measures, "least_mirror": 0.9}, 0.1, 2000)] == ["survives"]
