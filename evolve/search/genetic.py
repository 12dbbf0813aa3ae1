"""A genetic algorithm with elitism and overlapping generations (Holland 1975; elitism: De Jong 1975; tournament
selection: Goldberg and Deb 1991). Tournaments are DEAP's `selTournament`.

The first generation are founders and random genomes. After that each birth has parents from the pool: the `elite` best
candidates of all time, and those among the last `population` results that were no failures. A child is thus born as
soon as it is asked for and never waits for the slowest of its generation, and a candidate that is not elite leaves the
pool after a generation's length.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import ClassVar

from deap import tools
from pydantic import Field

from evolve.objectives import in_order
from evolve.search.births import Births
from evolve.search.strategy import Answer, Member, Proposal, Strategy, global_random, member
from evolve.settings import Settings
from evolve.values import Request, Result


class Genetic(Strategy):
    """Tournament selection, crossover, mutation, elitism. A child of two parents is mutated with probability
    `mutation_rate`, a child of one always."""

    takes_updates: ClassVar[bool] = True

    class Options(Settings):
        """Settings of the genetic algorithm."""

        elite: int = Field(4, ge=1, description="a whole number of at least 1", examples=[4])
        tournament: int = Field(5, ge=1, description="a whole number of at least 1", examples=[5])
        crossover_rate: float = Field(0.5, ge=0, le=1, description="a number from 0 to 1", examples=[0.5])
        mutation_rate: float = Field(0.7, ge=0, le=1, description="a number from 0 to 1", examples=[0.7])

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._births, self._population, self._options = births, population, options
        self._asked = 0
        self._elite: list[Member] = []
        self._recent: deque[Member | None] = deque(maxlen=population)

    def ask(self, rng: Random) -> Proposal | Answer:
        self._asked += 1
        ready = bool(self._elite) and self._asked > self._population
        found = self._births.child_or_newcomer(ready, lambda: self._parents(rng), rng, self._options.mutation_rate)
        return found or "done"

    def tell(self, request: Request, result: Result) -> None:
        """A failure takes its place among the recent results, but not in the pool. An update takes the place of what
        was known of its candidate."""
        told, update = member(request, result), request.continues is not None
        if not update:
            self._recent.append(told)
        if told is None:
            return
        if update:
            recent = [told if known is not None and known.number == told.number else known for known in self._recent]
            self._recent = deque(recent, maxlen=self._population)
        others = [known for known in self._elite if known.number != told.number]
        self._elite = sorted([*others, told], key=lambda m: in_order(m.rank, m.number))[: self._options.elite]

    def _parents(self, rng: Random) -> list[Member]:
        """One parent, or two different ones with probability `crossover_rate`."""
        elite = {member.number for member in self._elite}
        pool = [*self._elite, *(m for m in self._recent if m is not None and m.number not in elite)]
        count = 2 if len(pool) > 1 and rng.random() < self._options.crossover_rate else 1
        with global_random(rng):
            chosen = tools.selTournament(pool, 1, self._options.tournament, fit_attr="rank")
            if count == 2:
                others = [member for member in pool if member != chosen[0]]
                chosen += tools.selTournament(others, 1, self._options.tournament, fit_attr="rank")
        return list(chosen)

    def stop_reasons(self) -> dict[str, str]:
        return self._births.stop_reasons()
