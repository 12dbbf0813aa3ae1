"""The pieces of SVG that pictures are made of. Whatever text comes from data is escaped here. What they look like
stands in their attributes, as a style sheet or a name would be shared with the page that a picture stands in."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from evolve.display.text import printable
from evolve.drawing.box_text import Line, Span
from evolve.drawing.colours import FAINT, INK
from evolve.drawing.geometry import Path, Rectangle

FONT = "sans-serif"
ARROW = 4.5


def element(name: str, inside: str = "", /, **attributes: object) -> str:
    """An element. Names of attributes may have _ for -."""
    told = "".join(f' {key.replace("_", "-")}="{_value(value)}"' for key, value in attributes.items() if value != "")
    return f"<{name}{told}>{inside}</{name}>" if inside else f"<{name}{told}/>"


def safe(text: str) -> str:
    """Text that is safe in an element or an attribute, and well-formed whatever it holds."""
    shown = "".join(sign if sign.isprintable() or sign == " " else ascii(sign)[1:-1] for sign in printable(text))
    return escape(shown)


def rectangle(place: Rectangle, **attributes: object) -> str:
    """A rectangle."""
    return element("rect", x=place.x, y=place.y, width=place.width, height=place.height, **attributes)


def written(span: Span, x: float, y: float, **attributes: object) -> str:
    """Text whose line stands at (x, y)."""
    weight, colour = "bold" if span.bold else "", FAINT if span.faint else INK
    told = {"font_size": span.size, "font_weight": weight, "fill": colour, **attributes}
    return element("text", safe(span.text), x=x, y=y, **told)


def written_line(line: Line, left: float, right: float, y: float) -> str:
    """A line between two ends."""
    found, x = [], left
    if len(line.left) == 1:
        found.append(written(line.left[0], left, y))
    elif line.left:
        inside = "".join(_part(span) for span in line.left)
        found.append(element("text", inside, x=x, y=y, font_size=line.left[0].size, fill=INK, style="white-space:pre"))
    if line.right:
        found.append(written(line.right, right, y, text_anchor="end"))
    return "".join(found)


def _part(span: Span) -> str:
    weight, colour = "bold" if span.bold else "", FAINT if span.faint else ""
    return element("tspan", safe(span.text), font_weight=weight, fill=colour)


def edge(path: Path, colour: str, width: float, dashes: str) -> str:
    """A line through the points of a path, and its head."""
    (x, y), *rest = path.points
    end = path.points[-1][1] - (ARROW if path.arrow else 0)
    points = [*rest[:-1], (rest[-1][0], end)]
    steps = [f"M{_number(x)} {_number(y)}"]
    for to_x, to_y in points:
        steps.append(_step((x, y), (to_x, to_y)))
        x, y = to_x, to_y
    line = element("path", d="".join(steps), fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dashes)
    return line + (_head(x, end, colour) if path.arrow else "")


def _step(start: tuple[float, float], end: tuple[float, float]) -> str:
    if abs(start[0] - end[0]) < 0.01:
        return f"V{_number(end[1])}"
    middle = _number((start[1] + end[1]) / 2)
    return f"C{_number(start[0])} {middle} {_number(end[0])} {middle} {_number(end[0])} {_number(end[1])}"


def _head(x: float, y: float, colour: str) -> str:
    corners = [(x - ARROW, y - 1), (x + ARROW, y - 1), (x, y + ARROW)]
    return element("polygon", points=" ".join(f"{_number(a)},{_number(b)}" for a, b in corners), fill=colour)


def picture(width: float, height: float, title: str, description: str, identity: str, inside: Sequence[str]) -> str:
    """The picture itself: as large as it is, smaller where there is less room. identity: what its title and
    description are found by, which no other picture on a page has."""
    names = {"title": f"t{identity}", "desc": f"d{identity}"}
    about = element("title", safe(title), id=names["title"]) + element("desc", safe(description), id=names["desc"])
    ground = element("rect", width=width, height=height, fill="#ffffff")
    return element(
        "svg",
        "\n".join([about, ground, *inside]) + "\n",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_number(width)} {_number(height)}",
        width=width,
        height=height,
        style="max-width:100%;height:auto",
        role="img",
        aria_labelledby=f"{names['title']} {names['desc']}",
        font_family=FONT,
    )


def _value(value: object) -> str:
    return _number(value) if isinstance(value, float) else safe(str(value))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
