"""Layer stacks: shapes, costs, grammar, limits, and a hundred thousand steps of variation."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from conftest import stack_space

from genomes import InvalidGenome, candidate_key
from genomes.genes import domains
from genomes.layer import LAYERS
from genomes.limits import Limits
from genomes.recipe import (
    SCHEDULES,
    TYPICAL_RATES,
    Recipe,
    difference,
    in_small_steps,
    mutate_recipe,
    random_recipe,
)
from genomes.spec import ModelSpec, SpecBuilder
from genomes.stack.founders import FOUNDERS, GROUPS
from genomes.stack.operators import OPERATORS
from genomes.stack.space import StackGenome, StackSpace

CIFAR = StackSpace((32, 32, 3), 10)
SHAPES = [(8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3)]
STEPS = (2_500, pytest.param(25_000, marks=pytest.mark.slow))  # for each shape: a hundred thousand in all
TAKEN = {*OPERATORS, "recipe", "crossover", "random"}


@pytest.mark.parametrize("line", ["adam 0.001", "sgd 0.1, decay 0.01, flip, shift 2"])
def test_no_gene_is_changed_that_does_nothing(line: str) -> None:
    """The same training would have another key and another seed, and a lead by luck."""
    recipe, bounds = CIFAR.parse(f"conv 8 3, flatten | {line}").recipe, domains(Recipe)
    changed = {name for seed in range(3000) for name in difference(recipe, mutate_recipe(recipe, Random(seed), bounds))}
    manners = {"momentum", "kernels_only", "alternating", "reflected"}
    assert changed & manners == (set() if line.startswith("adam") else manners)
    assert changed | manners == {*domains(Recipe)}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
@pytest.mark.parametrize("steps", STEPS)
def test_a_hundred_thousand_steps_of_variation_stay_valid(shape: tuple[int, int, int], steps: int) -> None:
    """Mutations and crossovers: all valid, within bounds and limits, notation and JSON round trips exact; every kind of
    layer, every operator and every gene of the recipe takes part."""
    space, rng = stack_space(shape), Random(2026)
    pool = [space.random(rng).genome for _ in range(30)]
    seen_layers: set[str] = set()
    seen_steps: set[str] = {"random"}
    seen_genes: dict[str, set[object]] = {name: set() for name in domains(Recipe)}
    for _ in range(steps):
        if rng.random() < 0.3:
            variation = space.crossover(*rng.sample(pool, 2), rng)
        else:
            variation = space.mutate(rng.choice(pool), rng)
        child = variation.genome
        spec = space.blueprint(child)
        assert spec.parameters <= space.limits.max_parameters
        assert spec.multiply_adds <= space.limits.max_multiply_adds
        assert len(child.layers) <= space.limits.max_layers
        assert child.recipe.problem() is None
        assert all(space.alphabet.problem(gene) is None for gene in child.layers)
        assert space.parse(child.notation()) == child
        assert space.read(json.loads(json.dumps(child.to_json()))) == child
        seen_layers.update(gene.kind for gene in child.layers)
        seen_steps.update(step.operator for step in variation.steps)
        seen_steps.update(["between stages"] if variation.steps[0].detail.get("between_stages") else [])
        for name, values in seen_genes.items():
            values.add(getattr(child.recipe, name))
        pool[rng.randrange(len(pool))] = child if rng.random() < 0.95 else space.random(rng).genome
    assert seen_layers == {kind for kind, cls in LAYERS.items() if cls.weight}
    assert seen_steps - {"scale"} == TAKEN | {"between stages"}  # what is too large is made narrower
    assert min(len(values) for values in seen_genes.values()) >= 2
    assert seen_genes["schedule"] == set(SCHEDULES)
    assert seen_genes["optimizer"] == set(TYPICAL_RATES)


@pytest.mark.parametrize("shape", SHAPES[1:], ids=lambda shape: "x".join(map(str, shape)))
def test_the_zoo_fits_images_of_all_usual_sizes(shape: tuple[int, int, int]) -> None:
    space = stack_space(shape)
    assert [space.problem(space.parse(FOUNDERS[name])) for name in GROUPS["zoo"]] == [None] * 4


def test_the_articles_nets_are_what_the_article_says() -> None:
    first, second = (CIFAR.blueprint(CIFAR.parse(FOUNDERS[name])) for name in ("article-1", "article-2"))
    assert first.multiply_adds == pytest.approx(10.5e6, rel=0.01)
    assert second.multiply_adds == pytest.approx(43e6, rel=0.01)
    assert [node.op for node in first.nodes].count("convolution") == 4
    assert [node.op for node in second.nodes].count("convolution") == 7
    assert {dict(n.settings).get("slope") for n in second.nodes if n.op == "leaky_relu"} == {0.003}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("conv 32 3, relu", "no flattening"),
        ("dense 10, flatten", "cannot stand before the flattening"),
        ("flatten, conv 8 3", "cannot stand behind the flattening"),
        ("flatten, flatten", "cannot stand behind the flattening"),
        ("maxpool 2, maxpool 2, maxpool 2, maxpool 2, maxpool 2, maxpool 2, flatten", "at least 2x2, but gets 1x1"),
        ("flatten, dense 1024, dense 1024, dense 1024", "max_parameters=3,000,000"),
        ("conv 128 5, conv 128 5, flatten", "max_multiply_adds=50,000,000"),
        ("conv 8 3 stride=2 dilation=2, flatten", "stride 2 and dilation 2 do not go together"),
        ("conv 8 7 dilation=4 padding=valid, maxpool 4, conv 8 3 padding=valid, flatten", "at least 3x3, but gets 2x2"),
        ("flatten, squeeze_excite 4", "cannot stand behind the flattening"),
        ("flatten, spatial_dropout 0.1", "cannot stand behind the flattening"),
        (", ".join(["relu"] * 32) + ", flatten", "33 layers, more than max_layers=32"),
    ],
)
def test_what_cannot_be_built_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidGenome, match=reason.replace("(", "[(]")):
        CIFAR.blueprint(CIFAR.parse(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("convv 32 3, flatten", "did you mean 'conv'"),
        ("conv 32, flatten", "kernel is missing; write 'conv FILTERS KERNEL"),
        ("conv 32 3 4, flatten", "nothing expected at '4'"),
        ("conv x 3, flatten", "filters must be a whole number from 4 to 2048, not 'x'"),
        ("conv 32 9, flatten", "kernel must be a whole number from 1 to 7, not 9"),
        ("conv 32 3 padding=vali, flatten", "padding must be one of 'same', 'valid', not 'vali'"),
        ("conv 32 3 pading=valid, flatten", "did you mean 'padding'"),
        ("conv 32 3,, flatten", "empty layer"),
        ("dropout nan, flatten", "rate must be a number from 0.05 to 0.7"),
        ("flatten | adam", "'adam': cannot read this; a recipe is for example"),
        ("flatten | adam 0.1, cosin", "'cosin': cannot read this"),
        ("flatten | adam 0.1, mixup", "'mixup': cannot read this"),
        ("flatten | adam 0.1, smoothing 0.9", "label_smoothing must be 0 (off) or a number from 0.01 to 0.3, not 0.9"),
        ("prelu 0.1, flatten", "nothing expected at '0.1'"),
        ("flatten | sgd 5", "learning_rate must be a number from 1e-05 to 1, not 5.0"),
        ("flatten | adam 0.1, batch 2", "batch_size must be"),
    ],
)
def test_notation_errors_name_the_word_and_the_repair(text: str, reason: str) -> None:
    with pytest.raises(InvalidGenome) as error:
        CIFAR.parse(text)
    assert reason in str(error.value)


def test_notation_without_a_recipe_uses_the_default() -> None:
    assert CIFAR.parse("flatten").recipe == Recipe("adam", 0.001, 128)


def test_fingerprints_ignore_names_and_the_order_of_branches() -> None:
    def branches(first: int, second: int, prefix: str) -> ModelSpec:
        net = SpecBuilder((8, 8, 4))
        shared = {"filters": 4, "stride": 1, "padding": "same", "bias": True}
        a = net.add("convolution", 0, name=f"{prefix}a", kernel=first, **shared)
        b = net.add("convolution", 0, name=f"{prefix}b", kernel=second, **shared)
        net.add("add", a, b)
        return net.spec()

    assert branches(1, 3, "x").fingerprint == branches(3, 1, "y").fingerprint
    assert branches(1, 3, "x").fingerprint != branches(1, 5, "x").fingerprint


def test_fingerprints_tell_a_shared_branch_from_two_equal_ones() -> None:
    settings = {"filters": 4, "kernel": 3, "stride": 1, "padding": "same", "bias": True}
    shared, twins = SpecBuilder((8, 8, 4)), SpecBuilder((8, 8, 4))
    one = shared.add("convolution", 0, **settings)
    shared.add("add", one, one)
    twins.add("add", twins.add("convolution", 0, **settings), twins.add("convolution", 0, **settings))
    assert shared.spec().fingerprint != twins.spec().fingerprint


def test_the_recipe_is_part_of_the_key_but_not_of_the_fingerprint() -> None:
    a, b = (CIFAR.parse(f"conv 8 3, flatten | adam {rate}") for rate in (0.001, 0.002))
    assert CIFAR.blueprint(a).fingerprint == CIFAR.blueprint(b).fingerprint
    assert candidate_key(a, CIFAR.blueprint(a)) != candidate_key(b, CIFAR.blueprint(b))


def test_a_spec_survives_its_json() -> None:
    for text in FOUNDERS.values():
        spec = CIFAR.with_limits(Limits(max_multiply_adds=10**9)).blueprint(CIFAR.parse(text))
        again = ModelSpec.from_json(json.loads(json.dumps(spec.to_json())))
        assert again == spec
        assert again.fingerprint == spec.fingerprint


def test_recipes_are_drawn_within_bounds() -> None:
    rng = Random(0)
    recipes = [random_recipe(rng, domains(Recipe)) for _ in range(500)]
    assert all(recipe.problem() is None for recipe in recipes)
    assert {recipe.optimizer for recipe in recipes} == set(TYPICAL_RATES)
    assert all(recipe.weight_decay for recipe in recipes if recipe.optimizer == "adamw")


@pytest.mark.parametrize("cls", LAYERS.values(), ids=LAYERS)
def test_every_gene_can_change(cls: type) -> None:
    rng = Random(0)
    for domain in domains(cls).values():
        value = domain.sample(rng)
        assert domain.problem(value) is None
        for _ in range(50):
            moved = domain.vary(value, rng)
            assert domain.problem(moved) is None
            assert moved != value
            assert 0 < domain.distance(value, moved) <= 1
            assert domain.read(str(moved)) == moved
            value = moved


def test_seed_zero_is_a_seed() -> None:
    assert CIFAR.random(Random("0 birth 1")) == CIFAR.random(Random("0 birth 1"))
    assert CIFAR.random(Random("0 birth 1")) != CIFAR.random(Random("1 birth 1"))


def test_a_genome_is_a_value() -> None:
    genome = CIFAR.parse(FOUNDERS["vgg"])
    assert len({genome, CIFAR.parse(genome.notation())}) == 1
    with pytest.raises(AttributeError):
        genome.layers = ()  # type: ignore[misc]
    assert isinstance(genome, StackGenome)


def test_the_memory_estimate_grows_with_the_batch() -> None:
    spec = CIFAR.blueprint(CIFAR.parse(FOUNDERS["vgg"]))
    assert spec.memory(64) > spec.memory(32) > 16 * spec.parameters


def test_a_brief_training_has_more_and_smaller_steps() -> None:
    recipe = Recipe("sgd", 0.2, 128)
    assert in_small_steps(recipe, 15_000) == replace(recipe, batch_size=32, learning_rate=0.05)
    assert in_small_steps(recipe, 80_000) == replace(recipe, batch_size=64, learning_rate=0.1)
    assert in_small_steps(recipe, 128_000) == recipe
    assert in_small_steps(Recipe("adam", 0.002, 128), 15_000).learning_rate == pytest.approx(0.001)
    assert in_small_steps(Recipe("sgd", 0.2, 16), 100) == Recipe("sgd", 0.2, 16)
