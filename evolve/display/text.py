"""Figures as short text, and text that is safe to print."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # they make text read in another order


def printable(text: str) -> str:
    """`text` with what would command a terminal spelled out: names from data, files and runs may hold anything."""
    commands = [sign in TURNING or (sign != "\n" and unicodedata.category(sign) in ("Cc", "Cs")) for sign in text]
    if not any(commands):
        return text
    return "".join(ascii(sign)[1:-1] if command else sign for sign, command in zip(text, commands, strict=True))


def folded(text: str, width: int) -> str:
    """`text` with its lines folded at words, those that go on indented as the first. A command stays in one piece, so
    that it can be copied: it begins with "evolve " behind a colon, and goes up to the end of its line."""
    return "\n".join(line for long in text.split("\n") for line in _folded_line(long, width))


def _folded_line(line: str, width: int) -> list[str]:
    prose, colon, command = line.partition(": evolve ")
    indent = " " * (len(line) - len(line.lstrip()))
    lines = textwrap.wrap(
        f"{prose}:" if colon else prose, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    ) or [""]
    if not colon:
        return lines
    whole = f"{lines[-1]} evolve {command}"
    return [*lines[:-1], whole] if len(whole) <= width else [*lines, f"evolve {command}"]


def steps_text(steps: Iterable[Mapping[str, Any]]) -> str:
    """The steps that made a candidate, from their JSON."""
    return "; ".join(str(step["text"]) for step in steps)


def score(value: float | None) -> str:
    """A score: four digits behind the point, two for per cents (tables may hold those), more where it is tiny."""
    if value is None:
        return "-"
    if 0 < abs(value) < 0.001:
        return f"{value:.2g}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"


TINY = 0.0001  # errors below it are shown with two digits, wherever those stand


def with_spread(value: float | None, spread: float | None, count: int) -> str:
    """A signed difference, its spread to two digits, and of how many values: '+0.21 +- 0.19 (2)'."""
    if value is None:
        return "-"
    return f"{value:+.4f} ({count})" if spread is None else f"{plus_minus(value, spread, '+')} ({count})"


def plus_minus(value: float, error: float, sign: str = "-") -> str:
    """A value and its error, which is shown with two digits: '0.100 +- 0.028'. sign: "+" if it is shown for values
    above 0, too."""
    if 0 < error < TINY:
        return f"{value:{sign}.2g} +- {error:.2g}"
    places = min(4, max(2, 1 - math.floor(math.log10(error)))) if error > 0 else 4
    return f"{value:{sign}.{places}f} +- {error:.{places}f}"


def plural(number: int, what: str) -> str:
    """A count with its noun: '1 epoch', '1,500 images'."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence: "a, b and c", or "a, b, c, d and 8 more"."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def share(value: float) -> str:
    """A share as a per cent. What is none, as a loss or what a fitness function returns, is a `score`."""
    return f"{value:.2%}"


def count(value: int | None) -> str:
    """A count in thousands or millions: 83.1k."""
    if value is None:
        return "-"
    for size_, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= size_:
            return f"{value / size_:.1f}{letter}"
    return str(value)


def size(number: int) -> str:
    """Bytes: 1.2 MB."""
    for unit, letters in ((10**9, "GB"), (10**6, "MB"), (1000, "kB")):
        if number >= unit:
            return f"{number / unit:.1f} {letters}"
    return f"{number} bytes"


def duration(seconds: float | None) -> str:
    """Seconds in words: '42s', '3m 05s', '2h 10m', or '-' if unknown."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
