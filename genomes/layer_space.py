"""What search spaces share whose genomes are made of layers and a training recipe, however the layers are arranged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, ClassVar, Generic, Self, TypeVar

from genomes.alphabet import Alphabet, full_alphabet
from genomes.genome import Genome, InvalidGenome, Variation
from genomes.layer import Layer
from genomes.limits import Limits, TooLarge
from genomes.notation import check_layer
from genomes.primitives import Shape
from genomes.spec import ModelSpec, SpecBuilder
from genomes.steps import Step

G = TypeVar("G", bound=Genome)
TRIES = 30
# Widths at which a network that may be larger is tried, and one that is too large.
WIDER = (8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.75, 1.5, 1.25)
SHARES = (1.0, 0.875, 0.75, 0.6875, 0.625, 0.5625, 0.5, 0.4375, 0.375, 0.3125, 0.25, 0.1875, 0.125)
NARROWER = (0.75, 0.5)  # of a child that is too large


@dataclass(frozen=True)
class LayerSpace(ABC, Generic[G]):
    """Genomes of layers that fit images of `input_shape` and stay within the limits.

    input_shape: (height, width, channels).
    classes: number of classes, at least 2.
    limits: how large and how costly a network may be.
    alphabet: kinds of layers and the bounds of all genes.
    """

    settings: ClassVar[frozenset[str]] = frozenset(
        ("layers", "recipe", "max_layers", "fill", "small_births", "small_work", "rungs")
    )
    input_shape: Shape
    classes: int
    limits: Limits = field(default_factory=Limits)
    alphabet: Alphabet = field(default_factory=full_alphabet, repr=False)

    @classmethod
    def for_images(cls, input_shape: Shape, classes: int, limits: Limits, alphabet: Alphabet) -> Self:
        """See `NetworkSpace`."""
        return cls(input_shape, classes, limits, alphabet)

    def with_limits(self, limits: Limits) -> Self:
        """See `NetworkSpace`."""
        return replace(self, limits=limits)

    def without(self, genome: G) -> Self:
        """See `SearchSpace`."""
        return self

    @abstractmethod
    def random(self, rng: Random) -> Variation[G]:
        """See `SearchSpace`."""

    @abstractmethod
    def blueprint(self, genome: G) -> ModelSpec:
        """See `SearchSpace`."""

    @abstractmethod
    def scaled(self, genome: G, share: float) -> G:
        """The genome with layers of about that share of their widths."""

    def narrowed(self, genome: G) -> Variation[G] | None:
        """The widest of this network and narrower ones that fits the limits of this space, or None."""
        return self._widest(genome, SHARES)

    def widened(self, genome: G) -> Variation[G] | None:
        """The widest of those wider than this network that fits the limits of this space, or None."""
        return self._widest(genome, WIDER)

    def _widest(self, genome: G, shares: tuple[float, ...]) -> Variation[G] | None:
        for share in shares:
            found = self.scaled(genome, share)
            if share != 1 and found == genome:
                continue
            with suppress(InvalidGenome):
                steps = () if share == 1 else (Step("scale", {"factor": share}, f"{share:g} times as wide"),)
                return Variation(found, steps, self.blueprint(found))
        return None

    @property
    def smallest(self) -> ModelSpec:
        """The smallest network for these images, whatever the limits: the mean of each channel, and classes."""
        net = SpecBuilder(self.input_shape)
        net.add("global_average")
        self.add_classes(net)
        return net.spec()

    def problem(self, genome: G) -> str | None:
        """Why `genome` does not fit this space, or None."""
        try:
            self.blueprint(genome)
        except InvalidGenome as error:
            return str(error)
        return None

    def first_valid(
        self,
        draw: Callable[[], tuple[G, tuple[Step, ...]]],
        another_recipe: Callable[[], tuple[G, tuple[Step, ...]]],
        parent: G,
        rng: Random,
    ) -> Variation[G]:
        """The first draw that can be built and is not the parent; after some the parent with another recipe, and a
        random genome where not even that can change."""
        for attempt in range(21 * TRIES):
            with suppress(InvalidGenome):
                child, steps = draw() if attempt < TRIES else another_recipe()
                if child != parent and (found := self._within(child, steps)) and found.genome != parent:
                    return found
        return self.random(rng)

    def _within(self, child: G, steps: tuple[Step, ...]) -> Variation[G] | None:
        """A child with its network; narrower where it is too large, as near a limit most that grows is. None if that is
        too large, too. Raises InvalidGenome for what cannot be built at any width."""
        try:
            return Variation(child, steps, self.blueprint(child))
        except TooLarge:
            narrower = self._widest(child, NARROWER)
            return narrower and Variation(narrower.genome, (*steps, *narrower.steps), narrower.blueprint)

    def add_classes(self, net: SpecBuilder) -> None:
        """Adds what every network ends in: a dense layer to the classes, and softmax."""
        net.add("dense", units=self.classes, name="classes")
        net.add("activation", function="softmax", name="probabilities")

    def read_layer(self, gene: dict[str, Any]) -> Layer:
        """The layer of its JSON. Raises InvalidGenome, or KeyError or TypeError for what is no layer."""
        return check_layer(self.alphabet.named(gene.pop("layer"))(**gene), self.alphabet)
