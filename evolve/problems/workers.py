"""How many workers a problem has, and where they run."""

from __future__ import annotations

from evolve.config import RunConfig
from evolve.execution.executor import Executor, executor_class
from evolve.execution.machine import usable_cores
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem


def workers(config: RunConfig, problem: Problem) -> int:
    """Worker processes of a search: as many as the user wants, or one per core."""
    return config.workers or (1 if on_gpu(problem) else min(usable_cores(), config.ahead))


def make_executor(config: RunConfig, problem: Problem, workers: int, threads: int | None = 1) -> Executor:
    """Where a problem's jobs are evaluated. threads: of each worker; None for all."""
    gigabytes = config.candidate_memory
    made: Executor = executor_class(problem.executor)(
        problem.evaluator,
        problem.settings,
        workers=workers,
        threads=None if on_gpu(problem) else threads,
        memory_limit=int(gigabytes * 2**30) if gigabytes else None,
    )
    return made


def on_gpu(problem: Problem) -> bool:
    """Whether networks are trained on a GPU."""
    return isinstance(problem, ImageProblem) and problem.gpu
