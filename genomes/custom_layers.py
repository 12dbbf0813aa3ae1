"""Layers of the user's own: Keras classes, named by dotted path, that take part in a search like any other kind."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import make_dataclass
from functools import cache
from typing import Any, ClassVar

from genomes.domains import Domain, Options, Real, Whole
from genomes.genes import domains, gene
from genomes.layer import Layer
from genomes.primitives import InvalidGenome
from genomes.spec import SpecBuilder

PLACES = ("body", "head")
RESERVED = ("class", "kind", "weights", "path", "costs", "version", "op", "name", "inputs")
DOTTED = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"


def is_custom(change: Any) -> bool:
    """Whether an entry of the table of layers is a layer of the user's own."""
    return isinstance(change, dict) and "class" in change


def custom_arguments(change: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the genes of a layer of the user's own, as given."""
    return {name: values for name, values in change.items() if name not in ("class", "place", "weight")}


class CustomLayer(Layer):
    """A layer of the user's own, named by the dotted path of its Keras class. It keeps the shape of its input."""

    path: ClassVar[str]
    costs: ClassVar[str]
    version: ClassVar[str]

    def expand(self, net: SpecBuilder) -> None:
        values = {name: getattr(self, name) for name in domains(type(self))}
        net.add("own", **values, **{"class": self.path, "weights": self.costs, "version": self.version})


def custom_kind(kind: str, change: Mapping[str, Any], known: Mapping[str, Any], taken: Collection[str]) -> type[Layer]:
    """The class of a layer of the user's own.

    change: its entry in the table of layers. known: what was found out about it; see `alphabet`. taken: words of the
    notation that it may not be called by. Raises InvalidGenome.
    """
    where = f"layers: {kind}"
    if kind in taken:
        raise InvalidGenome(f"{where} is the name of a built-in layer; give your layer another name")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        raise InvalidGenome(f"{where} must be small letters, digits and underscores; give your layer another name")
    path = change["class"]
    if not isinstance(path, str) or not re.fullmatch(DOTTED, path):
        raise InvalidGenome(f"{where}: class must be a dotted path such as 'my_layers.Swirl', not {path!r}")
    place = change.get("place", known.get("place", list(PLACES)))
    place = [place] if isinstance(place, str) else place
    if not isinstance(place, list) or not place or any(where_ not in PLACES for where_ in place):
        raise InvalidGenome(f"{where}: place must be 'body', 'head' or both, not {place!r}")
    told = {"place": place, "weights": known.get("weights", "0"), "version": known.get("version", "")}
    return _custom_class(kind, json.dumps([path, custom_arguments(change), told]))


@cache
def _custom_class(kind: str, text: str) -> type[Layer]:
    """One class for one description, so that genes of two alphabets with the same layer are equal."""
    path, arguments, told = json.loads(text)
    genes = [(name, Any, gene(_custom_domain(f"layers: {kind}", name, values))) for name, values in arguments.items()]
    cls = make_dataclass(f"Own_{kind}", genes, bases=(CustomLayer,), frozen=True)
    cls.kind, cls.place, cls.path = kind, frozenset(told["place"]), path  # type: ignore[attr-defined]
    cls.costs, cls.version = told["weights"], told["version"]  # type: ignore[attr-defined]
    return cls


def _custom_domain(where: str, name: str, values: Any) -> Domain:
    given = values if isinstance(values, list) else [values]
    if not name.isidentifier() or name in RESERVED or hasattr(CustomLayer, name) or not given:
        raise InvalidGenome(
            f"{where}: '{name}' cannot be a gene: genes are arguments of the class with their values, and "
            "a few names are taken; give it a default in the class, or derive a class that gives it another name"
        )
    if all(type(value) is int for value in given):
        return Whole(min(given), max(given), tuple(given), floor=min(given))
    if all(type(value) in (int, float) for value in given) and len(given) <= 2:
        return Real(float(min(given)), float(max(given)))
    words = all(isinstance(value, str) and re.fullmatch(r"[\w.+-]+", value) for value in given)
    if words or all(isinstance(value, bool) for value in given):
        return Options(tuple(given))
    raise InvalidGenome(
        f"{where}: {name} must be whole numbers, two real numbers, single words, or true and false, not {values}"
    )
