"""Markdown whose text comes from files of others: nothing in it is taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from evolve.display.text import printable

MARKUP = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)|^[#>+-]")


def plain(text: str) -> str:
    """Text in one line that is shown as it is."""
    line = " ".join(printable(text).split())
    return MARKUP.sub(r"\\\g<0>", line.replace("&", "&amp;").replace("<", "&lt;"))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column to the left, the others to the right. Cells are Markdown."""
    rules = [":--", *["--:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rules, *rows))


def bullets(lines: Iterable[str]) -> str:
    """A list; nothing if there is nothing in it."""
    return "\n".join(f"- {line}" for line in lines)


def code(text: str, language: str) -> str:
    """A block of code, whatever it holds."""
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{fence}{language}\n{printable(text).rstrip()}\n{fence}"
