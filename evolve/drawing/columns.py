"""How far to the right each item stands: as near to what it is joined with as the distance to its neighbours allows.

Row by row the sum of squares of how far items are from where they want to be is the least that there is, which is an
isotonic regression (Barlow et al. 1972, "Statistical Inference under Order Restrictions", pool adjacent violators).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from evolve.drawing.rows_order import Edge, Rows, joined

SWEEPS = 9  # the last one goes down
STRAIGHT, PASSING = 6.0, 0.002  # how much a bend counts for another one, and for a block


def columns(
    rows: Rows, edges: Sequence[Edge], widths: Mapping[int, float], chains: Sequence[Sequence[int]]
) -> dict[int, float]:
    """The middle of each item, from left to right in each row. widths: of items, with the space around them; that much
    they are apart. chains: items that are the bends of one long edge, from the top."""
    up, down = joined(edges)
    bends = frozenset(item for chain in chains for item in chain)
    at = {item: x for row in rows for item, x in zip(row, _packed(row, widths), strict=True)}
    for sweep in range(SWEEPS):
        neighbours, order = (up, rows) if sweep % 2 == 0 else (down, rows[::-1])
        for row in order:
            wanted = [_wanted(at, item, neighbours.get(item, ()), bends) for item in row]
            weights = [PASSING if item in bends else 1.0 for item in row]
            at |= zip(row, placed(wanted, weights, [widths[item] for item in row]), strict=True)
    for chain in chains:
        _straighten(at, chain, rows, widths)
    return at


def _straighten(at: dict[int, float], chain: Sequence[int], rows: Rows, widths: Mapping[int, float]) -> None:
    """Brings the bends of an edge one below the other, as many at a time as there is a free column for."""
    free = {item: _free(at, item, row, widths) for row in rows for item in row if item in chain}
    begin = 0
    while begin < len(chain):
        low, high = free[chain[begin]]
        end = begin + 1
        while end < len(chain) and max(low, free[chain[end]][0]) <= min(high, free[chain[end]][1]):
            low, high = max(low, free[chain[end]][0]), min(high, free[chain[end]][1])
            end += 1
        mean = sum(at[item] for item in chain[begin:end]) / (end - begin)
        at |= dict.fromkeys(chain[begin:end], min(high, max(low, mean)))
        begin = end


def _free(at: Mapping[int, float], item: int, row: Sequence[int], widths: Mapping[int, float]) -> tuple[float, float]:
    """From where to where an item can go without moving its neighbours."""
    place = row.index(item)
    low = max((at[one] + (widths[one] + widths[item]) / 2 for one in row[:place]), default=-math.inf)
    high = min((at[one] - (widths[one] + widths[item]) / 2 for one in row[place + 1 :]), default=math.inf)
    return min(low, at[item]), max(high, at[item])


def placed(wanted: Sequence[float], weights: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The places nearest to those that are wanted that do not overlap and keep the order."""
    offsets = [0.0]
    for left, right in pairwise(widths):
        offsets.append(offsets[-1] + (left + right) / 2)
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for value, weight, offset in zip(wanted, weights, offsets, strict=False):
        pools.append((value - offset, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m, i), (b, n, j) = pools[-2:]
            pools[-2:] = [((a * m + b * n) / (m + n), m + n, i + j)]
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [round(mean + offset, 3) for mean, offset in zip(means, offsets, strict=False)]


def _packed(row: Sequence[int], widths: Mapping[int, float]) -> list[float]:
    """Side by side, the middle of all at 0."""
    total = sum(widths[item] for item in row)
    found, left = list[float](), -total / 2
    for item in row:
        found.append(left + widths[item] / 2)
        left += widths[item]
    return found


def _wanted(at: Mapping[int, float], item: int, neighbours: Sequence[int], bends: frozenset[int]) -> float:
    """The mean of its neighbours, where it is without any. Edges that pass by do not draw blocks to the side."""
    weights = [(STRAIGHT if item in bends else PASSING) if one in bends else 1.0 for one in neighbours]
    pairs = zip(neighbours, weights, strict=True)
    return sum(at[one] * weight for one, weight in pairs) / sum(weights) if weights else at[item]
