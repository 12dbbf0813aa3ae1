"""How much of the machine other processes take while something is measured, and what machine it is."""

from __future__ import annotations

import platform
import time
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version

import psutil

from evolve.execution.builds import backend
from evolve.execution.gpus import gpus
from evolve.execution.machine import processor, usable_cores
from evolve.research.trials import Trial
from genomes.json_value import Json

MOST = 0.5
DECIDING = ("evolve", "backend")  # versions with which results may be others


class Measurement:
    """Of a piece of work, from when this is made: its seconds, and what others took of the machine meanwhile."""

    def __init__(self) -> None:
        self._begun, self._all, self._own = time.monotonic(), busy_seconds(), processor_seconds(psutil.Process())

    @property
    def seconds(self) -> float:
        """So far."""
        return time.monotonic() - self._begun

    def of(self, trial: Trial) -> Trial:
        """A trial that was made meanwhile, with its seconds, those of earlier sessions on it included, and what others
        took, if most of it was made meanwhile."""
        seconds = max(trial.seconds, self.seconds)
        others = round(self.others, 3) if self.seconds > MOST * seconds else None
        return replace(trial, seconds=round(seconds, 3), others=others)

    @property
    def others(self) -> float:
        """The share of the machine's cores, 0 to 1, that other processes took so far."""
        own = processor_seconds(psutil.Process()) - self._own
        taken = (busy_seconds() - self._all) - own
        return min(1.0, max(0.0, taken / (self.seconds * (psutil.cpu_count() or 1))))


def busy_seconds() -> float:
    """Seconds that the cores were not idle since the machine was started; what a host takes from a guest included."""
    times = psutil.cpu_times()._asdict()
    idle = ("idle", "iowait", "guest", "guest_nice")  # guests are in `user` and `nice` already
    return float(sum(seconds for name, seconds in times.items() if name not in idle))


def processor_seconds(process: psutil.Process) -> float:
    """Seconds that a process and all that it has started have worked, those that have ended included; 0 if it has ended
    itself."""
    seconds = 0.0
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                seconds += sum(one.cpu_times()[:4])
    return seconds


def machine_facts() -> dict[str, Json]:
    """What a time depends on."""
    return {
        "processor": processor(),
        "cores": usable_cores(),
        "memory": round(psutil.virtual_memory().total / 2**30, 1),
        "gpus": [gpu.name for gpu in gpus()],
        "system": platform.system(),
    }


def versions(trained: bool) -> dict[str, str]:
    """Versions of what decides results. trained: whether networks are."""
    libraries = {name: version(name) for name in ("numpy", "deap", "neat-python")}
    known = {"evolve": version("evolve-convnets"), "python": platform.python_version(), **libraries}
    return {**known, "backend": backend()} if trained else known
