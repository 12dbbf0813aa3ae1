"""What is checked of an experiment on images before anything is trained: each data set, and each arm on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from evolve.config import RunConfig
from evolve.display.console import Console, make_console
from evolve.engine.initial_population import founders
from evolve.engine.opening import new_problem
from evolve.errors import ConfigError, DataError
from evolve.planning.planner import check_time, plan_run
from evolve.planning.work_plan import check_work, with_fixed
from evolve.problems.images import ImageProblem
from evolve.research.arms import Data, given_of, line_of
from evolve.research.design import Arm, Design
from evolve.search.strategy import check_strategy


def image_data(design: Design, runs: Path, console: Console) -> list[Data]:
    """The data sets, prepared. runs: the folder for runs. Raises DataError for one that cannot be used, and ConfigError
    for an arm that cannot be tried on one of them."""
    found = list(_prepared(design, runs, console))
    for data in found:
        if (others := [one for one in found if one.name == data.name])[1:]:
            names = {one.setting for one in others}
            said = f"{' and '.join(sorted(names))} have the same name; rename one of them"
            raise DataError(f"{design.label}: {said if names - {data.setting} else f'{data.name} is listed twice'}")
        for arm in design.arms[1:]:
            if arm.command is None:
                checked_problem(design, arm, data.setting, runs, make_console(False), data)
    return found


def _prepared(design: Design, runs: Path, console: Console) -> Iterator[Data]:
    for setting in design.datasets:
        try:
            problem = checked_problem(design, design.default, setting, runs, console)
        except DataError as error:
            raise DataError(f"{design.label}: {error}") from None
        yield Data(problem.parts.name, setting, problem)


def checked_problem(
    design: Design, arm: Arm, setting: str, runs: Path, console: Console, known: Data | None = None
) -> ImageProblem:
    """The problem of an arm on a data set. Raises ConfigError for what would keep it from being trained."""
    with design.naming(arm):
        given = given_of(design, arm, setting)
        config = RunConfig.checked(replace(given, values={**given.values, "results": runs}))
        check_time(config)
        check_work(config)
        check_strategy(config.strategy, config.options, f"{config.spelled('options')}: ")
        problem = new_problem(config, console, known.prepared if known else None)
        assert isinstance(problem, ImageProblem)
        if arm.alone is not None:
            line_of(problem.space, arm.alone, runs)
            return problem
        begin_with = founders(problem.space, config.founders, runs, lambda text: None, problem.first_space, config.fill)
        if config.work is not None:
            plan = plan_run(with_fixed(config), problem, begin_with, make_console(False), 0.0).plan
            if plan is not None and plan.of_one and plan.search is not None:
                raise ConfigError(
                    f"{config.assigned('work', config.work)} has room for one network and no search on {setting}; use "
                    f"{config.assigned('work', plan.search)} at least"
                )
    return problem
