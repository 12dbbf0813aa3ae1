"""What a layer gene is, and the register of all kinds.

A layer gene is a frozen dataclass whose fields carry their domains. `expand` adds the primitives it stands for to a
`SpecBuilder`. A new kind is one class, decorated with `@layer(...)`: notation, JSON, bounds, mutation, distance and the
property tests follow from the fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass
from typing import ClassVar, TypeVar

from genomes.domains import Value
from genomes.genes import domains, genes_of
from genomes.spec import SpecBuilder

BODY = frozenset({"body"})
HEAD = frozenset({"head"})


@dataclass(frozen=True)
class Layer:
    """One gene of a layer stack.

    kind: its name in JSON.
    selector: the field whose value is used as the word of the notation (`relu`), or None if the kind is (`conv`).
    place: where in a stack it may stand: in the body (feature maps), in the head (flat vectors) or in both.
    role: what it does there: "features", "pooling", "normalisation", "activation", "regularisation", "flattening",
        "dense", "whitening", "scaling" or "other".
    weight: how often it is drawn, relative to the others.
    width: the field that says how many channels or units it has, or None.
    first: whether it can only be the first layer.
    """

    kind: ClassVar[str]
    role: ClassVar[str] = "other"
    selector: ClassVar[str | None] = None
    place: ClassVar[frozenset[str]] = frozenset({"body", "head"})
    weight: ClassVar[float] = 1.0
    width: ClassVar[str | None] = None
    first: ClassVar[bool] = False

    def expand(self, net: SpecBuilder) -> None:
        """Adds the primitives of this layer behind the last node. Raises InvalidGenome if they do not fit there."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Value]:
        """Its kind and its genes."""
        return {"layer": self.kind, **{f.name: getattr(self, f.name) for f in genes_of(type(self))}}

    @property
    def begins_stage(self) -> bool:
        """Whether a stage of a stack begins with it, to which belongs what follows up to the next such layer."""
        return self.role in ("features", "pooling", "dense", "flattening", "whitening")

    @property
    def word(self) -> str:
        """The word of the notation this layer starts with."""
        return str(getattr(self, self.selector)) if self.selector else self.kind

    def __str__(self) -> str:
        parts = [self.word]
        for f in genes_of(type(self)):
            if f.name == self.selector:
                continue
            value = getattr(self, f.name)
            if f.default is MISSING:
                parts.append(str(value))
            elif value != f.default:
                parts.append(f"{f.name}={value}")
        return " ".join(parts)


LAYERS: dict[str, type[Layer]] = {}
L = TypeVar("L", bound=type[Layer])


def layer(kind: str) -> Callable[[L], L]:
    """Registers a kind of layer under its name."""

    def register(cls: L) -> L:
        cls.kind = kind
        LAYERS[kind] = cls
        return cls

    return register


def distance(a: Layer, b: Layer) -> float:
    """Symmetric, in [0, 1]: 1 between kinds, at most .5 between settings of one kind."""
    if type(a) is not type(b):
        return 1.0
    of_type = domains(type(a))
    if not of_type:
        return 0.0
    return 0.5 * sum(d.distance(getattr(a, n), getattr(b, n)) for n, d in of_type.items()) / len(of_type)
