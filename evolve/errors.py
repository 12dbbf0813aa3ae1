"""Errors that a user can repair. The command line prints their message and leaves with exit code 2."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class EvolveError(Exception):
    """Something is wrong with what was asked for; the message names it, the rule and the repair."""


class ConfigError(EvolveError, ValueError):
    """A setting is unknown, out of range or does not go with another."""


class DataError(EvolveError, ValueError):
    """The data cannot be used for training as they are."""


class RunError(EvolveError, RuntimeError):
    """A run cannot be opened, continued or finished."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a mistyped word: '; did you mean ...?', or the list of what is known."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(names)}"
