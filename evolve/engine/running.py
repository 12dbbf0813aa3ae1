"""Making a run and continuing it: from settings that know where they come from to a session, and back to the run."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evolve.config import RunConfig
from evolve.config_values import times_without_unit
from evolve.data.sources import whole_path
from evolve.display.console import Watcher, make_console
from evolve.engine.config_checks import latency_remarks
from evolve.engine.initial_population import founders, founders_json, recorded_founders
from evolve.engine.opening import known_problem, new_problem, usable
from evolve.engine.session import Session
from evolve.engine.small_networks import for_small_networks
from evolve.engine.tensorboard_sink import check_installed
from evolve.engine.vetoes import ImpossibleLimit
from evolve.errors import ConfigError, RunError
from evolve.execution.keras_settings import overruled
from evolve.execution.machine import default_memory, usual_precision
from evolve.planning.plan import Plan, Stages, read_plan, write_plan
from evolve.planning.planner import check_time, of_groups, plan_run
from evolve.planning.sizing import times
from evolve.planning.work_plan import check_work, with_fixed
from evolve.problems.devices import trains_on_gpu
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem
from evolve.problems.recorded_problem import RecordedProblem
from evolve.problems.tables import USUAL_GENERATIONS, TableProblem
from evolve.problems.workers import too_many_workers
from evolve.runs.disk import check_disk, in_use
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.search.strategy import Proposal, check_strategy
from evolve.settings import Given
from evolve.storage.adopted_files import take_along
from evolve.storage.files import command_words, shown_path
from evolve.storage.store import Store
from evolve.storage.time_spent import seconds_spent

SEVERAL = "nsga2"  # the strategy for several objectives, if nobody says another one
USUAL_SECONDS = 600.0  # of a run on images that nothing else limits
VERSION = version("evolve-convnets")


def run_given(given: Given, plan: str | Path | None = None, progress: Watcher = True, measure: bool = True) -> Run:
    """A new run with these settings, finished; raises as `evolve.run` does. plan: as there. measure: as for
    `plan_run`."""
    begun, config, console = time.monotonic(), _config_of(given, plan), make_console(progress)
    for text in times_without_unit(given):
        console.note(text)
    _check(config)
    if config.work is not None:
        config = with_fixed(config)
    if config.candidate_memory is None:
        config = config.model_copy(update={"candidate_memory": default_memory()})
    if config.precision is None:
        config = config.model_copy(update={"precision": usual_precision(trains_on_gpu(config))})
    problem = new_problem(config, console)
    config = _settled(config, problem)
    if isinstance(problem, ImageProblem):
        problem = replace(problem, config=config)  # weights and models lie in the folder that is named now
    if isinstance(problem, ImageProblem) and (small := for_small_networks(config, problem.space)):
        config = config.model_copy(update=small)
        problem = replace(problem, config=config)
    for text in (
        *latency_remarks(config),
        *too_many_workers(config, isinstance(problem, ImageProblem) and problem.gpu),
    ):
        console.note(text)
    to_probe = founders(problem.space, config.founders, config.results, lambda text: None, fill=config.fill)
    plan_of = plan_run(config, problem, to_probe, console, begun, measure)
    config, problem, executor = plan_of.config, plan_of.problem, plan_of.executor
    folder = (config.results / str(config.name)).absolute()
    try:
        begin_with = founders(
            problem.space,
            config.founders,
            config.results,
            console.note,
            problem.first_space,
            config.fill,
            plan_of.narrow,
        )
        if of_groups(config, problem) or (plan_of.plan and plan_of.plan.of_one):
            begin_with = begin_with[: config.max_founders]
        take_along((step for one in begin_with for step in one.steps), config.results, folder)
        with usable(lambda: Store.create(folder, _meta(config, problem, plan_of.plan, begin_with))) as store:
            console.note(f"run '{config.name}' in {shown_path(folder)}")
            if plan_of.plan:
                write_plan(plan_of.plan, folder)
            work = plan_of.plan.work if plan_of.plan else None
            Session(config, problem, begin_with, store, folder, console).go(config.limit, plan_of.times, work, executor)
    except ImpossibleLimit:  # nothing was born: the user gives the same name again, with another limit
        shutil.rmtree(folder)
        raise
    finally:
        if executor is not None:
            executor.close()
    made = Run(folder)
    return made.trusting(config.modules())  # the settings that the user gave are the naming


def _config_of(given: Given, plan: str | Path | None) -> RunConfig:
    """The settings with those of a plan, and a limit where nothing else limits the run."""
    for name in ("duration", "work"):
        if plan and given.values.get(name) is not None:
            both = f"{given.source('plan')} and {given.source(name)}"
            raise ConfigError(f"{both} do not go together: a plan is run by its counts; give one of them")
    config = RunConfig.checked(given.over(RunConfig.given(read_plan(Path(plan)), str(plan))) if plan else given)
    if len(config.objectives) > 1 and "strategy" not in config.model_fields_set:
        config = config.model_copy(update={"strategy": SEVERAL})
    if config.limit is None and config.duration is None and config.work is None:
        usual = {"duration": USUAL_SECONDS} if config.table is None else {"generations": USUAL_GENERATIONS}
        return config.model_copy(update=usual)
    return config


def _check(config: RunConfig) -> None:
    """Raises for what would keep a run from being made, before anything is read or trained."""
    check_time(config)
    check_work(config)
    check_installed(config)
    check_strategy(config.strategy, config.options, f"{config.spelled('options')}: ")
    if config.name and Store.begun(config.results / config.name):
        raise RunError(
            f"{config.results / config.name} already holds a run; choose another {config.spelled('name')}, or "
            f"continue it with: evolve resume {command_words(config.results / config.name)}"
        )
    check_disk(config.results, config.disk_limit)
    if config.reuse is not None and in_use(found := find(config.reuse, config.results)):
        raise RunError(f"run '{found.name}' is in use, and what it has would depend on the moment; wait for its end")


def resume_given(found: Run, given: Given, progress: Watcher = True) -> Run:
    """A run that exists, continued with these settings and finished; raises as `evolve.resume` does."""
    asked = RunConfig.checked(replace(given, values={k: v for k, v in given.values.items() if v is not None}))
    check_installed(asked)
    instead = {name: getattr(asked, name) for name in asked.model_fields_set - {"generations", "duration"}}
    update = {"results": found.folder.absolute().parent, "name": found.name, **instead}
    config = found.config.model_copy(update=update).spelled_as(asked)
    console = make_console(progress)
    for text in (*times_without_unit(given), *too_many_workers(config, found.problem.get("device") == "gpu")):
        console.note(text)
    if (asked.generations or asked.duration) and (found.meta["plan"] or {}).get("search"):
        had = "work" if found.config.work else "time"
        console.note(
            f"this run had {had} for one small network, and goes on with networks as small; a new run plans anew"
        )
    problem = known_problem(found, config, console)
    for library, now in _libraries().items():
        if now != (before := found.meta["libraries"].get(library)):
            console.note(f"{library} was {before} when this run was made and is {now} now")
    begin_with = recorded_founders(problem.space, found)
    with Store.open(found.folder) as store:
        staged = isinstance(problem, ImageProblem) and not config.fitness
        limits = _limits(store, config, asked, staged, problem.simulates_time and not config.fast)
        Session(config, problem, begin_with, store, found.folder, console).go(*limits)
    return Run(found.folder, found.trust)


def _limits(
    store: Store, config: RunConfig, asked: RunConfig, staged: bool, simulated: bool
) -> tuple[int | None, Stages | None, Stages | None]:
    """Births, time and units of work after which a continued run ends: as the last session had it, or where the search
    ended, and what is added, which ends a run that had units by births or time. None is no limit. staged: whether a
    time is for all stages, or for the search alone. simulated: whether it is simulated."""
    spent = 0.0
    limit, allowed, work = config.limit, None, _stages((store.meta()["plan"] or {}).get("work"))
    ended: int | None = None
    for act in store.acts():
        ended = act.detail["births"] if act.kind == "search ended" else ended
        if act.kind == "started":
            limit, allowed, work = act.detail["limit"], *map(_stages, map(act.detail.get, ("times", "work")))
        elif act.kind == "search ended" and work is None:  # units end it at the same place again
            limit, spent = act.detail["births"], act.detail.get("simulated", 0.0)
    if asked.generations:
        births = store.last("candidate") if limit is None else limit
        births = births if ended is None else ended
        limit, allowed, work = births + asked.generations * config.population, None, None
    if asked.duration:
        work = None
        more = Stages(asked.duration, 0.0, 0.0)
        if staged:
            plan = store.meta()["plan"] or {}
            seconds = None if plan.get("search") else plan.get("seconds")  # of one network: no time for a search
            more = Stages(**seconds).scaled(asked.duration) if seconds else times(asked.duration)
        allowed = replace(more, search=more.search + (spent if simulated else seconds_spent(store)))
        limit = limit if asked.generations else None
    return limit, allowed, work


def _stages(known: dict[str, Any] | None) -> Stages | None:
    return Stages(**known) if known else None


def _meta(config: RunConfig, problem: Problem, plan: Plan | None, begin_with: list[Proposal]) -> dict[str, Any]:
    """What is stored of a run when it is made."""
    return {
        "version": VERSION,
        "libraries": _libraries(),
        "keras_json": overruled() if config.table is None else {},
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
        "config": config.model_dump(mode="json"),
        "problem": problem.describe(),
        "plan": plan and plan.to_json(),
        "founders": founders_json(begin_with),
    }


def _settled(config: RunConfig, problem: Problem) -> RunConfig:
    """The settings with a name, absolute paths, and what depends on the machine decided once for all."""
    update: dict[str, Any] = {"name": config.name or _free_name(config, problem)}
    if config.table is not None:
        update["table"] = config.table.absolute()
    else:
        update["dataset"] = whole_path(config.dataset, Path())
    if config.reuse is not None:
        update["reuse"] = str(find(config.reuse, config.results).folder.absolute())
    if isinstance(problem, TableProblem | RecordedProblem):
        update["rescorings"] = max(1, problem.rescorings(config.rescorings))
    if isinstance(problem, RecordedProblem):
        update["dataset"] = problem.data.name
    return config.model_copy(update=update)


def _libraries() -> dict[str, str]:
    """Versions of the libraries that a search's decisions depend on."""
    return {name: version(name) for name in ("deap", "neat-python", "numpy", "scikit-learn")}


def _free_name(config: RunConfig, problem: Problem) -> str:
    described = problem.describe()
    words = f"{described.get('name') or described.get('table')}-{config.strategy}"
    stem = re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-")
    number = 1
    while (config.results / f"{stem}-{number}").exists():
        number += 1
    return f"{stem}-{number}"
