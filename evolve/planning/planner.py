"""The plan of a run, printed before anything long begins: from a time or units of work to settings, or from counts to
a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from evolve.config import RANDOM, RunConfig
from evolve.display.console import Console
from evolve.display.text import duration
from evolve.errors import ConfigError
from evolve.execution.executor import Executor
from evolve.planning.estimate import estimate
from evolve.planning.few_images import has_few
from evolve.planning.plan import DECIDED, Machine, Plan, Stages, minutes
from evolve.planning.probe import mean_work, probe, usual_work
from evolve.planning.sizing import plan_for, rescoring_of_counts, twins_of_counts
from evolve.planning.work_plan import (
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
from evolve.search.strategy import Proposal
from evolve.values import Budget, Purpose

LEAST_SECONDS = 20.0  # of a run: fewer are not enough on any machine
QUICK = 120.0  # seconds; a run by counts that is over sooner on a usual machine is not worth measuring this one
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
        plan = plan_for(config, left, machine, problem.parts.sizes["train"], images, _begin(config, problem, founders))
        if narrow := _narrows(config):
            plan = _with_room(plan, problem, founders)
        said = _without_folds(config, plan, images)
        config = _decided(config, plan, console)
        console.note(_in_words(plan, config) + said)
    return RunPlan(config, replace(problem, config=config), plan.seconds, plan, executor, narrow)


def _plan_by_work(config: RunConfig, problem: ImageProblem, founders: Sequence[Proposal], console: Console) -> RunPlan:
    """The plan for units of work. The machine has no part in it. Raises ConfigError if they are too few."""
    assert config.work is not None
    train, images = problem.parts.sizes["train"], problem.images
    narrow = _narrows(config)

    def roomy(plan: Plan) -> Plan:
        return _with_room(plan, problem, founders) if narrow else plan

    plan = roomy(plan_for_work(config, usual_work(problem, founders), train, images, _begin(config, problem, founders)))
    free = not {*LENGTHS} & config.model_fields_set
    if free and not plan.of_one and (needed := before_the_last(plan)) > config.work:
        plan = roomy(one_for_work(config, train, images, needed))
    check_room(config, plan, images)
    said = _without_folds(config, plan, images)
    config = _decided(config, plan, console)
    takes = f"about {minutes(nominal_seconds(config.work or 0.0))} on a usual machine"
    console.note(_in_words(plan, config, takes) + said)
    return RunPlan(config, replace(problem, config=config), plan=plan, narrow=narrow)


def _in_words(plan: Plan, config: RunConfig, takes: str = "") -> str:
    """What people read of a plan. takes: as of `Plan.in_words`."""
    return plan.in_words(takes, bred=config.strategy != RANDOM)


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


def _with_room(plan: Plan, problem: ImageProblem, founders: Sequence[Proposal]) -> Plan:
    """The plan, with limits so wide that one of the founders fits, narrower if need be: the first one, if it is all
    that there is time for."""
    wanted = founders[:1] if plan.of_one else founders
    most = plan.settings["max_work"]

    def fits(founder: Proposal) -> bool:
        limits = replace(problem.space.limits, max_work=most, max_multiply_adds=most)
        return problem.space.with_limits(limits).narrowed(founder.genome) is not None

    while wanted and not any(map(fits, wanted)):
        most *= 2
    return replace(plan, settings={**plan.settings, "max_work": most, "max_multiply_adds": most})


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
        console.note(_in_words(plan, config, f"about {minutes(usual)} on a usual machine"))
        return RunPlan(config, problem, plan=plan)
    with _closed_on_error(make_executor(problem, count)) as executor:
        machine = probe(problem, executor, founders, count, usual, console)
        takes = estimate(config, problem, machine, work).total
        console.note(_in_words(plan, config, f"about {minutes(takes)} on this machine"))
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
