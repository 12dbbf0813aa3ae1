"""A population in species, by neat-python's reproduction, speciation and stagnation unmodified (Stanley and
Miikkulainen 2002, "Evolving Neural Networks through Augmenting Topologies", section 3.3,
https://nn.cs.utexas.edu/?stanley:ec02).

neat-python's `Population.run` is split at its evaluation, so that whoever holds a population says when it goes on.
"""

from __future__ import annotations

from contextlib import suppress
from copy import copy
from itertools import count
from random import Random
from typing import Any, Generic, Protocol, TypeVar

import neat
from neat.reporting import BaseReporter, ReporterSet
from pydantic import Field

from evolve.search.strategy import global_random
from evolve.settings import Settings
from genomes.json_value import Json, JsonObject


class Individual(Protocol):
    """What neat-python asks of a genome. Its variation and its distance come from elsewhere, by way of `config`.

    key: neat-python's number. fitness: None until it is known; higher is better, finite.
    """

    key: int
    fitness: float | None

    def __init__(self, key: int) -> None: ...
    def configure_new(self, config: Any) -> None: ...
    def configure_crossover(self, a: Any, b: Any, config: Any, **_: Any) -> None: ...
    def mutate(self, config: Any) -> None: ...
    def distance(self, other: Any, config: Any) -> float: ...
    def champion(self) -> Json:
        """What it is called as the best of its species."""
        ...


One = TypeVar("One", bound=Individual)


class SpeciesOptions(Settings):
    """Settings of neat-python's parts, under their own names."""

    compatibility_threshold: float = Field(0.6, gt=0, le=1, description="a number above 0, at most 1", examples=[0.6])
    survival_threshold: float = Field(0.3, gt=0, le=1, description="a number above 0, at most 1", examples=[0.3])
    max_stagnation: int = Field(8, ge=1, description="a whole number of at least 1", examples=[8])
    species_elitism: int = Field(1, ge=0, description="a whole number of at least 0", examples=[1])


class PassedThrough:
    """What neat-python passes through to every genome: here, the generator of the ask."""

    rng: Random
    innovation_tracker: Any = None  # set by neat-python; marks of genomes come from elsewhere


class NeatConfig(neat.Config):  # type: ignore[misc]
    """neat-python's configuration, given in code; its own class insists on a file."""

    def __init__(self, kind: type[Individual], passed: PassedThrough, size: int, options: SpeciesOptions) -> None:
        self.pop_size, self.seed = size, None
        self.fitness_criterion, self.fitness_threshold = "max", 0.0
        self.reset_on_extinction, self.no_fitness_termination = True, True
        self.genome_type, self.genome_config = kind, passed
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


class _Deaths(BaseReporter):  # type: ignore[misc]
    """Listens for species that stagnate."""

    def __init__(self) -> None:
        self.died: list[Json] = []

    def species_stagnant(self, sid: int, species: Any) -> None:
        self.died.append({"species": sid, "born": species.created})


class _Reproduction(neat.DefaultReproduction):  # type: ignore[misc]
    """neat-python's, but for one thing: where species have more children in all than the population holds, it takes one
    from each, and raises if that was not enough."""

    def _adjust_spawn_exact(self, spawn_amounts: list[int], pop_size: int, min_species_size: int) -> list[int]:
        adjust = super()._adjust_spawn_exact
        for _ in range(pop_size):
            with suppress(RuntimeError):  # it has changed the list itself, and goes on from there
                return list(adjust(spawn_amounts, pop_size, min_species_size))
        return list(adjust(spawn_amounts, pop_size, min_species_size))


class Population(Generic[One]):
    """Individuals in species, generation by generation.

    name: what they are, for facts. members: by neat-python's number; empty before the first generation.
    species_of: the number of each member's species.
    """

    def __init__(self, name: str, kind: type[One], passed: PassedThrough, size: int, options: SpeciesOptions) -> None:
        self._name, self._passed, self._kind = name, passed, kind
        self._config = NeatConfig(kind, passed, size, options)
        reporters, self._deaths = ReporterSet(), _Deaths()
        reporters.add(self._deaths)
        stagnation = neat.DefaultStagnation(self._config.stagnation_config, reporters)
        self._reproduction = _Reproduction(self._config.reproduction_config, reporters, stagnation)
        self._species = neat.DefaultSpeciesSet(self._config.species_set_config, reporters)
        self.members: dict[int, One] = {}
        self._generation = 0

    @property
    def species_of(self) -> dict[int, int]:
        return dict(self._species.genome_to_species)

    def next_generation(self, rng: Random) -> None:
        """The first generation, or children of the present one, of which each member must have its fitness. If all
        species died, a new first one."""
        self._passed.rng = rng
        with global_random(rng):
            if self.members:
                self.members = self._reproduction.reproduce(
                    self._config, self._species, self._config.pop_size, self._generation
                )
                self._generation += 1
                # neat-python's own family tree is not needed and would grow for ever.
                self._reproduction.ancestors.clear()
            if not self.members:
                self.members = self._reproduction.create_new(self._kind, self._passed, self._config.pop_size)

    def speciate(self, wanted: int = 1, most: float = 1.0) -> None:
        """Parts the members into species. wanted: how many there are to be at least, as far as members differ; the
        threshold is the highest one that makes so many, `most` at most."""
        self._set_threshold(most if self._species_at(most) >= wanted else self._highest_threshold(wanted))
        self._species.speciate(self._config, self.members, self._generation)

    def _set_threshold(self, threshold: float) -> None:
        self._config.species_set_config.compatibility_threshold = threshold

    def _highest_threshold(self, wanted: int) -> float:
        """The highest threshold, in hundredths, with at least so many species; the lowest if none has."""
        low, high = 1, 100
        while low < high:
            middle = (low + high + 1) // 2
            if self._species_at(middle / 100) >= wanted:
                low = middle
            else:
                high = middle - 1
        return low / 100

    def _species_at(self, threshold: float) -> int:
        """How many species there would be with a threshold."""
        self._set_threshold(threshold)
        trial = neat.DefaultSpeciesSet(self._config.species_set_config, ReporterSet())
        trial.indexer = count(max(self._species.species, default=0) + 1)
        trial.species = {key: copy(one) for key, one in self._species.species.items()}
        trial.speciate(self._config, self.members, self._generation)
        return len(trial.species)

    def fact(self) -> JsonObject:
        """The generation, now that each member has its fitness: its species, the number, the generation it was born in,
        how many members it has, its best fitness and what that champion is called, and for how many generations that
        has been no better; and the species that died before it, as none of theirs was better for too long."""
        died, self._deaths.died = self._deaths.died, []
        species = [self._told(one) for _, one in sorted(self._species.species.items())]
        return {"of": self._name, "generation": self._generation, "species": species, "died": died}

    def _told(self, species: Any) -> Json:
        best = max(species.members.values(), key=lambda one: (one.fitness, -one.key))
        before = max(species.fitness_history, default=None)
        improved = before is None or best.fitness > before
        return {
            "species": species.key,
            "born": species.created,
            "size": len(species.members),
            "best": best.fitness,
            "champion": best.champion(),
            "unimproved": 0 if improved else self._generation - species.last_improved,
        }
