"""Every registered encoding: valid genomes, exact round trips, a symmetric distance, repeatable variation."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from chain_encoding import CHAIN, CHAIN_SPACE

from evolve.config import OF_ENCODINGS
from evolve.problems.tables import TableProblem
from genomes import InvalidGenome, Step, Variation, candidate_key
from genomes.alphabet import full_alphabet
from genomes.genome import SPACES, space_class
from genomes.limits import Limits
from genomes.steps import STEPS


@pytest.fixture(params=[*SPACES, CHAIN])
def any_space(
    request: pytest.FixtureRequest, table_problem: TableProblem, large_pool: Any, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """One search space of each registered encoding, and of the one that exists in tests alone. A new encoding needs a
    line here to be tested."""
    monkeypatch.setitem(SPACES, CHAIN, CHAIN_SPACE)
    of_tables = {"choices": table_problem.space, "pool": large_pool}
    made: Any = of_tables.get(request.param) or network_space(request.param)
    assert isinstance(made, space_class(request.param))
    return made


def network_space(kind: str) -> Any:
    return space_class(kind).for_images((16, 16, 3), 5, Limits(), full_alphabet())


def genomes(space: Any, count: int, seed: int = 0) -> list[Any]:
    rng = Random(seed)
    return [space.random(rng).genome for _ in range(count)]


def test_everything_the_space_makes_can_be_built(any_space: Any) -> None:
    rng, pool = Random(1), genomes(any_space, 20)
    for _ in range(300):
        child = any_space.mutate(any_space.crossover(*rng.sample(pool, 2), rng).genome, rng)
        blueprint = any_space.blueprint(child.genome)
        assert len(blueprint.fingerprint) == 64
        assert child.steps and all(isinstance(step, Step) and step.operator in STEPS for step in child.steps)
        pool[rng.randrange(20)] = child.genome


def test_json_and_notation_round_trips_are_exact(any_space: Any) -> None:
    import json

    for genome in genomes(any_space, 100):
        assert any_space.read(json.loads(json.dumps(genome.to_json()))) == genome
        assert any_space.parse(genome.notation()) == genome
        assert "\n" not in genome.notation()
        assert hash(genome) == hash(any_space.parse(genome.notation()))


def test_distance_is_symmetric_and_within_bounds(any_space: Any) -> None:
    pool = genomes(any_space, 25)
    for a in pool:
        assert any_space.distance(a, a) == 0
        for b in pool:
            assert any_space.distance(a, b) == pytest.approx(any_space.distance(b, a))
            assert 0 <= any_space.distance(a, b) <= 1
            assert (any_space.distance(a, b) == 0) == (a == b)


def test_a_mutant_is_nearer_than_a_stranger(any_space: Any) -> None:
    rng, pool = Random(3), genomes(any_space, 200)
    near = [any_space.distance(g, any_space.mutate(g, rng).genome) for g in pool]
    far = [any_space.distance(g, pool[i - 1]) for i, g in enumerate(pool)]
    assert sum(near) < sum(far) / 2


def test_the_same_generator_makes_the_same_genomes(any_space: Any) -> None:
    def walk(seed: int) -> list[str]:
        rng = Random(seed)
        genome, seen = any_space.random(rng).genome, []
        for _ in range(30):
            genome = any_space.mutate(genome, rng).genome
            seen.append(genome.notation())
        return seen

    assert walk(5) == walk(5) != walk(6)


def test_mutation_leaves_its_parent_as_it_was(any_space: Any) -> None:
    genome, rng = genomes(any_space, 1)[0], Random(2)
    before = genome.to_json()
    assert all(any_space.mutate(genome, rng).genome != genome for _ in range(50))
    assert genome.to_json() == before


def test_equal_candidates_have_equal_keys(any_space: Any) -> None:
    pool = genomes(any_space, 60)
    keys = {candidate_key(g, any_space.blueprint(g)) for g in pool}
    assert len(keys) == len(set(pool))


@pytest.mark.parametrize("text", ["", "nonsense", "conv", "00000000000", "conv 32 3, relu |", "dense 10"])
def test_what_is_no_genome_is_refused_with_a_reason(any_space: Any, text: str) -> None:
    with pytest.raises(InvalidGenome, match=r"\w{3}"):
        any_space.blueprint(any_space.parse(text))


def test_json_of_something_else_is_refused(any_space: Any) -> None:
    with pytest.raises(InvalidGenome):
        any_space.read({"kind": "other"})


def test_founders_are_notations_and_groups_are_made_of_them(any_space: Any) -> None:
    for text in any_space.founders.values():
        assert any_space.parse(text).kind == any_space.kind
    for names in any_space.founder_groups.values():
        assert names and set(names) <= set(any_space.founders)


def test_what_is_within_the_bounds_is_not_clamped(any_space: Any) -> None:
    for genome in genomes(any_space, 50):
        assert any_space.clamp(genome) == Variation(genome, ())


def test_genomes_of_networks_have_a_recipe(any_space: Any) -> None:
    is_network = hasattr(any_space, "for_images")
    assert {genome.recipe is not None for genome in genomes(any_space, 20)} == {is_network}


@pytest.mark.parametrize("kind", ["stack", "graph", CHAIN])
def test_networks_keep_to_the_limits(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SPACES, CHAIN, CHAIN_SPACE)
    space = network_space(kind)
    tight = space.with_limits(Limits(max_parameters=2000))
    assert all(tight.blueprint(genome).parameters <= 2000 for genome in genomes(tight, 20))
    large = next(genome for genome in genomes(space, 200) if space.blueprint(genome).parameters > 2000)
    with pytest.raises(InvalidGenome, match="more than max_parameters=2,000"):
        tight.blueprint(large)
    if narrow := tight.narrowed(large):
        assert tight.blueprint(narrow.genome).parameters <= 2000
        assert [step.operator for step in narrow.steps] == ["scale"]


def test_a_space_without_a_genome_reads_and_compares_it_as_before(any_space: Any) -> None:
    one, other = genomes(any_space, 2)
    without = any_space.without(one)
    assert without.parse(one.notation()) == one
    assert without.blueprint(one) == any_space.blueprint(one)
    assert without.distance(one, other) == any_space.distance(one, other)
    assert any_space.without(one).without(one) == without


def test_the_settings_that_it_heeds_are_some_of_those_that_there_are(any_space: Any) -> None:
    assert any_space.settings <= set(OF_ENCODINGS)
    if "fill" not in any_space.settings:
        assert all(any_space.widened(genome) is None for genome in genomes(any_space, 20))
