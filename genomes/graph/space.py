"""The graph encoding: layers in any graph without a circle, repeated or not, a head, and a training recipe.

A graph begins as small as can be, the image and a head, or as the chain of a layer stack, and grows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, ClassVar

from genomes.genome import NetworkSpace, Variation
from genomes.graph import graph_notation as notation
from genomes.graph.building import add_graph
from genomes.graph.crossing import cross_graphs
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.operators import connect, mutate_graph
from genomes.graph.structure import IMAGE, Edge, Repeats, Vertex, graph_of, of_stack
from genomes.json_value import JsonObject
from genomes.layer import Layer, distance
from genomes.layer_space import TRIES, LayerSpace
from genomes.layers import Flatten
from genomes.notation import check_recipe
from genomes.primitives import InvalidGenome
from genomes.recipe import Recipe, recipe_distance
from genomes.spec import ModelSpec, SpecBuilder
from genomes.stack.clamping import clamp_stack
from genomes.stack.drawing import as_wide, random_stack
from genomes.stack.founders import FOUNDERS, GROUPS
from genomes.stack.space import edit_distance
from genomes.steps import Step

MINIMAL = "out < image | global_average | adam 0.001, batch 64"


@dataclass(frozen=True)
class GraphSpace(LayerSpace[GraphGenome]):
    """All graphs of layers that fit the images and stay within the limits."""

    kind: ClassVar[str] = "graph"
    founders: ClassVar[Mapping[str, str]] = {**FOUNDERS, "minimal": MINIMAL}
    founder_groups: ClassVar[Mapping[str, tuple[str, ...]]] = GROUPS

    def random(self, rng: Random) -> Variation[GraphGenome]:
        """A random chain with up to three more edges, made narrower if it is too large; a small chain if that does not
        help either. Raises InvalidGenome if not even those fit."""
        for attempt in range(20 * TRIES):
            small = attempt >= TRIES
            layers, recipe = random_stack(rng, self.alphabet, small=small)
            genome = GraphGenome(*of_stack(layers), recipe)
            for _ in range(0 if small else rng.randint(0, 3)):
                genome, _step = connect(genome, rng, self.alphabet)
            if found := self.narrowed(genome):
                return Variation(found.genome, (Step("random", {}, "random network"), *found.steps), found.blueprint)
        raise InvalidGenome(f"no graph fits the limits of this search: {self.problem(genome)}")

    def mutate(self, genome: GraphGenome, rng: Random) -> Variation[GraphGenome]:
        """One operator, sometimes two or three; a recipe gene changes if nothing else fits, and a random graph is
        drawn where not even that can change."""
        times = 1 + (rng.random() < 0.4) + (rng.random() < 0.15)
        return self._first_valid(lambda: mutate_graph(genome, times, rng, self.alphabet), genome, rng)

    def crossover(self, a: GraphGenome, b: GraphGenome, rng: Random) -> Variation[GraphGenome]:
        """See `cross_graphs`."""
        return self._first_valid(lambda: cross_graphs(a, b, rng), a, rng)

    def _first_valid(
        self, draw: Callable[[], tuple[GraphGenome, tuple[Step, ...]]], parent: GraphGenome, rng: Random
    ) -> Variation[GraphGenome]:
        return self.first_valid(draw, lambda: mutate_graph(parent, 1, rng, self.alphabet, only="recipe"), parent, rng)

    def scaled(self, genome: GraphGenome, share: float) -> GraphGenome:
        vertices = [replace(one, layer=one.layer and as_wide(one.layer, share, self.alphabet)) for one in _all(genome)]
        head = tuple(as_wide(layer, share, self.alphabet) for layer in genome.head)
        return replace(genome, graph=graph_of(vertices, genome.graph.edges), head=head)

    def clamp(self, genome: GraphGenome) -> Variation[GraphGenome]:
        """Layers and recipe within the bounds of the alphabet; a vertex whose kind is off hands on what it reads."""
        layers = [one.layer for one in _all(genome) if one.layer is not None]
        marks = [one.mark for one in _all(genome) if one.layer is not None]
        clamped = [self.alphabet.clamp(layer) for layer in layers]
        kept, recipe, steps = clamp_stack((*layers, *genome.head), genome.recipe, self.alphabet)
        fitting = dict(zip(marks, clamped, strict=True))
        vertices = [replace(one, layer=fitting.get(one.mark)) for one in _all(genome)]
        head = kept[len([one for one in clamped if one is not None]) :]
        return Variation(GraphGenome(graph_of(vertices, genome.graph.edges), head, recipe, genome.repeats), steps)

    def distance(self, a: GraphGenome, b: GraphGenome) -> float:
        """Layers of the same mark by what they are, those that only one has as wholly different (1/2); edges likewise
        (1/5); heads and repeats (1/10); recipes (1/5)."""
        heads = edit_distance(a.head, b.head) / max(len(a.head), len(b.head))
        behind = 0.5 * heads + 0.5 * (a.repeats != b.repeats)
        edges = _apart(set(a.graph.edges), set(b.graph.edges))
        layers, recipes = _layers_apart(a, b), recipe_distance(a.recipe, b.recipe)
        return 0.5 * layers + 0.2 * edges + 0.1 * behind + 0.2 * recipes

    def blueprint(self, genome: GraphGenome) -> ModelSpec:
        layers = [vertex.layer for vertex in genome.graph.live() if vertex.layer is not None]
        if (count := genome.repeats.layers(len(layers)) + len(genome.head)) > self.limits.max_layers:
            raise InvalidGenome(f"{count} layers, more than max_layers={self.limits.max_layers}")
        if problem := genome.recipe.problem(self.alphabet.recipe):
            raise InvalidGenome(problem)
        self._check(layers, genome.head)
        net = SpecBuilder(self.input_shape)
        add_graph(net, genome, self.alphabet)
        for place, layer in enumerate(genome.head, start=1):
            with net.part(str(layer), layer.begins_stage, f"head_{place}"):
                layer.expand(net)
        self.add_classes(net)
        return self.limits.check(net.spec(), genome.recipe.batch_size)

    def _check(self, layers: list[Layer], head: tuple[Layer, ...]) -> None:
        """Raises InvalidGenome for layers that cannot stand where they do, or are not in the alphabet."""
        if not head or not isinstance(head[0], Flatten):
            raise InvalidGenome("no flattening; behind the graph stands 'flatten', 'global_average' or 'global_max'")
        for layer, place in [*((one, "body") for one in layers), *((one, "head") for one in head[1:])]:
            if place not in layer.place:
                where = "before" if place == "body" else "behind"
                raise InvalidGenome(f"layer {layer} cannot stand {where} the flattening")
        for layer in (*layers, *head):
            if problem := self.alphabet.problem(layer):
                raise InvalidGenome(problem)

    def parse(self, text: str) -> GraphGenome:
        return GraphGenome(*notation.read(text, self.alphabet))

    def read(self, data: JsonObject) -> GraphGenome:
        told: Mapping[str, Any] = data
        try:
            vertices = [
                Vertex(one["mark"], None if one["layer"] is None else self.read_layer(dict(one["layer"])), one["merge"])
                for one in told["vertices"]
            ]
            edges = _edges(told)
            recipe = check_recipe(Recipe.from_json(told["recipe"]), self.alphabet)
            repeats = Repeats(**told["repeats"])
            if problem := repeats.problem():
                raise InvalidGenome(problem)
            head = tuple(self.read_layer(dict(layer)) for layer in told["head"])
            return GraphGenome(graph_of(vertices, edges), head, recipe, repeats)
        except InvalidGenome:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidGenome(f"not the JSON of a graph: {error}") from None


def _all(genome: GraphGenome) -> tuple[Vertex, ...]:
    return genome.graph.vertices


def _edges(told: Mapping[str, Any]) -> list[Edge]:
    """Those of a graph in JSON. Before version 0.20 vertices read others in the order in which these stand."""
    if "edges" not in told:
        return [(source, one["mark"]) for one in told["vertices"] for source in one["reads"]]
    order = {IMAGE: -1, **{one["mark"]: at for at, one in enumerate(told["vertices"])}}
    return sorted(((source, target) for source, target in told["edges"]), key=lambda edge: order[edge[0]])


def _apart(a: set[Any], b: set[Any]) -> float:
    """The share that only one of two sets has."""
    return len(a ^ b) / len(a | b) if a or b else 0.0


def _layers_apart(a: GraphGenome, b: GraphGenome) -> float:
    mine, theirs = a.graph.by_mark, b.graph.by_mark
    apart = 0.0
    for mark in sorted(mine.keys() | theirs.keys()):  # sums depend on their order
        one, other = mine.get(mark), theirs.get(mark)
        if one is None or other is None:
            apart += 1
        elif one.layer is not None and other.layer is not None:
            apart += 0.8 * distance(one.layer, other.layer) + 0.2 * (one.merge != other.merge)
        else:
            apart += 0.8 * (one.layer is not other.layer) + 0.2 * (one.merge != other.merge)
    return apart / len(mine.keys() | theirs.keys())


# Elsewhere the class is known through the registry only; here mypy holds it to the contract.
_: type[NetworkSpace[GraphGenome]] = GraphSpace
