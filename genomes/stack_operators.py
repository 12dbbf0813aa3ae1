"""How layer stacks are drawn, mutated and crossed. Operators return what they did in words; the search space checks
that the outcome fits and draws again if not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from genomes.layers import (
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool,
    Residual,
    domains,
    draw,
)
from genomes.recipe import Recipe, cross_recipes, mutate_recipe, random_recipe

Stack = tuple[Layer, ...]


def random_stack(rng: Random, small: bool = False) -> tuple[Stack, Recipe]:
    """A stack of one to four stages, each with one or two convolutions or residual blocks and often a pooling at its
    end; then a flattening and at most one hidden dense layer. Widths grow with depth, as in most hand-made nets.

    small: at most two convolutions and a pooling over all of the image, for tight limits.
    """
    if small:
        narrow = [
            (Convolution(rng.choice((4, 8)), rng.choice((1, 3))), Activation("relu")) for _ in range(rng.randint(1, 2))
        ]
        return (*(gene for pair in narrow for gene in pair), Flatten("global_average")), random_recipe(rng)
    filters = domains(Convolution)["filters"]
    width, normalise = rng.choice((16, 24, 32, 48)), rng.random() < 0.6
    function = domains(Activation)["function"].sample(rng)
    genes: list[Layer] = []
    for _ in range(rng.randint(1, 4)):
        for _ in range(rng.randint(1, 2)):
            if rng.random() < 0.3:
                genes.append(Residual(width, 3, function=function))
                continue
            genes.append(Convolution(width, domains(Convolution)["kernel"].sample(rng)))
            genes += [BatchNorm()] if normalise else []
            genes.append(Activation(function))
        genes += [MaxPool(2)] if rng.random() < 0.7 else []
        genes += [Dropout(domains(Dropout)["rate"].sample(rng))] if rng.random() < 0.2 else []
        width = filters.vary(width, rng) if rng.random() < 0.3 else min(128, 2 * width)
    genes.append(Flatten(domains(Flatten)["how"].sample(rng)))
    if rng.random() < 0.5:
        genes += [Dense(domains(Dense)["units"].sample(rng)), Activation(function)]
        genes += [Dropout(domains(Dropout)["rate"].sample(rng))] if rng.random() < 0.5 else []
    return tuple(genes), random_recipe(rng)


def insert_layer(stack: Stack, rng: Random) -> tuple[Stack, str]:
    """A new random layer at a random place."""
    at = rng.randint(0, len(stack))
    gene = draw("body" if at <= _flattening(stack) else "head", rng)
    return (*stack[:at], gene, *stack[at:]), f"insert {gene} at {at + 1}"


def remove_layer(stack: Stack, rng: Random) -> tuple[Stack, str]:
    """Any layer but the flattening goes."""
    at = _other_than_flattening(stack, rng)
    if at is None:
        return stack, "remove nothing"
    return (*stack[:at], *stack[at + 1 :]), f"remove {stack[at]} at {at + 1}"


def swap_layers(stack: Stack, rng: Random) -> tuple[Stack, str]:
    """Two neighbours change places."""
    if len(stack) < 2:
        return stack, "swap nothing"
    at = rng.randrange(len(stack) - 1)
    return (*stack[:at], stack[at + 1], stack[at], *stack[at + 2 :]), f"swap {at + 1} and {at + 2}"


def change_gene(stack: Stack, rng: Random) -> tuple[Stack, str]:
    """One setting of one layer moves to a neighbouring value."""
    places = [at for at, gene in enumerate(stack) if domains(type(gene))]
    at = rng.choice(places)
    gene, name = stack[at], rng.choice(list(domains(type(stack[at]))))
    before = getattr(gene, name)
    after = domains(type(gene))[name].vary(before, rng)
    changed = replace(gene, **{name: after})
    return (*stack[:at], changed, *stack[at + 1 :]), f"change {gene.word} at {at + 1}: {name} {before} -> {after}"


OPERATORS: dict[str, tuple[float, Callable[[Stack, Random], tuple[Stack, str]]]] = {
    "insert": (2.0, insert_layer),
    "remove": (1.5, remove_layer),
    "swap": (0.5, swap_layers),
    "change": (3.0, change_gene),
}
RECIPE_WEIGHT = 2.0


def mutate_stack(
    stack: Stack, recipe: Recipe, times: int, rng: Random, only: str | None = None
) -> tuple[Stack, Recipe, tuple[str, ...]]:
    """Applies `times` operators drawn by weight, or the one named `only`."""
    names, weights = [*OPERATORS, "recipe"], [*(weight for weight, _ in OPERATORS.values()), RECIPE_WEIGHT]
    steps: list[str] = []
    for _ in range(times):
        name = only or rng.choices(names, weights=weights)[0]
        if name == "recipe":
            before, recipe = recipe, mutate_recipe(recipe, rng)
            steps.append(f"recipe {_difference(before, recipe)}")
        else:
            stack, step = OPERATORS[name][1](stack, rng)
            steps.append(step)
    return stack, recipe, tuple(steps)


def cross_stacks(
    a: tuple[Stack, Recipe], b: tuple[Stack, Recipe], rng: Random
) -> tuple[Stack, Recipe, tuple[str, ...]]:
    """One cut in each stack, both in the body or both in the head: the front of one parent, the rest of the other."""
    (first, first_recipe), (second, second_recipe) = (a, b) if rng.random() < 0.5 else (b, a)
    share = rng.random()
    cut_first, cut_second = _cut(first, share, rng), _cut(second, share, rng)
    if (cut_first <= _flattening(first)) != (cut_second <= _flattening(second)):
        cut_first, cut_second = _flattening(first), _flattening(second)
    child = first[:cut_first] + second[cut_second:]
    return (
        child,
        cross_recipes(first_recipe, second_recipe, rng),
        (f"crossover {cut_first}+{len(second) - cut_second}",),
    )


def _cut(stack: Stack, share: float, rng: Random) -> int:
    """A place about `share` of the way through the stack, give or take one layer."""
    return min(len(stack), max(0, round(share * len(stack)) + rng.choice((-1, 0, 1))))


def _flattening(stack: Stack) -> int:
    return next(at for at, gene in enumerate(stack) if isinstance(gene, Flatten))


def _other_than_flattening(stack: Stack, rng: Random) -> int | None:
    places = [at for at, gene in enumerate(stack) if not isinstance(gene, Flatten)]
    return rng.choice(places) if places else None


def _difference(before: Recipe, after: Recipe) -> str:
    old, new = before.to_json(), after.to_json()
    changes = [f"{name} {old[name]} -> {new[name]}" for name in old if old[name] != new[name]]
    return ", ".join(changes) or "unchanged"
