"""What a report is made of, before it is HTML or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from evolve.display.text import score

if TYPE_CHECKING:
    from evolve.figures.style import Figure


def shown(value: Any) -> str:
    """A value of a table as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return score(value) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text. strong: what everybody should read."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Bullets:
    """Sentences, one below the other."""

    lines: Sequence[str]


@dataclass(frozen=True)
class Rows:
    """A table. rows: of plain values. title: what it is, for those who hear it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Drawn:
    """A figure. name: unique in the report. caption: what is to be read from it, and how not to misread it."""

    name: str
    caption: str
    figure: Figure = field(repr=False)


@dataclass(frozen=True)
class Network:
    """Networks as a picture. svg: of it. caption: what it shows. text: the same in the notation."""

    svg: str = field(repr=False)
    caption: str
    text: str


@dataclass(frozen=True)
class Code:
    """What is typed, or stands in a file."""

    text: str
    language: str = "sh"


@dataclass(frozen=True)
class Page:
    """HTML that was made elsewhere and is whole, and a text that stands for it in Markdown."""

    html: str = field(repr=False)
    text: str


Block: TypeAlias = Paragraph | Bullets | Rows | Drawn | Network | Code | Page


@dataclass(frozen=True)
class Section:
    """A part of a report with its heading. name: of its anchor."""

    name: str
    title: str
    blocks: Sequence[Block]
