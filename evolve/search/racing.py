"""A race of starts around a strategy: which of some networks that differ starts best on these images, what each becomes
with more training, and which changes of images they bear; breeding begins where that has led.

The starts are trained briefly, on the same images in the same order, without augmentation. The best of them, and the
first one, the favourite, are trained again with three times the epochs: what counts is where a network goes, not how
fast it starts (`Scores.expected`). The best is shown changed images then, which decides on augmentation for all
(`Question`), and the best are born again with what was decided: copies, which cost nothing. The strategy breeds from
then on, with the longer trainings known to it; the best of those that it breeds are trained longer in the end.

Portfolios of starts are raced like that by Auto-sklearn 2.0 (Feurer et al. 2020, https://arxiv.org/abs/2007.04074).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from random import Random
from typing import ClassVar

from evolve.objectives import Standing
from evolve.search.augmentation import Kept, Question
from evolve.search.births import Births
from evolve.search.halving import Halving
from evolve.search.leads import Scale, share_carried
from evolve.search.newcomers import Newcomers
from evolve.search.runners import Runner
from evolve.search.strategy import Examination, Facts, Promotion, Proposal, Strategy, Wish, member
from evolve.search.twins import Twins
from evolve.settings import Settings
from evolve.values import Budget, Continuation, Purpose, Request, Result, is_reborn
from genomes import Genome
from genomes.genome import recipe_of

REBORN = 3  # of the best, that are born again with the augmentation that was decided
PARENTS = 3  # of the best, near which breeding begins
FEWEST_BIRTHS = 4  # births with which some can be born again


@dataclass(frozen=True)
class Race:
    """What a race is like.

    starts: how many networks it begins with. challengers: how many of the best are trained longer, beside the
    favourite. longer: their budget. scale: of their scores. question: about augmentation, None if it is decided.
    most: births of the search at most, None for no limit; room for those that are born again is kept. leaders: how many
    are scored again in the end; as many have to be born again. newcomers: births after the race at most, None for no
    limit. ends: whether the search ends with them, or goes on for longer than was planned. last: images x epochs of the
    last training, which gets the time of newcomers that are not born. enough: as many as make it long enough.
    """

    starts: int
    challengers: int
    longer: Budget
    scale: Scale = field(default_factory=Scale)
    question: Question | None = None
    most: int | None = None
    newcomers: int | None = None
    ends: bool = True
    last: int = 0
    enough: float = math.inf
    leaders: int = 2

    @property
    def room(self) -> int:
        """Starts that there is room for, beside those that are born again and, where nothing else is planned, twins."""
        if self.most is None:
            return self.starts
        others = self.reborn + (self.most_twins if self.newcomers is None else 0)
        return max(1, min(self.starts, self.most - others))

    @property
    def reborn(self) -> int:
        """How many may be born again with the augmentation that is decided."""
        if self.question is None or not self.question.genes:
            return 0
        wanted = max(REBORN, self.leaders)
        if self.most is None:
            return wanted
        fair = max(self.most // 3, min(self.leaders, self.most // 2))
        return min(wanted, fair) if self.most >= FEWEST_BIRTHS else 0

    @property
    def most_twins(self) -> int:
        """How many twins may be born."""
        if self.question is None or not self.question.twins:
            return 0
        return len(self.question.genes) if self.most is None else min(len(self.question.genes), self.most // 6)


class Racing(Strategy):
    """Wraps a strategy. It is a strategy itself, without options.

    births: where `strategy` gets its genomes from; all are born without augmentation until something is decided.
    """

    takes_updates: ClassVar[bool] = True
    Options: ClassVar[type[Settings]] = Settings

    def __init__(self, strategy: Strategy, births: Births, race: Race) -> None:
        self._strategy, self._births, self._race = strategy, births, race
        self._known: dict[int, Runner] = {}
        self._asked = self._told = 0
        self._stages: deque[Callable[[], Iterator[Wish]]] = deque(
            (self._challenges, self._ask_another, self._born_twins, self._twin_trainings, self._reborn)
        )
        self._races = True
        self._probed: set[int] = set()
        self._newcomers = Newcomers(race.newcomers, race.scale, race.last, race.enough)
        self._why: dict[str, str] = {}
        self._wanted: deque[Wish] = deque()
        self._awaited = 0
        self._kept: Sequence[Kept] = ()
        self._twins: Twins | None = None
        if race.question is not None:
            births.genes, self._twins = race.question.off, Twins(births, race.question)

    @property
    def racing(self) -> bool:
        """Whether the race goes on."""
        while self._races and not self._wanted and not self._awaited and self._told == self._asked >= self._race.room:
            if self._stages:
                self._wanted.extend(self._stages.popleft()())
            else:
                self._races = False
                winners = [one.member for one in self._best() if self.may_win(one.candidate.genome)]
                self._births.breed_near(winners[:PARENTS])
        return self._races

    @property
    def only_copies(self) -> bool:
        """Whether nothing that the race has still to ask for takes time, as it is a copy of what is known."""
        twins = any(isinstance(wish, Examination) and wish.purpose is Purpose.TWIN for wish in self._wanted)
        return self._races and not twins and all(stage == self._reborn for stage in self._stages)

    def cut_short(self) -> bool:
        """Leaves out what is left of it, but for those that are born again. Returns whether there may be any."""
        if not self._races or self._asked < self._race.room:
            return False
        if not self.only_copies:
            self._wanted.clear()
            self._stages = deque([self._reborn])
            if self._twins:
                self._twins.leave_out(self._asked)
        return True

    def ask(self, rng: Random) -> Wish:
        racing = self.racing
        if self._wanted:
            wish = self._wanted.popleft()
        elif self._waits:
            return "wait"
        elif not racing and self._ends():
            return "done"
        else:
            wish = self._strategy.ask(rng)
            if isinstance(wish, Proposal) and not racing:
                self._newcomers.born.append(self._asked + 1)
        self._asked += isinstance(wish, Proposal)
        self._awaited += isinstance(wish, Examination)
        return wish

    def tell(self, request: Request, result: Result) -> None:
        if request.purpose in (Purpose.CHALLENGE, Purpose.TWIN):
            self._awaited -= 1
            self._hear(request, result)
            return
        self._strategy.tell(request, result)
        if request.continues is not None:
            if result.fitness is not None:
                self._known[request.candidate.number].rank = Standing(request.budget.size, result.fitness)
            return
        self._told += 1
        if (told := member(request, result)) is not None:
            self._enter(Runner(request.candidate, request, told.fitness))

    def _enter(self, runner: Runner) -> None:
        """A birth. One that was born again is trained as its parent, without augmentation, so that all of it is a
        copy."""
        self._known[runner.number] = runner
        if is_reborn(runner.candidate) and not (self._twins and runner.number in self._twins):
            self._wanted.append(self._copied_challenge(runner))

    def _hear(self, request: Request, result: Result) -> None:
        """The end of a longer training."""
        if request.probes and self._race.question is not None:
            self._kept = self._race.question.kept(result) or self._kept
        if result.fitness is None:
            return
        if request.purpose is Purpose.TWIN and self._twins:
            self._twins.hear(request.candidate.number, request.budget, self._race.scale(result.fitness))
        else:
            runner = self._known[request.candidate.number]
            runner.longer = result.fitness
            first = Continuation(runner.first.number, str(runner.first.job_key))
            if self._strategy.takes_updates:
                self._strategy.tell(replace(request, continues=first), result)

    def _challenges(self) -> Iterator[Wish]:
        """The longer trainings of the favourite and the best, of which the best is shown changed images."""
        best = sorted(self._known.values(), key=lambda one: one.by_brief)
        challengers = best[: self._race.challengers]
        if best and (favourite := min(best, key=lambda one: one.number)) not in challengers:
            challengers.append(favourite)
        self._probed |= {one.number for one in best[:1]}
        for one in challengers:
            yield self._challenge(one, one.number)

    def _ask_another(self) -> Iterator[Wish]:
        """The most promising is shown changed images, too, if the one that was asked had no answer."""
        best = self._best()
        if self._kept or not (best and self._race.question and self._race.question.probes):
            return
        if best[0].number not in self._probed and best[0].scores.longer[0] >= self._race.scale.learned:
            self._probed.add(best[0].number)
            yield self._challenge(best[0], best[0].number)

    def _challenge(self, runner: Runner, like: int) -> Examination:
        """Its longer training, with the same questions as that of the candidate of the number `like`."""
        probes = self._race.question.probes if like in self._probed and self._race.question else ()
        return Examination(runner.candidate, self._race.longer, Purpose.CHALLENGE, probes)

    def _copied_challenge(self, reborn: Runner) -> Examination:
        """The longer training of one that was born again, word for word that of its parent, so that it is copied."""
        return self._challenge(reborn, reborn.candidate.parents[0])

    def _best(self) -> list[Runner]:
        """Those that were trained longer, the most promising first."""
        longer = [one for one in self._known.values() if one.longer is not None]
        scale = self._race.scale
        carried = share_carried([one.scores for one in longer], scale)
        return sorted(longer, key=lambda one: (-one.scores.expected(scale, carried), one.number))

    def _born_twins(self) -> Iterator[Wish]:
        best = self._best()
        if self._twins and best:
            yield from islice(self._twins.born(best[0], self._kept, self._asked + 1), self._race.most_twins)

    def _twin_trainings(self) -> Iterator[Wish]:
        if self._twins:
            yield from self._twins.trainings(self._known)

    def _reborn(self) -> Iterator[Wish]:
        """Augmentation is decided; the most promising and the favourite are born again with it. A twin that has it is
        one of them already: its longer training is a copy, too."""
        question, best = self._race.question, self._best()
        if question is None or self._twins is None or not (self._race.reborn and best):
            return
        self._births.genes = question.decided(self._kept, self._twins.won)
        if self._births.genes == question.off:
            return
        favourite = min(best, key=lambda one: one.number)
        first = [best[0], *(one for one in (favourite, *best[1:]) if one is not best[0])]
        for one in list(dict.fromkeys(one.number for one in first))[: self._race.reborn]:
            if again := self._births.reborn(self._known[one].member, self._births.genes):
                yield again
            else:
                twins = self._twins.of(one, self._known)
                yield from (self._copied_challenge(twin) for twin in twins if self.may_win(twin.candidate.genome))

    @property
    def _waits(self) -> bool:
        """Whether results are to come before anything else is decided."""
        if self._races:
            return self._asked >= self._race.room or self._awaited > 0
        return self._newcomers.to_look and self._told < self._asked

    def _ends(self) -> bool:
        """Whether all that the plan has time for was born, or the last training makes more of that time."""
        rival = next((one for one in self._best() if one.number not in self._newcomers.born), None)
        why = self._newcomers.why_no_more(self._known, rival) if self._race.ends else ""
        self._why = {"race": why} if why else {}
        return bool(why)

    def due(self) -> Promotion | Examination | None:
        """Now that no more are born: the next longer training of one of those that were bred, without which none can
        win; then the promotion that is due."""
        if best := self._newcomers.next_to_train(self._known):
            return self._challenge(best, best.number)
        return self._strategy.due() if isinstance(self._strategy, Halving) else None

    def may_win(self, genome: Genome) -> bool:
        """Whether a genome is augmented as was decided for all."""
        recipe = recipe_of(genome).to_json()
        return all(recipe[name] == value for name, value in self._births.genes.items())

    def needs_weights(self, budget: Budget) -> bool:
        return self._strategy.needs_weights(budget)

    def keep(self) -> set[int]:
        return self._strategy.keep()

    def stop_reasons(self) -> dict[str, str]:
        return self._why or self._strategy.stop_reasons()

    def facts(self) -> Facts:
        return self._strategy.facts()
