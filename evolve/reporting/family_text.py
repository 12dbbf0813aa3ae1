"""The family of a candidate as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable
from evolve.display.text import plural, score, steps_text

YOUNGEST = 5  # ancestors that are shown, beside the eldest one


def family_table(ancestors: Sequence[dict[str, Any]]) -> RenderableType:
    """One row for each ancestor, youngest first; of many the youngest and the eldest."""
    between = len(ancestors) - YOUNGEST - 1
    shown = [*ancestors[:YOUNGEST], ancestors[-1]] if between > 0 else ancestors
    columns = (Column("ancestor"), Column("from", spare=1), Column("score"))
    table = FoldingTable((*columns, Column("what was done", folds=True)))
    for member in shown:
        parents = " ".join(map(str, member["parents"])) or "-"
        table.add_row(str(member["candidate"]), parents, score(member["score"]), steps_text(member["steps"]))
    left_out = [Text(f"and {plural(between, 'ancestor')} between; all of them with: --json")] if between > 0 else []
    return Group(table, *left_out)
