"""Where everything of a panel is drawn: boxes, the paths of edges between their rows, frames. Edges go to the side only
where no box is, in the gap between two rows, so that none crosses a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evolve.drawing.panels import AROUND, LANE, STRAIGHT, Panel
from evolve.drawing.repeats import Repeat

CLOSE, PLAIN, TURNING = 4.0, 16.0, 26.0  # gaps: to a thin block, of straight edges, of others
FRAME_ABOVE, FRAME_BELOW = 10.0, 6.0
ABOVE_FRAME = 8.0  # for what is written on it
PORTS = 13.0  # from one edge that ends at a box to the next
Point = tuple[float, float]


@dataclass(frozen=True)
class Rectangle:
    """From (x, y) to the right and down."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True)
class Path:
    """The points of an edge; from one to the next it goes straight down, or, in a gap, in a curve. arrow: whether it
    ends in one. alone: as of a way."""

    points: tuple[Point, ...]
    arrow: bool
    alone: bool


@dataclass(frozen=True)
class Geometry:
    """boxes: of the blocks. frames: around what is repeated, and how often. bottom: of all."""

    boxes: tuple[Rectangle, ...]
    paths: tuple[Path, ...]
    frames: tuple[tuple[Rectangle, int], ...]
    bottom: float


@dataclass(frozen=True)
class Levels:
    """top, bottom: of each row."""

    top: tuple[float, ...]
    bottom: tuple[float, ...]


def levels(panels: Sequence[Panel]) -> Levels:
    """Where the rows of panels beside each other stand."""
    count = len(panels[0].rows)
    heights, gaps = [0.0] * count, [CLOSE] * count
    for one in panels:
        for block, lines in enumerate(one.lines):
            row = one.row_of[block]
            heights[row] = max(heights[row], lines.height)
        gaps = [max(pair) for pair in zip(gaps, _gaps(one), strict=True)]
    top = [gaps[0] if gaps[0] > CLOSE else 0.0]
    for height, gap in zip(heights, gaps[1:], strict=False):
        top.append(top[-1] + height + gap)
    return Levels(tuple(top), tuple(y + height for y, height in zip(top, heights, strict=True)))


def _gaps(one: Panel) -> list[float]:
    """The least space above each row."""
    found = [CLOSE] * len(one.rows)
    for (source, target), _ in one.edges:
        row = one.row_of[target]
        turns = abs(one.at[source] - one.at[target]) >= STRAIGHT
        close = target >= len(one.blocks) or one.blocks[target].words.thin
        found[row] = max(found[row], TURNING if turns else CLOSE if close else PLAIN)
    above = [0.0] * len(found)
    for frame in one.frames:
        first, last = _rows_of(one, frame)
        above[first] += FRAME_ABOVE + ABOVE_FRAME
        if last + 1 < len(found):
            above[last + 1] += FRAME_BELOW
    return [gap + more for gap, more in zip(found, above, strict=True)]


def _rows_of(one: Panel, frame: Repeat) -> tuple[int, int]:
    inside = [one.row_of[item] for item in one.within(frame)]
    return min(inside), max(inside)


def geometry(one: Panel, at: Levels, shift: float, top: float) -> Geometry:
    """A panel with its first row at `top`. shift: by how much its items stand further to the right."""
    boxes = tuple(
        Rectangle(
            one.at[block] + shift - one.box_width(block) / 2,
            at.top[one.row_of[block]] + top,
            one.box_width(block),
            lines.height,
        )
        for block, lines in enumerate(one.lines)
    )
    frames = tuple((_frame(one, frame, boxes, at, shift, top), frame.times) for frame in one.frames)
    bottom = max(place.bottom for place in (*boxes, *(around for around, _ in frames)))
    return Geometry(boxes, _paths(one, boxes, at, shift, top), frames, bottom)


def whole_extent(one: Panel) -> tuple[float, float]:
    """From the left end to the right end of a panel, frames included."""
    low, high = one.extent
    more = AROUND if one.frames else 0.0
    return low - more, high + more


def _frame(one: Panel, frame: Repeat, boxes: Sequence[Rectangle], at: Levels, shift: float, top: float) -> Rectangle:
    sides = [(one.at[item] + shift, one.box_width(item) / 2 or LANE / 2 - AROUND) for item in one.within(frame)]
    left, right = min(x - half for x, half in sides), max(x + half for x, half in sides)
    first, last = _rows_of(one, frame)
    y = at.top[first] + top - FRAME_ABOVE
    bottom = max(boxes[block].bottom for block in range(frame.start, frame.end)) + FRAME_BELOW
    return Rectangle(left - AROUND, y, right - left + 2 * AROUND, max(bottom, at.top[last] + top) - y)


def _paths(one: Panel, boxes: Sequence[Rectangle], at: Levels, shift: float, top: float) -> tuple[Path, ...]:
    ports = _ports(one)
    found = []
    for number, way in enumerate(one.ways):
        source, *bends, target = way.items
        x, row = one.at[source] + shift, one.row_of[source]
        points = [(x, boxes[source].bottom), (x, at.bottom[row] + top)]
        for bend in bends:
            x, row = one.at[bend] + shift, one.row_of[bend]
            points += [(x, at.top[row] + top), (x, at.bottom[row] + top)]
        end = boxes[target]
        points.append((one.at[target] + shift + ports[number], end.y))
        found.append(Path(tuple(points), end.y - points[-2][1] >= PLAIN, way.alone))
    return tuple(found)


def _ports(one: Panel) -> dict[int, float]:
    """How far to the right of its middle each way ends at its target: side by side, in the order in which they come."""
    ends: dict[int, list[int]] = {}
    for number, way in enumerate(one.ways):
        ends.setdefault(way.items[-1], []).append(number)
    found: dict[int, float] = {}
    for target, numbers in ends.items():
        come = sorted(numbers, key=lambda number: (one.at[one.ways[number].items[-2]], number))
        apart = min(PORTS, one.box_width(target) * 0.7 / len(come))
        found |= {number: apart * (place - (len(come) - 1) / 2) for place, number in enumerate(come)}
    return found


def frames_in_the_way(one: Panel) -> set[int]:
    """Which frames something else stands in."""
    drawn, found = geometry(one, levels([one]), 0.0, 0.0), set[int]()
    for number, (frame, (around, _)) in enumerate(zip(one.frames, drawn.frames, strict=True)):
        first, last = _rows_of(one, frame)
        for item in {item for row in one.rows[first : last + 1] for item in row} - one.within(frame):
            half = one.box_width(item) / 2 or 1.0
            if around.x - half < one.at[item] < around.right + half:
                found.add(number)
    return found
