"""Ctrl-C and SIGTERM: asked once, what runs is finished; asked twice, it is given up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stopped(Exception):
    """The user asked to stop; all that was finished is on disk."""


class Stop:
    """What the user asked for. level: 0 to go on, 1 to finish what runs and stop, 2 or more to stop now."""

    def __init__(self) -> None:
        self.level = 0


STOPPING = (
    "stopping: trainings in progress are finished and saved; press Ctrl-C again to stop now",
    "stopping now; what was running will be repeated on resume",
)


@contextmanager
def interruptible(stop: Stop) -> Iterator[None]:
    """Ctrl-C asks to stop, the second one at once; so does a request to terminate. The handlers only note it: what is
    to be said is said while waiting, not in the middle of another output."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupted(number: int, frame: Any) -> None:
        stop.level = 2 if number == signal.SIGTERM else stop.level + 1

    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
