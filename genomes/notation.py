"""One line of text <-> a layer stack.

    conv 32 3, relu, maxpool 2, dropout 0.25, flatten, dense 256, relu | adam 0.001, batch 128, flip, shift 4

Layers are parted by commas: a word, then the values of the genes that have no default, then name=value for genes
that differ from their default. Behind the bar stands the training recipe; without one the default recipe is used.
Writing and reading are exact inverses.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from difflib import get_close_matches
from typing import Any

from genomes.domains import Options
from genomes.layers import LAYERS, Layer, domains
from genomes.recipe import DEFAULT, TYPICAL_RATES, Recipe
from genomes.spec import InvalidGenome


def write(layers: tuple[Layer, ...], recipe: Recipe) -> str:
    """The line for a stack and its recipe."""
    return f"{', '.join(map(str, layers))} | {recipe}"


def read(text: str) -> tuple[tuple[Layer, ...], Recipe]:
    """The stack and recipe of a line. Raises InvalidGenome naming the word that is wrong and what was expected."""
    stack, bar, recipe = text.partition("|")
    layers = tuple(_read_layer(part) for part in stack.split(","))
    return layers, _read_recipe(recipe) if bar else DEFAULT


def _words() -> dict[str, tuple[type[Layer], dict[str, Any]]]:
    """Word of the notation -> layer class and the gene that the word itself sets."""
    words: dict[str, tuple[type[Layer], dict[str, Any]]] = {}
    for kind, cls in LAYERS.items():
        if cls.selector is None:
            words[kind] = (cls, {})
            continue
        domain = domains(cls)[cls.selector]
        assert isinstance(domain, Options)
        words.update({value: (cls, {cls.selector: value}) for value in domain.values})
    return words


def _read_layer(part: str) -> Layer:
    tokens = part.split()
    if not tokens:
        raise InvalidGenome("empty layer: write layers parted by single commas, for example 'conv 32 3, relu, flatten'")
    words = _words()
    if tokens[0] not in words:
        raise InvalidGenome(f"unknown layer '{tokens[0]}'{nearest(tokens[0], words)}")
    cls, values = words[tokens[0]]
    values = dict(values)
    required = [f.name for f in fields(cls) if f.default is MISSING and f.name not in values]
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
    return checked(cls(**values))


def _usage(cls: type[Layer], word: str) -> str:
    genes = [f for f in fields(cls) if f.name != cls.selector]
    return " ".join([word, *(f.name.upper() if f.default is MISSING else f"[{f.name}={f.default}]" for f in genes)])


def _read_recipe(text: str) -> Recipe:
    values: dict[str, str | bool] = {}
    for part in text.split(","):
        match part.split():
            case [optimizer, rate] if optimizer in TYPICAL_RATES:
                values |= {"optimizer": optimizer, "learning_rate": rate}
            case ["batch", size]:
                values["batch_size"] = size
            case ["flip"]:
                values["flip"] = True
            case ["shift", pixels]:
                values["shift"] = pixels
            case _:
                raise InvalidGenome(
                    f"recipe: cannot read '{part.strip()}'; write for example '| sgd 0.05, batch 64, flip, shift 2' "
                    f"with an optimizer of {', '.join(TYPICAL_RATES)}"
                )
    genes = domains(Recipe)
    try:
        read = {name: genes[name].read(v) if isinstance(v, str) else v for name, v in values.items()}
    except ValueError as error:
        raise InvalidGenome(f"recipe: {error}") from None
    recipe = Recipe(**{**DEFAULT.to_json(), **read})
    if problem := recipe.problem():
        raise InvalidGenome(problem)
    return recipe


def checked(gene: Layer) -> Layer:
    """`gene`, if within its bounds; raises InvalidGenome otherwise."""
    if problem := gene.problem():
        raise InvalidGenome(problem)
    return gene


def nearest(word: str, known: Any) -> str:
    """A hint for a mistyped word: '; did you mean ...?' or the list of what is known."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(sorted(known))}"
