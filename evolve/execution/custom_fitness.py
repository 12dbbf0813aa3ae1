"""A user's own fitness function, named by its path so that worker processes can find it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from evolve.errors import ConfigError, in_words
from evolve.values import digest
from genomes.named_objects import named

Fitness = Callable[..., Any]


def fitness_path(function: Fitness) -> str:
    """'module:name' of a function. Raises ConfigError if it cannot be found by that path."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not callable(function) or not module or not name.isidentifier():
        raise ConfigError(
            "fitness must be a function defined with 'def' at the top of a script, notebook or module, "
            f"not {function!r}"
        )
    return f"{module}:{name}"


def fitness_function(path: str) -> Fitness:
    """The function of a path. Raises ConfigError if there is none."""
    module, _, name = path.partition(":")
    try:
        found = named(module, name)
    except (Exception, SystemExit) as error:  # whatever the user's module raises
        where = "call evolve.resume in its script" if module == "__main__" else "repair it, or continue in its folder"
        raise ConfigError(f"the fitness function {path} cannot be imported ({in_words(error)}); {where}") from None
    if module == "__main__" and getattr(found, "__module__", None) != module:
        raise ConfigError(f"the fitness function {path} is not of this script; call evolve.resume in its script")
    if not callable(found):
        raise ConfigError(f"fitness {path} must be a function, not {found!r}")
    return found  # type: ignore[no-any-return]


def fitness_version(path: str) -> str:
    """Path and digest of the source: a score is known only as long as both are the same."""
    try:
        source = inspect.getsource(fitness_function(path))
    except (OSError, TypeError):
        source = ""
    return f"{path} {digest(source)[:8]}"
