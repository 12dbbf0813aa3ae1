"""A report as one HTML file that opens offline: nothing in it is loaded from elsewhere, and nothing leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import singledispatch
from typing import Any

from evolve.display.text import plural
from evolve.figures.style import bare, html_of, script, table, title_of
from evolve.reporting.inspection_html import escaped, paragraph, scrolling
from evolve.reporting.inspection_style import CSS as INSPECTION_CSS
from evolve.reporting.report_blocks import Block, Bullets, Code, Drawn, Network, Page, Paragraph, Rows, Section, shown
from evolve.reporting.report_style import CSS, PRINTING

NUMBER = re.compile(r"[-+]?[\d.,]+[kMG%]?|-")
MOST_ROWS = 400  # of a table below a figure; more of them make pages that browsers are slow with


def page(title: str, lead: Sequence[str], parts: Sequence[tuple[str, Sequence[Section]]]) -> str:
    """The whole file. title, lead: what came out, and a few sentences on it. parts: name and sections of each run or
    experiment; of several, all but the first are folded."""
    figures = any(isinstance(block, Drawn) for _, found in parts for section in found for block in section.blocks)
    drawing = f"<script>{script()}</script><script>{PRINTING}</script>" if figures else ""
    body = "".join(_part(at, name, found, len(parts)) for at, (name, found) in enumerate(parts))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light">'
        f"<title>{escaped(title)}</title><style>{CSS}{INSPECTION_CSS}</style>{drawing}</head><body>"
        f"<header><h1>{escaped(title)}</h1>{''.join(map(paragraph, lead))}</header>"
        f"<main>{body}</main></body></html>\n"
    )


def _part(at: int, name: str, sections: Sequence[Section], count: int) -> str:
    prefix = f"part-{at + 1}-" if count > 1 else ""
    links = "".join(f'<li><a href="#{prefix}{one.name}">{escaped(one.title)}</a></li>' for one in sections)
    whole = f'<nav aria-label="{escaped(f"Sections of {name}")}"><ul>{links}</ul></nav>'
    whole += "".join(_section(one, prefix) for one in sections)
    if count == 1:
        return whole
    opened = " open" if at == 0 else ""
    return f'<details class="part"{opened}><summary>{escaped(name)}</summary>{whole}</details>'


def _section(section: Section, prefix: str) -> str:
    blocks = "".join(_block(block, prefix) for block in section.blocks)
    return f'<section id="{prefix}{section.name}"><h2>{escaped(section.title)}</h2>{blocks}</section>'


@singledispatch
def _block(block: Block, prefix: str) -> str:
    raise TypeError(f"{type(block).__name__} is no block of a report")


@_block.register
def _(block: Paragraph, prefix: str) -> str:
    return f'<p class="strong">{escaped(block.text)}</p>' if block.strong else paragraph(block.text)


@_block.register
def _(block: Bullets, prefix: str) -> str:
    return f"<ul>{''.join(f'<li>{escaped(line)}</li>' for line in block.lines)}</ul>"


@_block.register
def _(block: Rows, prefix: str) -> str:
    return rows(block.title, block.columns, block.rows)


@_block.register
def _(block: Code, prefix: str) -> str:
    return scrolling(f"<pre><code>{escaped(block.text)}</code></pre>", "code")


@_block.register
def _(block: Page, prefix: str) -> str:
    return block.html


@_block.register
def _(block: Network, prefix: str) -> str:
    text = f"<p><code>{escaped(block.text)}</code></p>" if block.text else ""
    drawn = f"<figure>{block.svg}<figcaption>{escaped(block.caption)}</figcaption></figure>"
    return f'<div class="network">{drawn}<div>{text}</div></div>'


@_block.register
def _(block: Drawn, prefix: str) -> str:
    name, title = f"{prefix}figure-{block.name}", title_of(block.figure)
    found = table(block.figure)
    columns = list(found[0]) if found else []
    left = len(found) - MOST_ROWS
    numbers = rows(title, columns, [list(row.values()) for row in found[:MOST_ROWS]])
    more = paragraph(f"and {plural(left, 'row')} more: evolve.figures.table has them all") if left > 0 else ""
    label = escaped(f"{title}. {block.caption}")
    return (
        f'<figure class="chart"><h3>{escaped(title)}</h3><div role="group" aria-label="{label}">'
        f"{html_of(bare(block.figure), name)}</div><figcaption>{escaped(block.caption)}</figcaption>"
        f"<details><summary>the numbers: {escaped(title)}</summary>{numbers}{more}</details></figure>"
    )


def rows(title: str, columns: Sequence[str], values: Iterable[Sequence[Any]]) -> str:
    """A table, numbers at the right, that scrolls by itself where it is too wide."""
    every = [[*row] for row in values]
    numeric = [bool(every) and all(_is_number(row[at]) for row in every) for at in range(len(columns))]
    kinds = [' class="number"' if number else "" for number in numeric]
    head = "".join(f'<th scope="col"{kind}>{escaped(text)}</th>' for kind, text in zip(kinds, columns, strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{kind}>{escaped(shown(one))}</td>' for kind, one in zip(kinds, row, strict=True))}</tr>"
        for row in every
    )
    return scrolling(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", title)


def _is_number(value: Any) -> bool:
    """Whether it is read as a number: also as people write one, such as 294.1k, and the sign that there is none."""
    return isinstance(value, int | float | None) or bool(NUMBER.fullmatch(str(value)))
