"""A graph of layers that may be repeated, a chain of layers behind it, and the recipe that trains them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genomes.genes import genes_of
from genomes.graph import graph_notation as notation
from genomes.graph.structure import ONCE, Graph, Repeats
from genomes.json_value import Json, JsonObject
from genomes.layer import Layer
from genomes.recipe import Recipe


@dataclass(frozen=True)
class GraphGenome:
    """graph: from the image to feature maps. head: the flattening and the layers behind it."""

    kind: ClassVar[str] = "graph"
    graph: Graph
    head: tuple[Layer, ...]
    recipe: Recipe
    repeats: Repeats = ONCE

    def to_json(self) -> JsonObject:
        vertices: list[Json] = [
            {
                "mark": one.mark,
                "reads": [*self.graph.sources(one.mark)],
                "merge": one.merge,
                "layer": None if one.layer is None else one.layer.to_json(),
            }
            for one in self.graph.vertices
        ]
        return {
            "kind": self.kind,
            "vertices": vertices,
            "repeats": {f.name: getattr(self.repeats, f.name) for f in genes_of(Repeats)},
            "head": [layer.to_json() for layer in self.head],
            "recipe": self.recipe.to_json(),
        }

    def notation(self) -> str:
        return notation.write(self.graph, self.head, self.recipe, self.repeats)
