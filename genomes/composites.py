"""Layer genes that stand for several primitives: the motifs of well-known networks, each one class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genomes import layers  # noqa: F401, the order in which kinds are registered is that in which they are drawn
from genomes.domains import Whole
from genomes.gene_bounds import FILTERS, FUNCTION, KERNEL, STRIDE
from genomes.genes import gene
from genomes.layer import BODY, Layer, layer
from genomes.primitives import InvalidGenome
from genomes.spec import SpecBuilder


def _convolution(net: SpecBuilder, source: int, filters: int, kernel: int, stride: int = 1, bias: bool = False) -> int:
    """A convolution that keeps the size, but for its stride."""
    return net.add(
        "convolution",
        source,
        filters=filters,
        kernel=kernel,
        stride=stride,
        dilation=1,
        padding="same",
        bias=bias,
    )


@layer("residual")
@dataclass(frozen=True)
class Residual(Layer):
    """A residual block: convolution, batch norm, activation, convolution, batch norm, plus the block's input, then
    the activation (He et al. 2015, https://arxiv.org/abs/1512.03385). Where the shape changes, the input passes a
    1x1 convolution and batch norm of its own."""

    role: ClassVar[str] = "features"
    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 2.0
    width: ClassVar[str | None] = "filters"
    filters: int = gene(FILTERS)
    kernel: int = gene(KERNEL)
    stride: int = gene(STRIDE, default=1)
    function: str = gene(FUNCTION, default="relu")

    def expand(self, net: SpecBuilder) -> None:
        start = net.last

        def normalised(source: int, kernel: int, stride: int) -> int:
            return net.add("batch_norm", _convolution(net, source, self.filters, kernel, stride))

        inner = net.add("activation", normalised(start, self.kernel, self.stride), function=self.function)
        branch = normalised(inner, self.kernel, 1)
        shortcut = start if net.shape(start) == net.shape(branch) else normalised(start, 1, self.stride)
        net.add("add", branch, shortcut)
        net.add("activation", function=self.function)


@layer("dense_block")
@dataclass(frozen=True)
class DenseBlock(Layer):
    """A densely connected block: each of `layers` units (batch norm, activation, convolution to `growth` channels)
    reads what all before it made, and adds to it (Huang et al. 2016, https://arxiv.org/abs/1608.06993)."""

    role: ClassVar[str] = "features"
    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 0.7
    width: ClassVar[str | None] = "growth"
    layers: int = gene(Whole(1, 8, typical=(2, 3, 4)))
    growth: int = gene(Whole(4, 64, typical=(8, 12, 16, 24)))
    kernel: int = gene(KERNEL, default=3)
    function: str = gene(FUNCTION, default="relu")

    def expand(self, net: SpecBuilder) -> None:
        features = net.last
        for _ in range(self.layers):
            active = net.add("activation", net.add("batch_norm", features), function=self.function)
            features = net.add("concatenate", features, _convolution(net, active, self.growth, self.kernel))


@layer("inception")
@dataclass(frozen=True)
class Inception(Layer):
    """Four branches side by side, each with a quarter of `filters` channels: a 1x1 convolution; a 1x1 and a 3x3; a
    1x1 and a 5x5; a 3x3 max pooling and a 1x1. Their outputs are joined, normalised and activated (Szegedy et al.
    2014, https://arxiv.org/abs/1409.4842)."""

    role: ClassVar[str] = "features"
    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 0.7
    width: ClassVar[str | None] = "filters"
    filters: int = gene(FILTERS)
    function: str = gene(FUNCTION, default="relu")

    def expand(self, net: SpecBuilder) -> None:
        start, quarter = net.last, max(1, self.filters // 4)

        def active(source: int, kernel: int) -> int:
            return net.add("activation", _convolution(net, source, quarter, kernel, bias=True), function=self.function)

        branches = [_convolution(net, start, quarter, 1)]
        branches += [_convolution(net, active(start, 1), quarter, kernel) for kernel in (3, 5)]
        pooled = net.add("max_pool", start, size=3, stride=1, padding="same")
        branches.append(_convolution(net, pooled, quarter, 1))
        net.add("activation", net.add("batch_norm", net.add("concatenate", *branches)), function=self.function)


@layer("squeeze_excite")
@dataclass(frozen=True)
class SqueezeExcite(Layer):
    """Weighs each channel by what all of the image has in it: channel means, a 1x1 convolution to a `ratio`-th of the
    channels, relu, a 1x1 convolution back, sigmoid (Hu et al. 2017, https://arxiv.org/abs/1709.01507)."""

    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 0.7
    ratio: int = gene(Whole(2, 16, typical=(4, 8)))

    def expand(self, net: SpecBuilder) -> None:
        start = net.last
        if len(net.shape(start)) != 3:
            raise InvalidGenome(f"squeeze_excite needs a feature map, but gets the shape {net.shape(start)}")
        channels = net.shape(start)[2]
        means = net.add("channel_means", start)
        squeezed = _convolution(net, means, max(1, channels // self.ratio), 1, bias=True)
        excited = _convolution(net, net.add("activation", squeezed, function="relu"), channels, 1, bias=True)
        net.add("multiply", start, net.add("activation", excited, function="sigmoid"))
