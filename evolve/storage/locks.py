"""Locks that keep two processes from writing the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from evolve.errors import RunError


def take(lock: Path, what: Path) -> FileLock:
    """The lock file, held by this process until it is released. Raises RunError, which names `what`, if another one
    holds it."""
    taken = FileLock(lock)
    try:
        taken.acquire(timeout=0)
    except Timeout:
        if not lock.exists():  # on file systems that have no place for it
            raise RunError(f"nothing can be written to {lock.parent}; name another place") from None
        raise RunError(f"{what} is in use by another process; wait for it or stop it first") from None
    return taken


@contextmanager
def hold(lock: Path, what: Path) -> Iterator[None]:
    """Holds the lock file for a block; raises as `take`."""
    taken = take(lock, what)
    try:
        yield
    finally:
        taken.release()
