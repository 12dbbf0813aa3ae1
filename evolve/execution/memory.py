"""What a process holds of the machine's memory, the most that it held since it last asked, and when it lets go of it.

A training step asks for the same memory again and again. By itself glibc, in some processes, hands it back to the
system after each step, and the system clears every page of it for the next one. `python benchmarks/page_faults.py`
says what that takes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
# As https://man7.org/linux/man-pages/man3/mallopt.3.html and glibc's malloc.h number them.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
NEVER, LARGEST = -1, 2**31 - 1  # bytes


def keep_freed() -> None:
    """Keeps memory that is freed for what comes next, until `give_back`. Does nothing where the C library is not
    glibc."""
    if mallopt := _of_glibc("mallopt"):
        mallopt(ARENA_MAX, 1)  # those of other threads are made of pieces that go back one by one
        mallopt(MMAP_THRESHOLD, LARGEST)
        mallopt(TRIM_THRESHOLD, NEVER)


def give_back() -> None:
    """Hands the memory that is free back to the system."""
    if trim := _of_glibc("malloc_trim"):
        trim(ctypes.c_size_t(0))


def _of_glibc(name: str) -> Callable[..., int] | None:
    """None where there is no such function, or no C library to be asked."""
    with suppress(OSError, TypeError):  # TypeError: what Windows raises
        found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
        return found
    return None


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
