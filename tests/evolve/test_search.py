"""Aging evolution, updates, and the rungs of successive halving, without any training."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from conftest import scored

from evolve.search.aging import Aging
from evolve.search.births import Births
from evolve.search.genetic import Genetic
from evolve.search.halving import Halving
from evolve.search.random_search import RandomSearch
from evolve.search.strategy import Promotion, Proposal
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes.stack.space import StackSpace

SPACE = StackSpace((16, 16, 3), 5)
RUNGS = (Budget(100, 1), Budget(300, 1), Budget(300, 3))


class Play:
    """Asks a strategy, numbers what it wants, and tells it scores."""

    def __init__(self, strategy: Any) -> None:
        self.strategy, self.requests, self.born = strategy, dict[int, Request](), 0

    def ask(self) -> Request:
        answer = self.strategy.ask(Random(f"{len(self.requests)}"))
        number = len(self.requests) + 1
        if isinstance(answer, Promotion):
            candidate, budget, start = answer.request.candidate, answer.budget, answer.request.continued()
        else:
            assert isinstance(answer, Proposal)
            self.born += 1
            candidate = Candidate(self.born, answer.genome, "key", answer.parents, answer.steps)
            budget, start = RUNGS[0], None
        self.requests[number] = Request(number, candidate, budget, 0, Purpose.SEARCH, f"{number}", start)
        return self.requests[number]

    def tell(self, request: Request, fitness: float | None) -> None:
        failed = Result(request.number, Status.FAILED, reason="a test")
        ok = scored(request.number, fitness or 0.0)
        self.strategy.tell(request, failed if fitness is None else ok)

    def births(self, *scores: float | None) -> list[Request]:
        """So many births, told at once."""
        made = []
        for score in scores:
            made.append(self.ask())
            assert made[-1].continues is None
            self.tell(made[-1], score)
        return made


def halving(inner: type[Any] = RandomSearch, room: int = 8, population: int = 6) -> Play:
    return Play(Halving(inner(Births(SPACE), population, inner.Options()), RUNGS, one_in=3, room=room))


def test_the_best_third_of_those_told_goes_on_from_its_weights() -> None:
    play = halving()
    births = play.births(0.1, 0.5, 0.3)
    promoted = play.ask()
    assert promoted.continues == births[1].continued()
    assert (promoted.candidate, promoted.budget) == (births[1].candidate, RUNGS[1])
    play.births(0.2, 0.4)  # five were told: one of them may be on the next rung, and is
    sixth = play.ask()
    play.tell(sixth, 0.0)
    assert play.ask().candidate.number == 5


def test_of_equals_the_one_that_was_asked_for_first_is_the_better() -> None:
    play = halving()
    play.births(0.5, 0.5, 0.5)
    assert play.ask().candidate.number == 1
    assert play.ask().continues is None


def test_a_promotion_from_a_higher_rung_comes_first() -> None:
    play = halving()
    for start in range(0, 9, 3):
        births = play.births(0.1 + start / 100, 0.2 + start / 100, 0.3 + start / 100)
        promoted = play.ask()
        assert promoted.continues == births[2].continued()
        play.tell(promoted, 0.5 + start / 100)
    top = play.ask()
    assert (top.candidate.number, top.budget) == (9, RUNGS[2])
    play.tell(top, 0.9)
    assert play.ask().continues is None, "nothing is above the highest rung"


def test_a_failure_counts_as_told_and_never_goes_on() -> None:
    play = halving()
    births = play.births(None, None, 0.1)
    promoted = play.ask()
    assert promoted.continues == births[2].continued()
    play.tell(promoted, None)
    play.births(None, None)
    last = play.ask()
    play.tell(last, None)
    assert play.ask().continues is None


def test_only_weights_that_may_be_needed_are_kept() -> None:
    play = halving(room=4)
    for number in range(40):
        request = play.ask()
        play.tell(request, ((number * 7) % 40) / 40)
        kept = play.strategy.keep()
        assert kept <= set(play.requests)
        assert len(kept) <= 2 * 4 + 1
    promoted = next(request for request in iter(play.ask, None) if request.continues is not None)
    assert promoted.continues is not None
    assert promoted.continues.request in play.strategy.keep(), "it is being continued"
    play.tell(promoted, 0.1)
    assert promoted.continues.request not in play.strategy.keep()


@pytest.mark.parametrize("inner", [Aging, Genetic])
def test_a_higher_rung_counts_more_than_a_higher_score(inner: type[Any]) -> None:
    play = halving(inner, population=3)
    play.births(0.1, 0.9, 0.8)
    play.tell(play.ask(), 0.2)  # the second is worse with more training, and still the best known
    parents = {parent for _ in range(12) for parent in _born(play).parents}
    assert 2 in parents


def _born(play: Play) -> Candidate:
    while (request := play.ask()).continues is not None:
        pass
    return request.candidate


def aging() -> Play:
    return Play(Aging(Births(SPACE), 3, Aging.Options()))


def test_the_best_member_is_the_parent_and_the_oldest_dies() -> None:
    play = aging()
    play.births(0.9, 0.1, 0.2)
    child = play.ask()
    assert child.candidate.parents == (1,)
    play.tell(child, 0.3)  # takes the place of the first, which was the best
    assert play.ask().candidate.parents == (4,)


def test_failures_are_not_taken_in() -> None:
    play = aging()
    play.births(0.1, 0.9, 0.2)
    child = play.ask()
    play.tell(child, None)
    assert play.ask().candidate.parents == (2,)


def test_an_update_makes_a_member_no_younger_and_is_ignored_if_it_is_gone() -> None:
    play = aging()
    first, *_ = play.births(0.1, 0.2, 0.3)
    more = Request(99, first.candidate, RUNGS[1], 0, Purpose.SEARCH, "99", first.continued())
    play.tell(more, 0.15)
    child = play.ask()
    assert child.candidate.parents == (1,), "a larger budget ranks first"
    play.tell(child, 0.25)
    assert play.ask().candidate.parents == (3,), "and the oldest has died"
    play.tell(more, 0.99)
    assert play.ask().candidate.parents == (3,)


def test_an_elite_is_known_by_its_last_score() -> None:
    play = Play(Genetic(Births(SPACE), 3, Genetic.Options(elite=1, tournament=9, crossover_rate=0)))
    first, *_ = play.births(0.1, 0.9, 0.2)
    play.tell(Request(99, first.candidate, RUNGS[1], 0, Purpose.SEARCH, "99", first.continued()), 0.15)
    assert play.ask().candidate.parents == (1,)
