"""Errors that a user can repair. The command line prints their message and leaves with exit code 2."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from genomes.suggestions import nearest as nearest


class EvolveError(Exception):
    """Something is wrong with what was asked for; the message names it, the rule and the repair."""


class ConfigError(EvolveError, ValueError):
    """A setting is unknown, out of range or does not go with another."""


class DataError(EvolveError, ValueError):
    """The data cannot be used for training as they are."""


class RunError(EvolveError, RuntimeError):
    """A run cannot be opened, continued or finished."""


class TrustError(EvolveError):
    """A run or a model file wants to import modules, or read a data set, that the user has not named.

    names: what is to be named.
    """

    def __init__(self, message: str, names: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.names = tuple(names)


class DiskLimitError(RunError):
    """The folder for runs holds more than the user allows; what was recorded is kept."""


class LogError(RunError):
    """A run's file cannot be read or written, or is damaged; what was recorded before is kept as it is."""


class MachineError(RunError):
    """The machine failed, not the candidate: no result is written, and the run can be continued."""


def check_extra(what: str, extra: str, *packages: str) -> None:
    """Raises ConfigError, naming the extra to install, if a package is missing that something needs.

    what: the thing that needs them, as the subject of a sentence. packages: as they are imported.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        names = ", ".join(missing)
        raise ConfigError(f"{what} needs {names}; install the extra with: pip install -e '.[{extra}]'")


def in_words(error: BaseException) -> str:
    """What any exception says, in one line. One that ends a program is none of ours: code of the user's raised it."""
    said = " ".join(str(error).split())[:300]
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return text if isinstance(error, Exception) else f"code of the user's own ends the program ({text})"
