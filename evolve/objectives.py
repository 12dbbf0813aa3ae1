"""What a search is for: which measures count, in which direction, and which of two candidates ranks first.

Workers return measures; what they are worth is derived when results are read, so that one training serves every
objective. This is the one place that knows a direction: inside, fitness is always better when it is higher; people see
values as they were measured.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Direction(StrEnum):
    """Which values of a measure are better."""

    MAXIMISE = "maximise"
    MINIMISE = "minimise"


# Measures of every training -> their direction.
MEASURES = {
    "accuracy": Direction.MAXIMISE,
    "balanced_accuracy": Direction.MAXIMISE,
    "loss": Direction.MINIMISE,
}
# What a network costs, known before it is trained -> the direction.
COSTS = {
    "parameters": Direction.MINIMISE,
    "multiply_adds": Direction.MINIMISE,
    "activations": Direction.MINIMISE,
}
# What it costs where it is used, measured: seconds for one image, and bytes of its LiteRT file, with floats or 8 bits.
MEASURED = {
    "latency": Direction.MINIMISE,
    "size": Direction.MINIMISE,
    "size_int8": Direction.MINIMISE,
}
LIMITS = {"max_size": "size_int8", "max_latency": "latency"}  # settings -> what they limit
FITNESS = "fitness"  # what a fitness function of the user's own returns
SCORE = "score"  # of an entry of a table of published scores
# All measures of which the direction is known.
KNOWN = {**MEASURES, **COSTS, **MEASURED, FITNESS: Direction.MAXIMISE, SCORE: Direction.MAXIMISE}
PUBLISHED = "choices"  # the encoding of those
RECORDED = "pool"  # that of tables of our own trainings, which have all measures
NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Objective:
    """A measure that is to be as large, or as small, as possible."""

    name: str
    direction: Direction

    def fitness(self, value: float) -> float:
        """The value, turned so that higher is better."""
        return value if self.direction is Direction.MAXIMISE else -value

    def shown(self, fitness: float) -> float:
        """The value of a fitness, as it was measured."""
        return self.fitness(fitness)

    @property
    def path(self) -> str:
        """Where the measure lies in a JSON object, in SQLite's words."""
        return f'$."{self.name}"'

    @property
    def fitness_sql(self) -> str:
        """The fitness of a row of results, in SQL."""
        sign = "" if self.direction is Direction.MAXIMISE else "-"
        return f"{sign}json_extract(measures, '{self.path}')"


def read_objective(text: str) -> Objective:
    """The objective that 'loss', or 'minimise loss', means. Raises ValueError, in words that follow 'must be'."""
    direction, _, name = text.strip().rpartition(" ")
    name = name.replace("-", "_")
    if not NAME.fullmatch(name) or direction not in ("", *Direction):
        raise ValueError("the name of a measure, after 'maximise' or 'minimise' where that is not clear")
    if not direction and name not in KNOWN:
        names = ", ".join(name for name in KNOWN if name not in (FITNESS, SCORE))
        others = "fitness of a function of your own, score of a table, or another measure after"
        raise ValueError(f"one of {names}, {others} 'maximise' or 'minimise'")
    return Objective(name, Direction(direction) if direction else KNOWN[name])


@dataclass(frozen=True)
class Objectives:
    """The objectives of a run, in the order in which they count. limits: of measures that only measuring tells."""

    each: tuple[Objective, ...]
    limits: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, object]) -> Objectives:
        """Those that the settings of a run name, as they are stored."""
        named = config.get("objectives")
        if isinstance(named, list | tuple) and named:
            given = [(name, config.get(setting)) for setting, name in LIMITS.items()]
            limits = tuple((name, float(limit)) for name, limit in given if isinstance(limit, int | float))
            return cls(tuple(read_objective(str(text)) for text in named), limits)
        published = config.get("table") and config.get("encoding", PUBLISHED) == PUBLISHED
        usual = FITNESS if config.get("fitness") else SCORE if published else config.get("metric")
        return cls((read_objective(str(usual or "accuracy")),))

    @property
    def first(self) -> Objective:
        """The one that candidates are ranked by."""
        return self.each[0]

    @property
    def costs(self) -> tuple[str, ...]:
        """Names of those that are costs of networks."""
        return tuple(one.name for one in self.each if one.name in COSTS)

    @property
    def measured(self) -> tuple[str, ...]:
        """Names of those that are measured apart from a training, and of what is limited."""
        names = (*(one.name for one in self.each if one.name in MEASURED), *(name for name, _ in self.limits))
        return tuple(dict.fromkeys(names))

    def violation(self, measures: Mapping[str, float]) -> float:
        """By how much measures are beyond their limits, in shares of these, all together; 0 if they are within, or are
        not known."""
        known = [(measures[name], limit) for name, limit in self.limits if name in measures]
        return sum(max(0.0, value / limit - 1) for value, limit in known)

    @property
    def trained(self) -> Objectives:
        """Those of them that a training tells."""
        return Objectives(tuple(one for one in self.each if one.name not in {**COSTS, **MEASURED}), self.limits)

    def vector(self, measures: Mapping[str, float]) -> tuple[float, ...]:
        """Fitness by each objective; nothing if a measure is missing or not finite."""
        found = [measures.get(one.name, math.nan) for one in self.each]
        if not all(map(math.isfinite, found)):
            return ()
        return tuple(one.fitness(value) for one, value in zip(self.each, found, strict=True))


class Standing(NamedTuple):
    """How a candidate stands in a search, better ones higher: a score from a larger budget, images x epochs, counts
    more than any from a smaller one."""

    trained: int
    fitness: float


def in_order(standing: Standing, number: int) -> tuple[int, float, int]:
    """A key that sorts the best first: by standing, and of equals the one that was born first."""
    return -standing.trained, -standing.fitness, number


ORDER_SQL = "trained DESC, fitness DESC, candidate"  # the same order, for rows with these columns
