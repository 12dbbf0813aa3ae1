"""What a layer stack from elsewhere becomes within the bounds of a search: the nearest that they allow."""

from __future__ import annotations

from genomes.alphabet import Alphabet
from genomes.genes import domains
from genomes.json_value import Json
from genomes.layer import Layer
from genomes.recipe import Recipe, clamp_recipe, difference, in_words
from genomes.steps import Step

Pair = tuple[Layer, Layer | None]


def clamp_stack(
    layers: tuple[Layer, ...], recipe: Recipe, alphabet: Alphabet
) -> tuple[tuple[Layer, ...], Recipe, tuple[Step, ...]]:
    """The nearest stack and recipe within the bounds of an alphabet, and the step that was taken, if any. Layers that a
    network can do without are left out if their kind is off. Raises InvalidGenome for another one whose kind is off."""
    pairs = [(gene, alphabet.clamp(gene)) for gene in layers]
    kept = tuple(gene for _, gene in pairs if gene is not None)
    fitting = clamp_recipe(recipe, alphabet.recipe)
    if (kept, fitting) == (layers, recipe):
        return layers, recipe, ()
    return kept, fitting, (_step(pairs, recipe, fitting),)


def _step(pairs: list[Pair], before: Recipe, after: Recipe) -> Step:
    moved: list[Json] = [
        {"at": at, "from": str(old), "to": None if new is None else str(new)}
        for at, (old, new) in enumerate(pairs, start=1)
        if old != new
    ]
    genes = difference(before, after)
    detail: dict[str, Json] = {
        "layers": moved,
        "recipe": {
            "from": {name: old for name, (old, _) in genes.items()},
            "to": {name: new for name, (_, new) in genes.items()},
        },
    }
    said = [text for pair in pairs for text in _changes(*pair)]
    said += [in_words(genes)] if genes else []
    return Step("clamp", detail, ", ".join(dict.fromkeys(said)))


def _changes(old: Layer, new: Layer | None) -> list[str]:
    """What became of a layer, in words."""
    if new is None:
        return [f"{old.word} left out"]
    values = {name: (getattr(old, name), getattr(new, name)) for name in domains(type(old))}
    return [
        f"{before} -> {after}" if name == old.selector else f"{old.word} {name} {before} -> {after}"
        for name, (before, after) in values.items()
        if before != after
    ]
