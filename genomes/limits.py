"""How large and how costly a network may be: the limits of one search, shared by all encodings of networks."""

from __future__ import annotations

from dataclasses import dataclass

from genomes.primitives import InvalidGenome
from genomes.spec import ModelSpec


class TooLarge(InvalidGenome):
    """A network that is beyond a limit, and may be within it if it is made narrower."""


@dataclass(frozen=True)
class Limits:
    """Limits of the networks of a search.

    max_layers: genes in a network, for encodings that have one for each layer.
    max_parameters: weights of a network.
    max_multiply_adds: multiplications for one image, forward.
    max_activations: bytes for what layers hand on at once, at 8 bits a value, see `ModelSpec.activations`; None is no
        limit.
    max_size: bytes of a file with numbers of 8 bits, see `ModelSpec.likely_size`, None is no limit.
    max_work: what `work` says of a network; None is no limit.
    value_work: what it costs to write and read a value that a layer puts out, in multiply-adds.
    max_memory: bytes that training a network may take by estimate; None is no limit.
    """

    max_layers: int = 32
    max_parameters: int = 3_000_000
    max_multiply_adds: int = 50_000_000
    max_activations: int | None = None
    max_size: int | None = None
    max_work: int | None = None
    value_work: int = 45
    max_memory: int | None = None

    def check(self, spec: ModelSpec, batch_size: int) -> ModelSpec:
        """`spec`, if it is within the limits. Raises TooLarge naming the first that it is not within.

        batch_size: of its training, which decides the memory.
        """
        for name in ("parameters", "multiply_adds"):
            value, limit = getattr(spec, name), getattr(self, f"max_{name}")
            if value > limit:
                raise TooLarge(f"{value:,} {name.replace('_', '-')}, more than max_{name}={limit:,}")
        if self.max_activations is not None and (peak := spec.activations) > self.max_activations:
            raise TooLarge(f"{peak:,} bytes for activations, more than max_activations={self.max_activations:,}")
        if self.max_size is not None and (likely := spec.likely_size) > self.max_size:
            raise TooLarge(f"a file of about {likely:,} bytes, more than max_size={self.max_size:,}")
        if self.max_work is not None and (work := self.work(spec)) > self.max_work:
            raise TooLarge(f"{work:,} units of work for an image, more than max_work={self.max_work:,}")
        if self.max_memory is not None and (needed := spec.memory(batch_size)) > self.max_memory:
            raise TooLarge(
                f"about {needed / 2**30:.2f} GiB to train in batches of {batch_size}, more than the "
                f"{max(0, self.max_memory) / 2**30:.2f} GiB that candidate_memory leaves for a network"
            )
        return spec

    def work(self, spec: ModelSpec) -> int:
        """What a processor has to do for one image, forward, in multiply-adds."""
        return spec.multiply_adds + self.value_work * spec.values
