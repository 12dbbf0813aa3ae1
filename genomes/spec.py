"""ModelSpec: a network as a graph of primitive layers, with its shapes, its costs and its identity.

This is the hinge of the house. Encodings build a `ModelSpec` and know nothing of Keras; `decode.py` turns a
`ModelSpec` into a Keras model and knows nothing of genes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from heapq import heappop, heappush
from typing import Any

from genomes.domains import Value
from genomes.primitives import PRIMITIVES, Shape

SEPARABLE = "separable_convolution"  # two steps, with maps of their own between them
# Primitives that change each value by itself, or none of them after training.
IN_PLACE = frozenset(
    (
        *("batch_norm", "activation", "leaky_relu", "prelu", "scale", "flatten"),
        *("dropout", "spatial_dropout", "gaussian_noise"),
    )
)
NORMALISING = frozenset(("batch_norm", "layer_norm", "scale"))
UNWRITTEN = frozenset(("input", "dropout", "spatial_dropout", "gaussian_noise"))  # not in an exported file


@dataclass(frozen=True)
class Node:
    """One primitive layer. `inputs` are positions of earlier nodes; `settings` are sorted (name, value) pairs."""

    name: str
    op: str
    inputs: tuple[int, ...]
    settings: tuple[tuple[str, Value], ...]
    shape: Shape
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Part:
    """A layer as people write it, which may be several nodes: those from `start` to before `end`.

    begins_stage: whether a stage begins with it, to which belong those behind it that do not begin one.
    label: what its nodes are named after, which networks of one family share; nothing where that is their place.
    """

    text: str
    start: int
    end: int
    begins_stage: bool
    label: str = ""


@dataclass(frozen=True)
class ModelSpec:
    """A network ready to be built: nodes in topological order, from the image to the class probabilities.

    parts: its layers as the encoding counts them, for people; nothing that the network is.
    """

    nodes: tuple[Node, ...]
    parts: tuple[Part, ...] = field(default=(), compare=False, repr=False)

    @property
    def input_shape(self) -> Shape:
        return self.nodes[0].shape

    @property
    def classes(self) -> int:
        return self.nodes[-1].shape[0]

    @cached_property
    def parameters(self) -> int:
        return sum(node.parameters for node in self.nodes)

    @cached_property
    def multiply_adds(self) -> int:
        return sum(node.multiply_adds for node in self.nodes)

    @cached_property
    def values(self) -> int:
        """How many values its layers put out for one image."""
        return sum(math.prod(node.shape) for node in self.nodes)

    @cached_property
    def activations(self) -> int:
        """The most values that are held at once while one image goes through, layer by layer: what a layer reads, what
        it puts out, and what a later one will read. At 8 bits a value it is that many bytes, as microcontrollers count
        them. Layers that change each value by itself do so in place (David et al. 2020, "TensorFlow Lite Micro",
        https://arxiv.org/abs/2010.08678, section 4.4)."""
        last = {source: position for position, node in enumerate(self.nodes) for source in node.inputs}
        held, peak = {0: math.prod(self.nodes[0].shape)}, math.prod(self.nodes[0].shape)
        for position, node in enumerate(self.nodes[1:], start=1):
            ended = [source for source in set(node.inputs) if last[source] == position]
            in_place = node.op in IN_PLACE and ended == list(node.inputs)
            between = math.prod((*node.shape[:2], self.nodes[node.inputs[0]].shape[-1])) if node.op == SEPARABLE else 0
            held[position] = 0 if in_place else math.prod(node.shape)
            read = sum(held[source] for source in set(node.inputs))
            kept = sum(held.values()) - held[position] - read  # for later layers
            whole = (read + held[position], read + between, between + held[position])  # in two steps, if separable
            peak = max(peak, kept + max(whole if between else whole[:1]))
            if in_place:
                held[position] = held[ended[0]]
            for source in ended:
                del held[source]
        return peak

    @property
    def likely_size(self) -> int:
        """Bytes that its LiteRT file with numbers of 8 bits has, most within 5 % (see `benchmarks/sizes.py`): one
        for each weight of a kernel, 28 for each channel that one puts out, and for each layer as much as it takes to
        write it down. A separable convolution is written as two: its first step has the channels that it reads."""
        kernels = [node for node in self.nodes if node.multiply_adds]
        steps = [*kernels, *(self.nodes[node.inputs[0]] for node in kernels if node.op == SEPARABLE)]
        others = [node for node in self.nodes if not node.multiply_adds and node.op not in UNWRITTEN]
        written = sum(470 if node.op in NORMALISING else 230 for node in others)
        weights = self.parameters - sum(node.parameters for node in self.nodes if not node.multiply_adds)
        return weights + 28 * sum(node.shape[-1] for node in steps) + 560 * len(steps) + written + 1_700

    def memory(self, batch_size: int) -> int:
        """Estimated bytes that training in batches of that size takes: the activations of a batch, which are kept for
        the backward pass, and the weights with their gradients and two optimizer slots, all as 32-bit floats."""
        activations = sum(math.prod(node.shape) for node in self.nodes)
        return 4 * (batch_size * activations + 4 * self.parameters)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the network itself: equal for equal graphs, whatever their nodes are called and in whatever
        order independent branches were written down."""
        return hashlib.sha256(json.dumps(_canonical(self.nodes)).encode()).hexdigest()

    def to_json(self) -> list[dict[str, Any]]:
        return [
            {"name": n.name, "op": n.op, "inputs": list(n.inputs), "settings": dict(n.settings), "shape": list(n.shape)}
            for n in self.nodes
        ]

    @staticmethod
    def from_json(nodes: list[dict[str, Any]]) -> ModelSpec:
        builder = SpecBuilder(tuple(nodes[0]["shape"]))
        for node in nodes[1:]:
            builder.add(node["op"], *node["inputs"], name=node["name"], **node["settings"])
        return builder.spec()


class SpecBuilder:
    """Collects nodes one by one and works out each one's shape and cost. Raises InvalidGenome for what cannot be."""

    def __init__(self, input_shape: Shape) -> None:
        self._nodes = [Node("image", "input", (), (), tuple(input_shape), 0, 0)]
        self._parts: list[Part] = []
        self._last = 0
        self._label = ""

    def add(self, op: str, *inputs: int, name: str | None = None, **settings: Any) -> int:
        """Appends a node and returns its position. Without `inputs` it reads the last one, see `last`."""
        sources = inputs or (self._last,)
        primitive, shapes = PRIMITIVES[op], [self._nodes[source].shape for source in sources]
        shape = primitive.shape(shapes, settings)
        node = Node(
            name=name or self._free_name(op),
            op=op,
            inputs=tuple(sources),
            settings=tuple(sorted(settings.items())),
            shape=shape,
            parameters=primitive.parameters(shapes[0], shape, settings),
            multiply_adds=primitive.multiply_adds(shapes[0], shape, settings),
        )
        self._nodes.append(node)
        self._last = len(self._nodes) - 1
        return self._last

    @contextmanager
    def part(self, text: str, begins_stage: bool, label: str = "") -> Iterator[None]:
        """What is added within the block is one layer for people. label: what its nodes are named after, instead of
        their place; then they keep their names where another network has more or fewer layers before them."""
        start, self._label = len(self._nodes), label
        yield
        self._label = ""
        self._parts.append(Part(text, start, len(self._nodes), begins_stage, label))

    def _free_name(self, op: str) -> str:
        if not self._label:
            return f"{op}_{len(self._nodes)}"
        name, number, taken = f"{op}_{self._label}", 1, {node.name for node in self._nodes}
        while (found := name if number == 1 else f"{name}_{number}") in taken:
            number += 1
        return found

    @property
    def last(self) -> int:
        """Position of the node that the next one reads: the one added last, or that `go_on` named."""
        return self._last

    def go_on(self, position: int) -> None:
        """What is added next reads the node there."""
        self._last = position

    def shape(self, position: int) -> Shape:
        return self._nodes[position].shape

    def spec(self) -> ModelSpec:
        return ModelSpec(tuple(self._nodes), tuple(self._parts))


def _canonical(nodes: tuple[Node, ...]) -> list[Any]:
    """The graph with nodes renumbered canonically and names left out.

    Each node gets a hash of everything above it and one of everything below it; nodes are taken in topological order
    with ties broken by those two.
    """
    above: list[bytes] = []
    for node in nodes:
        sources = [above[i] for i in node.inputs]
        above.append(_digest(node.op, node.settings, node.shape, sorted(sources) if _commutes(node) else sources))
    below = [b""] * len(nodes)
    readers: list[list[tuple[bytes, bytes, int]]] = [[] for _ in nodes]
    for position in range(len(nodes) - 1, -1, -1):
        node = nodes[position]
        below[position] = _digest(sorted(readers[position]))
        for place, source in enumerate(node.inputs):
            readers[source].append((above[position], below[position], 0 if _commutes(node) else place))
    order = _topological(nodes, lambda i: (above[i], below[i], i))
    number = {position: place for place, position in enumerate(order)}
    canonical = []
    for position in order:
        node = nodes[position]
        numbers = [number[source] for source in node.inputs]
        canonical.append([node.op, node.settings, node.shape, sorted(numbers) if _commutes(node) else numbers])
    return canonical


def _digest(*parts: Any) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


def _topological(nodes: tuple[Node, ...], rank: Callable[[int], Any]) -> list[int]:
    """Positions of nodes, inputs before their readers; of those that could come next, the first by `rank`."""
    missing = [len(set(node.inputs)) for node in nodes]
    readers: list[list[int]] = [[] for _ in nodes]
    for position, node in enumerate(nodes):
        for source in set(node.inputs):
            readers[source].append(position)
    ready = [(rank(position), position) for position, count in enumerate(missing) if count == 0]
    order: list[int] = []
    while ready:
        _, position = heappop(ready)
        order.append(position)
        for reader in readers[position]:
            missing[reader] -= 1
            if missing[reader] == 0:
                heappush(ready, (rank(reader), reader))
    return order


def _commutes(node: Node) -> bool:
    return PRIMITIVES[node.op].commutative
