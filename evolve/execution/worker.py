"""What runs inside a worker process: its evaluators, one job at a time, and a watch over memory and the parent."""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from evolve.errors import in_words
from evolve.execution import memory
from evolve.execution.border import from_json, result_to_json
from evolve.execution.executor import Evaluators, cannot_start, judge
from evolve.execution.keras_import import import_keras
from evolve.jobs import Job
from evolve.values import Result, Status
from genomes.json_value import JsonObject

OUT_OF_MEMORY_EXIT = 77
WATCH_SECONDS = 0.5
LONGEST_MESSAGE = select.PIPE_BUF - 4  # bytes that are written to a pipe at once or not at all, but for their length


@dataclass(frozen=True)
class Setup:
    """What a worker is started with.

    evaluators, settings: see `Executor`. threads: of every numerical library; None for no limit. memory_limit: bytes.
    gpu: what CUDA_VISIBLE_DEVICES is to be; None for no GPU. gpu_share: of that GPU's memory, above 0 to 1; it is in
        the settings of the evaluators, too, as "gpu_share".
    """

    evaluators: Mapping[str, str]
    settings: JsonObject
    threads: int | None
    memory_limit: int
    gpu: str | None = None
    gpu_share: float = 0.0


_evaluators: Evaluators | None = None
_broken = ""
_outlet: Connection | None = None


def start(setup: Setup, outlet: Connection) -> None:
    """Begins the watch, limits what the numerical libraries take and builds the main evaluator.

    outlet: the end of a pipe that messages are written to. Environment variables come first: the libraries read them
    when they are imported.
    """
    global _evaluators, _broken, _outlet
    memory.keep_freed()  # before there is another thread
    threading.Thread(target=_watch, args=(os.getppid(), setup.memory_limit), daemon=True).start()
    os.set_blocking(outlet.fileno(), False)
    _outlet = outlet
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1" if setup.gpu is None else setup.gpu
    if setup.gpu is None:
        os.environ["JAX_PLATFORMS"] = "cpu"
    if backend := setup.settings.get("backend"):
        os.environ["KERAS_BACKEND"] = str(backend)
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"  # one operation after the other, so that a training can be repeated
    if setup.threads is not None:
        os.environ.update(_threads(setup.threads))
    _silence()
    if setup.settings.get("backend") and not setup.settings.get("fitness"):
        import_keras()
    on_gpu = {} if setup.gpu is None else {"gpu_share": setup.gpu_share}
    try:
        _evaluators = Evaluators(setup.evaluators, {**setup.settings, **on_gpu})
    except BaseException as error:  # code of the user's may want to exit
        _broken = in_words(error)
    _end_if_over(setup.memory_limit)  # before it takes up any work


def _threads(count: int) -> dict[str, str]:
    return {
        **{f"{library}_NUM_THREADS": str(count) for library in ("OMP", "OPENBLAS", "MKL")},
        "TF_NUM_INTRAOP_THREADS": str(count),
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads={count}",
    }


def ready() -> None:
    """Does nothing: scheduled to make a pool start its worker before the first job comes."""


def work(kind: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a job of that kind, both as JSON. Raises MachineError if it has no evaluator to be built here."""
    if _evaluators is None:
        raise cannot_start(_broken)
    number = job["number"]
    evaluator = _evaluators.of(kind)
    if evaluator is None:
        return result_to_json(_evaluators.unknown(number, kind))
    try:
        made: Job = from_json(evaluator.takes, job)
    except ValueError as error:
        return result_to_json(Result(number, Status.FAILED, reason=f"not a job: {error}"))
    return result_to_json(judge(evaluator, made, lambda **figures: _send(number, figures)))


def _send(number: int, figures: Mapping[str, float]) -> None:
    """Sends figures of a job. What does not fit into the pipe is dropped: only a display misses it."""
    message = json.dumps([number, {name: float(value) for name, value in figures.items()}]).encode()
    if _outlet is not None and len(message) <= LONGEST_MESSAGE:
        with suppress(OSError):
            _outlet.send_bytes(message)


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
