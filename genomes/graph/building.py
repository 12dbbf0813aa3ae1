"""Graph -> network: what is merged is brought to one shape first.

Where a vertex reads several maps, larger ones are pooled to about the smallest one's size. To be added they are brought
to the channels of the widest by a convolution of 1x1, as the shortcuts of a residual network are (He et al. 2015,
https://arxiv.org/abs/1512.03385).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor

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
        sources = {mark: made[mark] for mark in genome.graph.sources(vertex.mark) if mark in made}
        if vertex.layer is None and len(sources) == 1:
            [made[vertex.mark]] = sources.values()
            continue
        begins = vertex.layer is not None and vertex.layer.begins_stage
        with net.part(_text(vertex, list(sources)), begins, vertex.mark + time):
            net.go_on(_merged(net, sources, vertex.merge, vertex.mark + time))
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


def _merged(net: SpecBuilder, sources: Mapping[str, int], merge: str, label: str) -> int:
    """The node that merges what is read; the only one that there is. What brings maps to one shape is named after both
    ends of its edge, so that the layer behind has the name that it has without a merge.

    sources: what is read, by mark. label: of the vertex that reads it.
    """
    if len(sources) == 1:
        return next(iter(sources.values()))
    height, width = (_common([net.shape(source)[axis] for source in sources.values()]) for axis in (0, 1))
    fitting = {
        mark: _pooled(net, source, height, width, f"pooled_{label}_from_{mark}") for mark, source in sources.items()
    }
    if merge == "add":
        channels = max(net.shape(one)[2] for one in fitting.values())
        fitting = {
            mark: _projected(net, one, channels, f"projection_{label}_from_{mark}") for mark, one in fitting.items()
        }
    return net.add(merge, *fitting.values())


def _common(sizes: Sequence[int]) -> int:
    """The side that maps of these sides are pooled to: the smallest, or what a larger one has if it is pooled by the
    whole number that is nearest, where that is less. So maps of 16 and of 10 are both pooled to 8: to make 10 of 16,
    each window would have to be 7 wide."""
    least = min(sizes)
    return min(ceil(size / floor(size / least + 0.5)) for size in sizes)


def _pooled(net: SpecBuilder, source: int, height: int, width: int, name: str) -> int:
    """A map that was pooled to that size."""
    rows, columns = net.shape(source)[:2]
    if (rows, columns) == (height, width):
        return source
    same = [_side_by_side(*sides) for sides in ((rows, height), (columns, width))]
    valid = [_overlapping(*sides) for sides in ((rows, height), (columns, width))]
    padded = None not in same and max(size for size, _ in filter(None, same)) < max(size for size, _ in valid)
    (size, stride), (across, stride_across) = [one for one in same if one] if padded else valid
    other = {"size_across": across, "stride_across": stride_across} if (across, stride_across) != (size, stride) else {}
    padding = "same" if padded else "valid"
    return net.add("max_pool", source, name=name, size=size, stride=stride, padding=padding, **other)


def _side_by_side(before: int, after: int) -> tuple[int, int] | None:
    """Size and stride of windows side by side, the outer ones of which may reach beyond the map; None if so many do not
    cover it."""
    stride = ceil(before / after)
    return (stride, stride) if ceil(before / stride) == after else None


def _overlapping(before: int, after: int) -> tuple[int, int]:
    """Size and stride of windows that cover a map together and do not reach beyond it."""
    stride = before // after
    return before - (after - 1) * stride, stride


def _projected(net: SpecBuilder, source: int, channels: int, name: str) -> int:
    """A map of so many channels."""
    if net.shape(source)[2] == channels:
        return source
    settings = {"kernel": 1, "stride": 1, "dilation": 1, "padding": "same", "bias": False}
    return net.add("convolution", source, name=name, filters=channels, **settings)
