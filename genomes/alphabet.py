"""The alphabet of one search: which kinds of layers there are, how often each is drawn, and the bounds of every gene.

The built-in alphabet has all kinds of `layers.py` and `composites.py`. Users narrow and widen it with two tables:

    [layers]
    dense_block = false                              # off
    separable = 3                                    # on, and drawn three times as often as a weight of 1
    conv = { filters = [16, 32, 64], kernel = 3 }    # values to draw from; one value fixes a gene
    dropout = { rate = [0.1, 0.3] }                  # real numbers: the smallest and the largest
    swirl = { class = "my_layers.Swirl", speed = [1, 2, 4] }    # a Keras layer of one's own, with its genes

    [recipe]
    optimizer = ["sgd", "adam"]
    mixup = 0                                        # off
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, make_dataclass, replace
from functools import cache, cached_property
from random import Random
from typing import Any, ClassVar

from genomes import composites  # noqa: F401, its kinds register themselves
from genomes.domains import Domain, Options, Real, Whole, domains, gene
from genomes.layers import LAYERS, Layer
from genomes.recipe import Recipe
from genomes.spec import InvalidGenome, SpecBuilder
from genomes.words import nearest

PLACES = ("body", "head")
RESERVED = ("class", "kind", "weights", "path", "costs", "version", "op", "name", "inputs")
DOTTED = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"


@dataclass(frozen=True, eq=False)
class Alphabet:
    """Kinds of layers and the bounds of all genes.

    kinds: name -> class, only those that are on. weights: name -> how often it is drawn, relative to the others.
    layer_bounds: name -> bounds of its genes. recipe: bounds of the recipe's genes.
    """

    kinds: Mapping[str, type[Layer]]
    weights: Mapping[str, float]
    layer_bounds: Mapping[str, Mapping[str, Domain]]
    recipe: Mapping[str, Domain]

    def bounds(self, cls: type[Layer]) -> Mapping[str, Domain]:
        """Bounds of the genes of one kind, by gene."""
        return self.layer_bounds[cls.kind]

    def of_role(self, *roles: str, place: str = "body") -> list[type[Layer]]:
        """Kinds that play one of these roles and may stand in `place` ("body" or "head")."""
        return [cls for cls in self.kinds.values() if cls.role in roles and place in cls.place]

    def draw(self, kinds: Iterable[type[Layer]], rng: Random) -> Layer:
        """A random layer of one of `kinds`, by weight."""
        kinds = list(kinds)
        cls = rng.choices(kinds, weights=[self.weights[kind.kind] for kind in kinds])[0]
        return self.make(cls, rng)

    def make(self, cls: type[Layer], rng: Random, **given: Any) -> Layer:
        """A layer of a kind; genes that are not given, or are given out of bounds, are drawn."""
        values = {}
        for name, domain in self.bounds(cls).items():
            fits = name in given and domain.problem(given[name]) is None
            values[name] = given[name] if fits else domain.sample(rng)
        return cls(**values)

    def make_any(self, role: str, rng: Random, place: str = "body") -> Layer | None:
        """A random layer of a role, or None if the alphabet has none."""
        kinds = self.of_role(role, place=place)
        return self.draw(kinds, rng) if kinds else None

    def problem(self, gene: Layer) -> str | None:
        """Why a layer is not in this alphabet, in words, or None."""
        if self.kinds.get(gene.kind) is not type(gene):
            return f"'{gene.kind}' is switched off in this search"
        for name, domain in self.bounds(type(gene)).items():
            if problem := domain.problem(getattr(gene, name)):
                return f"{gene.word}: {name} {problem}"
        return None

    @cached_property
    def words(self) -> dict[str, tuple[type[Layer], dict[str, Any]]]:
        """Word of the notation -> layer class and the gene that the word itself sets; kinds that are off included, so
        that they can be read and then refused by name."""
        return _words({**LAYERS, **self.kinds})


def _words(kinds: Mapping[str, type[Layer]]) -> dict[str, tuple[type[Layer], dict[str, Any]]]:
    words: dict[str, tuple[type[Layer], dict[str, Any]]] = {}
    for kind, cls in kinds.items():
        if cls.selector is None:
            words[kind] = (cls, {})
            continue
        domain = domains(cls)[cls.selector]
        assert isinstance(domain, Options)
        words.update({value: (cls, {cls.selector: value}) for value in domain.values})
    return words


def alphabet(
    layers: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> Alphabet:
    """The built-in alphabet, changed by the two tables of this module's text.

    own: what was found out about layers of the user's own, by kind: "place" (list), "weights" (factors of 1, channels,
    channels squared..., as text) and "version". Raises InvalidGenome naming the entry, the rule and the repair.
    """
    kinds, weights = dict(LAYERS), {kind: cls.weight for kind, cls in LAYERS.items()}
    bounds: dict[str, Mapping[str, Domain]] = {kind: domains(cls) for kind, cls in LAYERS.items()}
    for kind, change in (layers or {}).items():
        if is_own(change):
            kinds[kind] = own_kind(kind, change, (own or {}).get(kind, {}))
            weights[kind], bounds[kind] = float(change.get("weight", 1.0)), domains(kinds[kind])
            continue
        if kind not in LAYERS:
            raise InvalidGenome(f"layers: unknown kind '{kind}'{nearest(kind, LAYERS)}")
        if change is False:
            del kinds[kind]
        elif isinstance(change, dict):
            changed = dict(change)
            weights[kind] = _weight(kind, changed.pop("weight", weights[kind]))
            bounds[kind] = _bounded(f"layers: {kind}", domains(LAYERS[kind]), changed)
        elif change is not True:
            weights[kind] = _weight(kind, change)
    if not any(kind == "flatten" for kind in kinds):
        raise InvalidGenome("layers: flatten cannot be switched off, every stack has one; narrow it with how = [...]")
    return Alphabet(kinds, weights, bounds, _bounded("recipe", domains(Recipe), recipe or {}))


def for_images(letters: Alphabet, height: int, width: int) -> Alphabet:
    """`letters` with shifts of at most an eighth and cutouts of at most a quarter of an image drawn, so that what is in
    it stays in it; larger ones may be given by hand."""
    recipe = dict(letters.recipe)
    for name, most in (("shift", min(height, width) // 8), ("cutout", min(height, width) // 4)):
        domain = recipe[name]
        if isinstance(domain, Whole) and domain is domains(Recipe)[name]:
            recipe[name] = replace(domain, typical=tuple(value for value in domain.typical if value <= most))
    return replace(letters, recipe=recipe)


@cache
def full_alphabet() -> Alphabet:
    """The built-in alphabet."""
    return alphabet()


def is_own(change: Any) -> bool:
    """Whether an entry of the table of layers is a layer of the user's own."""
    return isinstance(change, dict) and "class" in change


def own_arguments(change: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the genes of a layer of the user's own, as given."""
    return {name: values for name, values in change.items() if name not in ("class", "place", "weight")}


class OwnLayer(Layer):
    """A layer of the user's own, named by the dotted path of its Keras class. It keeps the shape of its input."""

    path: ClassVar[str]
    costs: ClassVar[str]
    version: ClassVar[str]

    def expand(self, net: SpecBuilder) -> None:
        values = {name: getattr(self, name) for name in domains(type(self))}
        net.add("own", **values, **{"class": self.path, "weights": self.costs, "version": self.version})


def own_kind(kind: str, change: Mapping[str, Any], known: Mapping[str, Any]) -> type[Layer]:
    """The class of a layer of the user's own. Raises InvalidGenome."""
    where = f"layers: {kind}"
    taken_words = _words(LAYERS)
    if kind in taken_words or not re.fullmatch(r"[a-z][a-z0-9_]*", kind):
        taken = (
            "is the name of a built-in layer"
            if kind in taken_words
            else "must be small letters, digits and underscores"
        )
        raise InvalidGenome(f"{where} {taken}; give your layer another name")
    path = change["class"]
    if not isinstance(path, str) or not re.fullmatch(DOTTED, path):
        raise InvalidGenome(f"{where}: class must be a dotted path such as 'my_layers.Swirl', not {path!r}")
    place = change.get("place", known.get("place", list(PLACES)))
    place = [place] if isinstance(place, str) else place
    if not isinstance(place, list) or not place or any(where_ not in PLACES for where_ in place):
        raise InvalidGenome(f"{where}: place must be 'body', 'head' or both, not {place!r}")
    _weight(kind, change.get("weight", 1.0))
    told = {"place": place, "weights": known.get("weights", "0"), "version": known.get("version", "")}
    return _own_class(kind, json.dumps([path, own_arguments(change), told]))


@cache
def _own_class(kind: str, text: str) -> type[Layer]:
    """One class for one description, so that genes of two alphabets with the same layer are equal."""
    path, arguments, told = json.loads(text)
    genes = [(name, Any, gene(_own_domain(f"layers: {kind}", name, values))) for name, values in arguments.items()]
    cls = make_dataclass(f"Own_{kind}", genes, bases=(OwnLayer,), frozen=True)
    cls.kind, cls.place, cls.path = kind, frozenset(told["place"]), path  # type: ignore[attr-defined]
    cls.costs, cls.version = told["weights"], told["version"]  # type: ignore[attr-defined]
    return cls


def _own_domain(where: str, name: str, values: Any) -> Domain:
    given = values if isinstance(values, list) else [values]
    if not name.isidentifier() or name in RESERVED or hasattr(OwnLayer, name) or not given:
        raise InvalidGenome(
            f"{where}: '{name}' cannot be a gene: genes are arguments of the class with their values, and "
            "a few names are taken; give it a default in the class, or derive a class that calls it otherwise"
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


def _bounded(where: str, built_in: Mapping[str, Domain], changes: Mapping[str, Any]) -> dict[str, Domain]:
    bounds = dict(built_in)
    for name, values in changes.items():
        if name not in built_in:
            raise InvalidGenome(f"{where}: unknown gene '{name}'{nearest(name, built_in)}")
        try:
            bounds[name] = built_in[name].bounded(values if isinstance(values, list) else [values])
        except ValueError as error:
            raise InvalidGenome(f"{where}: {name} must be {error}, not {values!r}") from None
    return bounds


def _weight(kind: str, value: Any) -> float:
    if type(value) in (int, float) and 0 < value <= 1000:
        return float(value)
    raise InvalidGenome(
        f"layers: {kind} must be true, false, a weight above 0 or a table of bounds such as "
        f"{{ weight = 2 }}, not {value!r}"
    )
