"""Graphs that are put together from modules: a blueprint, whose vertices stand for species of modules, and a module of
each of these (Miikkulainen et al. 2017, "Evolving Deep Neural Networks", https://arxiv.org/abs/1703.00548).

Both are graph genomes themselves, so that operators, marks and crossover are those of graphs. Head and recipe of a
module say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, ClassVar

from genomes.alphabet import Alphabet
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.operators import OPERATORS, live_edges, mutate_graph
from genomes.graph.structure import IMAGE, OUT, Edge, Graph, Vertex, chain_of, graph_of, mark_of_split
from genomes.layer import BODY, Layer
from genomes.layers import Flatten
from genomes.recipe import DEFAULT

HEAD = (Flatten("global_average"),)  # of modules, where it says nothing
OF_MODULES = ("split", "stage", "connect", "disconnect", "remove", "change", "exchange", "merge", "width")
OF_BLUEPRINTS = ("connect", "disconnect", "merge", "head", "recipe")


@dataclass(frozen=True)
class Slot(Layer):
    """Stands for a module of a species, in a blueprint. No alphabet has it, and no network."""

    kind: ClassVar[str] = "slot"
    place: ClassVar[frozenset[str]] = BODY
    species: int = 0


def module_of(layers: Sequence[Layer]) -> GraphGenome:
    """The module that is a chain of layers."""
    return GraphGenome(chain_of(layers), HEAD, DEFAULT)


def taken_apart(genome: GraphGenome) -> tuple[GraphGenome, list[GraphGenome]]:
    """The blueprint and the modules that a network is made of. A chain is cut behind each layer that makes maps smaller
    and what follows it up to the next features; anything else is one module. Slot number k stands for module k."""
    layers = tuple(vertex.layer for vertex in genome.graph.live() if vertex.layer is not None)
    if genome.graph == chain_of(layers):
        modules = [module_of(part) for part in _parts(layers)]
    else:
        modules = [GraphGenome(genome.graph, HEAD, DEFAULT)]
    slots = [Slot(number) for number in range(len(modules))]
    return replace(genome, graph=chain_of(slots)), modules


def _parts(layers: Sequence[Layer]) -> list[list[Layer]]:
    parts: list[list[Layer]] = [[]]
    smaller = False
    for layer in layers:
        if layer.role == "features" and smaller:
            parts.append([])
            smaller = False
        parts[-1].append(layer)
        pools = layer.role == "pooling" and getattr(layer, "stride", 0) != 1
        smaller = smaller or pools or getattr(layer, "stride", 1) > 1
    return [part for part in parts if part]


def assembled(blueprint: GraphGenome, modules: Mapping[int, GraphGenome]) -> GraphGenome:
    """The network of a blueprint with, in each of its slots, the module of the slot's species. Marks of vertices are
    those of the slot and of the module, one behind the other."""
    vertices, edges, ends = list[Vertex](), list[Edge](), {IMAGE: IMAGE}
    for vertex in blueprint.graph.live():
        sources = [ends[one] for one in blueprint.graph.sources(vertex.mark) if one in ends]
        vertices.append(Vertex(vertex.mark, None, vertex.merge))
        edges += [(source, vertex.mark) for source in sources]
        ends[vertex.mark] = vertex.mark
        if isinstance(vertex.layer, Slot):
            inner, edges_of_inner = _within(vertex.mark, modules[vertex.layer.species].graph)
            vertices += inner
            edges += edges_of_inner
            ends[vertex.mark] = f"{vertex.mark}{OUT}"
    return replace(blueprint, graph=_short(graph_of(vertices, edges)))


def _within(slot: str, graph: Graph) -> tuple[list[Vertex], list[Edge]]:
    """A module in a slot, whose mark is that of what it reads."""
    live = graph.live()
    marks = {IMAGE: slot, **{vertex.mark: f"{slot}{vertex.mark}" for vertex in live}}
    vertices = [replace(vertex, mark=marks[vertex.mark]) for vertex in live]
    edges = [(marks[source], marks[target]) for source, target in graph.edges if {source, target} <= marks.keys()]
    return vertices, edges


def _short(graph: Graph) -> Graph:
    """The graph without vertices that hand on what they read."""
    idle = {one.mark for one in graph.vertices if one.layer is None and len(graph.sources(one.mark)) == 1} - {OUT}

    def source_of(mark: str) -> str:
        while mark in idle:
            [mark] = graph.sources(mark)
        return mark

    vertices = [one for one in graph.vertices if one.mark not in idle]
    edges = [(source_of(source), target) for source, target in graph.edges if target not in idle]
    return graph_of(vertices, edges)


def mutate_module(module: GraphGenome, rng: Random, alphabet: Alphabet) -> GraphGenome:
    """A module with one operator of graphs, sometimes two."""
    for _ in range(1 + (rng.random() < 0.3)):
        module, _steps = mutate_graph(module, 1, rng, alphabet, only=_drawn(OF_MODULES, rng))
    return module


def mutate_blueprint(blueprint: GraphGenome, species: Sequence[int], rng: Random, alphabet: Alphabet) -> GraphGenome:
    """A blueprint with one change, sometimes two: a slot more or less, one for another species, or what operators of
    graphs do."""
    for _ in range(1 + (rng.random() < 0.3)):
        change = rng.choice((_more, _less, _another, _other, _other))
        blueprint = change(blueprint, species, rng, alphabet)
    return blueprint


def _more(blueprint: GraphGenome, species: Sequence[int], rng: Random, alphabet: Alphabet) -> GraphGenome:
    graph = blueprint.graph
    edge = rng.choice(live_edges(graph))
    slot = Slot(rng.choice(species))
    mark = mark_of_split(edge, slot.role, [vertex.mark for vertex in graph.vertices])
    return replace(blueprint, graph=graph_of([*graph.vertices, Vertex(mark, slot)], graph.split_edges(edge, [mark])))


def _less(blueprint: GraphGenome, species: Sequence[int], rng: Random, alphabet: Alphabet) -> GraphGenome:
    graph = blueprint.graph
    slots = [vertex for vertex in graph.live() if vertex.layer is not None]
    if len(slots) < 2:
        return blueprint
    gone = rng.choice(slots)
    left = [one for one in graph.vertices if one != gone]
    return replace(blueprint, graph=graph_of(left, graph.edges_without(gone.mark)))


def _another(blueprint: GraphGenome, species: Sequence[int], rng: Random, alphabet: Alphabet) -> GraphGenome:
    slots = [vertex for vertex in blueprint.graph.live() if vertex.layer is not None]
    if not slots:
        return blueprint
    changed = rng.choice(slots)
    return pointing(blueprint, {changed.mark: rng.choice(species)})


def _other(blueprint: GraphGenome, species: Sequence[int], rng: Random, alphabet: Alphabet) -> GraphGenome:
    return mutate_graph(blueprint, 1, rng, alphabet, only=_drawn(OF_BLUEPRINTS, rng))[0]


def _drawn(names: Sequence[str], rng: Random) -> str:
    return rng.choices(names, weights=[OPERATORS[name][0] for name in names])[0]


def pointing(blueprint: GraphGenome, species: Mapping[str, int]) -> GraphGenome:
    """A blueprint whose slots of these marks stand for other species."""
    vertices = [
        replace(one, layer=Slot(species[one.mark])) if one.mark in species else one for one in blueprint.graph.vertices
    ]
    return replace(blueprint, graph=graph_of(vertices, blueprint.graph.edges))


def slots_of(blueprint: GraphGenome) -> dict[str, int]:
    """The species of each slot of a blueprint, dead ones too, by its mark."""
    return {one.mark: one.layer.species for one in blueprint.graph.vertices if isinstance(one.layer, Slot)}


def blueprint_distance(a: GraphGenome, b: GraphGenome) -> float:
    """The share of slots, by mark and species, and of edges that only one has, and how much else differs; 0 to 1."""
    mine, theirs = (set(slots_of(one).items()) for one in (a, b))
    parts = [_apart(mine, theirs), _apart(set(a.graph.edges), set(b.graph.edges))]
    return 0.5 * parts[0] + 0.3 * parts[1] + 0.1 * (a.head != b.head) + 0.1 * (a.recipe != b.recipe)


def _apart(a: set[Any], b: set[Any]) -> float:
    return len(a ^ b) / len(a | b) if a or b else 0.0
