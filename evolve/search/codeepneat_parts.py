"""Modules and blueprints as neat-python sees them, see `evolve.search.codeepneat`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from evolve.search.speciation import PassedThrough
from evolve.search.strategy import Member
from genomes.graph.crossing import cross_graphs
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.modules import blueprint_distance, mutate_blueprint, mutate_module, pointing, slots_of
from genomes.json_value import Json


class Passed(PassedThrough):
    """What modules or blueprints are made from. space: of networks. species: of modules, that a slot may stand for."""

    def __init__(self, space: Any, begin: Sequence[GraphGenome] = ()) -> None:
        self.space, self.species = space, list[int]()
        self.begin_with(begin)

    def begin_with(self, graphs: Sequence[GraphGenome]) -> None:
        """Graphs that a first generation begins with."""
        self._all, self._left = tuple(graphs), deque(graphs)

    def next(self) -> tuple[GraphGenome, bool]:
        """The next one to begin with; one of them again, to be mutated, when all were."""
        return (self._left.popleft(), False) if self._left else (self.rng.choice(self._all), True)


class Part:
    """A module or a blueprint. best: the best network that it was part of so far."""

    def __init__(self, key: int) -> None:
        self.key = key
        self.fitness: float | None = None
        self.graph: GraphGenome
        self.best: Member | None = None
        self._ancestors: list[Member] = []

    def configure_new(self, config: Passed) -> None:
        self.graph, again = config.next()
        if again:
            self.mutate(config)

    def configure_crossover(self, a: Part, b: Part, config: Passed, **_: Any) -> None:
        self._ancestors = [one.best for one in ((a, b) if a is not b else (a,)) if one.best]
        self.graph = a.graph if a is b else cross_graphs(a.graph, b.graph, config.rng)[0]

    def mutate(self, config: Passed) -> None:
        raise NotImplementedError

    def distance(self, other: Part, config: Passed) -> float:
        raise NotImplementedError

    def champion(self) -> Json:
        return self.best.number if self.best else None

    @property
    def ancestors(self) -> list[Member]:
        """The networks that it comes from: its own best, or those of its parents."""
        return [self.best] if self.best else self._ancestors

    def tell(self, network: Member | None) -> None:
        """A network that it was part of; None for one that failed."""
        if network is not None and (self.fitness is None or network.fitness > self.fitness):
            self.fitness, self.best = network.fitness, network


class Module(Part):
    """A part of networks."""

    def mutate(self, config: Passed) -> None:
        self.graph = mutate_module(self.graph, config.rng, config.space.alphabet)

    def distance(self, other: Part, config: Passed) -> float:
        return float(config.space.distance(self.graph, other.graph))


class Blueprint(Part):
    """Which modules a network has, and how they are connected."""

    def mutate(self, config: Passed) -> None:
        """Slots that stand for a species that died stand for another one first."""
        self.repair(config)
        self.graph = mutate_blueprint(self.graph, config.species, config.rng, config.space.alphabet)

    def repair(self, config: Passed) -> None:
        dead = {mark for mark, species in slots_of(self.graph).items() if species not in config.species}
        self.graph = pointing(self.graph, {mark: config.rng.choice(config.species) for mark in sorted(dead)})

    def distance(self, other: Part, config: Passed) -> float:
        return blueprint_distance(self.graph, other.graph)
