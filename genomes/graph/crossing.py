"""Crossover of graphs: what has the same mark is the same, however far apart the parents are (Stanley and Miikkulainen
2002, "Evolving Neural Networks through Augmenting Topologies", section 3.2).

The child has the graph of one parent; of vertices that both have, with layers of the same role, each comes from either;
and half of the time it has what only the other parent has, too, as far as that closes no circle.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from genomes.graph.graph_genome import GraphGenome
from genomes.graph.structure import Graph, Vertex, graph_of
from genomes.recipe import cross_recipes
from genomes.steps import Step


def cross_graphs(a: GraphGenome, b: GraphGenome, rng: Random) -> tuple[GraphGenome, tuple[Step, ...]]:
    """A child of two genomes."""
    in_order = rng.random() < 0.5
    first, second = (a, b) if in_order else (b, a)
    mine, theirs = first.graph.by_mark, second.graph.by_mark
    common = {mark for mark, one in mine.items() if mark in theirs and one.role == theirs[mark].role}
    vertices = [theirs[mark] if mark in common and rng.random() < 0.5 else one for mark, one in mine.items()]
    graph, both = graph_of(vertices, first.graph.edges), rng.random() < 0.5
    if both:
        graph = _joined(graph, second.graph)
    head = rng.choice((first.head, second.head))
    repeats = rng.choice((first.repeats, second.repeats))
    child = GraphGenome(graph, head, cross_recipes(first.recipe, second.recipe, rng), repeats)
    shared = len(common) - 1
    whose, other = ("first", "second") if in_order else ("second", "first")
    more = f", and what only the {other} has" if both else ""
    text = f"crossover: the graph of the {whose} parent, {shared} layers in common{more}"
    return child, (Step("crossover", {"graph": whose, "in_common": shared, "both": both}, text),)


def _joined(graph: Graph, other: Graph) -> Graph:
    """A graph with the vertices and edges that only the other one has, but for edges that would close a circle."""
    known = graph.by_mark
    vertices: list[Vertex] = [*graph.vertices, *(one for mark, one in other.by_mark.items() if mark not in known)]
    edges = list(graph.edges)
    for edge in other.edges:
        if edge not in edges and not replace(graph, edges=tuple(edges)).leads_back(edge):
            edges.append(edge)
    return graph_of(vertices, edges)
