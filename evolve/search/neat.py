"""Speciation of NEAT over any encoding, with neat-python's reproduction, species and stagnation unmodified
(Stanley and Miikkulainen 2002, "Evolving Neural Networks through Augmenting Topologies",
https://nn.cs.utexas.edu/?stanley:ec02).

neat-python's `Population.run` is split at its evaluation: `ask` hands out the genomes of a generation that have no
fitness yet; when all are told, the next `ask` reproduces and speciates. Its genome class is the thin `NeatGenome`,
whose variation and distance are the search space's.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

import neat
from neat.reporting import ReporterSet
from pydantic import Field

from evolve.search.births import Births
from evolve.search.strategy import Answer, Member, Proposal, global_random
from evolve.settings import Settings
from evolve.values import Budget, Request, Result


class GenomeConfig:
    """What neat-python passes through to every genome: here, the births and the generator of the ask."""

    births: Births
    rng: Random
    innovation_tracker: Any = None


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

    @classmethod
    def parse_config(cls, values: dict[str, str]) -> GenomeConfig:
        return GenomeConfig()

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

    @property
    def genome(self) -> Any:
        assert self.proposal is not None
        return self.proposal.genome

    def member(self) -> Member:
        assert self.fitness is not None
        return Member(self.number, self.genome, self.fitness)


class NeatConfig(neat.Config):  # type: ignore[misc]
    """neat-python's configuration, given in code; its own class insists on a file."""

    def __init__(self, population: int, options: Neat.Options) -> None:
        self.pop_size, self.seed = population, None
        self.fitness_criterion, self.fitness_threshold = "max", 0.0
        self.reset_on_extinction, self.no_fitness_termination = True, True
        self.genome_type, self.genome_config = NeatGenome, NeatGenome.parse_config({})
        self.reproduction_type, self.species_set_type = neat.DefaultReproduction, neat.DefaultSpeciesSet
        self.stagnation_type = neat.DefaultStagnation
        # elitism and min_species_size above 1 can demand more genomes than the population holds.
        self.reproduction_config = neat.DefaultReproduction.parse_config(
            {"elitism": "1", "survival_threshold": str(options.survival_threshold), "min_species_size": "1"}
        )
        self.species_set_config = neat.DefaultSpeciesSet.parse_config(
            {"compatibility_threshold": str(options.compatibility_threshold)}
        )
        self.stagnation_config = neat.DefaultStagnation.parse_config(
            {
                "species_fitness_func": "max",
                "max_stagnation": str(options.max_stagnation),
                "species_elitism": str(options.species_elitism),
            }
        )


class Neat:
    """Speciated evolution by generations."""

    takes_updates = False

    class Options(Settings):
        """Settings of neat-python's parts, under their own names."""

        compatibility_threshold: float = Field(
            0.6, gt=0, le=1, description="a number above 0, at most 1", examples=[0.6]
        )
        survival_threshold: float = Field(0.3, gt=0, le=1, description="a number above 0, at most 1", examples=[0.3])
        max_stagnation: int = Field(8, ge=1, description="a whole number of at least 1", examples=[8])
        species_elitism: int = Field(1, ge=0, description="a whole number of at least 0", examples=[1])

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._options, self._config = options, NeatConfig(population, options)
        self._config.genome_config.births = births
        reporters = ReporterSet()
        stagnation = neat.DefaultStagnation(self._config.stagnation_config, reporters)
        self._reproduction = neat.DefaultReproduction(self._config.reproduction_config, reporters, stagnation)
        self._species = neat.DefaultSpeciesSet(self._config.species_set_config, reporters)
        self._population: dict[int, NeatGenome] = {}
        self._waiting: deque[NeatGenome] = deque()
        self._untold: dict[str, NeatGenome] = {}  # by notation
        self._generation = 0
        self._worst: float | None = None
        self._reason: dict[str, str] = {}

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
            self._reason = {"exhausted": "all genomes that were drawn had been tried before"}
            return "done"
        genome.proposal = self._config.genome_config.births.up_to_date(genome.proposal)
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

    def _next_generation(self, rng: Random) -> None:
        config = self._config
        config.genome_config.rng = rng
        with global_random(rng):
            if self._population:
                for genome in self._population.values():
                    if genome.fitness is None:
                        genome.fitness = self._worst if self._worst is not None else 0.0
                self._population = self._reproduction.reproduce(
                    config, self._species, config.pop_size, self._generation
                )
                self._generation += 1
                # neat-python's own family tree is not needed and would grow for ever.
                self._reproduction.ancestors.clear()
            if not self._population:
                self._population = self._reproduction.create_new(NeatGenome, config.genome_config, config.pop_size)
            if all(genome.proposal is not None for genome in self._population.values()):
                self._species.speciate(config, self._population, self._generation)
        self._waiting = deque(genome for genome in self._population.values() if genome.fitness is None)

    def needs_weights(self, budget: Budget) -> bool:
        return False

    def keep(self) -> set[int]:
        return set()

    def stop_reasons(self) -> dict[str, str]:
        return self._reason
