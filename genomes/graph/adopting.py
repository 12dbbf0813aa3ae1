"""Keras layers -> a graph genome: the inverse of building one.

Each layer becomes a vertex, its activation one of its own, sums and concatenations merge. What stands before the layers
that see features (how pixels are brought into a range) is no layer here, and neither is what changes images at random.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from genomes.alphabet import Alphabet
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.structure import IMAGE, OUT, Edge, Vertex, graph_of
from genomes.keras_layer import (
    ARITHMETIC,
    PIXELS,
    KerasLayer,
    Range,
    changes_at_random,
    check_layer,
    without_end,
)
from genomes.keras_reading import FLATTENING, words_of
from genomes.layer import Layer
from genomes.layers import BatchNorm
from genomes.notation import read_layer
from genomes.primitives import InvalidGenome
from genomes.recipe import Recipe

NOTHING = ("InputLayer", "Identity", "ActivityRegularization")  # that change no value
BY_MODE = ("Dropout", "SpatialDropout2D", "GaussianNoise", "BatchNormalization")  # that do another thing in training
ANOTHER_RANGE = "another layer reads pixels beside it, in another range"
MERGES = {"Add": "add", "Concatenate": "concatenate"}
RESERVED = (IMAGE, OUT, "classes", "probabilities")  # names of nodes that every network has
CONVOLUTIONS = ("conv", "separable", "depthwise")  # words of layers that can have a factor of pixels in their weights


@dataclass(frozen=True)
class Adopted:
    """What a Keras model became.

    places: name of each layer -> the mark of its vertex, or its place in the head, see `nodes_of`.
    range: of the pixels that the first layer reads. first: names of those layers, where they have that range, a factor,
        in their weights. before: mark of the batch normalisation that stands for it otherwise, or "".
    remarks: what is another here, in words.
    """

    genome: GraphGenome
    places: Mapping[str, str]
    range: Range
    first: tuple[str, ...] = ()
    before: str = ""
    remarks: tuple[str, ...] = ()


class NotAdopted(InvalidGenome):
    """What of a model cannot become a graph, all of it. reasons: each by itself."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("; ".join(reasons))


@dataclass
class _Adoption:
    """The work on one model. made: mark of what a layer's output is, by its name; shapes: of these outputs; ranges:
    of the pixels that a layer puts out, where it sees no features yet; vertices and edges so far."""

    alphabet: Alphabet
    range: Range
    made: dict[str, str] = field(default_factory=lambda: {"": IMAGE})
    shapes: dict[str, tuple[int | None, ...]] = field(default_factory=dict)
    vertices: list[Vertex] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    head: list[Layer] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    before: str = ""
    remarks: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    flattened: str = ""  # the layer that the head goes on from
    refused: set[str] = field(default_factory=set)  # layers that have no counterpart: what they put out is not known
    ranges: dict[str, Range] = field(default_factory=dict)

    def take(self, layer: KerasLayer) -> None:
        """One more layer, behind all that it reads. Raises ValueError for one that has no counterpart."""
        if layer.calls > 1:
            alike = ", with the same weights" if layer.weights else ""
            raise ValueError(f"it is called {layer.calls} times{alike}; give each call a layer of its own")
        if layer.training is not None and layer.kind in BY_MODE:
            self.remarks.append(
                f"not kept: training={layer.training}, with which {layer.name} ({layer.kind}) is called"
            )
        self.shapes[layer.name] = layer.shape
        if changes_at_random(layer.kind):
            self._check_shape(layer)
            self.remarks.append(f"{layer.name} ({layer.kind}) is left out: evolve decides how images are changed")
            self._hand_on(layer)
        elif layer.kind in NOTHING or layer.settings.get("rate") == 0:
            if layer.kind == "ActivityRegularization":
                self.remarks.append(f"not kept: {layer.name} (ActivityRegularization), a penalty in training alone")
            self._hand_on(layer)
        elif _is_linear(layer) and layer.reads[0] in self.ranges:
            if self.edges:
                raise ValueError(ANOTHER_RANGE)
            self.range = self.ranges[layer.reads[0]].then(layer.settings["scale"], layer.settings["offset"])
            self._hand_on(layer)
            self.ranges[layer.name] = self.range
        elif any(self.ranges.get(name, self.range) != self.range for name in layer.reads):
            raise ValueError(ANOTHER_RANGE)
        elif layer.kind in MERGES:
            self._merge(layer)
        else:
            self._take_layer(layer)

    def _mark(self, name: str) -> str:
        if name not in self.made:
            raise ValueError("it reads a layer that is not adopted")
        return self.made[name]

    def _check_shape(self, layer: KerasLayer) -> None:
        """Raises ValueError for a change that makes images of another size of all, in predictions, too."""
        before = self.shapes.get(layer.reads[0], ())
        if before and layer.shape and before != layer.shape:
            sizes = " to ".join(" x ".join(map(str, one)) for one in (before, layer.shape))
            raise ValueError(f"it cuts or resizes images in predictions, too ({sizes}); give images of the final size")

    def _hand_on(self, layer: KerasLayer) -> None:
        """What it puts out is what it reads."""
        self.made[layer.name] = self._mark(layer.reads[0])
        if layer.reads[0] in self.ranges:
            self.ranges[layer.name] = self.ranges[layer.reads[0]]
        if self.flattened in layer.reads and self.flattened:
            self.flattened = layer.name

    def first(self) -> tuple[str, ...]:
        """What reads pixels: the names of these layers, if all of them can have a factor in their weights."""
        marks = {target for source, target in self.edges if source == IMAGE}
        words = [one.layer.word if one.layer else "" for one in self.vertices if one.mark in marks]
        whole = OUT not in marks and all(word in CONVOLUTIONS for word in words)
        return tuple(name for name, mark in self.places.items() if mark in marks) if whole else ()

    def normalise(self) -> None:
        """A batch normalisation in front of all that brings pixels into their range."""
        edges = list(self.edges)
        self.edges = []
        self.before = self._vertex("pixels", BatchNorm(), [IMAGE])
        self.edges += [(self.before if source == IMAGE else source, target) for source, target in edges]
        self.remarks.append("the range of pixels became a batch normalisation that begins with its figures")

    def _merge(self, layer: KerasLayer) -> None:
        if self.flattened:
            raise ValueError("it merges behind the flattening, where evolve has a chain of layers")
        axis = layer.settings.get("axis", -1)
        if layer.kind == "Concatenate" and axis not in (-1, 3):
            raise ValueError(f"it concatenates along axis {axis}; evolve does along the channels, the last one")
        if layer.constants:
            raise ValueError(
                f"it takes {', '.join(layer.constants)}, which no layer puts out; evolve merges outputs only"
            )
        shapes = {self.shapes.get(name, ()) for name in layer.reads} - {()}
        if layer.kind == "Add" and len(shapes) > 1:
            sizes = " and ".join(sorted(" x ".join(map(str, one)) for one in shapes))
            raise ValueError(f"it adds outputs of {sizes}; evolve adds those of one shape")
        sources = [self._mark(name) for name in layer.reads]
        if len(sources) < 2:
            raise ValueError("it reads one layer; evolve merges two at least, so leave it out")
        if len(set(sources)) < len(sources) and not self.refused.intersection(layer.reads):
            raise ValueError("it reads one layer twice; evolve reads each once, so put a layer of its own before one")
        self.made[layer.name] = self._vertex(_called(layer), None, sources, MERGES[layer.kind])

    def _take_layer(self, layer: KerasLayer) -> None:
        check_layer(layer)
        layers = [read_layer(word, self.alphabet) for word in words_of(layer.kind, layer.settings)]
        for one in layers:
            if problem := self.alphabet.problem(one):
                raise ValueError(problem)
        if len(layer.reads) != 1:
            raise ValueError(f"it reads {len(layer.reads)} layers")
        if self.flattened:
            self._behind(layer, layers)
        elif layers and layers[0].word in FLATTENING:
            self.edges.append((self._mark(layer.reads[0]), OUT))
            self.head, self.flattened, self.made[layer.name] = layers, layer.name, OUT
        else:
            self._before(layer, layers)

    def _before(self, layer: KerasLayer, layers: list[Layer]) -> None:
        last = self._mark(layer.reads[0])
        for number, one in enumerate(layers):
            if "body" not in one.place:
                raise ValueError("it stands before the flattening, where evolve has maps of features")
            last = self._vertex(_called(layer) if number == 0 else f"{_called(layer)}{one.word}", one, [last])
            if number == 0:
                self.places[layer.name] = last
        self.made[layer.name] = last

    def _behind(self, layer: KerasLayer, layers: list[Layer]) -> None:
        if layer.reads[0] != self.flattened:
            raise ValueError("behind the flattening evolve has a chain of layers, one behind the other")
        for one in layers:
            if "head" not in one.place:
                raise ValueError("it stands behind the flattening, where evolve has vectors")
        if layers:
            self.places[layer.name] = f"head_{len(self.head) + 1}"
        self.head += layers
        self.flattened, self.made[layer.name] = layer.name, OUT

    def _vertex(self, name: str, layer: Layer | None, sources: list[str], merge: str = "add") -> str:
        mark = self._named(name)
        self.vertices.append(Vertex(mark, layer, merge))
        self.edges += [(source, mark) for source in sources]
        return mark

    def _named(self, name: str) -> str:
        """A mark like the name of a layer, that no other has."""
        letters = re.sub(r"[^A-Za-z0-9]", "", name) or "layer"
        letters = letters if letters[0].isalpha() else f"layer{letters}"
        mark, number = letters, 1
        while mark in self.names or mark in RESERVED:
            number += 1
            mark = f"{letters}x{number}"
        self.names.append(mark)
        return mark


def _is_linear(layer: KerasLayer) -> bool:
    """Whether it multiplies with numbers and adds some, which on pixels brings them into another range."""
    return layer.kind in PIXELS or (layer.kind in ARITHMETIC and "scale" in layer.settings)


def _called(layer: KerasLayer) -> str:
    """The name of a layer, without that of a model that it is within; without the number behind it where Keras gave it
    the name of its class, as that counts all layers of a session: the same network has the same marks whenever it was
    made."""
    name = layer.name.rpartition("/")[2]
    without = re.sub(r"_\d+$", "", name)
    return without if without.replace("_", "") == layer.kind.lower() else name


def adopt_layers(
    layers: Sequence[KerasLayer], classes: int, recipe: Recipe, alphabet: Alphabet, pixels: Range
) -> Adopted:
    """The genome of a network of Keras layers, in an order in which each stands behind what it reads, the last one at
    the end. pixels: the range that it is given. Raises NotAdopted naming each layer that has no counterpart, with the
    reason."""
    kept, reasons = without_end(layers, classes)
    work = _Adoption(alphabet, pixels, ranges={"": pixels})
    for layer in kept:
        try:
            work.take(layer)
        except (ValueError, InvalidGenome) as error:
            work.made.setdefault(layer.name, IMAGE)  # so that what reads it is looked at, too
            work.refused.add(layer.name)
            reasons.append(f"{layer.name} ({layer.kind}): {error}")
    if not work.flattened and not reasons:
        reasons.append("no layer goes from maps to a vector (Flatten or global pooling); put one before the end")
    if reasons:
        raise NotAdopted(reasons)
    first = work.first() if work.range.factor not in (None, 1.0) else ()
    if work.range.factor != 1.0 and not first:
        work.normalise()
    graph = graph_of([*work.vertices, Vertex(OUT, None)], work.edges)
    end = next(one.name for one in reversed(layers) if one.kind == "Dense")
    genome = GraphGenome(graph, tuple(work.head), recipe)
    return Adopted(genome, {**work.places, end: "classes"}, work.range, first, work.before, tuple(work.remarks))


def nodes_of(adopted: Adopted, nodes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each layer and the name of its node among those of the network. nodes: the names of all."""
    for layer, place in adopted.places.items():
        found = [name for name in nodes if name == place or name.endswith(f"_{place}")]
        if len(found) != 1:
            raise ValueError(f"layer {layer} is at {place}, which is {len(found)} nodes")
        yield layer, found[0]
