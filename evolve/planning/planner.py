"""From a budget in time to the settings of a run: probe, plan, say so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evolve.config import RunConfig
from evolve.data.splits import SEARCH_PARTS
from evolve.display.console import Console
from evolve.display.text import duration
from evolve.errors import ConfigError
from evolve.execution.executor import Executor
from evolve.planning.plan import DECIDED, Plan, Times
from evolve.planning.probe import probe
from evolve.planning.sizing import make_plan, shortest
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem
from evolve.problems.workers import make_executor, workers
from evolve.search.strategy import Proposal
from evolve.values import Purpose


@dataclass(frozen=True)
class RunPlan:
    """What a run is going to do. times: None if counts decide. executor: with workers that are warm, or None."""

    config: RunConfig
    problem: Problem
    times: Times | None = None
    plan: Plan | None = None
    executor: Executor | None = None


def plan_run(
    config: RunConfig, problem: Problem, founders: Sequence[Proposal], console: Console, begun: float
) -> RunPlan:
    """The plan of a run, printed. Raises ConfigError if there is not enough time.

    begun: when the command did, by `time.monotonic`. A table, and a fitness function of the user's own, cannot be
    foreseen: there the time is for the search alone.
    """
    if not isinstance(problem, ImageProblem) or config.fitness is not None:
        return RunPlan(config, problem, Times(config.duration, 0.0, 0.0) if config.duration else None)
    if config.duration is None:
        plan = plan_by_counts(config, problem)
        console.note(plan.in_words())
        return RunPlan(config, problem, plan=plan)
    count = workers(config, problem)
    executor = make_executor(problem, count)
    try:
        console.note("measuring how fast this machine trains")
        machine = probe(problem, executor, founders, count, config.duration)
        left = config.duration - (time.monotonic() - begun)
        if left < (needed := shortest(machine)):
            raise ConfigError(
                f"{config.assigned('duration', duration(config.duration))} is too short here: set-up took "
                f"{duration(config.duration - left)} and {duration(needed)} more are needed"
            )
        images = sum(problem.parts.sizes[part] for part in SEARCH_PARTS)
        plan = make_plan(config, left, machine, problem.parts.sizes["train"], images)
        decided = {name: value for name, value in plan.settings.items() if name != "evaluations"}
        config = config.changed(**{**decided, "images": None, "epochs": None})
    except BaseException:
        executor.close()
        raise
    console.note(plan.in_words())
    return RunPlan(config, replace(problem, config=config), plan.seconds, plan, executor)


def plan_by_counts(config: RunConfig, problem: ImageProblem) -> Plan:
    """The plan of a run that has counts instead of a time."""
    settings = {name: getattr(config, name) for name in sorted(DECIDED) if getattr(config, name) is not None}
    settings |= {"look_ahead": config.ahead, "rungs": [str(one) for one in problem.rungs], "evaluations": config.limit}
    settings |= {"final_epochs": problem.budget(Purpose.FINAL).epochs}
    return Plan(settings)
