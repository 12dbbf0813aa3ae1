"""Fronts, shelves and what was picked of a run, as text for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from evolve.display.quantities import shown_size
from evolve.display.table import Column, FoldingTable
from evolve.display.text import count, score
from evolve.runs.shelf import Item

COSTS = {
    "parameters": "weights",
    "multiply_adds": "multiply-adds",
    "activations": "activations",
    "latency": "ms",
    "size": "size",
    "size_int8": "size, 8 bits",
}


def table(found: Sequence[Item], by: Sequence[str] = ("parameters", "multiply_adds")) -> RenderableType:
    """A row for each candidate: what it is worth, and what it costs."""
    columns = [Column("candidate"), Column("score"), Column("re-scored", spare=1)]
    columns += [Column(COSTS[name]) for name in by if name in COSTS]
    rows = FoldingTable((*columns, Column("origin", left=True, folds=True, spare=2)))
    for item in found:
        costs = [_shown(name, item.costs.get(name)) for name in by if name in COSTS]
        rows.add_row(str(item.candidate), score(item.score), score(item.rescored), *costs, item.origin)
    return rows


def _shown(name: str, value: float | None) -> str:
    """A cost as people read it: milliseconds, sizes, counts."""
    if value is None:
        return "-"
    if name == "latency":
        return f"{1000 * value:.3g}"
    return shown_size(int(value)) if name in ("size", "size_int8", "activations") else count(int(value))
