"""MAP-Elites (Mouret and Clune 2015, "Illuminating search spaces by mapping elites", https://arxiv.org/abs/1504.04909),
with one birth at a time. The archive is pyribs's (https://pyribs.org).

The best network of each size is kept: sizes are weights and multiply-adds, each cut where it doubles, as on the shelf
that `evolve shelf` prints. A parent is one of these, whatever it is worth beside others; a child that is better than
what its own cell holds takes its place. So small networks are bred from small ones and large ones from large ones, and
what was learnt at one size can come to use at another.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any, Literal

from pydantic import Field

from evolve.errors import check_extra
from evolve.search.births import Births
from evolve.search.strategy import Answer, Member, Proposal, Strategy, member
from evolve.settings import Settings
from evolve.values import Request, Result

DOUBLINGS = 50  # of a cost, from 1 on: more than any network has

Cost = Literal["parameters", "multiply_adds", "activations"]


class MapElites(Strategy):
    """The best of each cell over some costs; a child of two cells is mutated with probability `mutation_rate`, a child
    of one always."""

    class Options(Settings):
        """Settings of the archive and the variation."""

        cells: tuple[Cost, ...] = Field(
            ("parameters", "multiply_adds"),
            min_length=1,
            max_length=3,
            description="one to three of 'parameters', 'multiply_adds' and 'activations'",
            examples=[["parameters", "activations"]],
        )
        crossover_rate: float = Field(0.5, ge=0, le=1, description="a number from 0 to 1", examples=[0.5])
        mutation_rate: float = Field(0.7, ge=0, le=1, description="a number from 0 to 1", examples=[0.7])

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._births, self._population, self._options = births, population, options
        self._archive = _archive(len(options.cells))
        self._elites: dict[int, Member] = {}  # by cell
        self._asked = 0

    @classmethod
    def check_installed(cls) -> None:
        check_extra("strategy 'map-elites'", "shelf", "ribs")

    def ask(self, rng: Random) -> Proposal | Answer:
        self._asked += 1
        ready = bool(self._elites) and 2 * self._asked > self._population
        found = self._births.child_or_newcomer(ready, lambda: self._parents(rng), rng, self._options.mutation_rate)
        return found or "done"

    def tell(self, request: Request, result: Result) -> None:
        """A failure is not taken in."""
        told = member(request, result)
        if told is None:
            return
        place = self._place(told)
        if self._archive.add_single(told.number, told.fitness, place)["status"]:
            self._elites[int(self._archive.index_of_single(place))] = told

    def _place(self, told: Member) -> list[float]:
        """Where it belongs, each cost in doublings from 1 on: pyribs would move what is out of its range to the edge
        without a word, so nothing is. What is not known, as of entries of some tables, counts as 1."""
        blueprint = self._births.space.blueprint(told.genome)
        costs = [getattr(blueprint, name, None) for name in self._options.cells]
        return [min(math.log2(max(1, cost or 1)), DOUBLINGS - 1) for cost in costs]

    def _parents(self, rng: Random) -> list[Member]:
        """The elite of any cell, or those of two with probability `crossover_rate`."""
        elites = list(self._elites.values())
        return rng.sample(elites, 2 if len(elites) > 1 and rng.random() < self._options.crossover_rate else 1)

    def stop_reasons(self) -> dict[str, str]:
        return self._births.stop_reasons()


def _archive(costs: int) -> Any:
    from ribs.archives import GridArchive

    ranges = [(0, DOUBLINGS)] * costs
    return GridArchive(solution_dim=(), solution_dtype=object, dims=[DOUBLINGS] * costs, ranges=ranges)
