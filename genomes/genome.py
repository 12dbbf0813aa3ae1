"""The contracts of an encoding: Genome, Blueprint and SearchSpace, and the registry of kinds.

An encoding is a pair of classes: a genome (an immutable value) and the search space that varies such genomes. To add
one, write both and name the space in `SPACES`; the suite in tests/contracts then holds it to what is written here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from random import Random
from typing import Any, ClassVar, Protocol, TypeVar

from genomes.primitives import InvalidGenome as InvalidGenome
from genomes.steps import Step

G = TypeVar("G", bound="Genome")


class Genome(Protocol):
    """An architecture together with its training recipe, as genes. Immutable and hashable.

    kind: the encoding it belongs to.
    """

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """JSON from which the search space's `read` restores an equal genome."""
        ...

    def notation(self) -> str:
        """One line of text from which the search space's `parse` restores an equal genome."""
        ...

    def recipe_json(self) -> dict[str, Any]:
        """The training recipe alone; empty where the encoding has none."""
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
    def to_json(self) -> Any:
        """What a job carries to the worker."""
        ...


@dataclass(frozen=True)
class Variation:
    """A genome that a search space made, the steps that made it, in order, and its network where the space worked that
    out anyway."""

    genome: Any
    steps: tuple[Step, ...]
    blueprint: Blueprint | None = field(default=None, compare=False, repr=False)


class SearchSpace(Protocol):
    """The genomes of one encoding that fit one problem, and how they vary.

    Whatever `random`, `mutate` and `crossover` return is valid: `blueprint` does not raise for it. All randomness
    comes from the generator that is passed in.

    founders: genomes of this encoding that are worth starting from, name -> notation; some may not fit this problem.
    founder_groups: founders that can be asked for by one name, name of the group -> names.
    """

    kind: ClassVar[str]
    founders: ClassVar[Mapping[str, str]]
    founder_groups: ClassVar[Mapping[str, tuple[str, ...]]]

    def random(self, rng: Random) -> Variation:
        """A genome from nothing."""
        ...

    def mutate(self, genome: Any, rng: Random) -> Variation:
        """A neighbour of `genome`."""
        ...

    def crossover(self, a: Any, b: Any, rng: Random) -> Variation:
        """A child of two genomes."""
        ...

    def narrowed(self, genome: Any) -> Variation | None:
        """A genome like this one that is small enough for the limits of this space, or None."""
        ...

    def widened(self, genome: Any) -> Variation | None:
        """A genome like this one that makes as much as it can of the limits of this space, or None."""
        ...

    def distance(self, a: Any, b: Any) -> float:
        """How different two genomes are: symmetric, 0 for equal ones, at most 1."""
        ...

    def blueprint(self, genome: Any) -> Blueprint:
        """The network that `genome` encodes. Raises InvalidGenome with the reason if it cannot be built here."""
        ...

    def parse(self, text: str) -> Any:
        """The genome of a line of notation. Raises InvalidGenome naming the word that is wrong."""
        ...

    def read(self, data: dict[str, Any]) -> Any:
        """The genome of its JSON. Raises InvalidGenome."""
        ...


def candidate_key(genome: Genome, blueprint: Blueprint) -> str:
    """SHA-256 of network and recipe: two genomes with one key are the same candidate."""
    recipe = json.dumps(genome.recipe_json(), sort_keys=True)
    return hashlib.sha256(f"{blueprint.fingerprint} {recipe}".encode()).hexdigest()


# Kind of encoding -> its search space, named by path so that nothing is imported before it is used.
SPACES = {"stack": "genomes.stack.space:StackSpace", "choices": "genomes.choices:ChoicesSpace"}


def space_class(kind: str) -> Any:
    """The search space class registered for a kind of encoding. Raises KeyError for an unknown kind."""
    module, _, name = SPACES[kind].partition(":")
    return getattr(import_module(module), name)
