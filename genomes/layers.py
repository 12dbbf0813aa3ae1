"""The kinds of layers that are one primitive each; `composites.py` has those that are several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from genomes.domains import Options, Real, Value, Whole
from genomes.gene_bounds import FILTERS, FUNCTION, KERNEL, PADDING, RATE, STEP, STRIDE, WINDOW
from genomes.genes import gene
from genomes.layer import BODY, HEAD, Layer, layer
from genomes.primitives import InvalidGenome
from genomes.spec import SpecBuilder


def _unusual(**settings: tuple[Value, Value]) -> dict[str, Any]:
    """Settings that differ from what stands behind them: those of a node that it did not always have."""
    return {name: value for name, (value, usual) in settings.items() if value != usual}


@layer("conv")
@dataclass(frozen=True)
class Convolution(Layer):
    """A two-dimensional convolution, with or without bias. Activation and normalisation are layers of their own."""

    role: ClassVar[str] = "features"
    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 3.0
    width: ClassVar[str | None] = "filters"
    filters: int = gene(FILTERS)
    kernel: int = gene(KERNEL)
    stride: int = gene(STRIDE, default=1)
    dilation: int = gene(Whole(1, 4, typical=(1, 1, 1, 1, 2)), default=1)
    padding: str = gene(PADDING, default="same")
    bias: bool = gene(Options((False, True)), default=True, weight=0.2)

    def expand(self, net: SpecBuilder) -> None:
        net.add(
            "convolution",
            filters=self.filters,
            kernel=self.kernel,
            stride=self.stride,
            dilation=self.dilation,
            padding=self.padding,
            bias=self.bias,
        )


@layer("whiten")
@dataclass(frozen=True)
class Whiten(Layer):
    """A convolution that is not trained: it gives out by how much a `kernel` x `kernel` patch of the image has of each
    of its principal components, each scaled to deviation 1, and the same with the sign turned (Jordan 2024,
    https://arxiv.org/abs/2404.00498, section 3.1). They are those of the training images. It must be the first layer.
    """

    role: ClassVar[str] = "whitening"
    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 0.5
    first: ClassVar[bool] = True
    kernel: int = gene(Whole(1, 3, typical=(2, 2, 2, 3)))

    def expand(self, net: SpecBuilder) -> None:
        if net.last != 0:
            raise InvalidGenome("whiten must be the first layer, as it whitens patches of the images themselves")
        channels = net.shape(0)[2]
        net.add("whitening", filters=2 * channels * self.kernel**2, kernel=self.kernel)


@layer("separable")
@dataclass(frozen=True)
class Separable(Layer):
    """A convolution in two steps, each channel by itself and then across channels: far fewer weights (Chollet 2016,
    https://arxiv.org/abs/1610.02357)."""

    role: ClassVar[str] = "features"
    place: ClassVar[frozenset[str]] = BODY
    width: ClassVar[str | None] = "filters"
    filters: int = gene(FILTERS)
    kernel: int = gene(KERNEL)
    stride: int = gene(STRIDE, default=1)
    padding: str = gene(PADDING, default="same")

    def expand(self, net: SpecBuilder) -> None:
        window: dict[str, Any] = {"kernel": self.kernel, "stride": self.stride, "padding": self.padding}
        net.add("separable_convolution", filters=self.filters, **window)


@layer("depthwise")
@dataclass(frozen=True)
class Depthwise(Layer):
    """A convolution of each channel by itself, with bias."""

    role: ClassVar[str] = "features"
    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 0.5
    kernel: int = gene(Whole(1, 7, typical=(3, 3, 3, 5)))
    stride: int = gene(STRIDE, default=1)
    padding: str = gene(PADDING, default="same")

    def expand(self, net: SpecBuilder) -> None:
        net.add("depthwise_convolution", kernel=self.kernel, stride=self.stride, padding=self.padding)


@dataclass(frozen=True)
class _Pooling(Layer):
    """One value of each `size` x `size` window, windows side by side.

    stride: by how many pixels windows go on instead; 0 for their size. padding: whether they reach over the border
    ("same"), where what lies beyond does not count. Both are for networks that are brought along: no mutation changes
    them.
    """

    op: ClassVar[str]
    role: ClassVar[str] = "pooling"
    place: ClassVar[frozenset[str]] = BODY
    size: int = gene(WINDOW)
    stride: int = gene(STEP, default=0, weight=0.0)
    padding: str = gene(PADDING, default="valid", weight=0.0)

    def expand(self, net: SpecBuilder) -> None:
        net.add(self.op, size=self.size, stride=self.stride or self.size, padding=self.padding)


@layer("maxpool")
class MaxPool(_Pooling):
    """The largest value of each window."""

    op: ClassVar[str] = "max_pool"


@layer("avgpool")
class AveragePool(_Pooling):
    """The mean of each window."""

    op: ClassVar[str] = "average_pool"
    weight: ClassVar[float] = 0.5


@layer("batchnorm")
@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation over the channels (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167).

    momentum: how much of its running averages a batch leaves as it is. gain: whether it has a factor for each channel
    that is learned; it always has an offset.
    """

    role: ClassVar[str] = "normalisation"
    weight: ClassVar[float] = 2.0
    # Keras's .99 leaves the running averages of a brief training far behind the weights, so that validation judges a
    # network that was never trained; with .9 they arrive within a few dozen steps.
    momentum: float = gene(Real(0.5, 0.97, ceiling=0.999), default=0.9, weight=0.2)
    gain: bool = gene(Options((False, True)), default=True, weight=0.2)

    def expand(self, net: SpecBuilder) -> None:
        net.add("batch_norm", **_unusual(momentum=(self.momentum, 0.9), gain=(self.gain, True)))


@layer("layernorm")
@dataclass(frozen=True)
class LayerNorm(Layer):
    """Layer normalisation over the channels of each place (Ba et al. 2016, https://arxiv.org/abs/1607.06450)."""

    role: ClassVar[str] = "normalisation"
    weight: ClassVar[float] = 0.5

    def expand(self, net: SpecBuilder) -> None:
        net.add("layer_norm")


@layer("activation")
@dataclass(frozen=True)
class Activation(Layer):
    """A non-linearity without settings. Its function is its word in the notation."""

    role: ClassVar[str] = "activation"
    selector: ClassVar[str | None] = "function"
    weight: ClassVar[float] = 3.0
    function: str = gene(FUNCTION)

    def expand(self, net: SpecBuilder) -> None:
        net.add("activation", function=self.function)


@layer("leaky_relu")
@dataclass(frozen=True)
class LeakyRelu(Layer):
    """max(x, slope * x)."""

    role: ClassVar[str] = "activation"
    weight: ClassVar[float] = 0.5
    slope: float = gene(Real(0.001, 0.5, log=True, ceiling=1.0))

    def expand(self, net: SpecBuilder) -> None:
        net.add("leaky_relu", slope=self.slope)


@layer("prelu")
@dataclass(frozen=True)
class PRelu(Layer):
    """max(x, slope * x) with a slope per channel that is learned (He et al. 2015, https://arxiv.org/abs/1502.01852)."""

    role: ClassVar[str] = "activation"
    weight: ClassVar[float] = 0.5

    def expand(self, net: SpecBuilder) -> None:
        net.add("prelu", per_channel=len(net.shape(net.last)) == 3)


@layer("dropout")
@dataclass(frozen=True)
class Dropout(Layer):
    """Sets a share `rate` of the values to zero while training (Srivastava et al. 2014,
    https://jmlr.org/papers/v15/srivastava14a.html)."""

    role: ClassVar[str] = "regularisation"
    rate: float = gene(RATE)

    def expand(self, net: SpecBuilder) -> None:
        net.add("dropout", rate=self.rate)


@layer("spatial_dropout")
@dataclass(frozen=True)
class SpatialDropout(Layer):
    """Sets a share `rate` of the channels to zero while training, each as a whole (Tompson et al. 2014,
    https://arxiv.org/abs/1411.4280)."""

    role: ClassVar[str] = "regularisation"
    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 0.5
    rate: float = gene(RATE)

    def expand(self, net: SpecBuilder) -> None:
        net.add("spatial_dropout", rate=self.rate)


@layer("gaussian_noise")
@dataclass(frozen=True)
class GaussianNoise(Layer):
    """Adds noise with the standard deviation `deviation` while training."""

    role: ClassVar[str] = "regularisation"
    weight: ClassVar[float] = 0.3
    deviation: float = gene(Real(0.01, 0.5, log=True))

    def expand(self, net: SpecBuilder) -> None:
        net.add("gaussian_noise", deviation=self.deviation)


@layer("scale")
@dataclass(frozen=True)
class Scale(Layer):
    """Multiplies all values by `factor`, which is not learned. At the end of a network one below 1 makes its first
    answers less certain, and its training steadier."""

    role: ClassVar[str] = "scaling"
    weight: ClassVar[float] = 0.3
    factor: float = gene(Real(0.05, 2.0, log=True, ceiling=100.0))

    def expand(self, net: SpecBuilder) -> None:
        net.add("scale", factor=self.factor)


@layer("flatten")
@dataclass(frozen=True)
class Flatten(Layer):
    """From feature maps to one vector: all values in a row, or the mean or largest value of each channel.
    Every stack has exactly one; it parts the body from the head."""

    role: ClassVar[str] = "flattening"
    selector: ClassVar[str | None] = "how"
    place: ClassVar[frozenset[str]] = frozenset()
    how: str = gene(Options(("flatten", "global_average", "global_max")))

    def expand(self, net: SpecBuilder) -> None:
        net.add(self.how)


@layer("dense")
@dataclass(frozen=True)
class Dense(Layer):
    """A fully connected layer with bias. The output layer is not a gene: every stack ends in it."""

    role: ClassVar[str] = "dense"
    place: ClassVar[frozenset[str]] = HEAD
    width: ClassVar[str | None] = "units"
    units: int = gene(Whole(8, 4096, typical=(32, 64, 96, 128, 192, 256), doubles=True))

    def expand(self, net: SpecBuilder) -> None:
        net.add("dense", units=self.units)
