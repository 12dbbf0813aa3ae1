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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from random import Random
from typing import Any

from genomes import adopted_layers, composites  # noqa: F401, their kinds register themselves
from genomes.custom_layers import custom_kind, is_custom
from genomes.domains import Domain, Options, Whole
from genomes.genes import domains, genes_of
from genomes.layer import LAYERS, Layer
from genomes.primitives import InvalidGenome
from genomes.recipe import Recipe
from genomes.suggestions import nearest

NEEDED = {"features", "dense", "flattening"}  # roles of layers without which a network is another one


@dataclass(frozen=True, eq=False)
class Alphabet:
    """Kinds of layers and the bounds of all genes.

    kinds: name -> class, only those that are on. weights: name -> how often it is drawn, relative to the others.
    layer_bounds: name -> bounds of its genes. recipe: bounds of the recipe's genes. inherited: genes of the recipe, and
    roles of layers, that mutation leaves as they are.
    """

    kinds: Mapping[str, type[Layer]]
    weights: Mapping[str, float]
    layer_bounds: Mapping[str, Mapping[str, Domain]]
    recipe: Mapping[str, Domain]
    inherited: frozenset[str] = frozenset()

    def bounds(self, cls: type[Layer]) -> Mapping[str, Domain]:
        """Bounds of the genes of one kind, by gene."""
        return self.layer_bounds[cls.kind]

    def drawn_in(self, place: str = "body") -> list[type[Layer]]:
        """Kinds that may stand in `place` ("body" or "head") and are drawn at all."""
        return [cls for cls in self.kinds.values() if place in cls.place and self.weights[cls.kind]]

    def of_role(self, *roles: str, place: str = "body") -> list[type[Layer]]:
        """Those of them that play one of these roles."""
        return [cls for cls in self.drawn_in(place) if cls.role in roles]

    def pick(self, kinds: Iterable[type[Layer]], rng: Random) -> type[Layer]:
        """One of `kinds`, of which there is at least one, by weight."""
        kinds = list(kinds)
        return rng.choices(kinds, weights=[self.weights[kind.kind] for kind in kinds])[0]

    def may_change(self, cls: type[Layer]) -> bool:
        """Whether layers of a kind may be put in, changed, or taken out by mutation."""
        return cls.role not in self.inherited

    def make(self, cls: type[Layer], rng: Random, **given: Any) -> Layer:
        """A layer of a kind; genes that are not given, or are given out of bounds, are drawn."""
        bounds = self.bounds(cls)
        for f in genes_of(cls):
            weight = f.metadata["weight"]
            if f.name not in given and (not weight or (weight < 1 and rng.random() >= weight)):
                given[f.name] = f.default
        fits = {name: name in given and domain.problem(given[name]) is None for name, domain in bounds.items()}
        return cls(**{name: given[name] if fits[name] else domain.sample(rng) for name, domain in bounds.items()})

    def pick_role(self, role: str, rng: Random, place: str = "body") -> type[Layer] | None:
        """A kind that plays a role, by weight, or None if the alphabet has none."""
        kinds = self.of_role(role, place=place)
        return self.pick(kinds, rng) if kinds else None

    def named(self, kind: str) -> type[Layer]:
        """The kind of that name, on or off. Raises KeyError if there is none."""
        return {**LAYERS, **self.kinds}[kind]

    def problem(self, gene: Layer) -> str | None:
        """Why a layer is not in this alphabet, in words, or None."""
        if self.kinds.get(gene.kind) is not type(gene):
            return f"'{gene.kind}' is switched off in this search"
        for name, domain in self.bounds(type(gene)).items():
            if problem := domain.problem(getattr(gene, name)):
                return f"{gene.word}: {name} {problem}"
        return None

    def clamp(self, gene: Layer) -> Layer | None:
        """The nearest layer of this alphabet, or None for one whose kind is off and that networks can do without.
        Raises InvalidGenome for another one whose kind is off."""
        if self.kinds.get(gene.kind) is type(gene):
            return replace(gene, **{name: d.clamp(getattr(gene, name)) for name, d in self.bounds(type(gene)).items()})
        if gene.role in NEEDED:
            raise InvalidGenome(str(self.problem(gene)))
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
        words.update({str(value): (cls, {cls.selector: value}) for value in domain.all})
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
        if is_custom(change):
            kinds[kind] = custom_kind(kind, change, (own or {}).get(kind, {}), taken=_words(LAYERS))
            weights[kind], bounds[kind] = _weight(kind, change.get("weight", 1.0)), domains(kinds[kind])
            continue
        if kind not in LAYERS:
            raise InvalidGenome(f"layers: unknown kind '{kind}'{nearest(kind, LAYERS)}")
        if change is False:
            del kinds[kind]
        elif isinstance(change, dict):
            changed = dict(change)
            weights[kind] = _weight(kind, changed.pop("weight", weights[kind] or 1.0))
            bounds[kind] = _bounded(f"layers: {kind}", LAYERS[kind], changed)
        else:
            weights[kind] = (weights[kind] or 1.0) if change is True else _weight(kind, change)
    if "flatten" not in kinds:
        raise InvalidGenome("layers: flatten cannot be switched off, every stack has one; narrow it with how = [...]")
    return Alphabet(kinds, weights, bounds, _bounded("recipe", Recipe, recipe or {}))


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


def _bounded(where: str, cls: type, changes: Mapping[str, Any]) -> dict[str, Domain]:
    built_in, fixed = domains(cls), {f.name for f in genes_of(cls) if not f.metadata["weight"]}
    bounds = dict(built_in)
    for name, values in changes.items():
        if name not in built_in:
            raise InvalidGenome(f"{where}: unknown gene '{name}'{nearest(name, built_in)}")
        if name in fixed:
            raise InvalidGenome(
                f"{where}: no search changes {name}, so it has no bounds; leave it out, and write it in founders"
            )
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
