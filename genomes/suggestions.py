"""Help for mistyped words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a mistyped word: '; did you mean ...?' or the list of what is known."""
    names = list(known)
    close = get_close_matches(word, names, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known are {', '.join(sorted(names))}"
