"""Layers that networks bring along which people wrote themselves: no search puts them in, unless it is told to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genomes.domains import Whole
from genomes.genes import gene
from genomes.layer import BODY, Layer, layer
from genomes.spec import SpecBuilder

BORDER = Whole(0, 16, typical=(0, 1, 2), floor=0)


@layer("pad")
@dataclass(frozen=True)
class Pad(Layer):
    """Zeros around each map, by so many pixels at each side. With them, and `padding=valid`, the windows of a
    convolution may begin elsewhere than with `padding=same`."""

    place: ClassVar[frozenset[str]] = BODY
    weight: ClassVar[float] = 0.0
    top: int = gene(BORDER)
    bottom: int = gene(BORDER)
    left: int = gene(BORDER)
    right: int = gene(BORDER)

    def expand(self, net: SpecBuilder) -> None:
        net.add("pad", top=self.top, bottom=self.bottom, left=self.left, right=self.right)
