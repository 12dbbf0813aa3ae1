"""What this machine has to train on, found out without importing a numerical library."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

import psutil

CPU_FACTS = Path("/proc/cpuinfo")  # of Linux alone
AMX = "amx_bf16"


def usable_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpu_names() -> list[str]:
    """NVIDIA GPUs that are visible to this process, one line each."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1") or shutil.which("nvidia-smi") is None:
        return []
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line for line in listed.stdout.splitlines() if line.startswith("GPU ")] if listed.returncode == 0 else []


def gpu_visible() -> bool:
    """Whether trainings can use a GPU: there is one, and the backend's installed build is made for it."""
    names = {d.metadata["Name"].lower(): d.version for d in distributions() if d.metadata["Name"]}
    made_for_gpu = {
        "tensorflow": "tensorflow-cpu" not in names,
        "jax": any(name.startswith("jax-cuda") for name in names),
        "torch": "+cpu" not in names.get("torch", ""),
    }
    return made_for_gpu.get(os.environ.get("KERAS_BACKEND") or "tensorflow", False) and bool(gpu_names())


def usual_precision() -> str:
    """What trainings compute with unless the user says otherwise: "bfloat16" on a processor that multiplies matrices of
    such numbers by itself (AMX), where it is up to three times as fast, "float32" everywhere else."""
    if (os.environ.get("KERAS_BACKEND") or "tensorflow") != "tensorflow" or gpu_visible():
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


DISTRIBUTIONS = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}


def backend() -> str:
    """Name and version of the Keras backend that workers will use."""
    return _installed(backend_name())


@cache
def _installed(name: str) -> str:
    for package in DISTRIBUTIONS.get(name, (name,)):
        try:
            return f"{name} {version(package)}, keras {version('keras')}"
        except PackageNotFoundError:
            continue
    return f"{name}, not installed"


def backend_name() -> str:
    """What KERAS_BACKEND says, or TensorFlow."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"
