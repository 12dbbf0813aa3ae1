"""The layer-stack encoding: a list of layer genes and a training recipe.

A stack is a body of layers over feature maps, exactly one flattening, and a head of layers over vectors. The output
layer (dense to the classes, softmax) is not a gene: every stack ends in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, ClassVar, Self

from genomes import notation
from genomes.alphabet import Alphabet, full_alphabet
from genomes.domains import genes_of
from genomes.genome import NetworkSpace, Variation
from genomes.json_value import JsonObject
from genomes.layer import Layer, distance
from genomes.layers import Flatten
from genomes.limits import Limits
from genomes.primitives import InvalidGenome, Shape
from genomes.recipe import Recipe, recipe_distance
from genomes.spec import ModelSpec, SpecBuilder
from genomes.stack.clamping import clamp_stack
from genomes.stack.drawing import as_wide, random_stack
from genomes.stack.founders import FOUNDERS, GROUPS
from genomes.stack.operators import cross_stacks, mutate_stack
from genomes.steps import Step

TRIES = 30
# Widths at which a stack that may be larger is tried, and one that is too large.
WIDER = (8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.75, 1.5, 1.25)
SHARES = (1.0, 0.75, 0.5, 0.375, 0.25, 0.1875, 0.125)


@dataclass(frozen=True)
class StackGenome:
    """Layers in order, and the recipe that trains them."""

    kind: ClassVar[str] = "stack"
    layers: tuple[Layer, ...]
    recipe: Recipe

    def to_json(self) -> JsonObject:
        layers = [
            {"layer": gene.kind, **{f.name: getattr(gene, f.name) for f in genes_of(type(gene))}}
            for gene in self.layers
        ]
        return {"kind": self.kind, "layers": layers, "recipe": self.recipe.to_json()}

    def notation(self) -> str:
        return notation.write(self.layers, self.recipe)


@dataclass(frozen=True)
class StackSpace:
    """All layer stacks that fit images of `input_shape` and stay within the limits.

    input_shape: (height, width, channels).
    classes: number of classes, at least 2.
    limits: how large and how costly a network may be.
    alphabet: kinds of layers and the bounds of all genes.
    """

    kind: ClassVar[str] = "stack"
    settings: ClassVar[frozenset[str]] = frozenset(
        ("layers", "recipe", "max_layers", "fill", "small_births", "small_work", "rungs")
    )
    founders: ClassVar[Mapping[str, str]] = FOUNDERS
    founder_groups: ClassVar[Mapping[str, tuple[str, ...]]] = GROUPS
    input_shape: Shape
    classes: int
    limits: Limits = field(default_factory=Limits)
    alphabet: Alphabet = field(default_factory=full_alphabet, repr=False)

    @classmethod
    def for_images(cls, input_shape: Shape, classes: int, limits: Limits, alphabet: Alphabet) -> Self:
        return cls(input_shape, classes, limits, alphabet)

    def with_limits(self, limits: Limits) -> Self:
        return replace(self, limits=limits)

    def without(self, genome: StackGenome) -> Self:
        return self

    def random(self, rng: Random) -> Variation[StackGenome]:
        """A random stack, made narrower if it is too large; a small one if that does not help either. Raises
        InvalidGenome if not even those fit."""
        for attempt in range(20 * TRIES):
            genome = StackGenome(*random_stack(rng, self.alphabet, small=attempt >= TRIES))
            if found := self.narrowed(genome):
                return Variation(found.genome, (Step("random", {}, "random network"), *found.steps), found.blueprint)
        raise InvalidGenome(f"no stack fits the limits of this search: {self.problem(genome)}")

    def mutate(self, genome: StackGenome, rng: Random) -> Variation[StackGenome]:
        """One operator, sometimes two or three; a recipe gene changes if nothing else fits, and a random stack is
        drawn where not even that can change."""
        times = 1 + (rng.random() < 0.4) + (rng.random() < 0.15)

        def draw() -> tuple[tuple[Layer, ...], Recipe, tuple[Step, ...]]:
            return mutate_stack(genome.layers, genome.recipe, times, rng, self.alphabet)

        return self._first_valid(draw, genome, rng)

    def crossover(self, a: StackGenome, b: StackGenome, rng: Random) -> Variation[StackGenome]:
        """One-point crossover of stacks of different length, anywhere or between stages; recipes mix gene by gene."""
        return self._first_valid(lambda: cross_stacks((a.layers, a.recipe), (b.layers, b.recipe), rng), a, rng)

    def _first_valid(
        self,
        draw: Callable[[], tuple[tuple[Layer, ...], Recipe, tuple[Step, ...]]],
        parent: StackGenome,
        rng: Random,
    ) -> Variation[StackGenome]:
        def another_recipe() -> tuple[tuple[Layer, ...], Recipe, tuple[Step, ...]]:
            return mutate_stack(parent.layers, parent.recipe, 1, rng, self.alphabet, only="recipe")

        for attempt in range(21 * TRIES):
            layers, recipe, steps = draw() if attempt < TRIES else another_recipe()
            child = StackGenome(layers, recipe)
            if child == parent:
                continue
            with suppress(InvalidGenome):
                return Variation(child, steps, self.blueprint(child))
        return self.random(rng)

    def narrowed(self, genome: StackGenome) -> Variation[StackGenome] | None:
        """The widest of this stack and narrower ones that fits the limits of this space, or None."""
        return self._widest(genome, SHARES)

    def widened(self, genome: StackGenome) -> Variation[StackGenome] | None:
        """The widest of those wider than this stack that fits the limits of this space, or None."""
        return self._widest(genome, WIDER)

    def _widest(self, genome: StackGenome, shares: tuple[float, ...]) -> Variation[StackGenome] | None:
        for share in shares:
            found = StackGenome(tuple(as_wide(gene, share, self.alphabet) for gene in genome.layers), genome.recipe)
            if share != 1 and found == genome:
                continue
            with suppress(InvalidGenome):
                scaled = () if share == 1 else (Step("scale", {"factor": share}, f"{share:g} times as wide"),)
                return Variation(found, scaled, self.blueprint(found))
        return None

    def clamp(self, genome: StackGenome) -> Variation[StackGenome]:
        """Layers and recipe within the bounds of the alphabet, and optional layers whose kind is off left out."""
        layers, recipe, steps = clamp_stack(genome.layers, genome.recipe, self.alphabet)
        return Variation(StackGenome(layers, recipe), steps)

    def distance(self, a: StackGenome, b: StackGenome) -> float:
        """Edit distance of the stacks over the longer one's length (3/4), and of the recipes (1/4)."""
        longest = max(len(a.layers), len(b.layers))
        return 0.75 * edit_distance(a.layers, b.layers) / longest + 0.25 * recipe_distance(a.recipe, b.recipe)

    def blueprint(self, genome: StackGenome) -> ModelSpec:
        if len(genome.layers) > self.limits.max_layers:
            raise InvalidGenome(f"{len(genome.layers)} layers, more than max_layers={self.limits.max_layers}")
        if problem := genome.recipe.problem(self.alphabet.recipe):
            raise InvalidGenome(problem)
        net, place = SpecBuilder(self.input_shape), "body"
        for position, gene in enumerate(genome.layers):
            if isinstance(gene, Flatten) and place == "body":
                place = "head"
            elif place not in gene.place:
                where = "before" if place == "body" else "behind"
                raise InvalidGenome(f"layer {position + 1} ({gene}) cannot stand {where} the flattening")
            if problem := self.alphabet.problem(gene):
                raise InvalidGenome(f"layer {position + 1}: {problem}")
            try:
                with net.part(str(gene), gene.begins_stage):
                    gene.expand(net)
            except InvalidGenome as error:
                raise InvalidGenome(f"layer {position + 1} ({gene}): {error}") from None
        if place == "body":
            raise InvalidGenome("no flattening; add 'flatten', 'global_average' or 'global_max' before the first dense")
        net.add("dense", units=self.classes, name="classes")
        net.add("activation", function="softmax", name="probabilities")
        return self.limits.check(net.spec(), genome.recipe.batch_size)

    def problem(self, genome: StackGenome) -> str | None:
        """Why `genome` does not fit this space, or None."""
        try:
            self.blueprint(genome)
        except InvalidGenome as error:
            return str(error)
        return None

    def parse(self, text: str) -> StackGenome:
        return StackGenome(*notation.read(text, self.alphabet))

    def read(self, data: JsonObject) -> StackGenome:
        told: Mapping[str, Any] = data
        try:
            layers = tuple(self._read_layer(dict(gene)) for gene in told["layers"])
            return StackGenome(layers, notation.check_recipe(Recipe(**told["recipe"]), self.alphabet))
        except InvalidGenome:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidGenome(f"not the JSON of a layer stack: {error}") from None

    def _read_layer(self, gene: dict[str, Any]) -> Layer:
        return notation.check_layer(self.alphabet.named(gene.pop("layer"))(**gene), self.alphabet)


def edit_distance(a: tuple[Layer, ...], b: tuple[Layer, ...]) -> float:
    """Levenshtein distance where replacing a layer costs the distance of the two layers."""
    row = [float(column) for column in range(len(b) + 1)]
    for line, left in enumerate(a, start=1):
        above, row[0] = row[0], float(line)
        for column, right in enumerate(b, start=1):
            above, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, above + distance(left, right)),
            )
    return row[-1]


# Elsewhere the class is known through the registry only; here mypy holds it to the contract.
_: type[NetworkSpace[StackGenome]] = StackSpace
