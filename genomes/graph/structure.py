"""Graphs of layers: vertices with historical marks, edges between them, and no circle.

A mark says how a vertex came to be: it is derived from the edge that was split for it and from the role of the layer,
so that the same split has the same mark whenever and in whichever genome it happens, and homologous parts are found by
their marks (Stanley and Miikkulainen 2002, "Evolving Neural Networks through Augmenting Topologies", section 3.2,
https://nn.cs.utexas.edu/?stanley:ec02). There is nothing to be counted, so nothing that a replay would have to restore.
In a chain that begins a search a layer has the mark of its role and number: `f3` is the third that makes features.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from genomes.domains import Options, Whole
from genomes.genes import gene, genes_of
from genomes.layer import Layer
from genomes.layers import Flatten
from genomes.primitives import InvalidGenome

IMAGE, OUT = "image", "out"  # marks of what the graph reads and of what it hands on
NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")  # of a vertex
LETTERS = 6  # of a mark, behind that of its role: of a thousand of one role two are alike in one of 600 runs
MERGES = ("add", "concatenate")
Edge = tuple[str, str]
"""The marks of the vertex that it comes from and of the one that it leads to."""


@dataclass(frozen=True)
class Vertex:
    """A layer and how what it reads is merged, if it reads several. layer: None for one that merges and does nothing
    else."""

    mark: str
    layer: Layer | None
    merge: str = "add"

    @property
    def role(self) -> str:
        """That of its layer, see `Layer.role`."""
        return self.layer.role if self.layer else "merge"


@dataclass(frozen=True)
class Graph:
    """Vertices in an order in which edges lead forward, ties in the order of their marks; the last one is `OUT`. Edges
    in the order of the vertices that they lead to: of one that concatenates in the order of the channels, else in that
    of the vertices that they come from. Made by `graph_of` alone."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]

    @property
    def by_mark(self) -> dict[str, Vertex]:
        return {vertex.mark: vertex for vertex in self.vertices}

    def sources(self, mark: str) -> list[str]:
        """What a vertex reads, in the order in which it is concatenated; added in that of the vertices, the image
        first."""
        return [source for source, target in self.edges if target == mark]

    def live(self) -> tuple[Vertex, ...]:
        """The vertices that lie on a way from the image to the end. The others are of no use now, and stay in the
        genome: a new edge may bring them back."""
        ahead, behind = _reached(IMAGE, self.edges), _reached(OUT, [(target, source) for source, target in self.edges])
        return tuple(vertex for vertex in self.vertices if vertex.mark in ahead and vertex.mark in behind)

    def leads_back(self, edge: Edge) -> bool:
        """Whether a new edge would close a circle."""
        source, target = edge
        return source == target or source in _reached(target, self.edges)

    def split_edges(self, edge: Edge, marks: Sequence[str]) -> list[Edge]:
        """Its edges with new vertices on one of them, one behind the other."""
        ways = [edge[0], *marks]
        within = [(marks[-1], one[1]) if one == edge else one for one in self.edges]
        return [*within, *zip(ways, marks, strict=False)]

    def edges_without(self, mark: str) -> list[Edge]:
        """Its edges without a vertex: what it read is read, in its place, by those that read it."""
        sources = self.sources(mark)
        return [
            (source, target)
            for before, target in self.edges
            if target != mark
            for source in (sources if before == mark else [before])
        ]


@dataclass(frozen=True)
class Repeats:
    """How often a graph stands behind itself. growth: how many times as wide each one is as the one before; pooling:
    size of the largest value of which is taken between two, 1 for none."""

    times: int = gene(Whole(1, 6, typical=(1, 2, 3, 4)), default=1)
    pooling: int = gene(Whole(1, 4, typical=(1, 2, 2)), default=2)
    growth: float = gene(Options((1.0, 1.5, 2.0)), default=1.0)

    def layers(self, of_graph: int) -> int:
        """How many layers that makes of those of the graph, with the poolings between."""
        return self.times * of_graph + (self.times - 1) * (self.pooling > 1)

    def problem(self) -> str | None:
        """The first value outside its bounds, in words, or None."""
        for f in genes_of(Repeats):
            if problem := f.metadata["domain"].problem(getattr(self, f.name)):
                return f"{f.name} {problem}"
        return None


ONCE = Repeats()


def graph_of(vertices: Iterable[Vertex], edges: Iterable[Edge]) -> Graph:
    """The graph of these vertices and edges, `OUT` among them, in its one order. Edges to a vertex that concatenates
    stay in theirs. Raises InvalidGenome for a mark that two vertices have or none has, for a circle, and where no way
    leads from the image to the end."""
    known: dict[str, Vertex] = {}
    for vertex in vertices:
        if not NAME.fullmatch(vertex.mark):
            raise InvalidGenome(f"a vertex is called '{vertex.mark}'; a name is letters and digits, a letter first")
        if vertex.mark == IMAGE:
            raise InvalidGenome(f"a vertex is called '{IMAGE}', as what is read first is; give it another name")
        if vertex.merge not in MERGES:
            raise InvalidGenome(f"vertex '{vertex.mark}' merges by '{vertex.merge}'; known are {', '.join(MERGES)}")
        if vertex.mark in known:
            raise InvalidGenome(f"two vertices are called '{vertex.mark}'; give one of them another name")
        known[vertex.mark] = vertex
    unique = list(dict.fromkeys(edges))
    for source, target in unique:
        for mark in (source, target):
            if mark not in known and mark != IMAGE:
                raise InvalidGenome(f"'{source}' -> '{target}': there is no vertex '{mark}'; known are {_names(known)}")
        if target == IMAGE or source == OUT:
            raise InvalidGenome(f"'{source}' -> '{target}': nothing leads to the image or away from '{OUT}'")
    order = _in_order(known, unique)
    place = {IMAGE: -1, **{vertex.mark: at for at, vertex in enumerate(order)}}

    def placed(edge: Edge) -> tuple[int, int]:
        source, target = edge
        return place[target], place[source] if known[target].merge == "add" else 0

    made = Graph(order, tuple(sorted(unique, key=placed)))
    if OUT not in {vertex.mark for vertex in made.live()}:
        raise InvalidGenome(f"no way leads from the image to '{OUT}'; add an edge to it")
    return made


def mark_of_split(edge: Edge, role: str, taken: Iterable[str]) -> str:
    """The mark of the vertex that splits an edge by a layer of a role: the letter of that and others; another one if
    that is there, as the edge was split before."""
    known, text, times = set(taken), f"{edge[0]} {edge[1]} {role}", 1
    while (mark := f"{role[0]}{_letters(f'{text} {times}')}") in known:
        times += 1
    return mark


def chain_of(layers: Iterable[Layer]) -> Graph:
    """Layers one behind the other, with the letter of their role and its number as marks."""
    last, vertices, edges = IMAGE, list[Vertex](), list[Edge]()
    numbers = Counter[str]()
    for layer in layers:
        letter = layer.role[0]
        numbers[letter] += 1
        mark = f"{letter}{numbers[letter]}"
        vertices.append(Vertex(mark, layer))
        edges.append((last, mark))
        last = mark
    return graph_of([*vertices, Vertex(OUT, None)], [*edges, (last, OUT)])


def of_stack(layers: tuple[Layer, ...]) -> tuple[Graph, tuple[Layer, ...]]:
    """The body of a layer stack as a chain, and its flattening and what stands behind that."""
    border = next((at for at, layer in enumerate(layers) if isinstance(layer, Flatten)), len(layers))
    return chain_of(layers[:border]), layers[border:]


def _letters(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    letters = ""
    for _ in range(LETTERS):
        number, digit = divmod(number, 26)
        letters += chr(ord("a") + digit)
    return letters


def _reached(start: str, edges: Iterable[Edge]) -> set[str]:
    """What can be reached from there, itself included."""
    following: dict[str, list[str]] = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    found, waiting = {start}, [start]
    while waiting:
        for target in following.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _in_order(known: Mapping[str, Vertex], edges: Iterable[Edge]) -> tuple[Vertex, ...]:
    """Vertices behind all that they read; of those that could come next the first by its mark, `OUT` last. Raises
    InvalidGenome for a circle."""
    missing, readers = dict.fromkeys(known, 0), dict[str, list[str]]()
    for source, target in edges:
        if source != IMAGE:
            missing[target] += 1
            readers.setdefault(source, []).append(target)
    ready = [mark for mark, count in missing.items() if count == 0 and mark != OUT]
    heapify(ready)
    order: list[Vertex] = []
    while ready:
        mark = heappop(ready)
        order.append(known[mark])
        for reader in readers.get(mark, ()):
            missing[reader] -= 1
            if missing[reader] == 0 and reader != OUT:
                heappush(ready, reader)
    if len(order) < len(known) - 1:
        left = sorted(set(known) - {vertex.mark for vertex in order} - {OUT})
        raise InvalidGenome(f"{' and '.join(left)} lie on a circle or behind one; take out an edge that leads back")
    if OUT not in known:
        raise InvalidGenome(f"there is no vertex '{OUT}', which all of it leads to")
    return (*order, known[OUT])


def _names(known: Mapping[str, Vertex]) -> str:
    return ", ".join([IMAGE, *known])
