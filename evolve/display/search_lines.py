"""The favourite of a search, its last births and the course of its best score, as lines that fit a width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from evolve.display.progress import Favourite, Newborn
from evolve.display.text import plus_minus, score

INDENT = "  "  # of lines that go on
LINES = 2  # of a birth at most
LONGEST = 60  # signs of a course
BLOCKS, PLAIN = "▁▂▃▄▅▆▇█", "_.-=+*#@"  # levels of a course, the lowest first; the others where signs are ASCII


def favourite_lines(one: Favourite, width: int) -> list[str]:
    """Who wins if nothing better comes, and by how much it leads."""
    said = f"favourite {one.candidate}, {one.what}: {score(one.score)}"
    return _folded(said + (f", {_lead(one)}" if one.lead is not None else ""), width)


def _lead(one: Favourite) -> str:
    """As "ahead of 7 by 0.012 +- 0.020"."""
    assert one.lead is not None
    way = "ahead of" if one.lead >= 0 else "not surely behind"
    by = abs(one.lead)
    return f"{way} {one.next} by {score(by) if one.interval is None else plus_minus(by, one.interval)}"


def birth_lines(one: Newborn, width: int) -> list[str]:
    """A birth with what changed: as many whole changes as there is room for."""
    head = f"born {one.candidate}: {'failed' if one.score is None else score(one.score)}"
    for shown in range(len(one.changes), 0, -1):
        left = len(one.changes) - shown
        more = [f"{left} more {'change' if left == 1 else 'changes'}"] if left else []
        lines = _folded(f"{head}, {'; '.join([*one.changes[:shown], *more])}", width)
        if len(lines) <= LINES:
            return lines
    return _folded(", ".join([head, *one.changes[:1]]), width, LINES)


def course_line(values: Sequence[float], width: int, ascii_only: bool) -> str:
    """The best score so far, from the first birth to the last; nothing as long as there are not two."""
    if len(values) < 2:
        return ""
    head, tail = "best so far ", f" {score(values[0])} to {score(values[-1])}"
    room = min(LONGEST, width - len(head) - len(tail))
    return f"{head}{sparkline(values, room, PLAIN if ascii_only else BLOCKS)}{tail}" if room > 1 else ""


def sparkline(values: Sequence[float], width: int, levels: str = BLOCKS) -> str:
    """At least one value, drawn with at most so many signs; those left out lie evenly between the first and the
    last."""
    shown = list(values)
    if len(shown) > width:
        shown = [shown[at * (len(shown) - 1) // max(1, width - 1)] for at in range(width)]
    low, high = min(shown), max(shown)
    steps = [(value - low) / (high - low) if high > low else 0.0 for value in shown]
    return "".join(levels[round(step * (len(levels) - 1))] for step in steps)


def _folded(text: str, width: int, most: int | None = None) -> list[str]:
    """Text folded at words, so that no figure is cut; behind `most` lines the rest is left out."""
    return textwrap.wrap(
        text, width, subsequent_indent=INDENT, break_on_hyphens=False, max_lines=most, placeholder=" ..."
    )
