"""How many workers a problem has, and where they run."""

from __future__ import annotations

import os
from collections.abc import Mapping

from evolve.config import RunConfig
from evolve.display.text import plural
from evolve.execution.executor import Executor, executor_class
from evolve.execution.gpus import gpus
from evolve.execution.machine import usable_cores
from evolve.execution.retrying import Retrying
from evolve.jobs import Resources
from evolve.problems.devices import gpu_sharing, usual_workers
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem
from genomes.json_value import JsonObject

# What keeps a training in this process off the GPUs that there are; it has to be said before a library looks for them.
NO_GPU = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


def workers(config: RunConfig, problem: Problem) -> int:
    """Worker processes of a search: as many as the user wants; else one per core, or as many as share the GPUs well."""
    if on_gpu(problem):
        return gpu_sharing(config).workers
    return config.workers or min(usable_cores(), config.ahead)


def too_many_workers(config: RunConfig, gpu: bool) -> list[str]:
    """What is to be said of more workers than do any good. gpu: whether networks are trained on one."""
    if config.workers is None or config.table is not None:
        return []
    usual = usual_workers(gpus()) if gpu else usable_cores()
    given = config.assigned("workers", config.workers)
    if config.workers > usual:
        what = f"{plural(usual, 'worker')} that share its GPUs well" if gpu else plural(usual, "core")
        return [
            f"{given} is more than the {what} here: trainings wait for each other, and each worker takes about a GiB "
            f"of memory; {config.assigned('workers', usual)} is as fast"
        ]
    if config.workers > config.ahead and config.duration is None and config.work is None:
        more = config.assigned("look_ahead", config.workers)
        return [f"{given}: only {config.ahead} of them have something to do at once; {more} has work for all"]
    return []


def make_executor(
    problem: Problem,
    workers: int,
    usual: Resources | None = None,
    settings: JsonObject | None = None,
    evaluators: Mapping[str, str] | None = None,
) -> Executor:
    """Where a problem's jobs are evaluated; one whose worker dies is tried again.

    usual: what most of these jobs need, if that is not what the problem says. settings: of the evaluators, likewise,
    and evaluators: these themselves.
    """
    if problem.executor == "in-process" and not on_gpu(problem) and gpus():
        os.environ |= NO_GPU
    made: Executor = executor_class(problem.executor)(
        dict(evaluators or problem.evaluators),
        settings or problem.settings,
        workers=workers,
        usual=usual or problem.usual,
        gpus=[gpu.id for gpu in gpus()] if on_gpu(problem) else [],
    )
    return Retrying(made)


def on_gpu(problem: Problem) -> bool:
    """Whether networks are trained on a GPU."""
    return isinstance(problem, ImageProblem) and problem.gpu
