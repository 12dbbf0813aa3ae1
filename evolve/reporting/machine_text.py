"""What there is to work with: versions, backend, devices, memory, data sets."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from evolve.data.keras_datasets import NAMES, cached
from evolve.display.text import size
from evolve.execution.builds import backend
from evolve.execution.gpus import gpus
from evolve.execution.machine import default_memory, gpu_missing, usable_cores, usual_precision
from evolve.problems.devices import USUAL_WORKERS
from evolve.runs.disk import size_of
from evolve.runs.find import all_runs

LIBRARIES = ("keras", "numpy", "deap", "neat-python", "pebble", "scikit-learn", "pillow")


def machine(results: Path) -> dict[str, Any]:
    """Versions, backend, devices, threads, memory, data sets at hand and what lies in the folder for runs."""
    import psutil

    memory = psutil.virtual_memory()
    on_gpu = gpu_missing() is None
    fetched = {name: "in Keras's cache" if cached(name) else "would be downloaded by Keras" for name in NAMES}
    found = all_runs(results)
    return {
        "evolve": version("evolve-convnets"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "backend": backend(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "export": {name: _version(name) for name in ("onnx", "tf2onnx", "onnxruntime")},
        "cores": usable_cores(),
        "gpus": [f"{gpu.name}, {size(gpu.memory)}, {gpu.id}" for gpu in gpus()],
        "trains on": "gpu" if on_gpu else "cpu",
        "workers": f"up to {USUAL_WORKERS} a GPU" if on_gpu else f"{min(usable_cores(), 8)}, with one thread each",
        "precision": usual_precision(on_gpu),
        "memory": f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free",
        "memory of a worker": f"at most {default_memory()} GiB, unless candidate_memory says otherwise",
        "datasets": {"digits": "comes with scikit-learn", **fetched},
        "results": f"{len(found)} runs in {results}, {size(size_of(results)) if results.exists() else '0 bytes'}",
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def machine_table(results: Path) -> RenderableType:
    """`machine` for people."""
    table = Table.grid(padding=(0, 3))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for name, value in machine(results).items():
        value = value or "none"
        text = ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else value
        table.add_row(Text(name, style="dim"), Text(", ".join(text) if isinstance(text, list) else str(text)))
    return table
