"""One network as items in rows and columns: its blocks, and for each edge past other rows a bend in each of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from evolve.drawing.blocks import Block, Blocks
from evolve.drawing.box_text import MARKED_LEFT, RIGHT, TEXT, TITLE, Lines, box_lines, facts_of
from evolve.drawing.changes import NOTHING, Marked
from evolve.drawing.columns import columns
from evolve.drawing.lettering import text_width
from evolve.drawing.ranks import rows
from evolve.drawing.repeats import Repeat
from evolve.drawing.rows_order import Edge, Rows, ordered

NARROWEST, WIDEST = 130.0, 304.0  # of boxes
BESIDE, LANE = 14.0, 12.0  # space between boxes, width of an edge that passes by
AROUND = 5.0  # from boxes to a frame beside them
STEP = 12.0  # by which boxes are made narrower until all fit in
STRAIGHT = 0.75  # an edge that goes less to the side than that


@dataclass(frozen=True)
class Way:
    """An edge from block to block: the items that it passes, both ends included. alone: whether only this one of two
    networks has it."""

    items: tuple[int, ...]
    alone: bool = False


@dataclass(frozen=True)
class Panel:
    """A network with a place for each block.

    rows: items from left to right. Those below the number of blocks are blocks, the others bends of edges. at: the
    middle of each. width: of the boxes. frames: around what is repeated.
    """

    blocks: Blocks
    marked: Marked
    rows: Rows
    ways: tuple[Way, ...]
    at: Mapping[int, float]
    width: float
    frames: tuple[Repeat, ...]
    details: Mapping[int, frozenset[str]]

    @cached_property
    def lines(self) -> tuple[Lines, ...]:
        """What stands in each box."""
        return tuple(
            box_lines(
                block, self.box_width(number), number in self.marked.blocks, self.details.get(number, frozenset())
            )
            for number, block in enumerate(self.blocks)
        )

    @cached_property
    def row_of(self) -> dict[int, int]:
        """Row of each item."""
        return {item: number for number, row in enumerate(self.rows) for item in row}

    @property
    def edges(self) -> list[tuple[Edge, Way]]:
        """Each step of a way from one row to the next."""
        return [(step, way) for way in self.ways for step in zip(way.items, way.items[1:], strict=False)]

    def box_width(self, item: int) -> float:
        """Width of the box of a block; 0 for a bend."""
        if item >= len(self.blocks):
            return 0.0
        return _width_of(self.blocks[item], self.width)

    def within(self, frame: Repeat) -> set[int]:
        """The items in a frame: its blocks, and the bends of edges between them."""
        inside = range(frame.start, frame.end)
        bends = (way.items for way in self.ways if way.items[0] in inside and way.items[-1] in inside)
        return {*inside, *(item for items in bends for item in items)}

    @property
    def extent(self) -> tuple[float, float]:
        """From the left end to the right end of all."""
        sides = [(self.at[item], self.box_width(item) / 2 or LANE / 2) for row in self.rows for item in row]
        return min(x - half for x, half in sides), max(x + half for x, half in sides)


def panel(
    blocks: Blocks,
    ranks: Sequence[int],
    count: int,
    room: float,
    frames: Sequence[Repeat] = (),
    marked: Marked = NOTHING,
    details: Mapping[int, frozenset[str]] | None = None,
) -> Panel:
    """The panel of a network. ranks: row of each block, of `count` rows. room: the width that it should fit into.
    details: of changed blocks what the other network does not have there."""
    ways, row = _ways(blocks, ranks, marked)
    placed = rows([row[item] for item in range(len(row))], count)
    edges = list(dict.fromkeys(step for way in ways for step in zip(way.items, way.items[1:], strict=False)))
    placed = ordered(placed, edges)
    chains = [way.items[1:-1] for way in ways if len(way.items) > 2]
    room -= 2 * AROUND if frames else 0.0
    width = _fitting(placed, len(blocks), room)
    while True:
        widths = {item: _width_of(blocks[item], width) + BESIDE if item < len(blocks) else LANE for item in row}
        at = columns(placed, edges, widths, chains)
        made = Panel(blocks, marked, placed, ways, at, width, tuple(frames), details or {})
        if width == NARROWEST or made.extent[1] - made.extent[0] <= room:
            return made
        width = max(NARROWEST, width - STEP)


def _ways(blocks: Blocks, ranks: Sequence[int], marked: Marked) -> tuple[tuple[Way, ...], dict[int, int]]:
    """The way of each edge, and the row of each item. Edges of one block go together as far as they go the same way."""
    row, bends = dict(enumerate(ranks)), dict[tuple[int, int, bool], int]()
    found: list[Way] = []
    for target, block in enumerate(blocks):
        for source in block.reads:
            alone, items = (source, target) in marked.edges, [source]
            for rank in range(ranks[source] + 1, ranks[target]):
                bend = bends.setdefault((source, rank, alone), len(row))
                row[bend] = rank
                items.append(bend)
            found.append(Way((*items, target), alone))
    return tuple(found), row


def _fitting(placed: Rows, blocks: int, room: float) -> float:
    """The width of boxes with which the fullest row fits into that room."""
    widths = [WIDEST]
    for row in placed:
        boxes = sum(item < blocks for item in row)
        if boxes:
            left = room - (len(row) - boxes) * LANE * 2 - (boxes - 1) * BESIDE
            widths.append(left / boxes)
    return max(NARROWEST, min(widths))


def _width_of(block: Block, width: float) -> float:
    """What merges has a box that is as wide as its words need, others are all alike."""
    if not block.merges:
        return width
    words = [text_width(note, TEXT) for note in (*block.words.notes, *facts_of(block))]
    return min(width, max(text_width(block.words.title, TITLE, bold=True), *words) + MARKED_LEFT + RIGHT + 2)
