"""What runs inside a worker process: one evaluator, one job at a time, and a watch over memory and the parent."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Any

from evolve.execution.border import from_json, result_to_json
from evolve.execution.executor import Evaluator, build_evaluator, judge
from evolve.jobs import Job
from evolve.values import Result, Status

OUT_OF_MEMORY_EXIT = 77
WATCH_SECONDS = 0.5

_evaluator: Evaluator[Job] | None = None
_broken: str | None = None


class CannotStart(Exception):
    """The evaluator cannot be built here: a library or the data are missing. No fault of a candidate."""


def start(evaluator: str, settings: Mapping[str, Any], threads: int | None, memory_limit: int) -> None:
    """Begins the watch, limits the threads of every numerical library (None: no limit) and builds the evaluator.

    Environment variables come first: the libraries read them when they are imported.
    """
    global _evaluator, _broken
    threading.Thread(target=_watch, args=(os.getppid(), memory_limit), daemon=True).start()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")
    if not settings.get("gpu"):
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ["JAX_PLATFORMS"] = "cpu"
    if backend := settings.get("backend"):
        os.environ["KERAS_BACKEND"] = backend
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"  # one operation after the other, so that a training can be repeated
    if threads is not None:
        for library in ("OMP", "OPENBLAS", "MKL"):
            os.environ[f"{library}_NUM_THREADS"] = str(threads)
        os.environ["TF_NUM_INTRAOP_THREADS"] = str(threads)
        os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads={threads}"
    _silence()
    try:
        _evaluator = build_evaluator(evaluator, settings)
    except Exception as error:
        _broken = f"{type(error).__name__}: {error}"
    _end_if_over(memory_limit)  # before it takes up any work


def ready() -> None:
    """Does nothing: scheduled to make a pool start its worker before the first job comes."""


def work(job: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a job, both as JSON."""
    if _evaluator is None:
        raise CannotStart(_broken)
    try:
        made = from_json(_evaluator.takes, job)
    except ValueError as error:
        return result_to_json(Result(job["number"], Status.FAILED, reason=f"not a job: {error}"))
    return result_to_json(judge(_evaluator, made))


def _silence() -> None:
    """Sends what libraries print to nowhere: a worker speaks through results only."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _watch(parent: int, memory_limit: int) -> None:
    """Ends this process when its parent is gone or it holds more than `memory_limit` bytes."""
    while True:
        if os.getppid() != parent:
            os._exit(1)
        _end_if_over(memory_limit)
        time.sleep(WATCH_SECONDS)


def _end_if_over(memory_limit: int) -> None:
    import psutil

    if psutil.Process().memory_info().rss > memory_limit:
        os._exit(OUT_OF_MEMORY_EXIT)
