"""What a search on images asks about augmentation: in which ways images are changed, how strongly, and by whom it was
decided already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evolve.config import RunConfig
from evolve.engine.initial_population import OF_RUN
from evolve.problems.images import ImageProblem
from evolve.runs.guessing import guessing_on
from evolve.search.augmentation import Question
from evolve.search.strategy import Proposal
from evolve.search.twins import SHORTER
from evolve.values import Budget, Probe, Purpose, digest
from genomes.alphabet import alphabet
from genomes.domains import Domain
from genomes.genome import recipe_of
from genomes.recipe import AUGMENTATION_GROUPS, DEFAULT, PLAIN, PROBED_GROUPS, Recipe, augments, of_group

MIXED = 8  # epochs of the last training from which mixup may be worth something; images that are mixed have no probe
USUAL: Mapping[str, Any] = {"flip": True, "shift": 2}  # of random networks


def question_for(config: RunConfig, problem: ImageProblem, founders: Sequence[Proposal]) -> Question | None:
    """The question of a search; None where there is nothing to ask. It is asked of groups that the user has decided,
    too, so that one that destroys what tells classes apart is told of."""
    guessing = guessing_on(problem.describe(), "validation")
    if guessing is None:
        return None
    last_epochs = problem.budget(Purpose.FINAL).epochs
    written = [recipe_of(one.genome) for one in founders if not _only_named(problem, one)]
    bounds = alphabet(config.layers, config.recipe).recipe
    undecided = {
        group: [name for name in names if not _wished(bounds, name)]
        for group, names in AUGMENTATION_GROUPS.items()
        if not _used(written, group) and (group != "mix" or last_epochs < MIXED)
    }
    recipes = [recipe_of(founder.genome) for founder in founders] or [replace(DEFAULT, **USUAL)]
    wanted = replace(DEFAULT, **{**PLAIN, **{name: bounds[name].middle for name in config.recipe if name in PLAIN}})
    recipes.append(wanted)  # the last one, so that founders have the say where they augment
    strengths = {group: _strength(recipes, group) for group in PROBED_GROUPS if _used(recipes, group)}
    asked = {
        group: {name: getattr(recipe, name) for name in undecided.get(group, ())} for group, recipe in strengths.items()
    }
    return Question(
        probes=tuple(Probe(group, recipe, _seed(group)) for group, recipe in strengths.items()),
        genes={group: genes for group, genes in asked.items() if genes},
        off={name: PLAIN[name] for names in undecided.values() for name in names},
        chance=1 / len(guessing.shares),
        images=guessing.effective_probes,
        twins=_twins(config, problem.rungs[0]),
        last_epochs=last_epochs,
    )


def _twins(config: RunConfig, brief: Budget) -> tuple[Budget, ...]:
    """The budgets of twins, as they are planned. Over folds, where few images leave much open, there are some if these
    can be two."""
    if config.twins or brief.folds == 1:
        return tuple(map(Budget.read, config.twins))
    return (replace(brief, epochs=brief.epochs // SHORTER), brief) if brief.epochs >= SHORTER else ()


def _wished(bounds: Mapping[str, Domain], name: str) -> bool:
    """Whether the user wants an augmentation in any case: the values that its gene may have leave off out."""
    return bounds[name].problem(PLAIN[name]) is not None


def _only_named(problem: ImageProblem, founder: Proposal) -> bool:
    """Whether the user named a founder, one of this project or of another run, and did not write out its recipe."""
    name = str(founder.steps[0].detail.get("founder")) if founder.steps else ""
    return name in problem.space.founders or OF_RUN.fullmatch(name) is not None


def _used(recipes: Sequence[Recipe], group: str) -> bool:
    """Whether any founder augments in that way."""
    return any(augments(recipe, group) for recipe in recipes)


def _strength(recipes: Sequence[Recipe], group: str) -> Recipe:
    """A recipe that augments in one group alone: as strongly as the first one does that has it."""
    return of_group(next(recipe for recipe in recipes if augments(recipe, group)), group)


def _seed(group: str) -> int:
    return int(digest("probe", group)[:8], 16)
