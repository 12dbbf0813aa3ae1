"""A network as the blocks that a picture shows: a layer as people write it is one, and so is what merges its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evolve.drawing.block_words import Words, words_of_layer, words_of_merge, words_of_output
from genomes.primitives import Shape
from genomes.spec import ModelSpec, Node, Part

MERGES = ("add", "concatenate")


@dataclass(frozen=True)
class Block:
    """What is drawn as one box.

    key: what networks of one family call it, or nothing where it has a place alone. words: what it is. shape: of what
    it puts out; from_shape: the same of the first one where it stands for `times` of them. weights: of all of them.
    reads: positions of the blocks that it reads, each once.
    """

    key: str
    words: Words
    shape: Shape
    weights: int
    reads: tuple[int, ...]
    times: int = 1
    from_shape: Shape | None = None

    @property
    def merges(self) -> bool:
        """Whether it merges what others put out."""
        return self.words.kind == "merge"


Blocks = tuple[Block, ...]


def blocks_of(spec: ModelSpec) -> Blocks:
    """The blocks of a network, each behind all that it reads, and a chain of them without a gap."""
    made: list[Block] = []
    holds: dict[int, int] = {}  # node -> block
    for part in _parts(spec):
        border = _end_of_merge(spec.nodes, part)
        for start, end in ((part.start, border), (border, part.end)):
            if start < end:
                made.append(_block(spec.nodes, replace(part, start=start, end=end), end == border, holds))
                holds |= dict.fromkeys(range(start, end), len(made) - 1)
    return in_order(made, _depth_first(made))


def in_order(blocks: Sequence[Block], order: Sequence[int]) -> Blocks:
    """Those blocks alone, in that order. All that they read has to be among them."""
    place = {position: at for at, position in enumerate(order)}
    return tuple(replace(blocks[at], reads=tuple(place[read] for read in blocks[at].reads)) for at in order)


def readers_of(blocks: Sequence[Block]) -> list[list[int]]:
    """Of each block the positions of those that read it."""
    readers: list[list[int]] = [[] for _ in blocks]
    for position, block in enumerate(blocks):
        for read in block.reads:
            readers[read].append(position)
    return readers


def _parts(spec: ModelSpec) -> list[Part]:
    """Its parts, and nodes that belong to none as parts of their own; what it ends in is one."""
    found, at = list[Part](), 0
    ends = len(spec.nodes) - 2 if [node.op for node in spec.nodes[-2:]] == ["dense", "activation"] else len(spec.nodes)
    inside = sorted((part for part in spec.parts if part.start < part.end), key=lambda part: part.start)
    for part in [*inside, Part("", ends, len(spec.nodes), True)]:
        found += [Part("", position, position + 1, True) for position in range(at, part.start)]
        found += [part] if part.start < part.end else []
        at = part.end
    return found


def _end_of_merge(nodes: Sequence[Node], part: Part) -> int:
    """Behind the node that merges what a part reads; its start where it reads one block alone. No layer begins with a
    merge by itself."""
    inside = nodes[part.start : part.end]
    outside = {source for node in inside for source in node.inputs if source < part.start}
    if len(outside) < 2 and inside[0].op not in MERGES:
        return part.start
    return next(at for at in range(part.start, part.end) if nodes[at].op in MERGES) + 1


def _block(nodes: Sequence[Node], part: Part, merge: bool, holds: dict[int, int]) -> Block:
    inside = nodes[part.start : part.end]
    outside = [source for node in inside for source in node.inputs if source < part.start]
    if merge:
        words = words_of_merge(inside, len(outside) > len(set(outside)))
    elif part.end == len(nodes) and len(inside) == 2 and not part.text:
        words = words_of_output(inside)
    else:
        words = words_of_layer(part.text.rpartition(", ")[2], inside)
    # Layers behind the flattening are labelled with their place.
    label = "" if part.label.startswith("head_") else part.label
    return Block(
        key=f"{label} merge" if label and merge else label,
        words=words,
        shape=inside[-1].shape,
        weights=sum(node.parameters for node in inside),
        reads=tuple(dict.fromkeys(holds[source] for source in outside)),
    )


def _depth_first(blocks: Sequence[Block]) -> list[int]:
    """Positions in an order in which each block stands behind what it reads, and a chain is not interrupted."""
    missing, readers = [len(block.reads) for block in blocks], readers_of(blocks)
    order, ready = list[int](), [at for at in reversed(range(len(blocks))) if not missing[at]]
    while ready:
        order.append(ready.pop())
        for reader in reversed(readers[order[-1]]):
            missing[reader] -= 1
            ready += [] if missing[reader] else [reader]
    return order
