"""One line of text <-> a layer stack.

    conv 32 3, relu, maxpool 2, dropout 0.25, flatten, dense 256, relu | adam 0.001, batch 128, cosine, flip, shift 4

Layers are separated by commas: a word, then the values of the genes that have no default, then name=value for genes
that differ from their default. Behind the bar stands the training recipe; without one the default recipe is used.
Writing and reading are exact inverses. What is read exists: every gene is within its built-in bounds, or those of the
alphabet where they are wider. Whether a search allows it is another question, see `Alphabet.problem`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from genomes.alphabet import Alphabet
from genomes.domains import Domain, Options
from genomes.genes import domains, genes_of
from genomes.layer import Layer
from genomes.primitives import InvalidGenome
from genomes.recipe import DEFAULT, TYPICAL_RATES, Recipe
from genomes.suggestions import nearest


def write(layers: tuple[Layer, ...], recipe: Recipe) -> str:
    """The line for a stack and its recipe."""
    return f"{', '.join(map(str, layers))} | {recipe}"


def read(text: str, alphabet: Alphabet) -> tuple[tuple[Layer, ...], Recipe]:
    """The stack and recipe of a line. Raises InvalidGenome naming the word that is wrong and what was expected."""
    stack, bar, recipe = text.partition("|")
    layers = tuple(read_layer(part, alphabet) for part in stack.split(","))
    return layers, read_recipe(recipe, alphabet) if bar else DEFAULT


def read_layer(part: str, alphabet: Alphabet) -> Layer:
    """The layer of one part of a line. Raises InvalidGenome as `read` does."""
    tokens, words = part.split(), alphabet.words
    if not tokens:
        raise InvalidGenome("empty layer: separate layers by single commas, for example 'conv 32 3, relu, flatten'")
    if tokens[0] not in words:
        raise InvalidGenome(f"unknown layer '{tokens[0]}'{nearest(tokens[0], words)}")
    cls, values = words[tokens[0]]
    values = dict(values)
    required = [f.name for f in genes_of(cls) if f.default is MISSING and f.name not in values]
    for token in tokens[1:]:
        name, equals, value = token.partition("=")
        if not equals:
            if not required:
                raise InvalidGenome(f"'{part.strip()}': nothing expected at '{token}'; further genes are name=value")
            name, value = required[0], token
        if name not in domains(cls):
            raise InvalidGenome(f"'{part.strip()}': unknown gene '{name}'{nearest(name, domains(cls))}")
        if name in required:
            required.remove(name)
        try:
            values[name] = domains(cls)[name].read(value)
        except ValueError as error:
            raise InvalidGenome(f"'{part.strip()}': {name} {error}") from None
    if required:
        raise InvalidGenome(f"'{part.strip()}': {required[0]} is missing; write '{_usage(cls, tokens[0])}'")
    return check_layer(cls(**values), alphabet)


def _usage(cls: type[Layer], word: str) -> str:
    genes = [f for f in genes_of(cls) if f.name != cls.selector]
    return " ".join([word, *(f.name.upper() if f.default is MISSING else f"[{f.name}={f.default}]" for f in genes)])


def read_recipe(text: str, alphabet: Alphabet) -> Recipe:
    """The recipe of a line: what stands behind the bar, in every encoding. Raises InvalidGenome as `read` does."""
    values: dict[str, Any] = {}
    for part in text.split(","):
        try:
            values |= _read_setting(part.split())
        except ValueError as error:
            raise InvalidGenome(f"recipe: '{part.strip()}': {error}") from None
    recipe = Recipe(**{**DEFAULT.to_json(), **values})
    return check_recipe(recipe, alphabet)


def _read_setting(words: list[str]) -> dict[str, Any]:
    """The genes of one part of a recipe. Raises ValueError, in words."""
    if len(words) == 2 and words[0] in TYPICAL_RATES:
        return {"optimizer": words[0], "learning_rate": domains(Recipe)["learning_rate"].read(words[1])}
    for f in genes_of(Recipe)[2:]:
        domain, word = f.metadata["domain"], f.metadata["word"] or f.name
        if isinstance(domain, Options) and words in [[word] if v is True else [v] for v in domain.all if v]:
            return {f.name: words[0] if isinstance(f.default, str) else True}
        if len(words) == 2 and words[0] == word and not isinstance(domain, Options):
            return {f.name: domain.read(words[1])}
    raise ValueError(f"cannot read this; a recipe is {USAGE}")


def _known_words() -> str:
    parts = [f"{' or '.join(TYPICAL_RATES)} with a learning rate"]
    for f in genes_of(Recipe)[2:]:
        domain, word = f.metadata["domain"], f.metadata["word"] or f.name
        named = isinstance(domain, Options)
        parts.append(word if not named or f.default is False else " or ".join(map(str, domain.all)))
    return ", ".join(parts)


USAGE = f"for example '| sgd 0.05, batch 64, cosine, flip, shift 2', made of {_known_words()}"


def check_layer(gene: Layer, alphabet: Alphabet) -> Layer:
    """`gene`, if it exists; raises InvalidGenome otherwise."""
    if problem := _missing(gene, alphabet.bounds(type(gene))):
        raise InvalidGenome(f"{gene.word}: {problem}")
    return gene


def check_recipe(recipe: Recipe, alphabet: Alphabet) -> Recipe:
    """`recipe`, if it exists; raises InvalidGenome otherwise."""
    if problem := _missing(recipe, alphabet.recipe):
        raise InvalidGenome(f"recipe: {problem}")
    return recipe


def _missing(genes: Layer | Recipe, bounds: Mapping[str, Domain]) -> str | None:
    """The first gene that is outside of its built-in bounds and of these, in words, or None."""
    for name, built_in in domains(type(genes)).items():
        value = getattr(genes, name)
        if built_in.problem(value) and (problem := bounds[name].problem(value)):
            return f"{name} {problem}"
    return None
