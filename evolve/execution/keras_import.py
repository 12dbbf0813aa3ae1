"""The import of Keras in a process that is there for it, without what no training or prediction needs."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module


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
