"""Which children of an adopted model begin with its weights, and which do not claim to."""

from __future__ import annotations

from random import Random
from typing import Any

from evolve.search.births import Births
from evolve.search.strategy import Member, Proposal
from evolve.values import adoption
from genomes.genome import recipe_of
from genomes.graph.space import GraphSpace
from genomes.steps import Step

SPACE = GraphSpace((16, 16, 3), 5)
ADOPTED = Step("adopt", {"weights": "w", "model": "mine"}, "with weights of mine")
MINE = "a: conv 8 3 < image, b: relu < a, out < b | global_average | adam 0.01, batch 64"
OTHER = "conv 16 3, batchnorm, relu, maxpool 2, flatten | sgd 0.1"


def births() -> Births:
    born = Births(SPACE, [Proposal(SPACE.parse(MINE), (), (ADOPTED,))], mutants=True)
    assert born.newcomer(Random(0)) is not None
    return born


def has_the_convolution(genome: Any) -> bool:
    """Whether a network has the one layer of the model that has weights."""
    return any((one.mark, str(one.layer)) == ("a", "conv 8 3") for one in genome.graph.live())


def test_a_child_claims_adopted_weights_only_if_it_has_layers_of_that_model() -> None:
    mine, other = Member(1, SPACE.parse(MINE), 0.5, adopted=ADOPTED), Member(2, SPACE.parse(OTHER), 0.6)
    born = births()
    children = [born.child(lambda: [mine, other], Random(seed), mutate=0) for seed in range(60)]
    told = [(adoption(one) is not None, has_the_convolution(one.genome)) for one in children if one]
    assert all(claims == has for claims, has in told)
    assert {claims for claims, _ in told} == {True, False}


def test_adopted_layers_are_given_pixels_in_the_range_that_they_know() -> None:
    mine, born = Member(1, SPACE.parse(MINE), 0.5, adopted=ADOPTED), births()
    wanted = recipe_of(mine.genome).pixels
    drawn = [born.child(lambda: [mine], Random(seed)) for seed in range(400)]
    drawn += [born.newcomer(Random(seed)) for seed in range(100)]
    kept = [one for one in drawn if one and adoption(one)]
    assert len(kept) > 300
    assert {recipe_of(one.genome).pixels for one in kept} == {wanted}
    plain = Births(SPACE, [Proposal(SPACE.parse(MINE))])
    others = [plain.child(lambda: [Member(1, mine.genome, 0.5)], Random(seed)) for seed in range(400)]
    assert len({recipe_of(one.genome).pixels for one in others if one}) > 1  # which is a gene like others
