"""GPUs that this process may use, as the driver's own tool lists them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from evolve.errors import ConfigError


@dataclass(frozen=True)
class Gpu:
    """A GPU. id: what CUDA_VISIBLE_DEVICES calls it. memory: bytes. capability: of its instructions, 8.0 from Ampere
    on."""

    id: str
    name: str
    memory: int
    capability: float


@cache
def gpus() -> tuple[Gpu, ...]:
    """NVIDIA GPUs that this process may use: all, or those that CUDA_VISIBLE_DEVICES names."""
    fields = "index,uuid,name,memory.total,compute_cap"
    command = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    if shutil.which(command[0]) is None:
        return ()
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    lines = asked.stdout.splitlines() if asked.returncode == 0 else []
    rows = [tuple(field.strip() for field in line.split(",")) for line in lines]
    return visible_gpus(rows, os.environ.get("CUDA_VISIBLE_DEVICES"))


def visible_gpus(rows: Iterable[tuple[str, ...]], visible: str | None) -> tuple[Gpu, ...]:
    """Those of the machine's GPUs that may be used, in the order that is asked for.

    rows: index, id, name, MiB and capability of each. visible: indices or ids, separated by commas, ids perhaps cut
    short; None for all. As in CUDA, what follows one that is not there is not used, either.
    """
    found = {index: Gpu(uuid, name, _bytes(memory), _number(cap)) for index, uuid, name, memory, cap in rows}
    if visible is None:
        return tuple(found.values())
    wanted: list[Gpu] = []
    for name in filter(None, map(str.strip, visible.split(","))):
        matching = [gpu for index, gpu in found.items() if index == name or gpu.id.startswith(name)]
        if len(matching) != 1:
            break
        wanted += matching
    return tuple(wanted)


def _bytes(mebibytes: str) -> int:
    return round(_number(mebibytes) * 2**20)


def _number(text: str) -> float:
    """0.0 for what nvidia-smi does not know."""
    try:
        return float(text)
    except ValueError:
        return 0.0


USUAL_WORKERS = 4  # on one GPU: brief trainings wait for compilers and for Python more than for the GPU
USUAL_MEMORY = 4 * 2**30  # bytes of a GPU's memory that a worker has at least, unless the user says otherwise
LEAST_MEMORY = 2**30  # bytes, of which the libraries take about half before anything is trained


@dataclass(frozen=True)
class Sharing:
    """How trainings share GPUs. workers: on all of them together. share: of a GPU's memory, for each worker."""

    workers: int
    share: float


def sharing(found: Sequence[Gpu], workers: int | None, share: float | None, most: int) -> Sharing:
    """How so many workers share these GPUs; None for what is to be decided here, `most` workers then.

    Raises ConfigError if the share has no room for so many workers on the GPUs that there are, or is too small to hold
    one.
    """
    memory = min(gpu.memory for gpu in found)
    if share is None:
        usual = max(1, min(USUAL_WORKERS, memory // USUAL_MEMORY))
        workers = workers or min(usual * len(found), most)
        share = 1 / -(-workers // len(found))
    room = int(1 / share + 1e-6) * len(found)
    if workers is not None and workers > room:
        raise ConfigError(
            f"gpu_share must leave room for {workers} workers on {len(found)} GPUs, and {share:g} has room for {room}; "
            f"use workers = {room}, or gpu_share = {1 / -(-workers // len(found)):.3g}"
        )
    if memory and share * memory < LEAST_MEMORY:
        raise ConfigError(
            f"gpu_share must be enough for one worker, which needs {LEAST_MEMORY / 2**30:g} GiB, and {share:.3g} of "
            f"{memory / 2**30:.3g} GiB is {share * memory / 2**30:.2g} GiB; use fewer workers, or a larger gpu_share"
        )
    return Sharing(workers or min(room, most), share)
