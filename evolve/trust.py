"""What may be followed out of a run or a model file: only what the user names.

Settings of a run and layers in a model name modules, and importing a module runs its code. For a new run the settings
that the user gives are the naming. For a run or a file that is there already, and may be a stranger's, he names each
module by its full dotted name: `--trust my_layers`. The same holds for the images of a run whose prepared copy is gone.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable

from evolve.errors import TrustError

Trust = Iterable[str]
"""Modules, and paths of data sets, that the user names."""


def flags(names: Iterable[str]) -> str:
    """The flags that name them."""
    return " ".join(f"--trust {shlex.quote(name)}" for name in names)


def names_of(trust: Trust) -> tuple[str, ...]:
    """The names in an argument `trust`; a single one need not stand in a list."""
    from evolve.settings import path_of  # here, so that help needs no Pydantic

    names = (trust,) if isinstance(trust, str) else trust
    return tuple(str(path_of(name)) if name.startswith("~") else name for name in names)


def require(wanted: Iterable[str], trusted: Collection[str], what: str, doing: str, why: str) -> None:
    """Raises TrustError if something in `wanted` is not among `trusted`.

    The message begins '`what` needs to `doing` NAME: `why`'.
    """
    missing = [name for name in dict.fromkeys(wanted) if name not in trusted]
    if missing:
        raise TrustError(
            f"{what} needs to {doing} {', '.join(missing)}: {why}; if you trust that, say so with "
            f"{flags(missing)} (in Python: trust={missing!r})",
            missing,
        )


def require_modules(modules: Iterable[str], trusted: Collection[str], what: str) -> None:
    """Raises TrustError if a module that `what` names is not among `trusted`. Nothing is imported."""
    require(modules, trusted, what, "import", "importing runs the code in it")
