"""Every registered strategy on every encoding: no genome twice, repeatable, unshaken by failures."""

from __future__ import annotations

import random
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from conftest import scored

from evolve.problems.tables import TableProblem
from evolve.search.births import Births
from evolve.search.strategy import STRATEGIES, Promotion, Proposal, strategy_class
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes import Step, candidate_key
from genomes.genome import SPACES
from genomes.graph.space import GraphSpace
from genomes.stack.space import StackSpace

POPULATION = 6


@pytest.fixture(params=SPACES)
def any_space(request: pytest.FixtureRequest, table_problem: TableProblem, large_pool: Any) -> Any:
    networks = {"stack": StackSpace((16, 16, 3), 5), "graph": GraphSpace((16, 16, 3), 5)}
    return {**networks, "choices": table_problem.space, "pool": large_pool}[request.param]


@pytest.fixture(params=[*STRATEGIES, "inheriting"])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A registered strategy, or one of the tests that goes on from other trainings in every way."""
    monkeypatch.setitem(STRATEGIES, "inheriting", "inheriting:Inheriting")
    return str(request.param)


def make(name: str, space: Any, founders: tuple[Proposal, ...] = ()) -> Any:
    kind = strategy_class(name)
    if kind.encodings is not None and space.kind not in kind.encodings:
        pytest.skip(f"{name} searches {', '.join(kind.encodings)} alone")
    return kind(Births(space, founders), POPULATION, kind.Options())


def size_fitness(space: Any, genome: Any) -> float:
    """A stand-in for accuracy that can be computed at once: smaller networks are better."""
    return 1 / (1 + (space.blueprint(genome).parameters or 0))


def play(
    strategy: Any, space: Any, births: int, fails: Any = lambda n: False, late: int = 1, seed: int = 0
) -> list[Proposal]:
    """Asks for `births` proposals with up to `late` of them untold at a time; tells in order."""
    born: list[Proposal] = []
    told = 0

    def tell() -> None:
        nonlocal told
        told += 1
        proposal = born[told - 1]
        candidate = Candidate(told, proposal.genome, "key", proposal.parents, proposal.steps)
        request = Request(told, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key")
        failed = Result(told, Status.FAILED, reason="a test")
        ok = scored(told, size_fitness(space, proposal.genome))
        strategy.tell(request, failed if fails(told) else ok)

    while len(born) < births:
        answer = strategy.ask(Random(f"seed {seed} {len(born) + 1}"))
        if isinstance(answer, Proposal):
            born.append(answer)
        if answer == "wait" or len(born) - told >= late:
            tell()
        assert answer != "done"
    while told < len(born):
        tell()
    return born


def test_no_candidate_is_born_twice(name: str, any_space: Any) -> None:
    born = play(make(name, any_space), any_space, 60)
    keys = [candidate_key(p.genome, any_space.blueprint(p.genome)) for p in born]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("late", [1, 4])
def test_the_same_tells_make_the_same_births(name: str, any_space: Any, late: int) -> None:
    runs = []
    for _ in range(2):
        random.seed()
        runs.append(play(make(name, any_space), any_space, 40, late=late))
    assert runs[0] == runs[1]


def test_the_global_generator_is_left_as_it_was(name: str, any_space: Any) -> None:
    random.seed(7)
    before = random.getstate()
    play(make(name, any_space), any_space, 30)
    assert random.getstate() == before


def test_parents_were_born_before(name: str, any_space: Any) -> None:
    born = play(make(name, any_space), any_space, 50, late=3)
    for number, proposal in enumerate(born, start=1):
        assert all(1 <= parent < number for parent in proposal.parents)
        assert proposal.steps


def test_founders_come_first_and_once(name: str, any_space: Any) -> None:
    rng = Random(1)
    genomes = [any_space.random(rng).genome for _ in range(4)]
    founders = tuple(Proposal(genome, (), (Step("founder", {}, "founder"),)) for genome in [*genomes, genomes[0]])
    born = play(make(name, any_space, founders), any_space, 20)
    assert [proposal.genome for proposal in born[:4]] == genomes
    assert genomes[0] not in [proposal.genome for proposal in born[4:]]


def test_failures_stop_nothing(name: str, any_space: Any) -> None:
    play(make(name, any_space), any_space, 50, fails=lambda n: n % 2 == 0)


def test_a_whole_generation_of_failures_stops_nothing(name: str, any_space: Any) -> None:
    play(make(name, any_space), any_space, 40, fails=lambda n: n <= 2 * POPULATION)


@pytest.fixture(params=["choices", "pool"])
def small_space(request: pytest.FixtureRequest, table_problem: TableProblem, large_pool: Any) -> Any:
    """A space of nine genomes."""
    space: Any = table_problem.space if request.param == "choices" else large_pool
    return replace(space, entries=dict(list(space.entries.items())[:9]))


def test_an_exhausted_space_ends_the_search_or_is_told_again(name: str, small_space: Any) -> None:
    strategy = make(name, small_space)
    born = 0
    for ask in range(60):
        answer = strategy.ask(Random(ask))
        if answer == "done":
            assert strategy.stop_reasons()
            break
        if isinstance(answer, Promotion):
            continue
        assert isinstance(answer, Proposal)
        born += 1
        candidate = Candidate(born, answer.genome, "key")
        request = Request(born, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key")
        strategy.tell(request, scored(born, float(born)))
    else:
        pytest.fail("an empty space never ended the search")
    assert born == 9


def test_keep_names_no_request_that_was_never_made(name: str, any_space: Any) -> None:
    strategy = make(name, any_space)
    play(strategy, any_space, 20)
    assert strategy.keep() <= set(range(1, 21))
    assert strategy.stop_reasons() == {}


def test_what_inherits_names_weights_that_are_kept(name: str, any_space: Any) -> None:
    """The weights of a proposal's parent are those of a request that was told and that `keep` named then."""
    strategy, told = make(name, any_space), list[int]()
    for number in range(1, 25):
        kept = strategy.keep()
        assert kept <= set(told)
        answer = strategy.ask(Random(number))
        if isinstance(answer, Proposal) and answer.inherits is not None:
            assert int(answer.inherits) in kept
            assert strategy.needs_weights(Budget(1, 1))
        candidate = Candidate(number, any_space.random(Random(number)).genome, "key")
        request = Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, str(number))
        if isinstance(answer, Proposal):
            strategy.tell(request, scored(number, float(number)))
            told.append(number)
    assert bool(strategy.keep()) == (name == "inheriting")


@pytest.mark.parametrize("space", [StackSpace((16, 16, 3), 5), GraphSpace((16, 16, 3), 5)], ids=["stack", "graph"])
@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in ("random", "map-elites")])
def test_evolution_beats_random_search_on_what_it_can_learn(name: str, space: Any) -> None:
    """On a landscape where what is small is good, and parents hand on what they have. map-elites breeds at all sizes,
    so it has a landscape of its own in tests/evolve/test_map_elites.py."""

    def best(strategy_name: str) -> float:
        played = [play(make(strategy_name, space), space, 150, late=2, seed=seed) for seed in (0, 1)]
        return sum(sum(sorted(size_fitness(space, proposal.genome) for proposal in born)[-10:]) for born in played)

    assert best(name) > 1.5 * best("random")


def test_the_elite_of_the_genetic_algorithm_is_the_elite() -> None:
    space = StackSpace((16, 16, 3), 5)
    strategy = make("genetic", space)
    born = play(strategy, space, 60)
    best = sorted((size_fitness(space, proposal.genome) for proposal in born), reverse=True)[:4]
    assert [member.fitness for member in strategy._elite] == best


class Largest:
    """Of some drafts the largest network is born."""

    def __init__(self, space: Any, drafts: int) -> None:
        self.drafts, self._space, self.left = drafts, space, list[Any]()

    def __call__(self, drafts: Any, rng: Random) -> Proposal:
        chosen: Proposal = max(drafts, key=lambda draft: self._space.blueprint(draft.genome).parameters or 0)
        self.left += [draft.genome for draft in drafts if draft.genome != chosen.genome]
        return chosen


def test_of_several_drafts_one_is_born_and_the_others_never_were(name: str, any_space: Any) -> None:
    make(name, any_space)

    def with_drafts(count: int) -> tuple[list[Proposal], list[Any]]:
        kind, choose = strategy_class(name), Largest(any_space, count)
        strategy = kind(Births(any_space, choose=choose), POPULATION, kind.Options())
        return play(strategy, any_space, 40), choose.left

    (one, left), (several, others) = with_drafts(1), with_drafts(5)
    assert one == play(make(name, any_space), any_space, 40)
    assert left == []
    born = [proposal.genome for proposal in several]
    sizes = [sum(any_space.blueprint(p.genome).parameters for p in found[:POPULATION]) for found in (one, several)]
    assert sizes[1] > sizes[0]
    assert len({candidate_key(genome, any_space.blueprint(genome)) for genome in born}) == 40
    if any_space.kind == "choices" and name == "random":  # few entries: what was left once is drawn, and born, again
        assert set(others) & set(born)
