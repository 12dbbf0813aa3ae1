"""Puts a search together: the same parts in the same way for a run, an experiment and a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evolve.config import RANDOM, RunConfig
from evolve.engine.augmentation_question import question_for
from evolve.engine.clock import Arrivals, Clock, VirtualClock
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.loop import Search
from evolve.engine.replay import Replay
from evolve.engine.stats import Stats
from evolve.objectives import Objectives
from evolve.planning.sizing import plenty
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem
from evolve.runs.race import scale_of, starts
from evolve.search.births import Births
from evolve.search.growing import Growing
from evolve.search.halving import Halving
from evolve.search.racing import Race, Racing
from evolve.search.strategy import Proposal, Strategy, strategy_class
from evolve.values import Purpose


def compose_search(
    config: RunConfig,
    problem: Problem,
    founders: Sequence[Proposal],
    dispatcher: Dispatcher,
    ends: Callable[[int, bool, bool], str | None],
    stats: Stats | None = None,
    strategy: Strategy | None = None,
    clock: Clock | None = None,
    planned: bool = True,
) -> Search:
    """The search of a run; what the dispatcher's store already holds is replayed first.

    ends: as of `Search`.
    stats: to be filled. strategy, clock: to be used instead of what the settings say. planned: whether the search is as
    long as the plan says, and no longer, as one that goes on.
    """
    return Search(
        problem=problem,
        strategy=strategy or compose_strategy(config, problem, founders, planned),
        dispatcher=dispatcher,
        clock=clock or (Arrivals(dispatcher.first) if config.fast else VirtualClock()),
        look_ahead=config.ahead,
        seed=config.seed,
        replay=Replay(dispatcher.store),
        ends=ends,
        stats=stats or Stats(config.population),
    )


def compose_strategy(
    config: RunConfig, problem: Problem, founders: Sequence[Proposal], planned: bool = True
) -> Strategy:
    """The strategy that the settings name, within the wrappers that they ask for. planned: as for `compose_search`."""
    kind = strategy_class(config.strategy)
    on_images = isinstance(problem, ImageProblem)
    births = Births(
        problem.space,
        founders,
        mutants=RANDOM not in (config.founders or ([] if on_images else [RANDOM])),
        fill=config.fill,
        first_space=problem.first_space,
        small=config.small_births or 0,
    )
    strategy: Strategy = kind(births, config.population, kind.Options.checked(config.options))
    if config.small_births:
        strategy = Growing(strategy, births, config.small_births)
    if len(problem.rungs) > 1:
        strategy = Halving(strategy, problem.rungs, config.promote_one_in, room=config.population)
    if not isinstance(problem, ImageProblem) or config.fitness is not None:
        return strategy
    question = question_for(config, problem, founders)
    if config.limit == 1:  # nothing to choose from, and nobody to ask
        births.genes = question.off if question else {}
        return strategy
    last = problem.budget(Purpose.FINAL)
    race = Race(
        starts=starts(len(founders), config.model_dump()),
        challengers=config.challengers,
        longer=problem.budget(Purpose.CHALLENGE),
        scale=scale_of(Objectives.of(config.model_dump()).first, problem.describe()),
        question=question,
        most=config.limit,
        newcomers=config.newcomers,
        ends=planned,
        last=last.size,
        enough=plenty(last.images) * last.images,
        leaders=max(config.leaders, config.ensemble or 0),
    )
    return Racing(strategy, births, race)


def births_up_to(limit: int) -> Callable[[int, bool, bool], str | None]:
    """Ends a search after that many births."""
    return lambda births, recorded, racing: f"{limit} births" if births >= limit and not racing else None
