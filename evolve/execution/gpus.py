"""GPUs that this process may use, as the driver's own tool lists them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


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
    """NVIDIA GPUs that this process may use: all, or those that CUDA_VISIBLE_DEVICES names.

    Numbers there are those of nvidia-smi. CUDA itself may count unequal GPUs in another order, unless CUDA_DEVICE_ORDER
    is PCI_BUS_ID; ids are clear always.
    """
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
    short; None for all. Of parts of GPUs (MIG) nothing but the id is known. As in CUDA, what follows one that is not
    there is not used, either.
    """
    found = {index: Gpu(uuid, name, _bytes(memory), _number(cap)) for index, uuid, name, memory, cap in rows}
    if visible is None:
        return tuple(found.values())
    wanted: list[Gpu] = []
    for name in filter(None, map(str.strip, visible.split(","))):
        if name.startswith("MIG-"):
            wanted.append(Gpu(name, "a part of a GPU", 0, 0.0))
            continue
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
