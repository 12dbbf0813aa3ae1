"""How strategies get genomes that were not born before."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Protocol

from evolve.search.strategy import Member, Proposal
from evolve.values import adoption
from genomes import Blueprint, Genome, InvalidGenome, SearchSpace, Step, Variation, candidate_key
from genomes.genome import recipe_of, with_genes
from genomes.json_value import Json
from genomes.recipe import difference, in_words
from genomes.spec import ModelSpec

DRAWS = 100
NEARER_OF = 3  # mutants, of which the one nearest to its parent is a small step
SMALL_STEPS = 2  # of each winner of a race, before anything else is bred
EXHAUSTED = {"exhausted": "all genomes that were drawn had been tried before"}


class Choose(Protocol):
    """Of several drafts, new genomes that were drawn, says which one is to be born; the others never were.

    drafts: how many it chooses from, at least 1.
    """

    @property
    def drafts(self) -> int: ...
    def __call__(self, drafts: Sequence[Proposal], rng: Random) -> Proposal: ...


class Births:
    """Where strategies get genomes from: founders first, then what the search space draws, none of them twice. For that
    the key of each that was born stays in memory: 155 bytes, 16 MB for 100,000 births. The space is told of each birth,
    as what a pool draws depends on what is left.

    mutants: whether newcomers are mutants of the founders instead of genomes from nothing.
    fill: whether what is drawn is made as wide as the limits of the space allow.
    first_space, small: the part of the space that the first `small` births are drawn in.
    choose: which of several drafts is born; None for the first one.
    genes: of recipes, with the values that all that are born from now on have.

    Where a race has told what to breed from, see `breed_near`, the next births are small steps from its winners.
    """

    def __init__(
        self,
        space: SearchSpace[Genome],
        founders: Sequence[Proposal] = (),
        mutants: bool = False,
        fill: bool = False,
        first_space: SearchSpace[Genome] | None = None,
        small: int = 0,
        choose: Choose | None = None,
    ) -> None:
        self._space, self._first_space, self._small = space, first_space or space, small
        self._founders = deque(founders)
        self._varied = list(founders) if mutants else []
        self._steps = deque[Proposal]()  # the winner of a race that each of the next small steps begins at
        self._adopted = {str(step.detail["weights"]): one for one in founders if (step := adoption(one))}
        self._known: set[str] = set()
        self._born = 0
        self._fill, self._choose = fill, choose
        self._exhausted = False
        self.genes: Mapping[str, Json] = {}

    @property
    def space(self) -> SearchSpace[Genome]:
        """Where the next birth is drawn."""
        return self._first_space if self._born < self._small else self._space

    @property
    def founders_left(self) -> int:
        """Founders that were not handed out yet."""
        return len(self._founders)

    def breed_near(self, winners: Sequence[Member]) -> None:
        """A race has told who its winners are. Where `mutants` are wanted these are of them from now on, and first of
        all small steps from each of them in turn."""
        if self._varied and winners:
            self._varied = [_parent(winner) for winner in winners]
            self._steps = deque(self._varied * SMALL_STEPS)

    def newcomer(self, rng: Random) -> Proposal | None:
        """The next founder, or else a mutant of a founder, or of a winner of the race, where `mutants` are wanted, or a
        new genome from nothing; None if none is found in `10 * DRAWS` draws."""
        while self._founders:
            if founder := self._entered(self._unknown(self._founders.popleft())):
                return founder
        if not self._varied:
            return self.random(rng)

        return self._new_at_last(lambda: self._mutant(rng.choice(self._varied), rng), rng)

    def _mutant(self, of: Proposal, rng: Random) -> Proposal | None:
        variation, adopted = self.space.mutate(of.genome, rng), adoption(of)
        steps = self._steps_of(variation, of.genome, adopted)
        before = tuple(step for step in of.steps if step != adopted)
        return None if steps is None else Proposal(variation.genome, of.parents, before + steps, variation.blueprint)

    def _steps_of(self, child: Variation[Genome], parent: Genome, adopted: Step | None) -> tuple[Step, ...] | None:
        """The steps of a child. Of a parent that begins with adopted weights it does so, too, as far as it has layers
        of that model; None if it reads pixels in another range than these layers expect."""
        if adopted is None or not self._layers_left(child, self._adopted.get(str(adopted.detail["weights"]))):
            return child.steps
        return (*child.steps, adopted) if recipe_of(child.genome).pixels == recipe_of(parent).pixels else None

    def _layers_left(self, child: Variation[Genome], model: Proposal | None) -> bool:
        """Whether a network has any weights of an adopted model, but for those of the classes; if it is known."""
        if model is None:
            return True
        left, known = (_with_weights(one.blueprint or self.space.blueprint(one.genome)) for one in (child, model))
        return not left.isdisjoint(known)

    def _small_step(self, rng: Random) -> Proposal | None:
        """The mutant of the next winner that is the nearest to it of some; None if none of them is new."""
        winner = self._steps.popleft()

        def draw() -> Proposal | None:
            mutants = [mutant for _ in range(NEARER_OF) if (mutant := self._mutant(winner, rng))]

            # At no distance at all is the winner itself.
            def away(mutant: Proposal) -> float:
                return self.space.distance(winner.genome, mutant.genome) or math.inf

            return min(mutants, key=away, default=None)

        return self._new(draw, DRAWS, rng)

    def random(self, rng: Random) -> Proposal | None:
        """A new genome from nothing; None if none is found in `10 * DRAWS` draws."""

        def draw() -> Proposal:
            variation = self.space.random(rng)
            return Proposal(variation.genome, (), variation.steps, variation.blueprint)

        return self._new_at_last(draw, rng)

    def wider(self, parent: Member) -> Proposal | None:
        """`parent`, made as wide as the space allows; None if that is nothing new."""
        variation = self.space.widened(parent.genome)
        if variation is None:
            return None
        wider = Proposal(variation.genome, (parent.number,), _with(parent, variation.steps), variation.blueprint)
        return self._entered(self._unknown(wider))

    def reborn(self, parent: Member, genes: Mapping[str, Json]) -> Proposal | None:
        """`parent` with these genes of its recipe; None if it has them, or such a one was born before."""
        genome = with_genes(self.space, parent.genome, genes)
        blueprint = self.space.blueprint(genome)
        if genome == parent.genome or candidate_key(genome, blueprint) in self._known:
            return None
        steps = _with(parent, (_changed(parent.genome, genome),))
        return self._entered(Proposal(genome, (parent.number,), steps, blueprint))

    def up_to_date(self, proposal: Proposal) -> Proposal:
        """A proposal that was drawn earlier, with the `genes` that all have from now on, unless such a one was born."""
        renewed = self._unknown(proposal) if self.genes else None
        if renewed is None or renewed.blueprint is None:
            return proposal
        self._known.add(candidate_key(renewed.genome, renewed.blueprint))
        return renewed

    def child(self, draw_parents: Callable[[], Sequence[Member]], rng: Random, mutate: float = 1.0) -> Proposal | None:
        """A new genome from one parent (mutated) or two (crossed, then mutated with probability `mutate`).

        `draw_parents` is called again for each draw. None if no new genome is found in `DRAWS` draws.
        """

        def draw() -> Proposal | None:
            parents = draw_parents()
            child = Variation(parents[0].genome, ())
            if len(parents) == 2:
                child = self.space.crossover(parents[0].genome, parents[1].genome, rng)
            if len(parents) == 1 or rng.random() < mutate:
                mutant = self.space.mutate(child.genome, rng)
                child = Variation(mutant.genome, child.steps + mutant.steps, mutant.blueprint)
            adopting = next((one for one in parents if one.adopted), parents[0])
            steps = self._steps_of(child, adopting.genome, adopting.adopted)
            numbers = tuple(parent.number for parent in parents)
            return None if steps is None else Proposal(child.genome, numbers, steps, child.blueprint)

        return self._new(draw, DRAWS, rng)

    def child_or_newcomer(
        self, ready: bool, draw_parents: Callable[[], Sequence[Member]], rng: Random, mutate: float = 1.0
    ) -> Proposal | None:
        """A small step from a winner of the race, as long as there are some to take; a `child` if a strategy is `ready`
        to breed and all founders were handed out, else, or if there is none, a newcomer; None if there is none of those
        either."""
        while self._steps and not self._founders:
            if step := self._small_step(rng):
                return step
        child = self.child(draw_parents, rng, mutate) if ready and not self._founders else None
        return child or self.newcomer(rng)

    def stop_reasons(self) -> dict[str, str]:
        """Why a strategy has to end that found no new genome; empty if it found one last."""
        return EXHAUSTED if self._exhausted else {}

    def made(
        self, draw: Callable[[], Variation[Genome] | None], parents: Callable[[], Iterable[Member]]
    ) -> Proposal | None:
        """A new genome that a strategy puts together itself, which begins with no adopted weights: its parts have other
        names. `draw` is called again for each draw, and may give none; `parents` are those of what it gave last. None
        if no new genome is found in `DRAWS` draws."""
        for _ in range(DRAWS):
            if (variation := draw()) is None:
                continue
            numbers = tuple(sorted({parent.number for parent in parents()}))
            proposal = Proposal(variation.genome, numbers, variation.steps, variation.blueprint)
            if found := self._unknown(self._filling(proposal)):
                return self._entered(found)
        return None

    def _new_at_last(self, draw: Callable[[], Proposal | None], rng: Random) -> Proposal | None:
        """A new genome, if any can be found."""
        found = self._new(draw, 10 * DRAWS, rng)
        self._exhausted = found is None
        return found

    def _new(self, draw: Callable[[], Proposal | None], draws: int, rng: Random) -> Proposal | None:
        """One of the first new genomes among so many that are drawn; None if none of them is new. A draw may give
        none."""
        wanted, drafts = self._choose.drafts if self._choose else 1, list[Proposal]()
        with suppress(InvalidGenome):  # hardly anything fits these limits, and the space has tried hundreds
            for _ in range(draws):
                drawn = draw()
                if drawn and (draft := self._unknown(self._filling(drawn))):
                    drafts.append(draft)
                if len(drafts) == wanted:
                    break
        if not drafts:
            return None
        return self._entered(self._choose(drafts, rng) if self._choose else drafts[0])

    def _filling(self, proposal: Proposal) -> Proposal:
        """`proposal`, made as wide as possible where that is wanted."""
        wider = self.space.widened(proposal.genome) if self._fill else None
        if wider is None:
            return proposal
        steps = (*proposal.steps, *wider.steps)
        return replace(proposal, genome=wider.genome, steps=steps, blueprint=wider.blueprint)

    def _unknown(self, proposal: Proposal) -> Proposal | None:
        """A proposal with its network; None if it was born before. One that cannot be built is let through: the loop
        says why."""
        if self.genes and (genome := with_genes(self.space, proposal.genome, self.genes)) != proposal.genome:
            steps = (*proposal.steps, _changed(proposal.genome, genome)) if not proposal.parents else proposal.steps
            proposal = replace(proposal, genome=genome, steps=steps)  # the network is the same
        try:
            blueprint = proposal.blueprint or self.space.blueprint(proposal.genome)
        except InvalidGenome:
            return proposal
        known = candidate_key(proposal.genome, blueprint) in self._known
        return None if known else replace(proposal, blueprint=blueprint)

    def _entered(self, proposal: Proposal | None) -> Proposal | None:
        """A proposal that is handed out, and so will be born."""
        if proposal is None:
            return None
        self._exhausted = False
        self._born += 1
        self._space = self._space.without(proposal.genome)
        self._first_space = self._first_space.without(proposal.genome)
        if proposal.blueprint is not None:
            self._known.add(candidate_key(proposal.genome, proposal.blueprint))
        return proposal


def _with_weights(blueprint: Blueprint) -> set[tuple[object, ...]]:
    """What tells layers with weights from each other, by which those of another network go on; the last one aside."""
    assert isinstance(blueprint, ModelSpec)
    return {(one.name, one.op, one.settings, one.parameters) for one in blueprint.nodes[:-1] if one.parameters}


def _parent(winner: Member) -> Proposal:
    """What mutants of a member of the search begin with: its genome, its number as that of their parent."""
    return Proposal(winner.genome, (winner.number,), (winner.adopted,) if winner.adopted else ())


def _with(parent: Member, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps of a child, which begins with the adopted weights that its parent begins with, if it does."""
    return (*steps, parent.adopted) if parent.adopted else steps


def _changed(before: Genome, after: Genome) -> Step:
    """The step from one recipe to another one."""
    changes = difference(recipe_of(before), recipe_of(after))
    return Step("augmentation", {name: list(values) for name, values in changes.items()}, in_words(changes))
