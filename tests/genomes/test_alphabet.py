"""The alphabet of a search: narrowed, widened, and with layers of the user's own."""

from __future__ import annotations

import json
import subprocess
import sys
from random import Random
from typing import Any

import pytest
from conftest import stack_space

from genomes import InvalidGenome, Variation
from genomes.alphabet import alphabet
from genomes.domains import Domain, Options, Real, Switched, Whole
from genomes.genes import domains
from genomes.layer import LAYERS
from genomes.layers import Convolution
from genomes.recipe import Recipe
from genomes.stack.founders import FOUNDERS
from genomes.stack.space import StackSpace

SWIRL = {"class": "my_layers.Swirl", "speed": [1, 2, 4], "strength": [0.1, 0.5], "way": ["a", "b"]}
KNOWN = {"swirl": {"place": ["body"], "weights": "1 2 0", "version": "abc"}}


def wander(space: StackSpace, steps: int = 1500) -> list[Any]:
    """Genomes that random draws, mutations and crossovers reach."""
    rng = Random(5)
    pool = [space.random(rng).genome for _ in range(12)]
    seen = list(pool)
    for _ in range(steps):
        child = (
            space.crossover(*rng.sample(pool, 2), rng) if rng.random() < 0.3 else space.mutate(rng.choice(pool), rng)
        )
        assert space.parse(child.genome.notation()) == child.genome
        assert space.read(json.loads(json.dumps(child.genome.to_json()))) == child.genome
        pool[rng.randrange(12)] = child.genome
        seen.append(child.genome)
    return seen


def test_what_no_search_draws_is_drawn_where_it_is_said_to_be() -> None:
    assert alphabet().weights["pad"] == 0
    for change in (True, {"top": [0, 3]}):
        assert alphabet({"pad": change}).weights["pad"] == 1
    assert alphabet({"pad": 2}).weights["pad"] == 2


def test_only_widths_double_beyond_what_is_typical_of_them() -> None:
    rng = Random(0)
    filters, batch = domains(Convolution)["filters"], domains(Recipe)["batch_size"]
    assert {filters.vary(1024, rng) for _ in range(50)} == {512, 2048}
    assert {filters.vary(2048, rng) for _ in range(50)} == {1024}
    assert {batch.vary(512, rng) for _ in range(50)} == {128}
    assert Whole(-9, 0, typical=(-3, -1)).vary(-3, rng) == -1


def test_all_kinds_are_there_whatever_else_was_imported() -> None:
    """In the order in which they are drawn: plain layers before blocks."""
    said = "from genomes.alphabet import alphabet; print(*alphabet().kinds)"
    kinds = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.split()
    assert kinds == list(alphabet().kinds)
    assert {"flatten", "residual", "pad"} < set(kinds)
    assert kinds.index("dense") < kinds.index("residual")


def test_a_narrowed_alphabet_is_never_left() -> None:
    layers = {
        "conv": {"filters": [8, 24], "kernel": 3, "dilation": 1},
        "dropout": {"rate": [0.1, 0.3]},
        "flatten": {"how": "global_average"},
        **dict.fromkeys(("residual", "dense_block", "inception", "squeeze_excite", "separable", "depthwise"), False),
    }
    recipe = {"optimizer": ["sgd", "adam"], "learning_rate": [0.001, 0.01], "mixup": 0, "weight_decay": [0.001, 0.01]}
    seen = wander(stack_space((28, 28, 1), layers=layers, recipe=recipe))
    kinds = {gene.kind for genome in seen for gene in genome.layers}
    assert not kinds & {"residual", "dense_block", "inception", "squeeze_excite", "separable", "depthwise"}
    convolutions = [gene for genome in seen for gene in genome.layers if gene.kind == "conv"]
    assert {gene.kernel for gene in convolutions} == {3}
    assert {gene.filters for gene in convolutions} > {8, 24}, "widths between the bounds are reached by widening"
    assert all(8 <= gene.filters <= 24 for gene in convolutions)
    assert {g.how for genome in seen for g in genome.layers if g.kind == "flatten"} == {"global_average"}
    assert {genome.recipe.optimizer for genome in seen} == {"sgd", "adam"}
    assert all(0.001 <= genome.recipe.learning_rate <= 0.01 for genome in seen)
    assert all(0.001 <= genome.recipe.weight_decay <= 0.01 for genome in seen)
    assert {genome.recipe.mixup for genome in seen} == {0.0}


def test_a_widened_alphabet_goes_beyond_the_usual_bounds() -> None:
    layers = {"conv": {"kernel": [3, 9], "filters": [600, 2000]}}
    space = stack_space((64, 64, 3), layers=layers, max_parameters=10**9, max_multiply_adds=10**11)
    seen = {(g.kernel, g.filters > 512) for genome in wander(space, 300) for g in genome.layers if g.kind == "conv"}
    assert (9, True) in seen


def test_weights_decide_how_often_a_kind_is_drawn() -> None:
    def share(weight: float) -> float:
        letters, rng = alphabet({"separable": weight}), Random(0)
        drawn = [letters.pick(letters.of_role("features"), rng).kind for _ in range(2000)]
        return drawn.count("separable") / len(drawn)

    assert share(0.01) < 0.02 < share(1) < 0.2 < share(50)


def test_genes_below_zero_have_distances() -> None:
    space = StackSpace((28, 28, 1), 10, alphabet=alphabet({"tilt": {"class": "a.Tilt", "axis": [-2, -1, 1]}}))
    a, b = (space.parse(f"tilt {axis}, flatten") for axis in (-2, 1))
    assert 0 < space.distance(a, b) <= 1


def test_every_kind_but_the_flattening_can_be_off() -> None:
    space = stack_space((28, 28, 1), layers={kind: False for kind in LAYERS if kind not in ("flatten", "dense")})
    kinds = {gene.kind for genome in wander(space, 200) for gene in genome.layers}
    assert kinds == {"flatten", "dense"}


def test_a_kind_that_is_off_can_be_read_and_is_refused_by_name() -> None:
    space, full = (stack_space((28, 28, 1), layers={"residual": off}) for off in (False, True))
    genome = full.parse("residual 8 3, flatten")
    assert space.parse(genome.notation()) == space.read(genome.to_json()) == genome
    for refuse in (space.blueprint, space.clamp):
        with pytest.raises(InvalidGenome, match="'residual' is switched off in this search"):
            refuse(genome)


def test_what_exists_nowhere_is_not_read() -> None:
    narrow, wide = (stack_space((28, 28, 1), layers={"conv": {"kernel": kernel}}) for kernel in ([3], [3, 9]))
    genome = wide.parse("conv 8 9, flatten")
    with pytest.raises(InvalidGenome, match="kernel must be 3, not 9"):
        narrow.read(genome.to_json())
    strange = {**genome.to_json(), "recipe": {**genome.recipe.to_json(), "flip": "yes"}}
    with pytest.raises(InvalidGenome, match="flip must be one of false, true, not 'yes'"):
        wide.read(strange)


NARROW: dict[str, Any] = {
    "layers": {
        "conv": {"filters": [8, 24], "kernel": 5},
        "activation": {"function": ["gelu"]},
        "dropout": {"rate": [0.3, 0.4]},
        "flatten": {"how": "global_max"},
        "batchnorm": False,
        "maxpool": False,
    },
    "recipe": {"optimizer": "adam", "flip": False, "weight_decay": [0.001, 0.01], "mixup": 0, "pixels": "scale"},
}
STRANGER = (
    "conv 4 3, batchnorm, relu, maxpool 2, conv 96 5, batchnorm, gelu, dropout 0.25, flatten, dense 32 "
    "| sgd 0.2, batch 64, decay 0.0001, flip, mixup 0.4"
)


def test_the_nearest_within_narrowed_bounds() -> None:
    space = stack_space((28, 28, 1), max_parameters=10**9, max_multiply_adds=10**9, **NARROW)
    clamped = space.clamp(space.parse(STRANGER))
    assert space.problem(clamped.genome) is None
    assert clamped.genome.notation() == (
        "conv 8 5, gelu, conv 24 5, gelu, dropout 0.3, global_max, dense 32 | adam 0.01, batch 64, decay 0.001, scale"
    )
    [step] = clamped.steps
    assert step.text == (
        "conv filters 4 -> 8, conv kernel 3 -> 5, batchnorm left out, relu -> gelu, maxpool left out, "
        "conv filters 96 -> 24, dropout rate 0.25 -> 0.3, flatten -> global_max, optimizer sgd -> adam, "
        "learning rate 0.2 -> 0.01, decay 0.0001 -> 0.001, pixels standardise -> scale, flip on -> off, "
        "mixup 0.4 -> off"
    )
    detail: Any = step.detail
    assert step.operator == "clamp"
    assert detail["layers"][0] == {"at": 1, "from": "conv 4 3", "to": "conv 8 5"}
    assert detail["layers"][1] == {"at": 2, "from": "batchnorm", "to": None}
    assert (detail["recipe"]["from"]["flip"], detail["recipe"]["to"]["flip"]) == (True, False)
    assert space.clamp(clamped.genome) == Variation(clamped.genome, ())


def test_genomes_of_a_wide_search_fit_a_narrow_one_or_need_what_is_off() -> None:
    narrow = stack_space((28, 28, 1), max_parameters=10**9, max_multiply_adds=10**11, max_layers=99, **NARROW)
    for genome in wander(stack_space((28, 28, 1)), 300):
        clamped = narrow.clamp(genome).genome
        assert narrow.alphabet.problem(clamped.layers[0]) is None
        assert clamped.recipe.problem(narrow.alphabet.recipe) is None
        assert [narrow.alphabet.problem(gene) for gene in clamped.layers if narrow.alphabet.problem(gene)] == []


def test_the_built_in_alphabet_clamps_nothing() -> None:
    space = stack_space((32, 32, 3))
    for genome in (*map(space.parse, FOUNDERS.values()), *wander(space, 200)):
        assert space.clamp(genome) == Variation(genome, ())
    assert all(domain.clamp(value) == value for domain, value in VALUES)
    assert [domain.clamp(value) for domain, value in OUTSIDE] == [1, 2, 4, 0.5, 0.1, 0.1, 0.0]


VALUES: list[tuple[Domain, Any]] = [
    (Options(("a", "b")), "b"),
    (Options((False, True)), True),
    (Whole(2, 4, (2, 4)), 3),
    (Real(0.1, 0.5), 0.3),
    (Switched(Real(0.1, 0.5)), 0.0),
    (Switched(Real(0.1, 0.5)), 0.2),
]
OUTSIDE: list[tuple[Domain, Any]] = [
    (Options((1, 3)), 2),
    (Whole(2, 4, (2, 4)), 1),
    (Whole(2, 4, (2, 4)), 7),
    (Real(0.1, 0.5), 0.7),
    (Real(0.1, 0.5), 0.0),
    (Switched(Real(0.1, 0.5)), 0.01),
    (Options((0.0,)), 0.7),
]


def test_a_layer_of_ones_own_takes_part_with_its_genes_and_costs() -> None:
    space = StackSpace((28, 28, 1), 10, alphabet=alphabet({"swirl": SWIRL}, None, KNOWN))
    seen = [gene for genome in wander(space, 4000) for gene in genome.layers if gene.kind == "swirl"]
    assert {gene.speed for gene in seen} == {1, 2, 4}
    assert all(0.1 <= gene.strength <= 0.5 for gene in seen)
    assert {gene.way for gene in seen} == {"a", "b"}
    spec = space.blueprint(space.parse("conv 8 3, swirl 2 0.3 a, flatten"))
    node = next(node for node in spec.nodes if node.op == "own")
    assert node.parameters == 1 + 2 * 8
    assert dict(node.settings)["class"] == "my_layers.Swirl"
    with pytest.raises(InvalidGenome, match="cannot stand behind the flattening"):
        space.blueprint(space.parse("flatten, swirl 2 0.3 a"))


@pytest.mark.parametrize(
    ("layers", "recipe", "reason"),
    [
        ({"cnv": False}, {}, "layers: unknown kind 'cnv'; did you mean 'conv'?"),
        ({"conv": "yes"}, {}, "layers: conv must be true, false, a weight above 0 or a table of bounds"),
        ({"conv": -1}, {}, "layers: conv must be true, false, a weight above 0"),
        ({"conv": {"kernl": 3}}, {}, "layers: conv: unknown gene 'kernl'; did you mean 'kernel'?"),
        ({"conv": {"kernel": [0, 3]}}, {}, "kernel must be whole numbers of at least 1, not [0, 3]"),
        ({"maxpool": {"stride": [1, 2]}}, {}, "layers: maxpool: no search changes stride, so it has no bounds"),
        ({"conv": {"kernel": 3.5}}, {}, "kernel must be whole numbers of at least 1, not 3.5"),
        ({"conv": {"padding": "some"}}, {}, "padding must be some of 'same', 'valid', not 'some'"),
        ({"dropout": {"rate": [0.1, 1.5]}}, {}, "rate must be one number, or the smallest and the largest"),
        ({"dropout": {"rate": []}}, {}, "rate must be one number, or the smallest and the largest"),
        ({"leaky_relu": {"slope": 0}}, {}, "slope must be one number, or the smallest and the largest, above 0"),
        ({"flatten": False}, {}, "flatten cannot be switched off"),
        ({}, {"optimizer": "sdg"}, "recipe: optimizer must be some of 'sgd', 'adam'"),
        ({}, {"mixupp": 0}, "recipe: unknown gene 'mixupp'; did you mean 'mixup'?"),
        ({}, {"mixup": "on"}, "recipe: mixup must be one number"),
        ({}, {"flip": 1}, "recipe: flip must be some of false, true"),
        ({"conv": {"class": "a.B"}}, {}, "layers: conv is the name of a built-in layer"),
        ({"My": {"class": "a.B"}}, {}, "must be small letters, digits and underscores"),
        ({"mine": {"class": "Swirl"}}, {}, "class must be a dotted path such as 'my_layers.Swirl', not 'Swirl'"),
        ({"mine": {"class": "a.B", "place": "tail"}}, {}, "place must be 'body', 'head' or both"),
        (
            {"mine": {"class": "a.B", "speed": [1, "a"]}},
            {},
            "two real numbers, single words",
        ),
        ({"mine": {"class": "a.B", "weights": 1}}, {}, "'weights' cannot be a gene"),
        ({"mine": {"class": "a.B", "width": 1}}, {}, "'width' cannot be a gene"),
        ({"mine": {"class": "a.B", "version": 1}}, {}, "'version' cannot be a gene"),
        ({"mine": {"class": "a.B", "mode": ["a b", "c"]}}, {}, "mode must be whole numbers, two real numbers, single"),
        ({"mine": {"class": "a.B", "place": 5}}, {}, "place must be 'body', 'head' or both, not 5"),
        ({"swish": {"class": "a.Swish"}}, {}, "layers: swish is the name of a built-in layer"),
    ],
)
def test_an_alphabet_that_cannot_be_says_why(layers: dict[str, Any], recipe: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidGenome) as error:
        alphabet(layers, recipe)
    assert reason in str(error.value)
