"""What a child has and its parent has not, and the other way round, worked out from the two networks alone.

Blocks that have a name in their family, as vertices of graphs have, are found by it; the others by the shortest list of
insertions, removals and changes that makes one sequence of the other (Wagner and Fischer 1974, "The String-to-String
Correction Problem", https://doi.org/10.1145/321796.321811).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from evolve.drawing.blocks import Block, Blocks, readers_of

Edge = tuple[int, int]
SKIP = (
    1.01  # what a block costs that only one has; a change costs 1, so that of equal lists the one with changes is taken
)


class Mark(Enum):
    """How a block, an edge or a gene differs from that of the other network."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Marked:
    """The differing parts of one of two networks: marks of blocks by position, and edges that only it has."""

    blocks: Mapping[int, Mark]
    edges: frozenset[Edge]


NOTHING = Marked({}, frozenset())


@dataclass(frozen=True)
class Changes:
    """before, after: what differs in either. pairs: positions of blocks that are the same one in both."""

    before: Marked
    after: Marked
    pairs: Mapping[int, int]


def changes(before: Blocks, after: Blocks) -> Changes:
    """How two networks differ. A block that is in both without a mark is equal in both, but for what follows from
    changes before it: shapes, weights, and how inputs are brought to one shape."""
    pairs = _pairs(before, after)
    back = {after_: before_ for before_, after_ in pairs.items()}
    changed = [
        pair
        for pair in pairs.items()
        if before[pair[0]].words.what != after[pair[1]].words.what or _rewired(before, after, pairs, pair)
    ]
    return Changes(
        _marked(before, after, pairs, {old for old, _ in changed}, Mark.REMOVED),
        _marked(after, before, back, {new for _, new in changed}, Mark.ADDED),
        pairs,
    )


def _pairs(before: Blocks, after: Blocks) -> dict[int, int]:
    named = {block.key: position for position, block in enumerate(after) if block.key}
    pairs = {at: named[block.key] for at, block in enumerate(before) if block.key in named}
    pairs |= _aligned(before, after, _nameless(before), _nameless(after))
    return dict(sorted(pairs.items()))


def _nameless(blocks: Blocks) -> list[int]:
    return [position for position, block in enumerate(blocks) if not block.key]


def _aligned(before: Blocks, after: Blocks, olds: Sequence[int], news: Sequence[int]) -> dict[int, int]:
    """Pairs of the cheapest list of changes; of several, the one whose pairs come first."""
    rows, columns = len(olds), len(news)
    rest = [[SKIP * (rows - row + columns - column) for column in range(columns + 1)] for row in range(rows + 1)]
    for row in reversed(range(rows)):
        for column in reversed(range(columns)):
            pair = rest[row + 1][column + 1] + _cost(before[olds[row]], after[news[column]])
            rest[row][column] = min(pair, rest[row + 1][column] + SKIP, rest[row][column + 1] + SKIP)
    found, row, column = dict[int, int](), 0, 0
    while row < rows and column < columns:
        old, new = olds[row], news[column]
        if rest[row][column] == rest[row + 1][column + 1] + _cost(before[old], after[new]):
            found[old] = new
            row, column = row + 1, column + 1
        elif rest[row][column] == rest[row + 1][column] + SKIP:
            row += 1
        else:
            column += 1
    return found


def _cost(old: Block, new: Block) -> float:
    if old.words.what == new.words.what:
        return 0.0
    return 1.0 if old.words.what[0] == new.words.what[0] else 2 * SKIP + 1


def _sources(blocks: Blocks, position: int, known: Mapping[int, int]) -> set[int]:
    """The nearest blocks before one that the other network has, too."""
    found, waiting = set[int](), list(blocks[position].reads)
    while waiting:
        if (read := waiting.pop()) in known:
            found.add(read)
        else:
            waiting += blocks[read].reads
    return found


def _rewired(before: Blocks, after: Blocks, pairs: Mapping[int, int], pair: Edge) -> bool:
    """Whether what is merged comes from elsewhere."""
    if not before[pair[0]].merges:
        return False
    back = dict.fromkeys(pairs.values(), 0)
    return {pairs[old] for old in _sources(before, pair[0], pairs)} != _sources(after, pair[1], back)


def _marked(mine: Blocks, theirs: Blocks, pairs: Mapping[int, int], changed: set[int], alone: Mark) -> Marked:
    """What of my network differs. pairs: my positions -> theirs. alone: the mark of what only I have."""
    marks = {
        at: Mark.CHANGED if at in changed else alone for at in range(len(mine)) if at in changed or at not in pairs
    }
    return Marked(marks, frozenset(_new_edges(mine, theirs, pairs, marks)))


def _new_edges(mine: Blocks, theirs: Blocks, pairs: Mapping[int, int], marks: Mapping[int, Mark]) -> list[Edge]:
    """Edges to my merges whose source the other network does not have there."""
    found, readers = list[Edge](), readers_of(mine)
    back = dict.fromkeys(pairs.values(), 0)
    for position, block in enumerate(mine):
        if block.merges and position in marks:
            same = [position] if position in pairs else [reader for reader in readers[position] if reader in pairs]
            there = {source for one in same for source in _sources(theirs, pairs[one], back)}
            for read in block.reads:
                sources = {read} if read in pairs else _sources(mine, read, pairs)
                found += [] if {pairs[source] for source in sources} <= there else [(read, position)]
    return found
