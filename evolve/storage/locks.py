"""Locks that keep two processes from writing the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from evolve.errors import RunError


@contextmanager
def hold(lock: Path, what: Path) -> Iterator[None]:
    """Holds the lock file for this process. Raises RunError, which names `what`, if another one holds it."""
    try:
        taken = FileLock(lock).acquire(timeout=0)
    except Timeout:
        raise RunError(f"{what} is in use by another process; wait for it or stop it first") from None
    with taken:
        yield
