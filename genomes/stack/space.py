"""The layer-stack encoding: a list of layer genes and a training recipe.

A stack is a body of layers over feature maps, exactly one flattening, and a head of layers over vectors. The output
layer (dense to the classes, softmax) is not a gene: every stack ends in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from genomes import notation
from genomes.genome import NetworkSpace, Variation
from genomes.json_value import JsonObject
from genomes.layer import Layer, distance
from genomes.layer_space import TRIES, LayerSpace
from genomes.layers import Flatten
from genomes.primitives import InvalidGenome
from genomes.recipe import Recipe, recipe_distance
from genomes.spec import ModelSpec, SpecBuilder
from genomes.stack.clamping import clamp_stack
from genomes.stack.drawing import as_wide, random_stack
from genomes.stack.founders import FOUNDERS, GROUPS
from genomes.stack.operators import cross_stacks, mutate_stack
from genomes.steps import Step


@dataclass(frozen=True)
class StackGenome:
    """Layers in order, and the recipe that trains them."""

    kind: ClassVar[str] = "stack"
    layers: tuple[Layer, ...]
    recipe: Recipe

    def to_json(self) -> JsonObject:
        layers = [layer.to_json() for layer in self.layers]
        return {"kind": self.kind, "layers": layers, "recipe": self.recipe.to_json()}

    def notation(self) -> str:
        return notation.write(self.layers, self.recipe)


Made = tuple[StackGenome, tuple[Step, ...]]


@dataclass(frozen=True)
class StackSpace(LayerSpace[StackGenome]):
    """All layer stacks that fit the images and stay within the limits."""

    kind: ClassVar[str] = "stack"
    founders: ClassVar[Mapping[str, str]] = FOUNDERS
    founder_groups: ClassVar[Mapping[str, tuple[str, ...]]] = GROUPS

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
        return self._first_valid(lambda: self._mutant(genome, times, rng), genome, rng)

    def crossover(self, a: StackGenome, b: StackGenome, rng: Random) -> Variation[StackGenome]:
        """One-point crossover of stacks of different length, anywhere or between stages; recipes mix gene by gene."""
        return self._first_valid(lambda: self._child(a, b, rng), a, rng)

    def _mutant(self, genome: StackGenome, times: int, rng: Random, only: str | None = None) -> Made:
        layers, recipe, steps = mutate_stack(genome.layers, genome.recipe, times, rng, self.alphabet, only)
        return StackGenome(layers, recipe), steps

    def _child(self, a: StackGenome, b: StackGenome, rng: Random) -> Made:
        layers, recipe, steps = cross_stacks((a.layers, a.recipe), (b.layers, b.recipe), rng)
        return StackGenome(layers, recipe), steps

    def _first_valid(self, draw: Callable[[], Made], parent: StackGenome, rng: Random) -> Variation[StackGenome]:
        return self.first_valid(draw, lambda: self._mutant(parent, 1, rng, only="recipe"), parent, rng)

    def scaled(self, genome: StackGenome, share: float) -> StackGenome:
        return StackGenome(tuple(as_wide(gene, share, self.alphabet) for gene in genome.layers), genome.recipe)

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
        self.add_classes(net)
        return self.limits.check(net.spec(), genome.recipe.batch_size)

    def parse(self, text: str) -> StackGenome:
        return StackGenome(*notation.read(text, self.alphabet))

    def read(self, data: JsonObject) -> StackGenome:
        told: Mapping[str, Any] = data
        try:
            layers = tuple(self.read_layer(dict(gene)) for gene in told["layers"])
            return StackGenome(layers, notation.check_recipe(Recipe.from_json(told["recipe"]), self.alphabet))
        except InvalidGenome:
            raise
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidGenome(f"not the JSON of a layer stack: {error}") from None


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
