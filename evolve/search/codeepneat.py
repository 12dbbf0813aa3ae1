"""CoDeepNEAT: blueprints and the modules that they are made of evolve side by side, each a population in species
(Miikkulainen et al. 2017, "Evolving Deep Neural Networks", https://arxiv.org/abs/1703.00548).

A network is a blueprint with a module of the wanted species in each of its slots. A module, like a blueprint, is worth
what the best network is that it was part of: a mean would punish it for its company. The best network of a generation
is born once more as wide as the limits allow, as widths are scaled at the end there; not if they were before.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any, ClassVar

from pydantic import Field

from evolve.search.births import Births
from evolve.search.codeepneat_parts import Blueprint, Module, Part, Passed
from evolve.search.speciation import Population, SpeciesOptions
from evolve.search.strategy import Answer, Facts, Member, Proposal, Strategy, member
from evolve.values import Request, Result
from genomes import Genome, InvalidGenome, Step, Variation
from genomes.graph.graph_genome import GraphGenome
from genomes.graph.modules import (
    assembled,
    pointing,
    slots_of,
    taken_apart,
)

TRIES = 30  # of networks of the same parts, before one is mutated as a whole
GENERATIONS = 10  # without any network that is new, after which there is none


@dataclass
class Network:
    """A network that is put together, or one to begin with, which has no parts.

    wanted: a module for each species that its blueprint has slots for.
    """

    blueprint: Blueprint | None = None
    wanted: dict[int, Module] = field(default_factory=dict)

    @property
    def parts(self) -> list[Part]:
        return [*([self.blueprint] if self.blueprint else []), *self.wanted.values()]

    @property
    def ancestors(self) -> list[Member]:
        """The networks that its parts come from."""
        return [one for part in self.parts for one in part.ancestors]


class CoDeepNeat(Strategy):
    """Co-evolution of blueprints and modules, by generations. It begins with founders, which it takes apart.

    Modules differ more or less, depending on what it began with. So the threshold of their species is set anew in each
    generation, such that there are `module_species` of them: a slot is for one, and with a single one there would be no
    choice of what to put together.
    """

    encodings: ClassVar[frozenset[str] | None] = frozenset({"graph"})

    class Options(SpeciesOptions):
        """Those of both populations, how large these are, and how many species of modules there are at least, whose
        threshold follows from that."""

        blueprints: int = Field(8, ge=2, description="a whole number of at least 2", examples=[8])
        modules: int = Field(16, ge=2, description="a whole number of at least 2", examples=[16])
        module_species: int = Field(5, ge=1, description="a whole number of at least 1", examples=[5])

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._births, self._size, self._options = births, population, options
        self._to_begin = births.founders_left or options.blueprints
        self._starts: list[tuple[Any, Member | None]] = []  # networks to begin with, and what they came to
        self._modules: Population[Module] | None = None
        self._blueprints: Population[Blueprint] | None = None
        self._passed = Passed(births.space)  # to blueprints
        self._under_way = False  # a generation, of which networks are to be born or told
        self._waiting: deque[Network] = deque()
        self._untold: dict[str, Network] = {}  # by notation
        self._worst: float | None = None
        self._best: Member | None = None
        self._scaled = False  # whether the widths of the best one were scaled already
        self._facts: list[tuple[str, Any]] = []
        self._reason: dict[str, str] = {}

    def ask(self, rng: Random) -> Proposal | Answer:
        if self._to_begin:
            self._to_begin -= 1
            if first := self._births.newcomer(rng):
                return self._out(first, Network())
        if not self._waiting and self._untold:
            return "wait"
        if not self._waiting and (wider := self._wider()):
            return self._out(wider, Network())
        for _ in range(GENERATIONS):
            while self._waiting:
                network = self._waiting.popleft()
                if made := self._put_together(network, rng):
                    return made
            if self._untold:
                return "wait"
            if not self._next_generation(rng):
                break
        self._reason = {"exhausted": "all networks that were put together had been tried before"}
        return "done"

    def _out(self, proposal: Proposal, network: Network) -> Proposal:
        self._untold[proposal.genome.notation()] = network
        return proposal

    def tell(self, request: Request, result: Result) -> None:
        """Of what fails no part has its fitness; one with nothing else has the worst that was seen, which keeps
        averages whole."""
        genome = request.candidate.genome
        network = self._untold.pop(genome.notation(), None)
        if network is None:  # born for another reason
            return
        told = member(request, result)
        if self._modules is None:
            self._starts.append((genome, told))
        for part in network.parts:
            part.tell(told)
        if told is not None:
            self._worst = told.fitness if self._worst is None else min(self._worst, told.fitness)
            if self._best is None or told.fitness > self._best.fitness:
                self._best = told
                self._scaled = any(step.operator == "scale" for step in request.candidate.steps)
        if not self._waiting and not self._untold:
            self._end_generation()

    def _wider(self) -> Proposal | None:
        """The best network as wide as the limits allow, once; none whose widths were scaled already."""
        if self._modules is None or self._best is None or self._scaled:
            return None
        self._scaled = True
        return self._births.wider(self._best)

    def _put_together(self, network: Network, rng: Random) -> Proposal | None:
        """A network of the parts that are wanted; of others of the same species if it is not new or does not fit; in
        the end one that is mutated as a whole, which is not of these parts any more: none of them is worth what it is.
        """
        assert network.blueprint is not None
        blueprint, tries = network.blueprint, 0

        def draw() -> Variation[Genome] | None:
            nonlocal tries
            tries += 1
            if tries > 1:
                network.wanted = self._chosen(blueprint, rng)
            genome = assembled(blueprint.graph, {number: one.graph for number, one in network.wanted.items()})
            fitting = self._births.space.narrowed(genome)
            if fitting is None:
                return None
            steps = (_assembly(network), *fitting.steps)
            if tries <= TRIES:
                return Variation(fitting.genome, steps, fitting.blueprint)
            mutant = self._births.space.mutate(fitting.genome, rng)
            return Variation(mutant.genome, (*steps, *mutant.steps), mutant.blueprint)

        with suppress(InvalidGenome):
            made = self._births.made(draw, lambda: network.ancestors)
            return made and self._out(made, network if tries <= TRIES else Network())
        return None

    def _chosen(self, blueprint: Blueprint, rng: Random, used: Counter[int] | None = None) -> dict[int, Module]:
        """A module of each species that a blueprint wants, one that was used least so far. used: how often, by key."""
        assert self._modules is not None
        chosen: dict[int, Module] = {}
        of = self._modules.species_of
        for species in sorted(set(slots_of(blueprint.graph).values())):
            among = [one for key, one in sorted(self._modules.members.items()) if of[key] == species]
            least = min((used[one.key] for one in among), default=0) if used is not None else 0
            chosen[species] = rng.choice([one for one in among if used is None or used[one.key] == least])
            if used is not None:
                used[chosen[species].key] += 1
        return chosen

    def _end_generation(self) -> None:
        """Modules that no network had, and parts of nothing but failures, have the worst fitness that was seen."""
        if not self._under_way:
            return
        self._under_way = False
        assert self._modules is not None
        assert self._blueprints is not None
        for population in (self._modules, self._blueprints):
            for part in population.members.values():
                if part.fitness is None:
                    part.fitness = self._worst if self._worst is not None else 0.0
            self._facts.append(("species", population.fact()))

    def _next_generation(self, rng: Random) -> bool:
        """Children of both populations, or the first ones; and which networks are to be put together. False if there is
        nothing to begin with."""
        if self._modules is None or self._blueprints is None:
            if not self._starts:
                return False
            self._begin(rng)
        else:
            self._end_generation()
            self._modules.next_generation(rng)
            self._modules.speciate(self._options.module_species)
            self._passed.species = sorted(set(self._modules.species_of.values()))
            self._blueprints.next_generation(rng)
            for blueprint in self._blueprints.members.values():
                blueprint.repair(self._passed)
            self._blueprints.speciate(most=self._options.compatibility_threshold)
        assert self._blueprints is not None
        self._under_way = True
        used: Counter[int] = Counter()
        new_first = sorted(self._blueprints.members.values(), key=lambda one: (one.best is not None, one.key))
        for _, blueprint in zip(range(self._size), cycle(new_first), strict=False):
            self._waiting.append(Network(blueprint, self._chosen(blueprint, rng, used)))
        return True

    def _begin(self, rng: Random) -> None:
        """Both populations, of what the networks that it began with are made of, the best first."""
        self._starts.sort(key=lambda one: -math.inf if one[1] is None else -one[1].fitness)
        apart = [(*taken_apart(genome), told) for genome, told in self._starts]
        modules = list(dict.fromkeys(module for _, parts, _ in apart for module in parts))[: self._options.modules]
        if not modules:  # the starts had no layer
            drawn: Any = self._births.space.random(rng).genome
            modules = taken_apart(drawn)[1]
        self._modules = Population(
            "modules", Module, Passed(self._births.space, modules), self._options.modules, self._options
        )
        self._modules.next_generation(rng)
        self._modules.speciate(self._options.module_species)
        of_module = dict(zip(modules, self._modules.members.values(), strict=False))
        species = self._passed.species = sorted(set(self._modules.species_of.values()))
        begin: list[GraphGenome] = []
        for blueprint, parts, _ in apart[: self._options.blueprints]:
            numbers = [
                self._modules.species_of[of_module[part].key] if part in of_module else rng.choice(species)
                for part in parts
            ]
            slots = {mark: numbers[number] for mark, number in slots_of(blueprint).items()}
            begin.append(pointing(blueprint, slots))
        self._passed.begin_with(begin)
        self._blueprints = Population("blueprints", Blueprint, self._passed, self._options.blueprints, self._options)
        self._blueprints.next_generation(rng)
        self._blueprints.speciate(most=self._options.compatibility_threshold)
        for (_, parts, told), made in zip(apart, self._blueprints.members.values(), strict=False):
            for part in (made, *(of_module[one] for one in parts if one in of_module)):
                part.tell(told)

    def stop_reasons(self) -> dict[str, str]:
        return self._reason

    def facts(self) -> Facts:
        told, self._facts = self._facts, []
        return told


def _assembly(network: Network) -> Step:
    assert network.blueprint is not None
    modules = {str(species): module.key for species, module in network.wanted.items()}
    listed = ", ".join(str(key) for key in modules.values())
    text = f"blueprint {network.blueprint.key} with module{'s' if len(modules) != 1 else ''} {listed}"
    return Step("assemble", {"blueprint": network.blueprint.key, "modules": modules}, text)
