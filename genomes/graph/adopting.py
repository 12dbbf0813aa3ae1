"""Keras layers -> a graph genome: the inverse of building one.

Each layer becomes a vertex, its activation one of its own, sums and concatenations merge. What stands before the layers
that see features (how pixels are brought into a range) is no layer here, and neither is what changes images at random.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genomes.alphabet import Alphabet
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.structure import IMAGE, OUT, Edge, Graph, Vertex, graph_of
from genomes.keras_reading import FLATTENING, words_of
from genomes.layer import Layer
from genomes.layers import BatchNorm
from genomes.notation import read_layer
from genomes.primitives import InvalidGenome
from genomes.recipe import Recipe

NOTHING = ("InputLayer", "Identity", "ActivityRegularization")  # that change no value
MERGES = {"Add": "add", "Concatenate": "concatenate"}
PIXELS = ("Rescaling", "Normalization")
CONVOLUTIONS = ("conv", "separable", "depthwise")  # words of layers that can have a factor of pixels in their weights
AUGMENTS = re.compile(r"Random\w+|AutoContrast|AugMix|CutMix|MixUp|RandAugment|Equalization")
EPSILON = 1e-3  # of normalisations, as Keras has it and evolve leaves it
CHANNELS_LAST = ("channels_last", None)


@dataclass(frozen=True)
class KerasLayer:
    """A layer of a Keras model. name: in the model. kind: of class. settings: what it was made with, as Keras tells it;
    of one of `PIXELS` "scale" and "offset", numbers or one for each channel. reads: names of the layers whose outputs
    it is called on, in their order, "" for the image; shape: of what it puts out, without the batch."""

    name: str
    kind: str
    settings: Mapping[str, Any]
    reads: tuple[str, ...]
    shape: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Range:
    """How pixels from 0 to 1 are brought into the range that a layer reads: times `scale`, plus `offset`, each one
    number for each channel."""

    scale: tuple[float, ...]
    offset: tuple[float, ...]

    def then(self, scale: Any, offset: Any) -> Range:
        """And what comes of that times `scale` plus `offset`, each a number or one for each channel."""
        scales, offsets = (_each(value, len(self.scale)) for value in (scale, offset))
        moved = zip(self.offset, scales, offsets, strict=True)
        return Range(
            tuple(a * b for a, b in zip(self.scale, scales, strict=True)), tuple(o * s + more for o, s, more in moved)
        )

    @property
    def factor(self) -> float | None:
        """The one number that it is, None if it is more."""
        return self.scale[0] if len(set(self.scale)) == 1 and not any(self.offset) else None


def _each(value: Any, count: int) -> tuple[float, ...]:
    found = tuple(map(float, value)) if isinstance(value, list | tuple) else (float(value),)
    return found if len(found) == count else found[:1] * count


@dataclass(frozen=True)
class Adopted:
    """What a Keras model became.

    places: name of each layer that has weights -> the mark of its vertex, or its place in the head, see `nodes_of`.
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
    """The work on one model. made: mark of what a layer's output is, by its name; vertices and edges so far."""

    alphabet: Alphabet
    range: Range
    made: dict[str, str] = field(default_factory=lambda: {"": IMAGE})
    vertices: list[Vertex] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    wanted: dict[str, list[str]] = field(default_factory=dict)  # what is concatenated, in its order
    head: list[Layer] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    before: str = ""
    remarks: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    flattened: str = ""  # the layer that the head goes on from

    def take(self, layer: KerasLayer) -> None:
        """One more layer, behind all that it reads. Raises ValueError for one that has no counterpart."""
        augments = bool(AUGMENTS.fullmatch(layer.kind))
        if layer.kind in NOTHING or augments or layer.settings.get("rate") == 0:
            if augments:
                self.remarks.append(f"{layer.name} ({layer.kind}) is left out: evolve decides how images are changed")
            self._hand_on(layer)
        elif layer.kind in PIXELS and all(self._mark(one) == IMAGE for one in layer.reads):
            if self.edges:
                raise ValueError("another layer reads pixels beside it, in another range")
            self.range = self.range.then(layer.settings["scale"], layer.settings["offset"])
            self._hand_on(layer)
        elif layer.kind in MERGES:
            self._merge(layer)
        else:
            self._take_layer(layer)

    def _mark(self, name: str) -> str:
        if name not in self.made:
            raise ValueError("it reads a layer that is not adopted")
        return self.made[name]

    def _hand_on(self, layer: KerasLayer) -> None:
        """What it puts out is what it reads."""
        self.made[layer.name] = self._mark(layer.reads[0])
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
        for mark, sources in self.wanted.items():
            self.wanted[mark] = [self.before if source == IMAGE else source for source in sources]
        self.remarks.append("the range of pixels became a batch normalisation that begins with its figures")

    def _merge(self, layer: KerasLayer) -> None:
        if self.flattened:
            raise ValueError("it merges behind the flattening, where evolve has a chain of layers")
        axis = layer.settings.get("axis", -1)
        if layer.kind == "Concatenate" and axis not in (-1, 3):
            raise ValueError(f"it concatenates along axis {axis}; evolve does along the channels, the last one")
        sources = [self._mark(name) for name in layer.reads]
        if len(set(sources)) < len(sources):
            raise ValueError("it reads one layer twice")
        mark = self._vertex(layer.name, None, sources, MERGES[layer.kind])
        if layer.kind == "Concatenate":
            self.wanted[mark] = sources
        self.made[layer.name] = mark

    def _take_layer(self, layer: KerasLayer) -> None:
        _check(layer)
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
            last = self._vertex(layer.name if number == 0 else f"{layer.name}{one.word}", one, [last])
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
        while mark in self.names or mark in (IMAGE, OUT):
            number += 1
            mark = f"{letters}x{number}"
        self.names.append(mark)
        return mark


def adopt_layers(
    layers: Sequence[KerasLayer], classes: int, recipe: Recipe, alphabet: Alphabet, pixels: Range
) -> Adopted:
    """The genome of a network of Keras layers, in an order in which each stands behind what it reads, the last one at
    the end. pixels: the range that it is given. Raises NotAdopted naming each layer that has no counterpart, with the
    reason."""
    kept, reasons = _without_end(layers, classes)
    work = _Adoption(alphabet, pixels)
    for layer in kept:
        try:
            work.take(layer)
        except (ValueError, InvalidGenome) as error:
            work.made.setdefault(layer.name, IMAGE)  # so that what reads it is looked at, too
            reasons.append(f"{layer.name} ({layer.kind}): {error}")
    if not work.flattened and not reasons:
        reasons.append("no layer goes from maps to a vector (Flatten or global pooling); put one before the end")
    if reasons:
        raise NotAdopted(reasons)
    first = work.first() if work.range.factor not in (None, 1.0) else ()
    if work.range.factor != 1.0 and not first:
        work.normalise()
    graph = _ordered(work)
    end = next(one.name for one in reversed(layers) if one.kind == "Dense")
    genome = GraphGenome(graph, tuple(work.head), recipe)
    return Adopted(genome, {**work.places, end: "classes"}, work.range, first, work.before, tuple(work.remarks))


def _without_end(layers: Sequence[KerasLayer], classes: int) -> tuple[list[KerasLayer], list[str]]:
    """All layers but those that evolve adds itself, the last dense one and softmax, and what is wrong with these."""
    kept = list(layers)
    if kept and (kept[-1].kind == "Softmax" or kept[-1].settings.get("activation") == "softmax"):
        softmax = kept[-1]
        if softmax.kind != "Dense":
            kept.pop()
    end = kept[-1] if kept else None
    if end is None or end.kind != "Dense":
        what = f"{end.name} ({end.kind})" if end else "nothing"
        return kept, [f"{what}: a network ends in a dense layer with one unit for each class, and softmax"]
    activation = end.settings.get("activation") or "linear"
    if activation not in ("linear", "softmax") or classes < 2:
        return kept[:-1], [
            f"{end.name} (Dense): {end.settings.get('units')} units with {activation} at the end; evolve needs one for "
            "each class, 2 at least, with softmax or, as logits, without an activation"
        ]
    return kept[:-1], []


def _check(layer: KerasLayer) -> None:
    """Raises ValueError for settings that a word of the notation says nothing about."""
    settings = layer.settings
    if settings.get("data_format") not in CHANNELS_LAST:
        raise ValueError("its channels come first; evolve has them last")
    for name, usual in (("groups", 1), ("depth_multiplier", 1)):
        if settings.get(name, usual) not in (usual, [usual, usual]):
            raise ValueError(f"{name} {settings[name]}, evolve has {usual} only")
    if layer.kind in ("BatchNormalization", "LayerNormalization"):
        axis = settings.get("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        if axis not in (-1, len(layer.shape)):
            raise ValueError(f"it normalises axis {axis}; evolve does the channels, the last one")
    if layer.kind == "LayerNormalization" and abs(settings.get("epsilon", EPSILON) - EPSILON) > 1e-9:
        raise ValueError(f"epsilon {settings['epsilon']}, evolve has {EPSILON} only")
    if layer.kind == "PReLU" and len(layer.shape) == 3 and list(settings.get("shared_axes") or ()) != [1, 2]:
        raise ValueError("it has a slope for each value; evolve has one for each channel (shared_axes=[1, 2])")
    if layer.kind == "ELU" and settings.get("alpha", 1.0) != 1.0:
        raise ValueError(f"alpha {settings['alpha']}, evolve has 1 only")
    if layer.kind == "LayerNormalization" and not (settings.get("center", True) and settings.get("scale", True)):
        raise ValueError("it has no gain or no offset; evolve's has both")
    if layer.kind in ("MaxPooling2D", "AveragePooling2D") and settings.get("padding", "valid") != "valid":
        raise ValueError("its windows reach over the border (padding); evolve's end at it")
    if settings.get("activation") == "softmax" or layer.kind == "Softmax":
        raise ValueError("it has softmax within the network; evolve has it at the end alone")
    if layer.kind == "GlobalAveragePooling2D" and settings.get("keepdims"):
        raise ValueError("it keeps the sides of maps")


def _ordered(work: _Adoption) -> Graph:
    """The graph, with marks in the order of its layers where what is concatenated would come in another order else.
    Raises NotAdopted where that does not help."""
    graph = graph_of([*work.vertices, Vertex(OUT, None)], work.edges)
    if not (wrong := _out_of_order(graph, work.wanted)):
        return graph
    digits = len(str(len(work.vertices)))
    marks = {one.mark: f"l{at:0{digits}}{one.mark}" for at, one in enumerate(work.vertices)}
    marks |= {IMAGE: IMAGE, OUT: OUT}
    vertices = [Vertex(marks[one.mark], one.layer, one.merge) for one in work.vertices]
    edges = [(marks[source], marks[target]) for source, target in work.edges]
    renamed = {marks[mark]: [marks[one] for one in sources] for mark, sources in work.wanted.items()}
    graph = graph_of([*vertices, Vertex(OUT, None)], edges)
    wrong = _out_of_order(graph, renamed)
    if wrong:
        where = wrong[0].removeprefix("l").lstrip("0123456789")
        raise NotAdopted([f"{where} (Concatenate): it reads a later layer before an earlier one; give them in order"])
    work.places = {name: marks.get(place, place) for name, place in work.places.items()}
    work.before = marks.get(work.before, "")
    return graph


def _out_of_order(graph: Graph, wanted: Mapping[str, list[str]]) -> list[str]:
    return [mark for mark, sources in wanted.items() if graph.sources(mark) != sources]


def nodes_of(adopted: Adopted, nodes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each layer with weights and the name of its node among those of the network. nodes: the names of all."""
    for layer, place in adopted.places.items():
        found = [name for name in nodes if name == place or name.endswith(f"_{place}")]
        if len(found) != 1:
            raise ValueError(f"layer {layer} is at {place}, which is {len(found)} nodes")
        yield layer, found[0]
