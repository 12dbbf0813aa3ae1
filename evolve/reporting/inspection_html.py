"""Pieces of HTML of an inspection. All text that comes from data is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from evolve.display.text import printable
from evolve.models.inspection import Picture

SMALL, LARGE = 56, 72  # pixels a side that a picture is shown with


def escaped(text: str) -> str:
    """Text as it may stand in HTML, in attributes, too."""
    return escape(printable(text), quote=True)


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text; nothing if there is none."""
    classed = f' class="inspect-{kind}"' if kind else ""
    return f"<p{classed}>{escaped(text)}</p>" if text else ""


def image(picture: Picture, alt: str, side: int = LARGE) -> str:
    """A picture within the page, its longer side that many pixels."""
    scale = side / max(picture.width, picture.height)
    width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return (
        f'<img src="data:image/png;base64,{escaped(picture.png)}" alt="{escaped(alt)}" width="{width}" '
        f'height="{height}">'
    )


def figures(items: Iterable[str], kind: str = "row") -> str:
    """Figures side by side, as many as there is room for; nothing without any."""
    found = "".join(items)
    return f'<div class="inspect-{kind}">{found}</div>' if found else ""


def figure(pictures: str, caption: str, mark: str = "") -> str:
    """Pictures with a caption below. mark: a word that stands out."""
    marked = f' <strong class="inspect-mark">{escaped(mark)}</strong>' if mark else ""
    return f"<figure>{pictures}<figcaption>{caption}{marked}</figcaption></figure>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], label: str, texts: int = 1) -> str:
    """A table that scrolls by itself where it is too wide. head: plain text; rows: HTML. texts: how many columns at the
    left are text, the others are numbers. label: what it is, for those who hear it."""
    kinds = ["" if at < texts else ' class="inspect-number"' for at in range(len(head))]
    heads = "".join(f'<th scope="col"{kind}>{escaped(text)}</th>' for kind, text in zip(kinds, head, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{kind}>{cell}</td>' for kind, cell in zip(kinds, row, strict=True))}</tr>" for row in rows
    )
    return scrolling(f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>", label)


def scrolling(content: str, label: str) -> str:
    """What scrolls sideways by itself, by the keyboard, too."""
    return f'<div class="inspect-wide" role="region" tabindex="0" aria-label="{escaped(label)}">{content}</div>'


def bar(share: float) -> str:
    """A share from 0 to 1 as a bar behind its number."""
    return f'<span class="inspect-bar" style="width:{100 * min(1.0, max(0.0, share)):.1f}%"></span>{share:.1%}'
