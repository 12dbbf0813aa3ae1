"""What this machine has to train on, found out without importing a numerical library."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version


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
    """Whether trainings can use a GPU: there is one, and the backend is not TensorFlow's build for processors only."""
    if (os.environ.get("KERAS_BACKEND") or "tensorflow") == "tensorflow":
        try:
            version("tensorflow-cpu")
        except PackageNotFoundError:
            pass
        else:
            return False
    return bool(gpu_names())
