"""Speciation of NEAT over any encoding (Stanley and Miikkulainen 2002, "Evolving Neural Networks through Augmenting
Topologies", https://nn.cs.utexas.edu/?stanley:ec02).

`ask` hands out the genomes of a generation that have no fitness yet; when all are told, the next `ask` reproduces and
speciates. neat-python's genome is here the thin `NeatGenome`, whose variation and distance are the search space's.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

from pydantic import Field

from evolve.search.births import EXHAUSTED, Births
from evolve.search.speciation import PassedThrough, Population, SpeciesOptions
from evolve.search.strategy import Answer, Facts, Member, Proposal, Strategy
from evolve.values import Request, Result, adoption
from genomes.json_value import Json


class GenomeConfig(PassedThrough):
    """Where genomes come from."""

    def __init__(self, births: Births) -> None:
        self.births = births


class NeatGenome:
    """The adapter between neat-python and a search space.

    key: neat-python's number; number: birth number, once the result is told.
    """

    def __init__(self, key: int) -> None:
        self.key = key
        self.fitness: float | None = None
        self.number = 0
        self.proposal: Proposal | None = None
        self._parents: list[Member] = []

    def configure_new(self, config: GenomeConfig) -> None:
        self.proposal = config.births.newcomer(config.rng)

    def configure_crossover(self, a: NeatGenome, b: NeatGenome, config: GenomeConfig, **_: Any) -> None:
        self._parents = [a.member(), b.member()] if a is not b else [a.member()]

    def mutate(self, config: GenomeConfig) -> None:
        """Crossover and mutation in one draw, so that a genome born before can be drawn again."""
        child = config.births.child(lambda: self._parents, config.rng)
        self.proposal = child or config.births.newcomer(config.rng)

    def distance(self, other: NeatGenome, config: GenomeConfig) -> float:
        return float(config.births.space.distance(self.genome, other.genome))

    def champion(self) -> Json:
        return self.number

    @property
    def genome(self) -> Any:
        assert self.proposal is not None
        return self.proposal.genome

    def member(self) -> Member:
        assert self.fitness is not None
        assert self.proposal is not None
        return Member(self.number, self.genome, self.fitness, adopted=adoption(self.proposal))


class Neat(Strategy):
    """Speciated evolution by generations."""

    class Options(SpeciesOptions):
        """Settings of neat-python's parts, under their own names, and how many species there are at least: the
        threshold is lower where it would make fewer."""

        species: int = Field(3, ge=1, description="a whole number of at least 1", examples=[3])

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._births, self._options = births, options
        self._population = Population("networks", NeatGenome, GenomeConfig(births), population, options)
        self._waiting: deque[NeatGenome] = deque()
        self._untold: dict[str, NeatGenome] = {}  # by notation
        self._worst: float | None = None
        self._reason: dict[str, str] = {}
        self._facts: list[tuple[str, Any]] = []

    def ask(self, rng: Random) -> Proposal | Answer:
        if not self._waiting and self._untold:
            return "wait"
        # A generation of nothing but elites brings no births; stagnation ends that within `max_stagnation` more.
        for _ in range(self._options.max_stagnation + 2):
            if self._waiting:
                break
            self._next_generation(rng)
        else:
            self._reason = {"stagnation": "every species holds its elite only; raise population or the threshold"}
            return "done"
        genome = self._waiting.popleft()
        if genome.proposal is None:
            self._reason = EXHAUSTED
            return "done"
        genome.proposal = self._births.up_to_date(genome.proposal)
        self._untold[genome.genome.notation()] = genome
        return genome.proposal

    def tell(self, request: Request, result: Result) -> None:
        """A failure counts as the worst finite fitness seen so far, which keeps neat-python's averages whole."""
        told = self._untold.pop(request.candidate.genome.notation(), None)
        if told is None:  # born for another reason
            return
        told.number, told.fitness = request.candidate.number, result.fitness
        if result.fitness is not None:
            self._worst = result.fitness if self._worst is None else min(self._worst, result.fitness)
        if not self._waiting and not self._untold:
            self._end_generation()

    def _end_generation(self) -> None:
        if any(genome.proposal is None for genome in self._population.members.values()):
            return  # nothing new was left to be born, so they were never put into species
        for genome in self._population.members.values():
            if genome.fitness is None:
                genome.fitness = self._worst if self._worst is not None else 0.0
        self._facts.append(("species", self._population.fact()))

    def _next_generation(self, rng: Random) -> None:
        population = self._population
        population.next_generation(rng)
        if all(genome.proposal is not None for genome in population.members.values()):
            population.speciate(self._options.species, self._options.compatibility_threshold)
        self._waiting = deque(genome for genome in population.members.values() if genome.fitness is None)
        if not self._waiting:
            self._end_generation()  # of elites alone

    def stop_reasons(self) -> dict[str, str]:
        return self._reason

    def facts(self) -> Facts:
        told, self._facts = self._facts, []
        return told
