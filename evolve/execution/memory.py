"""What a process holds of the machine's memory, and the most that it held since it last asked."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def held() -> int:
    """Bytes of memory that this process holds for itself; files that it shares with others do not count."""
    info = psutil.Process().memory_info()
    return int(info.rss - getattr(info, "shared", 0))


def forget_peak() -> None:
    """Lets `peak` count from now on. Only Linux can; elsewhere the peak is of the whole life of the process."""
    with suppress(OSError):
        CLEAR.write_text("5")


def peak() -> int:
    """The most bytes that this process had in memory since `forget_peak`."""
    with suppress(OSError):
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return int(getattr(psutil.Process().memory_info(), "peak_wset", held()))
