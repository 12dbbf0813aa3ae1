"""A graph of layers that may be repeated, a chain of layers behind it, and the recipe that trains them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genomes.domains import Options, Whole, gene, genes_of
from genomes.graph.structure import Graph
from genomes.json_value import Json, JsonObject
from genomes.layer import Layer
from genomes.recipe import Recipe


@dataclass(frozen=True)
class Repeats:
    """How often a graph stands behind itself. growth: how many times as wide each one is as the one before; pooling:
    size of the largest value of which is taken between two, 1 for none."""

    times: int = gene(Whole(1, 6, typical=(1, 2, 3, 4)), default=1)
    pooling: int = gene(Whole(1, 4, typical=(1, 2, 2)), default=2)
    growth: float = gene(Options((1.0, 1.5, 2.0)), default=1.0)

    def problem(self) -> str | None:
        """The first value outside its bounds, in words, or None."""
        for f in genes_of(Repeats):
            if problem := f.metadata["domain"].problem(getattr(self, f.name)):
                return f"{f.name} {problem}"
        return None


@dataclass(frozen=True)
class GraphGenome:
    """graph: from the image to feature maps. head: the flattening and the layers behind it."""

    kind: ClassVar[str] = "graph"
    graph: Graph
    head: tuple[Layer, ...]
    recipe: Recipe
    repeats: Repeats = Repeats()

    def to_json(self) -> JsonObject:
        vertices: list[Json] = [
            {"mark": one.mark, "merge": one.merge, "layer": None if one.layer is None else layer_json(one.layer)}
            for one in self.graph.vertices
        ]
        return {
            "kind": self.kind,
            "vertices": vertices,
            "edges": [list(edge) for edge in self.graph.edges],
            "repeats": {f.name: getattr(self.repeats, f.name) for f in genes_of(Repeats)},
            "head": [layer_json(layer) for layer in self.head],
            "recipe": self.recipe.to_json(),
        }

    def notation(self) -> str:
        from genomes.graph.notation import write

        return write(self)


def layer_json(layer: Layer) -> JsonObject:
    """The kind of a layer and its genes."""
    return {"layer": layer.kind, **{f.name: getattr(layer, f.name) for f in genes_of(type(layer))}}
