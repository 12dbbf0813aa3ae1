"""A panel as SVG: its edges, its boxes above them, and frames around what is repeated."""

from __future__ import annotations

from evolve.drawing.blocks import Block
from evolve.drawing.box_text import ABOVE, LINE, RIGHT, Span, facts_of
from evolve.drawing.changes import Mark
from evolve.drawing.colours import INK, KINDS, LINES, MARKS, PAPER
from evolve.drawing.geometry import Geometry, Path, Rectangle
from evolve.drawing.panels import Panel
from evolve.drawing.svg_elements import edge, element, rectangle, safe, written, written_line

ROUND, SQUARE = 10.0, 3.0  # corners of what merges, and of other boxes
STRIP, SIGN = 6.0, 16.0  # width of the colour of a kind, and of a mark
STRONG = 2.5  # borders and edges that differ


def panel_svg(one: Panel, drawn: Geometry, alone: Mark) -> str:
    """The elements of a panel. alone: the mark of what only this network has."""
    frames = [_frame(frame) for frame, _ in drawn.frames]
    edges = [_edge(path, alone) for path in drawn.paths]
    boxes = [_box(one, block, place) for block, place in enumerate(drawn.boxes)]
    return "\n".join([*frames, *edges, *boxes, *(_times(frame, times) for frame, times in drawn.frames)])


def said(block: Block, mark: Mark | None) -> str:
    """A block in words."""
    words = ", ".join([block.words.title, *block.words.details, *block.words.notes, *facts_of(block)])
    times = f"{block.times} times: " if block.times > 1 else ""
    return f"{mark.value}: {times}{words}" if mark else f"{times}{words}"


def legend(marks: set[Mark], left: float, top: float) -> list[str]:
    """What the marks of a picture say."""
    x, drawn = left, list[str]()
    for mark, (sign, colour, dashes) in MARKS.items():
        if mark in marks:
            box = Rectangle(x, top, SIGN, SIGN)
            drawn.append(rectangle(box, rx=SQUARE, fill=PAPER, **_border(colour, dashes)))
            drawn.append(_sign(sign, x + SIGN / 2, top + 12.5, colour, 13.0))
            text = Span(mark.value)
            drawn.append(written(text, x + SIGN + 6, top + 12))
            x += text.width + SIGN + 24
    return drawn or [written(Span("no difference"), x, top + 12)]


def _edge(path: Path, alone: Mark) -> str:
    colour, dashes = MARKS[alone][1:] if path.alone else (LINES, "")
    return edge(path, colour, STRONG if path.alone else 1.25, dashes)


def _frame(frame: Rectangle) -> str:
    return rectangle(frame, rx=6, fill="none", stroke=INK, stroke_dasharray="1 3", stroke_linecap="round")


def _times(frame: Rectangle, times: int) -> str:
    """How often, on the upper border of a frame."""
    span = Span(f"x {times}", 12.0, bold=True)
    place = Rectangle(frame.right - span.width - 20, frame.y - 8, span.width + 12, 16)
    return rectangle(place, rx=8, fill=INK) + written(span, place.x + place.width / 2, place.y + 12.2, **_middle(PAPER))


def _box(one: Panel, block: int, place: Rectangle) -> str:
    shown, lines, mark = one.blocks[block], one.lines[block], one.marked.blocks.get(block)
    strip, ground = KINDS[shown.words.kind]
    corner = ROUND if shown.merges else SQUARE
    drawn = [element("title", safe(said(shown, mark))), rectangle(place, rx=corner, fill=ground, stroke=strip)]
    if mark:
        drawn += _marked(place, mark, corner)
    else:
        drawn.append(rectangle(Rectangle(place.x, place.y, STRIP, place.height), rx=SQUARE, fill=strip))
    for number, line in enumerate(lines.lines):
        y = place.y + ABOVE + LINE * number + 11.5
        drawn.append(written_line(line, place.x + lines.indent, place.right - RIGHT, y))
    return element("g", "".join(drawn))


def _marked(place: Rectangle, mark: Mark, corner: float) -> list[str]:
    sign, colour, dashes = MARKS[mark]
    strip = rectangle(Rectangle(place.x, place.y, SIGN, place.height), rx=corner, fill=colour)
    border = rectangle(place, rx=corner, fill="none", **_border(colour, dashes))
    return [strip, border, _sign(sign, place.x + SIGN / 2, place.y + place.height / 2 + 5, PAPER, 15.0)]


def _border(colour: str, dashes: str) -> dict[str, object]:
    return {"stroke": colour, "stroke_width": STRONG, "stroke_dasharray": dashes}


def _sign(sign: str, x: float, y: float, colour: str, size: float) -> str:
    return written(Span(sign, size, bold=True), x, y, **_middle(colour))


def _middle(colour: str) -> dict[str, object]:
    return {"fill": colour, "text_anchor": "middle"}
