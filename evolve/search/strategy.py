"""What a search strategy is, and what it may want."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pkgutil import resolve_name
from random import Random
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from evolve.objectives import Standing
from evolve.settings import Settings
from evolve.values import Budget, Candidate, Probe, Purpose, Request, Result, Schedule, adoption
from genomes import Blueprint, Genome, Step
from genomes.json_value import JsonObject

Answer = Literal["wait", "done"]


@dataclass(frozen=True)
class Proposal:
    """A genome that a strategy wants to be born, the birth numbers of its parents and the steps that made it.

    blueprint: its network, where that was worked out already. inherits, spans: as of `Request`.
    """

    genome: Genome
    parents: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    blueprint: Blueprint | None = field(default=None, compare=False, repr=False)
    inherits: str | None = None
    spans: int | None = None


@dataclass(frozen=True)
class Promotion:
    """A candidate that did well is to be trained with a further budget, going on from where `request` ended.

    schedule: under one of its own, or under the same, which `request` must have said that it spans more epochs.
    """

    request: Request
    budget: Budget
    schedule: Schedule = Schedule.NEW
    spans: int | None = None


@dataclass(frozen=True)
class Examination:
    """A candidate that was born is trained once more, from scratch, so that something is found out. purpose: what for.
    probes: as of `Request`."""

    candidate: Candidate
    budget: Budget
    purpose: Purpose
    probes: tuple[Probe, ...] = ()


Facts: TypeAlias = Sequence[tuple[str, JsonObject]]
"""What a strategy wants shown: the kind of each, and what is to be known of it, see `evolve.values.Fact`."""

Wish: TypeAlias = Proposal | Promotion | Examination | Answer
"""What a strategy wants next."""


@dataclass(frozen=True)
class Member:
    """A candidate as strategies see it: its birth number, genome, fitness (finite, higher is better), how much training
    that took (images x epochs), the number of the request that it is the result of, and the key of its weights.
    adopted: the step by which it begins with weights of an adopted model, as its children do."""

    number: int
    genome: Genome
    fitness: float
    trained: int = 0
    request: int = 0
    weights: str | None = None
    adopted: Step | None = None

    @property
    def rank(self) -> Standing:
        """Higher is better."""
        return Standing(self.trained, self.fitness)


def member(request: Request, result: Result) -> Member | None:
    """The candidate that a result is of, or None if it failed."""
    if result.fitness is None:
        return None
    candidate, score = request.candidate, (result.fitness, request.budget.size)
    return Member(candidate.number, candidate.genome, *score, request.number, request.job_key, adoption(candidate))


class Strategy(Protocol):
    """Decides which genomes are born. What most of them are stands here for all.

    Options: the class of its settings. A strategy is built as Strategy(births, population, options).
    takes_updates: whether a candidate may be told again, at a larger budget.
    encodings: the only ones that it can search, or None. several_objectives: whether it heeds more than the first.
    """

    Options: ClassVar[type[Settings]]
    takes_updates: ClassVar[bool] = False
    encodings: ClassVar[frozenset[str] | None] = None
    several_objectives: ClassVar[bool] = False

    @classmethod
    def check_installed(cls) -> None:
        """Raises ConfigError, naming the extra to install, if a library that it needs is missing."""
        return None

    def ask(self, rng: Random) -> Wish:
        """What is to be trained next; "wait" if it first needs results that are on their way; "done" if there is
        nothing left.

        All randomness comes from `rng`, a fresh generator for each ask.
        """
        ...

    def tell(self, request: Request, result: Result) -> None:
        """The result of a request; exactly once for each, in the order of the virtual clock. A failure has no fitness.
        A candidate that is told again, at a larger budget, is an update: no birth, and ignored if the strategy holds
        that candidate no more. Where the strategy is wrapped, it may be told of births that it did not propose."""
        ...

    def needs_weights(self, budget: Budget) -> bool:
        """Whether a training with that budget is to keep its weights: a promotion may go on from them, or a birth
        inherit them."""
        return False

    def keep(self) -> set[int]:
        """Numbers of the requests that were told whose weights may still be needed."""
        return set()

    def stop_reasons(self) -> dict[str, str]:
        """Why `ask` says "done", by short name; empty as long as it does not."""
        ...

    def facts(self) -> Facts:
        """What it wants shown of what has happened since it was last asked, in order."""
        return ()


@contextmanager
def global_random(rng: Random) -> Iterator[None]:
    """Runs library code that draws from the global `random` module on `rng`, and leaves the module as it was."""
    before = random.getstate()
    random.seed(rng.getrandbits(64))
    try:
        yield
    finally:
        random.setstate(before)


# Name -> class, named by path so that a library is imported only by the strategy that uses it.
STRATEGIES = {
    "random": "evolve.search.random_search:RandomSearch",
    "genetic": "evolve.search.genetic:Genetic",
    "aging": "evolve.search.aging:Aging",
    "neat": "evolve.search.neat:Neat",
    "nsga2": "evolve.search.nsga2:Nsga2",
    "codeepneat": "evolve.search.codeepneat:CoDeepNeat",
    "map-elites": "evolve.search.map_elites:MapElites",
}


def strategy_class(name: str) -> Any:
    """The class registered under `name`. Raises KeyError for an unknown one."""
    return resolve_name(STRATEGIES[name])


def check_strategy(name: str, options: Mapping[str, Any], where: str) -> None:
    """Raises ConfigError if a library that a strategy needs is missing, or for options that it has not. where: begins
    what is said of options."""
    strategy = strategy_class(name)
    strategy.check_installed()
    strategy.Options.checked(options, where=where)
