"""The import of Keras in a process that is there for it, without what no training or prediction needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module


@contextmanager
def quiet_start() -> Iterator[None]:
    """Inside of the block what TensorFlow says in capital letters when it starts, of processors and its own logging, is
    not shown. It writes past Python, whatever its level of logging is."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def import_keras() -> None:
    """Imports Keras as if scikit-learn were not installed: Keras would load all of it for wrappers that nobody uses
    here, which is about a fifth of the import. What is imported afterwards gets scikit-learn as always. Whether Keras
    is there is found out by whoever needs it."""
    if "sklearn" in sys.modules:
        return
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # as the import system notes what is not there
    try:
        with suppress(ImportError):
            import_module("keras")
    finally:
        del sys.modules["sklearn"]
