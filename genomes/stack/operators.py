"""How layer stacks are drawn, mutated and crossed. Operators return the step that they took; the search space checks
that the outcome fits and draws again if not.

A stage is a run of layers that begins with one that makes features, pools or is dense, and takes with it what follows:
normalisation, activation, dropout. The flattening begins a stage, too, which is never copied or removed. In texts as in
details layers are counted from 1, as the notation has them: a block, such as a residual one, is one layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from genomes.alphabet import Alphabet
from genomes.genes import genes_of
from genomes.json_value import Json
from genomes.layer import Layer
from genomes.layers import Flatten
from genomes.recipe import Recipe, cross_recipes, difference, in_words, mutate_recipe
from genomes.stack.drawing import Stack, drawn, of_role, stage
from genomes.steps import Step

Changed = tuple[Stack, Step]
FACTORS = (0.5, 0.75, 1.5, 2.0)


def insert_layer(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """A new random layer at a random place."""
    at = rng.randint(0, len(stack))
    place = "body" if at <= _flattening(stack) else "head"
    kinds = [cls for cls in alphabet.drawn_in(place) if alphabet.may_change(cls)]
    if not kinds:
        return stack, _nothing("insert", "layer to insert")
    gene = drawn(kinds, rng, alphabet)
    at = 0 if gene.first else at
    return (*stack[:at], gene, *stack[at:]), _step("insert", at, f"insert {gene}", to=str(gene))


def remove_layer(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """Any layer but the flattening goes."""
    may_go = [not isinstance(gene, Flatten) and alphabet.may_change(type(gene)) for gene in stack]
    places = [at for at, may in enumerate(may_go) if may]
    if not places:
        return stack, _nothing("remove", "layer to remove")
    at = rng.choice(places)
    gene = str(stack[at])
    return (*stack[:at], *stack[at + 1 :]), _step("remove", at, f"remove {gene}", **{"from": gene})


def swap_layers(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """Two neighbours change places."""
    if len(stack) < 2:
        return stack, _nothing("swap", "layers to swap")
    at = rng.randrange(len(stack) - 1)
    pair = [str(stack[at]), str(stack[at + 1])]
    text = f"swap {stack[at].word} at {at + 1} and {stack[at + 1].word} at {at + 2}"
    step = Step("swap", {"at": at + 1, "from": pair, "to": pair[::-1]}, text)
    return (*stack[:at], stack[at + 1], stack[at], *stack[at + 2 :]), step


def change_gene(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """One setting of one layer moves to a neighbouring value."""
    weights = [_weights(gene) if alphabet.may_change(type(gene)) else {} for gene in stack]
    at = rng.choices(range(len(stack)), [max(of_gene.values(), default=0.0) for of_gene in weights])[0]
    gene, bounds = stack[at], alphabet.bounds(type(stack[at]))
    name = rng.choices(list(weights[at]), list(weights[at].values()))[0]
    before = getattr(gene, name)
    after = bounds[name].vary(before, rng)
    changed = replace(gene, **{name: after})
    detail = {"at": at + 1, "layer": gene.kind, "gene": name, "from": before, "to": after}
    what = f" to {after}" if name == gene.selector else f": {name} {before} -> {after}"
    step = Step("change", detail, f"change {gene.word} at {at + 1}{what}")
    return (*stack[:at], changed, *stack[at + 1 :]), step


def duplicate_stage(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """A stage is repeated behind itself."""
    stages = _stages(stack)
    if not stages:
        return stack, _nothing("duplicate", "stage to duplicate")
    start, end = rng.choice(stages)
    copied = stack[start:end]
    step = _stage_step("duplicate", "duplicate", start, copied, "stage")
    return (*stack[:end], *copied, *stack[end:]), step


def change_width(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """Widen or narrow: all widths of the body, or of the head, by one factor."""
    border, body = _flattening(stack), rng.random() < 0.8
    inside = range(border) if body else range(border + 1, len(stack))
    factor = rng.choice(FACTORS)
    changed = [scaled(gene, factor, alphabet) if at in inside else gene for at, gene in enumerate(stack)]
    part = "body" if body else "head"
    return tuple(changed), Step("width", {"part": part, "factor": factor}, f"make the {part} {factor:g} times as wide")


def deepen(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """A new stage in the body, as wide as its neighbour, with the normalisation and activation of the body."""
    features = alphabet.of_role("features")
    border = _flattening(stack)
    starts = [start for start, _ in _stages(stack) if start <= border and stack[start].role != "dense"]
    if not features:
        return stack, _nothing("deepen", "stage to insert")
    at = rng.choice([*starts, border])
    before = [gene for gene in stack[:at] if gene.width]
    width = getattr(before[-1], str(before[-1].width)) if before else 16
    norms = [type(gene) for gene in stack[:border] if gene.role == "normalisation"]
    functions = [gene for gene in stack[:border] if gene.role == "activation"]
    function = functions[0] if functions else of_role("activation", rng, alphabet)
    new = tuple(stage(features, width, function, norms[:1], rng, alphabet))
    return (*stack[:at], *new, *stack[at:]), _stage_step("deepen", "insert", at, new, "to")


def remove_stage(stack: Stack, rng: Random, alphabet: Alphabet) -> Changed:
    """A whole stage goes."""
    stages = _stages(stack)
    if not stages:
        return stack, _nothing("remove stage", "stage to remove")
    start, end = rng.choice(stages)
    step = _stage_step("remove stage", "remove", start, stack[start:end], "from")
    return (*stack[:start], *stack[end:]), step


OPERATORS: dict[str, tuple[float, Callable[[Stack, Random, Alphabet], Changed]]] = {
    "insert": (1.5, insert_layer),
    "remove": (1.5, remove_layer),
    "swap": (0.5, swap_layers),
    "change": (3.0, change_gene),
    "duplicate": (0.7, duplicate_stage),
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
            before, recipe = recipe, mutate_recipe(recipe, rng, alphabet.recipe, alphabet.inherited)
            steps.append(recipe_step(before, recipe))
        else:
            stack, step = OPERATORS[name][1](stack, rng, alphabet)
            steps.append(step)
    return stack, recipe, tuple(steps)


def cross_stacks(
    a: tuple[Stack, Recipe], b: tuple[Stack, Recipe], rng: Random
) -> tuple[Stack, Recipe, tuple[Step, ...]]:
    """One cut in each stack, both in the body or both in the head: the front of one parent, the rest of the other. Half
    of the time the cuts are anywhere, half of the time between stages."""
    in_order = rng.random() < 0.5
    (first, first_recipe), (second, second_recipe) = (a, b) if in_order else (b, a)
    share, aligned = rng.random(), rng.random() < 0.5
    cut = _border if aligned else _cut
    cut_first, cut_second = cut(first, share, rng), cut(second, share, rng)
    if (cut_first <= _flattening(first)) != (cut_second <= _flattening(second)):
        cut_first, cut_second = _flattening(first), _flattening(second)
    child = first[:cut_first] + second[cut_second:]
    front, back = ("first", "second") if in_order else ("second", "first")
    rest = len(second) - cut_second
    detail: dict[str, Json] = {"front": front, "first": cut_first, "rest": rest, "between_stages": aligned}
    behind = f"{_layers(cut_second, len(second))} of the {back} one"
    text = f"crossover: {_layers(0, cut_first)} of the {front} parent, {behind}"
    step = Step("crossover", detail, text)
    return child, cross_recipes(first_recipe, second_recipe, rng), (step,)


def _cut(stack: Stack, share: float, rng: Random) -> int:
    """A place about `share` of the way through the stack, give or take one layer."""
    return min(len(stack), max(0, round(share * len(stack)) + rng.choice((-1, 0, 1))))


def _border(stack: Stack, share: float, rng: Random) -> int:
    """The border between two stages next to a place about `share` of the way through the stack."""
    near = _cut(stack, share, rng)
    borders = {0, len(stack), *(at for at, gene in enumerate(stack) if gene.begins_stage)}
    return min(sorted(borders), key=lambda border: abs(border - near))


def _stages(stack: Stack) -> list[tuple[int, int]]:
    """Start and end of each stage but that of the flattening."""
    starts = [at for at, gene in enumerate(stack) if gene.begins_stage]
    pairs = zip(starts, [*starts[1:], len(stack)], strict=True)
    return [(start, end) for start, end in pairs if not isinstance(stack[start], Flatten)]


def scaled(gene: Layer, factor: float, alphabet: Alphabet) -> Layer:
    """A layer with its width multiplied, to a multiple of 4, within its bounds; unchanged if it has none."""
    if gene.width is None:
        return gene
    domain, width = alphabet.bounds(type(gene))[gene.width], getattr(gene, gene.width)
    wanted = max(4, round(width * factor / 4) * 4)
    low, high = getattr(domain, "low", wanted), getattr(domain, "high", wanted)
    change = {gene.width: min(high, max(low, wanted))}
    return replace(gene, **change)


def _weights(gene: Layer) -> dict[str, float]:
    """How often a mutation picks each gene of a layer, relative to others."""
    return {f.name: f.metadata["weight"] for f in genes_of(type(gene))}


def _flattening(stack: Stack) -> int:
    return next(at for at, gene in enumerate(stack) if isinstance(gene, Flatten))


def _stage_step(operator: str, verb: str, at: int, stage: Stack, key: str) -> Step:
    """A step that took a stage, whose first layer has `at` before it. key: what its detail calls the stage."""
    named = "+".join(gene.word for gene in stage)
    where = f"{at + 1}" if len(stage) == 1 else f"{at + 1}-{at + len(stage)}"
    detail: dict[str, Json] = {"at": at + 1, key: [str(gene) for gene in stage]}
    return Step(operator, detail, f"{verb} stage: {named} at {where}")


def _step(operator: str, at: int, what: str, **detail: Json) -> Step:
    """A step that was taken behind the first `at` layers."""
    return Step(operator, {"at": at + 1, **detail}, f"{what} at {at + 1}")


def _nothing(operator: str, what: str) -> Step:
    """The step of an operator that found nothing it could be applied to."""
    return Step(operator, {}, f"no {what}")


def _layers(start: int, end: int) -> str:
    """Layers from behind `start` to `end`, as they are counted."""
    return "no layers" if start == end else f"layer {end}" if end == start + 1 else f"layers {start + 1}-{end}"


def recipe_step(before: Recipe, after: Recipe) -> Step:
    """The step from one recipe to another."""
    genes = difference(before, after)
    detail = {
        "from": {name: old for name, (old, _) in genes.items()},
        "to": {name: new for name, (_, new) in genes.items()},
    }
    return Step("recipe", detail, f"change recipe: {in_words(genes)}" if genes else "recipe unchanged")
