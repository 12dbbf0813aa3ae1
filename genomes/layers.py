"""The alphabet: layer genes. One class per kind, in one place, with its bounds, its words and its expansion.

A layer gene is a frozen dataclass whose fields carry their domains. `expand` adds the primitives it stands for to a
`SpecBuilder`; a composite kind, such as `Residual`, adds several. A new kind is one class here, decorated with
`@layer(...)`: notation, JSON, bounds, mutation, distance and the property tests follow from the fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from random import Random
from typing import Any, ClassVar, TypeVar

from genomes.domains import Domain, Options, Real, Whole
from genomes.spec import SpecBuilder

ACTIVATIONS = ("relu", "elu", "gelu", "swish", "tanh")
FILTERS = Whole(4, 512, typical=(8, 16, 24, 32, 48, 64, 96, 128))
KERNEL = Whole(1, 7, typical=(1, 3, 3, 3, 5))
STRIDE = Whole(1, 2, typical=(1, 1, 1, 2))
WINDOW = Whole(2, 4, typical=(2, 2, 2, 3))


def gene(domain: Domain, default: Any = MISSING) -> Any:
    """A dataclass field with a domain. Without a default the notation writes the value without its name."""
    return field(metadata={"domain": domain}, **({} if default is MISSING else {"default": default}))


@dataclass(frozen=True)
class Layer:
    """One gene of a layer stack.

    kind: its name in JSON.
    selector: the field whose value is used as the word of the notation (`relu`), or None if the kind is (`conv`).
    place: where in a stack it may stand: in the body (feature maps), in the head (flat vectors) or in both.
    weight: how often it is drawn, relative to the others.
    """

    kind: ClassVar[str]
    selector: ClassVar[str | None] = None
    place: ClassVar[frozenset[str]] = frozenset({"body", "head"})
    weight: ClassVar[float] = 1.0

    def expand(self, net: SpecBuilder) -> None:
        """Adds the primitives of this layer behind the last node. Raises InvalidGenome if they do not fit there."""
        raise NotImplementedError

    @property
    def word(self) -> str:
        """The word of the notation this layer starts with."""
        return str(getattr(self, self.selector)) if self.selector else self.kind

    def __str__(self) -> str:
        parts = [self.word]
        for f in fields(self):
            if f.name == self.selector:
                continue
            value = getattr(self, f.name)
            if f.default is MISSING:
                parts.append(str(value))
            elif value != f.default:
                parts.append(f"{f.name}={value}")
        return " ".join(parts)

    def problem(self) -> str | None:
        """The first field outside its bounds, in words, or None."""
        for name, domain in domains(type(self)).items():
            problem = domain.problem(getattr(self, name))
            if problem:
                return f"{self.word}: {name} {problem}"
        return None


LAYERS: dict[str, type[Layer]] = {}
L = TypeVar("L", bound=type[Layer])


def layer(kind: str) -> Callable[[L], L]:
    """Registers a kind of layer under its name."""

    def register(cls: L) -> L:
        cls.kind = kind
        LAYERS[kind] = cls
        return cls

    return register


def _domains(cls: Any) -> dict[str, Domain]:
    """Domains of the genes of a dataclass, by field name."""
    return {f.name: f.metadata["domain"] for f in fields(cls)}


domains: Callable[[Any], dict[str, Domain]] = cache(_domains)


BODY = frozenset({"body"})
HEAD = frozenset({"head"})


@layer("conv")
@dataclass(frozen=True)
class Convolution(Layer):
    """A two-dimensional convolution with bias. Activation and normalisation are layers of their own."""

    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 3.0
    filters: int = gene(FILTERS)
    kernel: int = gene(KERNEL)
    stride: int = gene(STRIDE, default=1)
    padding: str = gene(Options(("same", "valid")), default="same")

    def expand(self, net: SpecBuilder) -> None:
        net.add(
            "convolution",
            filters=self.filters,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            bias=True,
        )


@layer("maxpool")
@dataclass(frozen=True)
class MaxPool(Layer):
    """The largest value of each `size` x `size` window, windows side by side."""

    place: ClassVar[frozenset[str]] = BODY
    size: int = gene(WINDOW)

    def expand(self, net: SpecBuilder) -> None:
        net.add("max_pool", size=self.size)


@layer("avgpool")
@dataclass(frozen=True)
class AveragePool(Layer):
    """The mean of each `size` x `size` window, windows side by side."""

    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 0.5
    size: int = gene(WINDOW)

    def expand(self, net: SpecBuilder) -> None:
        net.add("average_pool", size=self.size)


@layer("batchnorm")
@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation over the channels (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167)."""

    weight: ClassVar[float] = 2.0

    def expand(self, net: SpecBuilder) -> None:
        net.add("batch_norm")


@layer("activation")
@dataclass(frozen=True)
class Activation(Layer):
    """A non-linearity without settings. Its function is its word in the notation."""

    selector: ClassVar[str | None] = "function"
    weight: ClassVar[float] = 3.0
    function: str = gene(Options(ACTIVATIONS))

    def expand(self, net: SpecBuilder) -> None:
        net.add("activation", function=self.function)


@layer("leaky_relu")
@dataclass(frozen=True)
class LeakyRelu(Layer):
    """max(x, slope * x)."""

    weight: ClassVar[float] = 0.5
    slope: float = gene(Real(0.001, 0.5, log=True))

    def expand(self, net: SpecBuilder) -> None:
        net.add("leaky_relu", slope=self.slope)


@layer("dropout")
@dataclass(frozen=True)
class Dropout(Layer):
    """Sets a share `rate` of the values to zero while training (Srivastava et al. 2014)."""

    rate: float = gene(Real(0.05, 0.7))

    def expand(self, net: SpecBuilder) -> None:
        net.add("dropout", rate=self.rate)


@layer("flatten")
@dataclass(frozen=True)
class Flatten(Layer):
    """From feature maps to one vector: all values in a row, or the mean or largest value of each channel.
    Every stack has exactly one; it parts the body from the head."""

    selector: ClassVar[str | None] = "how"
    place: ClassVar[frozenset[str]] = frozenset()
    how: str = gene(Options(("flatten", "global_average", "global_max")))

    def expand(self, net: SpecBuilder) -> None:
        net.add(self.how)


@layer("dense")
@dataclass(frozen=True)
class Dense(Layer):
    """A fully connected layer with bias. The output layer is not a gene: every stack ends in it."""

    place: ClassVar[frozenset[str]] = HEAD
    units: int = gene(Whole(8, 1024, typical=(32, 64, 96, 128, 192, 256)))

    def expand(self, net: SpecBuilder) -> None:
        net.add("dense", units=self.units)


@layer("residual")
@dataclass(frozen=True)
class Residual(Layer):
    """A residual block: convolution, batch norm, activation, convolution, batch norm, plus the block's input, then
    the activation (He et al. 2015, https://arxiv.org/abs/1512.03385). Where the shape changes, the input passes a
    1x1 convolution and batch norm of its own."""

    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 2.0
    filters: int = gene(FILTERS)
    kernel: int = gene(KERNEL)
    stride: int = gene(STRIDE, default=1)
    function: str = gene(Options(ACTIVATIONS), default="relu")

    def expand(self, net: SpecBuilder) -> None:
        start = net.last

        def convolution(source: int, kernel: int, stride: int) -> int:
            node = net.add(
                "convolution",
                source,
                filters=self.filters,
                kernel=kernel,
                stride=stride,
                padding="same",
                bias=False,
            )
            return net.add("batch_norm", node)

        inner = net.add("activation", convolution(start, self.kernel, self.stride), function=self.function)
        branch = convolution(inner, self.kernel, 1)
        shortcut = start if net.shape(start) == net.shape(branch) else convolution(start, 1, self.stride)
        net.add("add", branch, shortcut)
        net.add("activation", function=self.function)


def draw(place: str, rng: Random) -> Layer:
    """A random layer that may stand in `place` ("body" or "head")."""
    kinds = [cls for cls in LAYERS.values() if place in cls.place]
    cls = rng.choices(kinds, weights=[kind.weight for kind in kinds])[0]
    return cls(**{name: domain.sample(rng) for name, domain in domains(cls).items()})


def distance(a: Layer, b: Layer) -> float:
    """Symmetric, in [0, 1]: 1 between kinds, at most .5 between settings of one kind."""
    if type(a) is not type(b):
        return 1.0
    of_type = domains(type(a))
    if not of_type:
        return 0.0
    return 0.5 * sum(d.distance(getattr(a, n), getattr(b, n)) for n, d in of_type.items()) / len(of_type)
