"""Which random changes of images a data set bears: asked once in a search, and then the same for all of its networks.

Mirrored cats are cats, mirrored letters are none, and a brief training cannot tell the one from the other: either
change costs it accuracy. But a network that was trained without any knows what changed images mean to it. It is shown
validation images that are all changed in one way, and what is left of its accuracy above guessing says which of three
holds: the change destroys what tells classes apart, the images survive it, or that is open.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal

from evolve.search.halving import Halving
from evolve.search.strategy import Births, Examination, Member, Promotion, Proposal, Strategy, Wish, member
from evolve.settings import Settings
from evolve.values import CHANGED, CLEAN, Budget, Candidate, Probe, Purpose, Request, Result
from genomes import Genome
from genomes.genome import recipe_of
from genomes.json_value import Json

Verdict = Literal["destroys", "survives", "open"]
DESTROYS, SURVIVES = 0.5, 0.85  # of the accuracy above guessing: at most, and at least, what is left
CLEARLY = 2.0  # standard errors on either side of what is left
ABOVE = 4.0  # standard errors by which a network must be better than guessing for its answer to count
WITH_IT = 3  # of the best networks, that are born again with the augmentation that was decided


@dataclass(frozen=True)
class Kept:
    """What is left of a network's accuracy above guessing on images that are all changed in one way: 1 if the change
    costs nothing, 0 if nothing but guessing is left. error: standard error over images, as if both scores were of
    different images, which makes it too large rather than too small."""

    group: str
    share: float
    error: float

    @property
    def verdict(self) -> Verdict:
        if self.share + CLEARLY * self.error < DESTROYS:
            return "destroys"
        return "survives" if self.share - CLEARLY * self.error > SURVIVES else "open"


def kept(measures: Mapping[str, float], chance: float, images: int) -> list[Kept]:
    """What is left, by group; nothing where the network is not clearly better than guessing.

    measures: of its result. chance: accuracy of guessing. images: how many were shown.
    """
    clean = measures.get(CLEAN)
    if clean is None or clean - chance < ABOVE * _error(chance, images):
        return []
    found = []
    for name, changed in measures.items():
        if name.startswith(CHANGED):
            share = (changed - chance) / (clean - chance)
            error = math.hypot(_error(changed, images), share * _error(clean, images)) / (clean - chance)
            found.append(Kept(name.removeprefix(CHANGED), share, error))
    return found


def _error(share: float, images: int) -> float:
    """Standard error of a share of so many images."""
    return math.sqrt(share * (1 - share) / images)


@dataclass(frozen=True)
class Question:
    """What is asked of a data set. probes: ways to change images. genes: by group those of its augmentation, as it is
    switched on. off: the same genes, switched off. budget: of the training of the network that is asked. chance:
    accuracy of guessing on the validation part. images: how many of it are shown."""

    probes: tuple[Probe, ...]
    genes: Mapping[str, Mapping[str, Json]]
    off: Mapping[str, Json]
    budget: Budget
    chance: float
    images: int

    def answer(self, result: Result) -> dict[str, Json]:
        """The genes of augmentation of all networks from now on: those of groups that survive are on, and all others
        are off, as they are where there is no answer."""
        survive = [one.group for one in kept(result.measures, self.chance, self.images) if one.verdict == "survives"]
        on = {name: value for group in survive for name, value in self.genes.get(group, {}).items()}
        return {**self.off, **on}


class Augmenting:
    """Wraps a strategy. It is a strategy itself, without options.

    births: where `strategy` gets its genomes from; until there is an answer all are born without augmentation.
    race: after so many births that were told the best network is asked. most: births that there are at most; some are
    left for networks to be born again with the augmentation that was decided. None for no limit.
    """

    takes_updates: ClassVar[bool] = True
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, strategy: Strategy, births: Births, question: Question, race: int, most: int | None) -> None:
        self._strategy, self._births, self._question = strategy, births, question
        self._race = race if most is None else max(1, min(race, most - WITH_IT))
        self._room = None if most is None else max(self._race, most - WITH_IT)
        self._members: dict[int, tuple[Member, Candidate]] = {}
        self._asked = self._told = 0
        self._state: Literal["race", "asked", "decided"] = "race"
        self._again: deque[Proposal] = deque()
        births.genes = question.off

    def ask(self, rng: Random) -> Wish:
        if self._state == "race" and self._told >= self._race:
            self._state = "asked"
            if self._members:
                _, candidate = self._best()[0]
                return Examination(candidate, self._question.budget, Purpose.PROBE, self._question.probes)
            self._state = "decided"  # nobody could answer
        if self._again:
            self._asked += 1
            return self._again.popleft()
        if self._state != "decided" and self._room is not None and self._asked >= self._room:
            return "wait"
        answer = self._strategy.ask(rng)
        self._asked += isinstance(answer, Proposal)
        return answer

    def tell(self, request: Request, result: Result) -> None:
        if request.purpose is Purpose.PROBE:
            self._decide(result)
            return
        self._told += request.continues is None
        if (told := member(request, result)) is not None:
            self._members[told.number] = told, request.candidate
        self._strategy.tell(request, result)

    def _decide(self, result: Result) -> None:
        self._state = "decided"
        self._births.genes = self._question.answer(result)
        if self._births.genes != self._question.off:
            best = [told for told, _ in self._best()]
            again = dict.fromkeys([min(best, key=lambda one: one.number), *best])  # the eldest has to be beaten
            proposals = (self._births.dressed(one) for one in list(again)[:WITH_IT])
            self._again.extend(one for one in proposals if one is not None)

    def _best(self) -> Sequence[tuple[Member, Candidate]]:
        """Those that were told, best first."""
        return sorted(self._members.values(), key=lambda one: (one[0].rank, -one[0].number), reverse=True)

    def promotion(self) -> Promotion | None:
        """The promotion that is due, if the strategy promotes."""
        return self._strategy.promotion() if isinstance(self._strategy, Halving) else None

    def may_win(self, genome: Genome) -> bool:
        """Whether a genome is augmented as was decided for all."""
        recipe = recipe_of(genome).to_json()
        return all(recipe[name] == value for name, value in self._births.genes.items())

    def needs_weights(self, budget: Budget) -> bool:
        return self._strategy.needs_weights(budget)

    def keep(self) -> set[int]:
        return self._strategy.keep()

    def stop_reasons(self) -> dict[str, str]:
        return self._strategy.stop_reasons()
