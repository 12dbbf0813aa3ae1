"""A report as Markdown, for places that show no HTML: figures are their tables there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import Any

from evolve.display.text import plural
from evolve.figures.style import table as numbers
from evolve.reporting.markdown import bullets, code, plain, table
from evolve.reporting.report_blocks import Block, Bullets, Code, Drawn, Network, Page, Paragraph, Rows, Section, shown

FEW_ROWS = 15  # of the table of a figure


def text(title: str, lead: Sequence[str], parts: Sequence[tuple[str, Sequence[Section]]]) -> str:
    """The whole text; see `evolve.reporting.report_html.page`."""
    blocks = [f"# {plain(title)}", *map(plain, lead)]
    for name, sections in parts:
        blocks += [f"# {plain(name)}"] if len(parts) > 1 else []
        for section in sections:
            blocks += [f"## {plain(section.title)}", *(one for block in section.blocks for one in _block(block))]
    return "\n\n".join(block for block in blocks if block) + "\n"


@singledispatch
def _block(block: Block) -> Iterator[str]:
    raise TypeError(f"{type(block).__name__} is no block of a report")


@_block.register
def _(block: Paragraph) -> Iterator[str]:
    yield f"**{plain(block.text)}**" if block.strong else plain(block.text)


@_block.register
def _(block: Bullets) -> Iterator[str]:
    yield bullets(map(plain, block.lines))


@_block.register
def _(block: Rows) -> Iterator[str]:
    yield _table(block.columns, block.rows)


@_block.register
def _(block: Code) -> Iterator[str]:
    yield code(block.text, block.language)


@_block.register
def _(block: Page) -> Iterator[str]:
    yield plain(block.text)


@_block.register
def _(block: Network) -> Iterator[str]:
    yield plain(block.caption)
    if block.text:
        yield code(block.text, "text")


@_block.register
def _(block: Drawn) -> Iterator[str]:
    found = numbers(block.figure)
    yield plain(block.caption)
    if found:
        yield _table(list(found[0]), [list(row.values()) for row in found[:FEW_ROWS]])
    if len(found) > FEW_ROWS:
        yield f"and {plural(len(found) - FEW_ROWS, 'row')} more"


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    return table(columns, [[plain(value) if isinstance(value, str) else shown(value) for value in row] for row in rows])
