"""The contracts of an encoding: Genome, Blueprint and SearchSpace, and the registry of kinds.

An encoding is a pair of classes: a genome (an immutable value) and the search space that varies such genomes. To add
one, write both and name the space in `SPACES`; the suite in tests/contracts then holds it to what is written here.
Runs on images search a `NetworkSpace`, runs on tables of published scores a `TableSpace`, and runs on tables of our own
trainings the space of `genomes/pool.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from random import Random
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from genomes.alphabet import Alphabet
from genomes.json_value import Json, JsonObject
from genomes.limits import Limits
from genomes.primitives import InvalidGenome as InvalidGenome
from genomes.primitives import Shape
from genomes.recipe import Recipe
from genomes.spec import ModelSpec
from genomes.steps import Step
from genomes.table_entry import TableEntry

G = TypeVar("G", bound="Genome")
G_co = TypeVar("G_co", bound="Genome", covariant=True)


class Genome(Protocol):
    """An architecture together with its training recipe, as genes. Immutable and hashable.

    kind: the encoding it belongs to. recipe: None where nothing is trained, as in tables.
    """

    kind: ClassVar[str]

    @property
    def recipe(self) -> Recipe | None: ...
    def to_json(self) -> JsonObject:
        """JSON from which the search space's `read` restores an equal genome."""
        ...

    def notation(self) -> str:
        """One line of text from which the search space's `parse` restores an equal genome."""
        ...


class Blueprint(Protocol):
    """What an evaluator can judge: a network's identity and its costs.

    fingerprint: SHA-256; equal for equal networks however they were encoded.
    parameters: number of weights, or None where unknown.
    multiply_adds: multiplications for one image, forward, or None where unknown.
    """

    @property
    def fingerprint(self) -> str: ...
    @property
    def parameters(self) -> int | None: ...
    @property
    def multiply_adds(self) -> int | None: ...
    def to_json(self) -> Json:
        """What a job carries to the worker."""
        ...


@dataclass(frozen=True)
class Variation(Generic[G_co]):
    """A genome that a search space made, the steps that made it, in order, and its network where the space worked that
    out anyway."""

    genome: G_co
    steps: tuple[Step, ...]
    blueprint: Blueprint | None = field(default=None, compare=False, repr=False)


class SearchSpace(Protocol[G]):
    """The genomes of one encoding that fit one problem, and how they vary.

    Whatever `random`, `mutate` and `crossover` return is valid: `blueprint` does not raise for it. All randomness
    comes from the generator that is passed in.

    settings: those of a run that this encoding heeds and that not every encoding does: "layers" and "recipe", the two
        tables of `alphabet`; "max_layers"; "fill", "small_births" and "small_work", which need `widened`; "rungs",
        where a genome has scores at several budgets.
    founders: genomes of this encoding that are worth starting from, name -> notation; some may not fit this problem.
    founder_groups: founders that can be asked for by one name, name of the group -> names. A search begins with the
        first group; with "small-portfolio", if there is one, where the user's limits are tight.
    """

    kind: ClassVar[str]
    settings: ClassVar[frozenset[str]]

    @property
    def founders(self) -> Mapping[str, str]: ...
    @property
    def founder_groups(self) -> Mapping[str, tuple[str, ...]]: ...
    def without(self, genome: G) -> Self:
        """The space that the next birth is drawn from once this genome was born: the same one, unless variation depends
        on what is left."""
        ...

    def random(self, rng: Random) -> Variation[G]:
        """A genome from nothing. Raises InvalidGenome if there is none, as do `mutate` and `crossover`."""
        ...

    def mutate(self, genome: G, rng: Random) -> Variation[G]:
        """A neighbour of `genome`."""
        ...

    def crossover(self, a: G, b: G, rng: Random) -> Variation[G]:
        """A child of two genomes."""
        ...

    def narrowed(self, genome: G) -> Variation[G] | None:
        """A genome like this one that is small enough for the limits of this space, or None."""
        ...

    def widened(self, genome: G) -> Variation[G] | None:
        """A genome like this one that makes as much as it can of the limits of this space, or None."""
        ...

    def clamp(self, genome: G) -> Variation[G]:
        """The genome nearest to one from elsewhere within the bounds of this space, and the steps that it takes: none
        if it is within them. It may still be too large. Raises InvalidGenome if there is none that is like it."""
        ...

    def distance(self, a: G, b: G) -> float:
        """How different two genomes are: symmetric, 0 for equal ones, at most 1."""
        ...

    def blueprint(self, genome: G) -> Blueprint:
        """The network that `genome` encodes. Raises InvalidGenome with the reason if it cannot be built here."""
        ...

    def parse(self, text: str) -> G:
        """The genome of a line of notation, whether or not it is within the bounds of this space. Raises InvalidGenome
        naming a word or value that does not exist."""
        ...

    def read(self, data: JsonObject) -> G:
        """The genome of its JSON, whether or not it is within the bounds of this space. Raises InvalidGenome."""
        ...


class NetworkSpace(SearchSpace[G], Protocol[G]):
    """A search space of networks that are trained. Their genomes have recipes."""

    @classmethod
    def for_images(cls, input_shape: Shape, classes: int, limits: Limits, alphabet: Alphabet) -> Self:
        """The space for images of that shape, (height, width, channels).

        classes: their number, at least 2. limits: of its networks. alphabet: kinds of layers and the bounds of all
        genes, as far as the encoding has such.
        """
        ...

    @property
    def limits(self) -> Limits: ...
    def with_limits(self, limits: Limits) -> Self:
        """The same space within other limits."""
        ...

    def blueprint(self, genome: G) -> ModelSpec:
        """See `SearchSpace`."""
        ...


class TableSpace(SearchSpace[G], Protocol[G]):
    """A search space of the entries of a table, which nobody trains."""

    @classmethod
    def for_table(cls, table: str, choices: tuple[int, ...], entries: Mapping[str, TableEntry]) -> Self:
        """The space of the table of that name.

        choices: number of options of each gene. entries: what is known, by code.
        """
        ...


def recipe_of(genome: Genome) -> Recipe:
    """The recipe that a network is trained with. Raises InvalidGenome for a genome that has none."""
    if genome.recipe is None:
        raise InvalidGenome(f"a genome of the encoding '{genome.kind}' has no training recipe, so it cannot be trained")
    return genome.recipe


def with_genes(space: SearchSpace[G], genome: G, genes: Mapping[str, Json]) -> G:
    """The genome with other values of some genes of its recipe; itself if it has these. Raises InvalidGenome for a
    genome without a recipe."""
    recipe = recipe_of(genome).to_json()
    if all(recipe[name] == value for name, value in genes.items()):
        return genome
    return space.read({**genome.to_json(), "recipe": {**recipe, **genes}})


def candidate_key(genome: Genome, blueprint: Blueprint) -> str:
    """SHA-256 of network and recipe: two genomes with one key are the same candidate."""
    return _key(blueprint, genome.recipe.to_json() if genome.recipe else {})


def twin_key(genome: Genome, blueprint: Blueprint, genes: Mapping[str, Json]) -> str:
    """That of the same candidate with other values of some genes of its recipe, whether or not a search allows them.
    Raises InvalidGenome for a genome without a recipe."""
    return _key(blueprint, {**recipe_of(genome).to_json(), **genes})


def _key(blueprint: Blueprint, recipe: JsonObject) -> str:
    told = json.dumps(recipe, sort_keys=True)
    return hashlib.sha256(f"{blueprint.fingerprint} {told}".encode()).hexdigest()


# Kind of encoding -> its search space, named by path so that nothing is imported before it is used.
SPACES = {
    "stack": "genomes.stack.space:StackSpace",
    "graph": "genomes.graph.space:GraphSpace",
    "choices": "genomes.choices:ChoicesSpace",
    "pool": "genomes.pool:PoolSpace",
}


def space_class(kind: str) -> Any:
    """The class registered for a kind of encoding, a `SearchSpace` of its own genomes. Raises
    KeyError for an unknown kind."""
    return resolve_name(SPACES[kind])
