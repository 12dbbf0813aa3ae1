"""Graph -> network: what is merged is brought to one shape first.

Where a vertex reads several maps, larger ones are pooled to the smallest one's size. To be added they are brought to
the channels of the widest by a convolution of 1x1, as the shortcuts of a residual network are (He et al. 2015,
https://arxiv.org/abs/1512.03385).
"""

from __future__ import annotations

from genomes.alphabet import Alphabet
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.structure import IMAGE, OUT, Vertex
from genomes.primitives import InvalidGenome
from genomes.spec import SpecBuilder
from genomes.stack.drawing import as_wide


def add_graph(net: SpecBuilder, genome: GraphGenome, alphabet: Alphabet) -> None:
    """Adds the graph behind the last node, as often as it is repeated. Raises InvalidGenome for what cannot be."""
    repeats = genome.repeats
    for number in range(repeats.times):
        if number and repeats.pooling > 1:
            net.add("max_pool", size=repeats.pooling, stride=repeats.pooling, padding="valid")
        _add_once(net, genome, repeats.growth**number, f"_round{number + 1}" if number else "", alphabet)


def _add_once(net: SpecBuilder, genome: GraphGenome, width: float, time: str, alphabet: Alphabet) -> None:
    made = {IMAGE: net.last}
    for vertex in genome.graph.live():
        names = [mark for mark in genome.graph.sources(vertex.mark) if mark in made]
        sources = [made[mark] for mark in names]
        if vertex.layer is None and len(sources) == 1:
            made[vertex.mark] = sources[0]
            continue
        begins = vertex.layer is not None and vertex.layer.begins_stage
        with net.part(_text(vertex, names), begins, vertex.mark + time):
            net.go_on(_merged(net, sources, vertex.merge))
            if vertex.layer is not None:
                try:
                    as_wide(vertex.layer, width, alphabet).expand(net)
                except InvalidGenome as error:
                    raise InvalidGenome(f"vertex {vertex.mark} ({vertex.layer}): {error}") from None
        made[vertex.mark] = net.last
    net.go_on(made[OUT])


def _text(vertex: Vertex, sources: list[str]) -> str:
    """What people read of a vertex. sources: what it reads."""
    merged = [f"{vertex.merge} {' and '.join(sources)}"] if len(sources) > 1 else []
    return ", ".join([*merged, *([str(vertex.layer)] if vertex.layer else [])])


def _merged(net: SpecBuilder, sources: list[int], merge: str) -> int:
    """The node that merges what is read; the only one that there is."""
    if len(sources) == 1:
        return sources[0]
    smallest = [min(net.shape(source)[axis] for source in sources) for axis in (0, 1)]
    fitting = [_pooled(net, source, smallest[0], smallest[1]) for source in sources]
    if merge == "add":
        channels = max(net.shape(one)[2] for one in fitting)
        fitting = [one if net.shape(one)[2] == channels else _projected(net, one, channels) for one in fitting]
    return net.add(merge, *fitting)


def _pooled(net: SpecBuilder, source: int, height: int, width: int) -> int:
    """A map that was pooled to that size, windows side by side, the last rows of it in a window that reaches further.
    Raises InvalidGenome where the sides would need windows of different size."""
    before = net.shape(source)[:2]
    if before == (height, width):
        return source
    strides = {old // new for old, new in zip(before, (height, width), strict=True)}
    stride = max(strides)
    sizes = {old - (new - 1) * stride for old, new in zip(before, (height, width), strict=True)}
    if len(sizes) > 1 or min(sizes) < 1:
        raise InvalidGenome(f"maps of {before[0]}x{before[1]} and {height}x{width} cannot be merged")
    return net.add("max_pool", source, size=sizes.pop(), stride=stride, padding="valid")


def _projected(net: SpecBuilder, source: int, channels: int) -> int:
    return net.add("convolution", source, filters=channels, kernel=1, stride=1, dilation=1, padding="same", bias=False)
