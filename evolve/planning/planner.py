"""The plan of a run, printed before anything long begins: from a time or units of work to settings, or from counts to
a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from evolve.config import RANDOM, RunConfig
from evolve.display.console import Console
from evolve.display.text import duration
from evolve.errors import ConfigError
from evolve.execution.executor import Executor
from evolve.planning.chosen import FEWEST_STARTS, newcomers_wanted
from evolve.planning.estimate import estimate
from evolve.planning.few_images import has_few
from evolve.planning.plan import DECIDED, Machine, Plan, Stages, minutes
from evolve.planning.probe import mean_work, probe, usual_work
from evolve.planning.race_sizing import rescoring_of_counts, twins_of_counts
from evolve.planning.sizing import plan_for
from evolve.planning.work_plan import (
    BUDGETS,
    LENGTHS,
    before_the_last,
    check_room,
    nominal_seconds,
    one_for_work,
    plan_for_work,
)
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem
from evolve.problems.workers import make_executor, workers
from evolve.search.racing import FEWEST_BIRTHS
from evolve.search.strategy import Proposal
from evolve.values import Budget, Purpose
from genomes.genome import recipe_of
from genomes.recipe import AUGMENTATION_GROUPS, PROBED_GROUPS, augments

LEAST_SECONDS = 20.0  # of a run: fewer are not enough on any machine
QUICK = 120.0  # seconds; a run by counts that is over sooner on a usual machine is not worth measuring this one
DOUBLED = 4  # times at most, how large networks may be, for the sake of a race of founders
FEWEST_EPOCHS = 4  # of the last training, that this leaves it
USUAL = Machine(rate=2e10, start=2.5, workers=1, usual=0)


@dataclass(frozen=True)
class RunPlan:
    """What a run is going to do. times: None if counts or units of work decide. executor: with workers that are warm,
    or None. narrow: whether founders are to be made narrower where they are too large, as it is the plan that limits
    them."""

    config: RunConfig
    problem: Problem
    times: Stages | None = None
    plan: Plan | None = None
    executor: Executor | None = None
    narrow: bool = False


def check_time(config: RunConfig) -> None:
    """Raises ConfigError for a time that is too short on any machine."""
    trained = config.table is None and config.fitness is None
    if trained and config.duration is not None and config.duration < LEAST_SECONDS:
        raise ConfigError(
            f"{config.assigned('duration', duration(config.duration))} is too short for anything: starting, training "
            f"one small network and testing it take {LEAST_SECONDS:.0f} s on a fast machine; give that at least, or "
            f"{config.assigned('duration', '2m')} for a small search"
        )


def plan_run(
    config: RunConfig,
    problem: Problem,
    founders: Sequence[Proposal],
    console: Console,
    begun: float,
    measure: bool = True,
) -> RunPlan:
    """The plan of a run, printed. However slow the machine is, there is one.

    begun: when the command did, by `time.monotonic`. measure: whether the machine may be measured where that decides
    nothing, but says how long a run takes. A table, and a fitness function of the user's own, cannot be foreseen: there
    the time is for the search alone.
    """
    if not isinstance(problem, ImageProblem) or config.fitness is not None:
        return RunPlan(config, problem, Stages(config.duration, 0.0, 0.0) if config.duration else None)
    if config.work is not None:
        return _plan_by_work(config, problem, founders, console)
    if config.duration is None:
        return _plan_by_counts(config, problem, founders, console, measure)
    return _plan_by_time(config, problem, founders, console, begun)


def _plan_by_time(
    config: RunConfig, problem: ImageProblem, founders: Sequence[Proposal], console: Console, begun: float
) -> RunPlan:
    assert config.duration is not None
    count = workers(config, problem)
    with _closed_on_error(make_executor(problem, count)) as executor:
        machine = probe(problem, executor, founders, count, config.duration, console)
        left = config.duration - (time.monotonic() - begun)
        images = problem.images
        train, begin, narrow = problem.parts.sizes["train"], _begin(config, problem, founders), _narrows(config)

        def made(config: RunConfig) -> Plan:
            return plan_for(config, left, machine, train, images, begin)

        plan = _with_room(made, config, problem, founders)
        said = _in_words(plan, config, founders) + _without_folds(config, plan, images) + _too_long(config, plan)
        config = _decided(config, plan, console)
        console.note(said)
    return RunPlan(config, replace(problem, config=config), plan.seconds, plan, executor, narrow)


def _plan_by_work(config: RunConfig, problem: ImageProblem, founders: Sequence[Proposal], console: Console) -> RunPlan:
    """The plan for units of work. The machine has no part in it. Raises ConfigError if they are too few."""
    assert config.work is not None
    train, images, usual = problem.parts.sizes["train"], problem.images, usual_work(problem, founders)
    narrow, begin = _narrows(config), _begin(config, problem, founders)

    def made(config: RunConfig) -> Plan:
        return plan_for_work(config, usual, train, images, begin)

    def of_one(config: RunConfig) -> Plan:
        return one_for_work(config, train, images, needed)

    plan = _with_room(made, config, problem, founders)
    free = not {*LENGTHS} & config.model_fields_set
    if free and not plan.of_one and (needed := before_the_last(plan)) > config.work:
        plan = _with_room(of_one, config, problem, founders)
    check_room(config, plan, images)
    takes = f"about {minutes(nominal_seconds(config.work))} on a usual machine"
    said = _in_words(plan, config, founders, takes) + _without_folds(config, plan, images)
    config = _decided(config, plan, console)
    console.note(said)
    return RunPlan(config, replace(problem, config=config), plan=plan, narrow=narrow)


def _in_words(plan: Plan, config: RunConfig, founders: Sequence[Proposal], takes: str = "") -> str:
    """What people read of a plan. takes: as of `Plan.in_words`."""
    recipes, genes = [recipe_of(one.genome) for one in founders], {*config.recipe}
    augmented = not recipes or any(
        genes & {*AUGMENTATION_GROUPS[group]} or any(augments(one, group) for one in recipes) for group in PROBED_GROUPS
    )
    asked = augmented and plan.settings["evaluations"] >= FEWEST_BIRTHS
    return plan.in_words(takes, config.strategy != RANDOM, asked, newcomers_wanted(config) is not None)


def _too_long(config: RunConfig, plan: Plan) -> str:
    """That the race is cut short, where what the user has set takes longer than the plan has for it."""
    machine, t, s = plan.machine, plan.seconds, plan.settings
    named = [config.spelled(name) for name in BUDGETS if name in config.model_fields_set]
    if machine is None or t is None or not named or plan.of_one:
        return ""
    brief, work = Budget.read(s["rungs"][0]), min(machine.usual, s["max_work"])
    seen = brief.size + brief.longer.size
    needed = s["max_founders"] * (3 * work * seen / machine.rate + 2 * machine.start) / machine.workers
    if needed <= t.search + t.rescoring:
        return ""
    return (
        f"\n      {' and '.join(named)}: trainings so long take about {minutes(needed)} for a race, which has "
        f"{minutes(t.search + t.rescoring)} at most and is cut short; make them smaller, or give more time"
    )


def _without_folds(config: RunConfig, plan: Plan, images: int) -> str:
    """That there is no time for folds, where candidates should be trained over them."""
    if not has_few(config, images) or Budget.read(plan.settings["rungs"][0]).folds > 1:
        return ""
    what = "time" if config.work is None else "work"
    few = f"\n      there are few images, but not the {what} to train candidates in full over folds of them: "
    return few + "their scores are partly luck"


def of_groups(config: RunConfig, problem: Problem) -> bool:
    """Whether the founders of a run are those of groups, of which as many take part as there is time for; and not named
    one by one."""
    return {*(config.founders or ())} <= {*problem.space.founder_groups, RANDOM}


def _begin(config: RunConfig, problem: Problem, founders: Sequence[Proposal]) -> int | None:
    """Founders that the user has named one by one; None for those of groups, or none at all."""
    return None if of_groups(config, problem) else len(founders) or None


def _narrows(config: RunConfig) -> bool:
    """Whether it is the plan that limits networks, and not the user."""
    return not {"max_work", "max_multiply_adds"} & config.model_fields_set


def _decided(config: RunConfig, plan: Plan, console: Console) -> RunConfig:
    """The settings with those that a plan for a time or for units of work decides."""
    if config.small_work and not plan.settings.get("small_work"):
        births, larger = config.spelled("small_births"), config.assigned("small_work", config.small_work)
        what = "time" if config.work is None else "work"
        console.note(f"{births} is ignored: there is no {what} for networks larger than {larger}")
    return config.changed(**{**plan.settings, "images": None, "epochs": None})


def _with_room(
    made: Callable[[RunConfig], Plan], config: RunConfig, problem: ImageProblem, founders: Sequence[Proposal]
) -> Plan:
    """The plan that is made of the settings, with limits so wide that one of the founders fits, narrower if need be:
    the first one, if it is all that there is time for; and so wide that a race can be made of founders, as long as the
    last training has enough epochs of networks as large. What the user has set stays as it is."""
    plan = made(config)
    if not _narrows(config):
        return plan
    most = plan.settings["max_work"]
    while founders and not _fitting(founders[:1] if plan.of_one else founders, problem, most):
        most *= 2
    least = 0 if plan.of_one else min(FEWEST_STARTS, plan.settings["max_founders"], len(founders))
    wide = _as_large(made, config, plan, most) or _resized(plan, most)
    for _ in range(DOUBLED):
        if _fitting(founders, problem, most) >= least:
            break
        most *= 2
        wider = _as_large(made, config, wide, most)
        if wider is None or wider.settings["final_epochs"] < FEWEST_EPOCHS:
            break
        wide = wider
    return wide


def _as_large(made: Callable[[RunConfig], Plan], config: RunConfig, plan: Plan, most: int) -> Plan | None:
    """The plan for networks that take so many units of work for an image, made anew where it was for smaller ones; None
    if there is no time, or not the work, for those."""
    if most == plan.settings["max_work"]:
        return _resized(plan, most)
    wider = made(config.model_copy(update={"max_work": most, "max_multiply_adds": most}))
    lacks = wider.of_one != plan.of_one or (wider.work is not None and before_the_last(wider) > wider.work.total)
    return None if lacks else wider


def _resized(plan: Plan, most: int) -> Plan:
    return replace(plan, settings={**plan.settings, "max_work": most, "max_multiply_adds": most})


def _fitting(founders: Sequence[Proposal], problem: ImageProblem, most: int) -> int:
    """How many of the founders, narrower if need be, take no more than so many units of work for an image."""
    limits = replace(problem.space.limits, max_work=most, max_multiply_adds=most)
    space = problem.space.with_limits(limits)
    return sum(space.narrowed(founder.genome) is not None for founder in founders)


def _plan_by_counts(
    config: RunConfig, problem: ImageProblem, founders: Sequence[Proposal], console: Console, measure: bool
) -> RunPlan:
    """The plan of a run that has counts instead of a time, with how long that takes. The machine is measured for it
    only if that is long; what is measured decides nothing."""
    births = config.limit
    assert births is not None
    if "twins" not in config.model_fields_set:
        twins = twins_of_counts(births, problem.rungs[0], problem.budget(Purpose.FINAL))
        config = config.model_copy(update={"twins": tuple(map(str, twins))})
    again = rescoring_of_counts(config, problem.budget(Purpose.CHALLENGE), problem.parts.sizes["train"])
    config = config.model_copy(update=again)
    problem = replace(problem, config=config)
    plan, count = plan_by_counts(config, problem), workers(config, problem)
    work = mean_work(problem, founders, births)
    usual = estimate(config, problem, replace(USUAL, workers=count), work).total
    if usual < QUICK or not measure:
        console.note(_in_words(plan, config, founders, f"about {minutes(usual)} on a usual machine"))
        return RunPlan(config, problem, plan=plan)
    with _closed_on_error(make_executor(problem, count)) as executor:
        machine = probe(problem, executor, founders, count, usual, console)
        takes = estimate(config, problem, machine, work).total
        console.note(_in_words(plan, config, founders, f"about {minutes(takes)} on this machine"))
    return RunPlan(config, problem, plan=plan, executor=executor)


@contextmanager
def _closed_on_error(executor: Executor) -> Iterator[Executor]:
    try:
        yield executor
    except BaseException:
        executor.close()
        raise


def plan_by_counts(config: RunConfig, problem: ImageProblem) -> Plan:
    """The plan of a run that has counts instead of a time."""
    settings = {name: getattr(config, name) for name in sorted(DECIDED) if getattr(config, name) is not None}
    settings |= {"look_ahead": config.ahead, "rungs": [str(one) for one in problem.rungs], "evaluations": config.limit}
    settings |= {"final_epochs": problem.budget(Purpose.FINAL).epochs}
    return Plan(settings)
