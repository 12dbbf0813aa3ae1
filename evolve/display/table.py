"""Tables that stay readable in a narrow terminal: text folds, columns that matter less are left out, and where that is
not enough each row becomes a few lines. Numbers are never cut."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

GAP = 2  # spaces between columns
FOLDED = 10  # characters that text has at least, unless its column says otherwise, before other columns are left out
RULED = Box("    \n    \n ── \n    \n ── \n    \n    \n    \n")
Cell = str | Text


@dataclass(frozen=True)
class Column:
    """folds: text that may take several lines; what does not fold is kept whole.
    left: whether it is aligned to the left, as what folds always is.
    least: characters that text which folds has at least.
    spare: columns of the highest number are left out first where there is no room; 0 is never left out.
    """

    heading: str
    folds: bool = False
    left: bool = False
    spare: int = 0
    least: int = FOLDED


@dataclass
class FoldingTable:
    """Rows of text under headings. None is a line across."""

    columns: tuple[Column, ...]
    rows: list[tuple[Text, ...] | None] = field(default_factory=list)

    def add_row(self, *cells: Cell) -> None:
        """A cell for each column, none of it markup."""
        self.rows.append(tuple(Text(cell) if isinstance(cell, str) else cell for cell in cells))

    def add_line(self) -> None:
        """A line across, between rows."""
        self.rows.append(None)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = list(range(len(self.columns)))
        while self._least(shown) > options.max_width and any(self.columns[at].spare for at in shown):
            shown.remove(max(shown, key=lambda at: (self.columns[at].spare, at)))
        yield self._table(shown) if self._least(shown) <= options.max_width else self._stacked(shown)
        if left_out := [c.heading for at, c in enumerate(self.columns) if at not in shown and c.heading]:
            yield Text(f"no room here for: {', '.join(left_out)}", style="dim")

    def _least(self, shown: list[int]) -> int:
        """Characters that a table of these columns takes at least."""
        return sum(map(self._least_of, shown)) + GAP * (len(shown) - 1)

    def _least_of(self, at: int) -> int:
        column = self.columns[at]
        texts = [column.heading, *(line for row in self.rows if row for line in row[at].plain.splitlines())]
        widest = max(map(cell_len, texts))
        return min(widest, max(column.least, cell_len(column.heading))) if column.folds else widest

    def _table(self, shown: list[int]) -> Table:
        ruled = None in self.rows
        # With a box one space of each gap is its own.
        table = Table(box=RULED if ruled else None, show_edge=False, pad_edge=False, padding=(0, GAP - ruled, 0, 0))
        for at in shown:
            column = self.columns[at]
            to = "left" if column.folds or column.left else "right"
            table.add_column(column.heading, justify=to, no_wrap=not column.folds, overflow="fold")  # type: ignore[arg-type]
        for row in self.rows:
            if row is None:
                table.add_section()
            else:
                table.add_row(*(row[at] for at in shown))
        return table

    def _stacked(self, shown: list[int]) -> Table:
        """Each row as lines of a heading and its text."""
        table = Table.grid(padding=(0, 1))
        table.add_column(overflow="fold", style="dim")
        table.add_column(overflow="fold")
        for number, row in enumerate(row for row in self.rows if row):
            if number:
                table.add_row()
            for at in shown:
                table.add_row(Text(self.columns[at].heading), row[at])
        return table
