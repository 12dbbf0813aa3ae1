"""The Keras backend that workers will use, found out without importing it."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTIONS = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}


def backend() -> str:
    """Name and version of the Keras backend that workers will use."""
    return _installed(backend_name())


@cache
def _installed(name: str) -> str:
    for package in DISTRIBUTIONS.get(name, (name,)):
        try:
            return f"{name} {version(package)}, keras {version('keras')}"
        except PackageNotFoundError:
            continue
    return f"{name}, not installed"


def backend_name() -> str:
    """What KERAS_BACKEND says, or TensorFlow."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"
