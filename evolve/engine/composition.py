"""Puts a search together: the same parts in the same way for a run, an experiment and a benchmark."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evolve.config import RunConfig
from evolve.engine.augmentation_question import question_for
from evolve.engine.clock import Arrivals, Clock, VirtualClock
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.initial_population import RANDOM
from evolve.engine.loop import Search
from evolve.engine.replay import Replay
from evolve.engine.stats import Stats
from evolve.problems.problem import Problem
from evolve.search.augmentation import Augmenting
from evolve.search.growing import Growing
from evolve.search.halving import Halving
from evolve.search.strategy import Births, Proposal, Strategy, strategy_class


def compose_search(
    config: RunConfig,
    problem: Problem,
    founders: Sequence[Proposal],
    dispatcher: Dispatcher,
    ends: Callable[[int, bool], str | None],
    stats: Stats | None = None,
    strategy: Strategy | None = None,
    clock: Clock | None = None,
) -> Search:
    """The search of a run; what the dispatcher's store already holds is replayed first.

    ends: given the number of births so far and whether the next request is recorded, why no more are wanted, or None.
    stats: to be filled. strategy, clock: to be used instead of what the settings say.
    """
    return Search(
        problem=problem,
        strategy=strategy or compose_strategy(config, problem, founders),
        dispatcher=dispatcher,
        clock=clock or (Arrivals(dispatcher.first) if config.fast else VirtualClock()),
        look_ahead=config.ahead,
        seed=config.seed,
        replay=Replay(dispatcher.store),
        ends=ends,
        stats=stats or Stats(config.population),
    )


def compose_strategy(config: RunConfig, problem: Problem, founders: Sequence[Proposal]) -> Strategy:
    """The strategy that the settings name, within the wrappers that they ask for."""
    kind = strategy_class(config.strategy)
    births = Births(
        problem.space,
        founders,
        mutants=RANDOM not in (config.founders or [RANDOM]),
        fill=config.fill,
        first_space=problem.first_space,
        small=config.small_births or 0,
    )
    strategy: Strategy = kind(births, config.population, kind.Options.checked(config.options))
    if config.small_births:
        strategy = Growing(strategy, births, config.small_births)
    if len(problem.rungs) > 1:
        strategy = Halving(strategy, problem.rungs, config.promote_one_in, room=config.population)
    question = question_for(config, problem, founders)
    if question is None:
        return strategy
    return Augmenting(strategy, births, question, len(founders) or config.population, config.limit)


def births_up_to(limit: int) -> Callable[[int, bool], str | None]:
    """Ends a search after that many births."""
    return lambda births, recorded: f"{limit} births" if births >= limit else None
