"""On what a run trains: the processor, or GPUs that its workers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.execution.gpus import Gpu, gpus
from evolve.execution.machine import gpu_missing, usable_cores

USUAL_WORKERS = 4  # on one GPU: brief trainings wait for compilers and for Python more than for the GPU
USUAL_MEMORY = 4 * 2**30  # bytes of a GPU's memory that a worker has at least, unless the user says otherwise
LEAST_MEMORY = 2**30  # bytes, of which the libraries take about half before anything is trained


def trains_on_gpu(config: RunConfig) -> bool:
    """Whether networks are trained on a GPU: where there is one to be used, unless `device` says otherwise. Raises
    ConfigError if one is asked for that cannot be used."""
    if config.table is not None or config.device == "cpu":
        return False
    missing = gpu_missing()
    if missing is not None and config.device == "gpu":
        raise ConfigError(
            f"{config.assigned('device', 'gpu')} needs a GPU, and {missing}; use {config.assigned('device', 'cpu')}, "
            "or leave it out"
        )
    return missing is None


@dataclass(frozen=True)
class Sharing:
    """How trainings share GPUs. workers: on all of them together. share: of a GPU's memory, for each worker."""

    workers: int
    share: float


def gpu_sharing(config: RunConfig, found: Sequence[Gpu] | None = None) -> Sharing:
    """How the workers of a run share these GPUs, by default all that there are. What the settings leave open is decided
    here: as many workers as share them well, and equal shares.

    Raises ConfigError if the share has no room for so many workers, or is too small to hold one.
    """
    found = gpus() if found is None else found
    workers, share, most = config.workers, config.gpu_share, min(usable_cores(), config.ahead)
    memory = min(gpu.memory for gpu in found)
    if share is None:
        workers = workers or min(usual_workers(found), most)
        share = _equal(workers, found)
    room = int(1 / share + 1e-6) * len(found)
    if workers is not None and workers > room:
        raise ConfigError(
            f"{config.assigned('gpu_share', share)} has room for {room} workers on the GPUs that are here, not for "
            f"{workers}; use {config.assigned('workers', room)}, or "
            f"{config.assigned('gpu_share', floor(1000 * _equal(workers, found)) / 1000)}"
        )
    if memory and share * memory < LEAST_MEMORY:
        raise ConfigError(
            f"a worker needs {LEAST_MEMORY / 2**30:g} GiB of a GPU, and a share of {share:.3g} of {memory / 2**30:.3g} "
            f"GiB is {share * memory / 2**30:.2g} GiB; lower {config.spelled('workers')}, or raise "
            f"{config.spelled('gpu_share')}"
        )
    return Sharing(workers or min(room, most), share)


def usual_workers(found: Sequence[Gpu]) -> int:
    """As many as share these GPUs well."""
    memory = min(gpu.memory for gpu in found)
    return max(1, min(USUAL_WORKERS, memory // USUAL_MEMORY)) * len(found)


def _equal(workers: int, found: Sequence[Gpu]) -> float:
    """The share of each of so many workers."""
    return 1 / -(-workers // len(found))
