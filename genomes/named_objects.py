"""What a path such as 'my_layers.Swirl' names; modules in the current folder are found, too."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def named(module: str, name: str) -> Any:
    """The object `name` of `module`. Raises ImportError if there is none, and whatever the module itself raises."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return getattr(import_module(module), name)
    except AttributeError:
        raise ImportError(f"module '{module}' has no '{name}'") from None
