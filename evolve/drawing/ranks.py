"""In which row each block stands: as many rows below the image as the longest way from it has blocks.

Of two networks what is the same in both stands in the same row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evolve.drawing.blocks import Blocks


def ranks(blocks: Blocks) -> list[int]:
    """Row of each block."""
    found: list[int] = []
    for block in blocks:
        found.append(1 + max((found[read] for read in block.reads), default=-1))
    return found


def common_ranks(before: Blocks, after: Blocks, pairs: Mapping[int, int]) -> tuple[list[int], list[int]]:
    """Rows of the blocks of two networks. pairs: positions in `before` -> in `after` of what is the same. Where two of
    these stand in another order, the networks are ranked each by itself."""
    names = [pairs.get(at, -1 - at) for at in range(len(before))]  # one name for what is the same
    reads: dict[int, set[int]] = {at: set(block.reads) for at, block in enumerate(after)}
    for at, block in enumerate(before):
        reads.setdefault(names[at], set()).update(names[read] for read in block.reads)
    found = _longest(reads)
    if found is None:
        return ranks(before), ranks(after)
    return [found[name] for name in names], [found[at] for at in range(len(after))]


def _longest(reads: Mapping[int, set[int]]) -> dict[int, int] | None:
    """The longest way to each from one that reads nothing; None if some lie on a circle."""
    found, waiting = dict[int, int](), list(reads)
    while waiting:
        ready = [one for one in waiting if reads[one] <= found.keys()]
        if not ready:
            return None
        found |= {one: 1 + max((found[read] for read in reads[one]), default=-1) for one in ready}
        waiting = [one for one in waiting if one not in found]
    return found


def rows(of: Sequence[int], count: int) -> list[list[int]]:
    """Positions of the blocks of each row."""
    return [[at for at, rank in enumerate(of) if rank == row] for row in range(count)]
