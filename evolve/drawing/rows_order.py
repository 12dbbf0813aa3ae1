"""The order in each row, so that few edges cross: each stands at the mean place of what it is joined with, row by row,
down and up in turn, and the best order is kept (Sugiyama, Tagawa and Toda 1981, "Methods for Visual Understanding of
Hierarchical System Structures", https://doi.org/10.1109/TSMC.1981.4308636)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SWEEPS = 12
Rows = list[list[int]]
Edge = tuple[int, int]
"""From an item to one in the next row."""


def ordered(rows: Rows, edges: Sequence[Edge]) -> Rows:
    """The items of each row from left to right."""
    up, down = joined(edges)
    best, now = rows, rows
    for sweep in range(SWEEPS):
        now = _swept(now, up) if sweep % 2 == 0 else _swept(now[::-1], down)[::-1]
        if crossings(now, edges) < crossings(best, edges):
            best = now
    return best


def joined(edges: Iterable[Edge]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """What each item is joined with in the row above it, and in the one below."""
    up, down = dict[int, list[int]](), dict[int, list[int]]()
    for source, target in edges:
        up.setdefault(target, []).append(source)
        down.setdefault(source, []).append(target)
    return up, down


def crossings(rows: Rows, edges: Sequence[Edge]) -> int:
    """How many pairs of edges cross."""
    place = {item: at for row in rows for at, item in enumerate(row)}
    number = {item: at for at, row in enumerate(rows) for item in row}
    between: dict[int, list[Edge]] = {}
    for source, target in edges:
        between.setdefault(number[source], []).append((place[source], place[target]))
    return sum(
        (a[0] - b[0]) * (a[1] - b[1]) < 0
        for pairs in between.values()
        for at, a in enumerate(pairs)
        for b in pairs[:at]
    )


def _swept(rows: Rows, neighbours: Mapping[int, Sequence[int]]) -> Rows:
    """Rows one after the other, each by the places of the one before."""
    place: dict[int, float] = {}
    found: Rows = []
    for row in rows:
        wanted = {item: _mean(place, neighbours.get(item, ()), at) for at, item in enumerate(row)}
        found.append(sorted(row, key=wanted.__getitem__))
        place |= {item: float(at) for at, item in enumerate(found[-1])}
    return found


def _mean(place: Mapping[int, float], items: Sequence[int], otherwise: float) -> float:
    return sum(place[item] for item in items) / len(items) if items else otherwise
