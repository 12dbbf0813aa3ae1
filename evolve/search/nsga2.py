"""NSGA-II with one birth at a time (Deb et al. 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II",
https://doi.org/10.1109/4235.996017; steady state: Durillo et al. 2009, "On the Effect of the Steady-State Selection
Scheme in Multi-Objective Genetic Algorithms", https://doi.org/10.1007/978-3-642-01020-0_18). Ranks, crowding and
selection are DEAP's.

A population of the best is kept: those first that no other one is better than in all objectives, of equals those in
thinner parts of the front; what is beyond a limit that was measured comes behind all that is not. Parents are the
winners of tournaments of two by the same order. Each child that was told comes in and the last of all goes, so that no
birth waits for a generation.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar

from deap import base, tools
from pydantic import Field

from evolve.search.births import Births
from evolve.search.strategy import Answer, Member, Proposal, Strategy, member
from evolve.settings import Settings
from evolve.values import Request, Result


@dataclass(eq=False)
class Individual:
    """A member as DEAP sees it. fitness: its objectives, each better when it is higher. violation: of limits. rank: of
    its front, the best is 0."""

    member: Member
    fitness: Any
    violation: float = 0.0
    rank: int = 0

    @property
    def place(self) -> tuple[float, int, float, int]:
        """Sorts the best first: those within limits before others, which come by how little they are beyond them; then
        by front, those with more room around them first, of equals the eldest."""
        return self.violation, self.rank, -self.fitness.crowding_dist, self.member.number


class Nsga2(Strategy):
    """Multi-objective selection; a child of two parents is mutated with probability `mutation_rate`, a child of one
    always."""

    several_objectives: ClassVar[bool] = True

    class Options(Settings):
        """Settings of the variation."""

        crossover_rate: float = Field(0.5, ge=0, le=1, description="a number from 0 to 1", examples=[0.5])
        mutation_rate: float = Field(0.7, ge=0, le=1, description="a number from 0 to 1", examples=[0.7])

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._births, self._population, self._options = births, population, options
        self._members: list[Individual] = []
        self._asked = 0

    def ask(self, rng: Random) -> Proposal | Answer:
        self._asked += 1
        ready = bool(self._members) and 2 * self._asked > self._population
        found = self._births.child_or_newcomer(ready, lambda: self._parents(rng), rng, self._options.mutation_rate)
        return found or "done"

    def tell(self, request: Request, result: Result) -> None:
        """A failure is not taken in."""
        told = member(request, result)
        if told is None:
            return
        self._members.append(Individual(told, _fitness(result.objectives), result.violation))
        self._members = _selected(self._members, self._population)

    def _parents(self, rng: Random) -> list[Member]:
        """One parent, or two different ones with probability `crossover_rate`."""
        count = 2 if len(self._members) > 1 and rng.random() < self._options.crossover_rate else 1
        first = self._winner(rng, self._members)
        if count == 1:
            return [first.member]
        return [first.member, self._winner(rng, [one for one in self._members if one is not first]).member]

    def _winner(self, rng: Random, among: list[Individual]) -> Individual:
        return min(rng.sample(among, min(2, len(among))), key=lambda one: one.place)

    def stop_reasons(self) -> dict[str, str]:
        return self._births.stop_reasons()


def _fitness(values: tuple[float, ...]) -> Any:
    kind = type("Maximised", (base.Fitness,), {"weights": (1.0,) * len(values)})
    return kind(values)


def _selected(members: list[Individual], count: int) -> list[Individual]:
    """The `count` best, with rank and crowding as they are among all of these that are within limits, or are not."""
    within = [[one for one in members if (one.violation > 0) == beyond] for beyond in (False, True)]
    fronts = [front for part in within if part for front in tools.sortNondominated(part, len(part))]
    for rank, front in enumerate(fronts):
        tools.emo.assignCrowdingDist(front)
        for one in front:
            one.rank = rank
    return sorted(members, key=lambda one: one.place)[:count]
