"""How layer stacks are drawn, mutated and crossed. Operators return the step that they took; the search space checks
that the outcome fits and draws again if not.

A block is a run of layers that begins with one that makes features, pools or is dense, and takes with it what follows:
normalisation, activation, dropout. The flattening begins a block, too, which is never copied or removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from genomes.alphabet import Alphabet
from genomes.json_value import Json
from genomes.layer import Layer
from genomes.layers import Flatten
from genomes.recipe import Recipe, cross_recipes, difference, mutate_recipe
from genomes.stack.drawing import Stack, block, drawn, of_role
from genomes.steps import Step

Changed = tuple[Stack, Step]
BEGINS_BLOCK = {"features", "pooling", "dense", "flattening"}
FACTORS = (0.5, 0.75, 1.5, 2.0)


def insert_layer(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """A new random layer at a random place."""
    at = rng.randint(0, len(stack))
    place = "body" if at <= _flattening(stack) else "head"
    kinds = [cls for cls in alphabet.kinds.values() if place in cls.place]
    if not kinds:
        return stack, _nothing("insert")
    gene = drawn(kinds, rng, alphabet)
    return (*stack[:at], gene, *stack[at:]), _step("insert", at, f"insert {gene}", to=str(gene))


def remove_layer(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """Any layer but the flattening goes."""
    places = [at for at, gene in enumerate(stack) if not isinstance(gene, Flatten)]
    if not places:
        return stack, _nothing("remove")
    at = rng.choice(places)
    gene = str(stack[at])
    return (*stack[:at], *stack[at + 1 :]), _step("remove", at, f"remove {gene}", **{"from": gene})


def swap_layers(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """Two neighbours change places."""
    if len(stack) < 2:
        return stack, _nothing("swap")
    at = rng.randrange(len(stack) - 1)
    pair = [str(stack[at]), str(stack[at + 1])]
    step = Step("swap", {"at": at + 1, "from": pair, "to": pair[::-1]}, f"swap {at + 1} and {at + 2}")
    return (*stack[:at], stack[at + 1], stack[at], *stack[at + 2 :]), step


def change_gene(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """One setting of one layer moves to a neighbouring value."""
    at = rng.choice([at for at, gene in enumerate(stack) if alphabet.bounds(type(gene))])
    gene, bounds = stack[at], alphabet.bounds(type(stack[at]))
    name = rng.choice(list(bounds))
    before = getattr(gene, name)
    after = bounds[name].vary(before, rng)
    changed = replace(gene, **{name: after})
    detail = {"at": at + 1, "layer": gene.kind, "gene": name, "from": before, "to": after}
    step = Step("change", detail, f"change {gene.word} at {at + 1}: {name} {before} -> {after}")
    return (*stack[:at], changed, *stack[at + 1 :]), step


def duplicate_block(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """A block is repeated behind itself."""
    blocks = _blocks(stack)
    if not blocks:
        return stack, _nothing("duplicate")
    start, end = rng.choice(blocks)
    block = stack[start:end]
    step = _step("duplicate", start, f"duplicate {_named(block)}", block=_texts(block))
    return (*stack[:end], *block, *stack[end:]), step


def change_width(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """Widen or narrow: all widths of the body, or of the head, by one factor."""
    border, body = _flattening(stack), rng.random() < 0.8
    inside = range(border) if body else range(border + 1, len(stack))
    factor = rng.choice(FACTORS)
    changed = [_scaled(gene, factor, alphabet) if at in inside else gene for at, gene in enumerate(stack)]
    part = "body" if body else "head"
    text = f"{'widen' if factor > 1 else 'narrow'} the {part} by {factor}"
    return tuple(changed), Step("width", {"part": part, "factor": factor}, text)


def deepen(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """A new block in the body, as wide as its neighbour, with the normalisation and activation of the block there."""
    features = alphabet.of_role("features")
    border = _flattening(stack)
    starts = [start for start, _ in _blocks(stack) if start <= border and stack[start].role != "dense"]
    if not features:
        return stack, _nothing("deepen")
    at = rng.choice([*starts, border])
    before = [gene for gene in stack[:at] if gene.width]
    width = getattr(before[-1], str(before[-1].width)) if before else 16
    norms = [type(gene) for gene in stack[:border] if gene.role == "normalisation"]
    functions = [gene for gene in stack[:border] if gene.role == "activation"]
    function = functions[0] if functions else of_role("activation", rng, alphabet)
    new = tuple(block(features, width, function, norms[:1], rng, alphabet))
    return (*stack[:at], *new, *stack[at:]), _step("deepen", at, f"deepen by {_named(new)}", to=_texts(new))


def remove_stage(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """A whole block goes."""
    blocks = _blocks(stack)
    if not blocks:
        return stack, _nothing("remove stage")
    start, end = rng.choice(blocks)
    block = stack[start:end]
    step = _step("remove stage", start, f"remove stage: {_named(block)}", **{"from": _texts(block)})
    return (*stack[:start], *stack[end:]), step


OPERATORS: dict[str, tuple[float, Callable[[Stack, Random, Alphabet], Changed]]] = {
    "insert": (1.5, insert_layer),
    "remove": (1.5, remove_layer),
    "swap": (0.5, swap_layers),
    "change": (3.0, change_gene),
    "duplicate": (0.7, duplicate_block),
    "width": (1.0, change_width),
    "deepen": (1.0, deepen),
    "remove stage": (0.7, remove_stage),
}
RECIPE_WEIGHT = 2.5


def mutate_stack(
    stack: Stack, recipe: Recipe, times: int, rng: Random, alphabet: Alphabet, only: str | None = None
) -> tuple[Stack, Recipe, tuple[Step, ...]]:
    """Applies `times` operators drawn by weight, or the one named `only`."""
    names, weights = [*OPERATORS, "recipe"], [*(weight for weight, _ in OPERATORS.values()), RECIPE_WEIGHT]
    steps: list[Step] = []
    for _ in range(times):
        name = only or rng.choices(names, weights=weights)[0]
        if name == "recipe":
            before, recipe = recipe, mutate_recipe(recipe, rng, alphabet.recipe)
            steps.append(_recipe_step(before, recipe))
        else:
            stack, step = OPERATORS[name][1](stack, rng, alphabet)
            steps.append(step)
    return stack, recipe, tuple(steps)


def cross_stacks(
    a: tuple[Stack, Recipe], b: tuple[Stack, Recipe], rng: Random
) -> tuple[Stack, Recipe, tuple[Step, ...]]:
    """One cut in each stack, both in the body or both in the head: the front of one parent, the rest of the other. Half
    of the time the cuts are anywhere, half of the time between blocks."""
    (first, first_recipe), (second, second_recipe) = (a, b) if rng.random() < 0.5 else (b, a)
    share, aligned = rng.random(), rng.random() < 0.5
    cut = _border if aligned else _cut
    cut_first, cut_second = cut(first, share, rng), cut(second, share, rng)
    if (cut_first <= _flattening(first)) != (cut_second <= _flattening(second)):
        cut_first, cut_second = _flattening(first), _flattening(second)
    child = first[:cut_first] + second[cut_second:]
    how = "between blocks " if aligned else ""
    rest = len(second) - cut_second
    detail = {"first": cut_first, "rest": rest, "between_blocks": aligned}
    step = Step("crossover", detail, f"crossover {how}{cut_first}+{rest}")
    return child, cross_recipes(first_recipe, second_recipe, rng), (step,)


def _cut(stack: Stack, share: float, rng: Random) -> int:
    """A place about `share` of the way through the stack, give or take one layer."""
    return min(len(stack), max(0, round(share * len(stack)) + rng.choice((-1, 0, 1))))


def _border(stack: Stack, share: float, rng: Random) -> int:
    """The border between two blocks next to a place about `share` of the way through the stack."""
    near = _cut(stack, share, rng)
    borders = {0, len(stack), *(at for at, gene in enumerate(stack) if gene.role in BEGINS_BLOCK)}
    return min(sorted(borders), key=lambda border: abs(border - near))


def _blocks(stack: Stack) -> list[tuple[int, int]]:
    """Start and end of each block but that of the flattening."""
    starts = [at for at, gene in enumerate(stack) if gene.role in BEGINS_BLOCK]
    pairs = zip(starts, [*starts[1:], len(stack)], strict=True)
    return [(start, end) for start, end in pairs if not isinstance(stack[start], Flatten)]


def _scaled(gene: Layer, factor: float, alphabet: Alphabet) -> Layer:
    """A layer with its width multiplied, to a multiple of 4, within its bounds; unchanged if it has none."""
    if gene.width is None:
        return gene
    domain, width = alphabet.bounds(type(gene))[gene.width], getattr(gene, gene.width)
    wanted = max(4, round(width * factor / 4) * 4)
    low, high = getattr(domain, "low", wanted), getattr(domain, "high", wanted)
    change = {gene.width: min(high, max(low, wanted))}
    return replace(gene, **change)


def _flattening(stack: Stack) -> int:
    return next(at for at, gene in enumerate(stack) if isinstance(gene, Flatten))


def _named(block: Stack) -> str:
    return "+".join(gene.word for gene in block)


def _texts(block: Stack) -> list[str]:
    """The layers of a block as the notation writes them."""
    return [str(gene) for gene in block]


def _step(operator: str, at: int, what: str, **detail: Json) -> Step:
    """A step that was taken behind the first `at` layers."""
    return Step(operator, {"at": at + 1, **detail}, f"{what} at {at + 1}")


def _nothing(operator: str) -> Step:
    """The step of an operator that found nothing it could be applied to."""
    return Step(operator, {}, f"{operator} nothing")


def _recipe_step(before: Recipe, after: Recipe) -> Step:
    genes = difference(before, after)
    changes = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in genes.items())
    detail = {
        "from": {name: old for name, (old, _) in genes.items()},
        "to": {name: new for name, (_, new) in genes.items()},
    }
    return Step("recipe", detail, f"recipe {changes or 'unchanged'}")
