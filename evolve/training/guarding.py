"""An evaluation never raises: whatever goes wrong is a result, with its status and its reason."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from evolve.errors import MachineError, in_words
from evolve.execution import memory
from evolve.execution.keras_settings import settings_of_trainings
from evolve.jobs import Job
from evolve.training.backends import this_backend
from evolve.training.epochs import Diverged
from evolve.values import Result, Status

J = TypeVar("J", bound=Job)


class WeightsMissing(Exception):
    """The weights that a training goes on from are not here, or not whole."""


def guard(job: J, work: Callable[[J], Result]) -> Result:
    """The result of `work(job)`, with what every result has; whatever it raises is a status with a reason, but for
    MachineError, which is never a candidate's fault, and Ctrl-C."""
    begun = time.perf_counter()
    memory.forget_peak()
    with settings_of_trainings():
        try:
            result = _without_raising(job, work)
        finally:
            gpu_peak = this_backend().gpu_peak()
            this_backend().forget()
            memory.give_back()
    figures = {"peak_bytes": memory.peak(), "held_bytes": memory.held(), "worker": os.getpid()}
    figures |= {"gpu_peak_bytes": gpu_peak} if gpu_peak else {}
    return replace(result, timing={**result.timing, "seconds": round(time.perf_counter() - begun, 3), **figures})


def _without_raising(job: J, work: Callable[[J], Result]) -> Result:
    try:
        return work(job)
    except Diverged as error:
        return Result(job.number, Status.DIVERGED, reason=str(error))
    except WeightsMissing as error:
        return Result(job.number, Status.WEIGHTS_MISSING, reason=str(error))
    except MachineError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and _ctrl_c_comes_as_exception():
            raise
        return _failure(job, error)


def _ctrl_c_comes_as_exception() -> bool:
    """Whether Ctrl-C is raised where this is called. It is kept from workers, and a run of this process notes it only;
    there code of the user's own raised what looks like it."""
    here = threading.current_thread() is threading.main_thread()
    noted = signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    return here and not noted and signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def _failure(job: Job, error: BaseException) -> Result:
    status = Status.OUT_OF_MEMORY if this_backend().ran_out_of_memory(error) else Status.FAILED
    return Result(job.number, status, reason=in_words(error))
