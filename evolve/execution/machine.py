"""What this machine has to train on, found out without importing a numerical library."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from evolve.execution.builds import BUILDS, backend, backend_name, installed_versions
from evolve.execution.gpus import gpus

CPU_FACTS = Path("/proc/cpuinfo")  # of Linux alone
AMX = "amx_bf16"


def usable_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """What the system says of the processor, in numbers, too, as a name such as "AMD EPYC" stands for slow and fast
    ones."""
    lines = CPU_FACTS.read_text().splitlines() if CPU_FACTS.exists() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    numbers = f" (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else ""
    return f"{facts.get('model name') or platform.processor() or platform.machine()}{numbers}"


def gpu_missing() -> str | None:
    """Why no training can use a GPU here; None if it can."""
    if not gpus():
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        why = "nvidia-smi finds none" if hidden is None else f"CUDA_VISIBLE_DEVICES is '{hidden}'"
        return f"no NVIDIA GPU is visible here: {why}"
    build = BUILDS.get(backend_name())
    if build is not None and not build.for_gpus(installed_versions()):
        return f"the installed build, {backend()}, cannot use one (one that can: {build.extra_for_gpus})"
    return None


def usual_precision(gpu: bool) -> str:
    """What trainings compute with unless the user says otherwise: "bfloat16" on a processor that multiplies matrices of
    such numbers by itself (AMX), where it is up to three times as fast, "float32" everywhere else."""
    build = BUILDS.get(backend_name())
    if gpu or build is None or not build.fast_bfloat16:
        return "float32"
    try:
        flags = next(line for line in CPU_FACTS.read_text().splitlines() if line.startswith("flags"))
    except (OSError, StopIteration):
        return "float32"
    return "bfloat16" if AMX in flags.split() else "float32"


def default_memory() -> float:
    """GiB that a worker may hold unless the user says otherwise: nearly half of the machine's memory. It is decided
    once for a run and does not depend on the number of workers, as what a candidate may use must not."""
    return round(0.45 * psutil.virtual_memory().total / 2**30, 2)
