"""How worker processes are started: without the user's script, without his Ctrl-C, and with nobody else's libraries."""

from __future__ import annotations

import multiprocessing
import multiprocessing.context
import multiprocessing.spawn
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

_starting = threading.Lock()


def start_tracker() -> None:
    """Starts multiprocessing's own helper, a Python, too, which the first lock of a pool would start without care."""
    with _starting, _safe_path():
        resource_tracker.ensure_running()


def end_with_parent() -> None:
    """Ends this process as soon as the one that started it is gone, however that ended."""

    def watch(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    if parent := multiprocessing.parent_process():
        threading.Thread(target=watch, args=(parent.sentinel,), daemon=True).start()


@contextmanager
def _safe_path() -> Iterator[None]:
    """A Python that is started meanwhile does not put the current folder before its own libraries."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


@contextmanager
def _without_main() -> Iterator[None]:
    """Child processes started meanwhile neither run the main script again nor receive Ctrl-C, and look for libraries
    where this process does, not in the current folder first, which may be a stranger's."""
    original = multiprocessing.spawn.get_preparation_data

    def preparation_data(name: str) -> dict[str, Any]:
        data = original(name)
        return {key: value for key, value in data.items() if not key.startswith("init_main")}

    with _starting, _safe_path():
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        multiprocessing.spawn.get_preparation_data = preparation_data
        try:
            yield
        finally:
            multiprocessing.spawn.get_preparation_data = original
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


class _WorkerProcess(multiprocessing.context.SpawnProcess):
    """A worker may be started by a daemon, too, such as a process of a `multiprocessing.Pool`: daemons must not leave
    children behind, and a worker ends by itself when its parent is gone."""

    def start(self) -> None:
        """Starts it."""
        settings = multiprocessing.current_process()._config  # type: ignore[attr-defined]
        was = settings.pop("daemon", None)
        try:
            super().start()
        finally:
            if was is not None:
                settings["daemon"] = was

    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Any:
        with _without_main():
            return multiprocessing.context.SpawnProcess._Popen(process_obj)


class WorkerContext(multiprocessing.context.SpawnContext):
    """What Pebble starts processes with."""

    Process = _WorkerProcess
