"""Fronts, shelves and what was picked of a run, as text for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from evolve.display.quantities import shown_size
from evolve.display.table import Column, FoldingTable
from evolve.display.text import count, plural, score
from evolve.objectives import Objectives
from evolve.runs.run import Run
from evolve.runs.shelf import Item, front_of_objectives

COSTS = {
    "parameters": "weights",
    "multiply_adds": "multiply-adds",
    "activations": "activations",
    "latency": "ms",
    "size": "size",
    "size_int8": "size, 8 bits",
}


MOST = 12  # candidates of a front that a hall of fame shows


def front(run: Run) -> list[RenderableType]:
    """The front of a run with several objectives; nothing for any other one."""
    names = [one.name for one in Objectives.of(run.config.model_dump()).each]
    if len(names) == 1 or not (found := front_of_objectives(run)):
        return []
    named = ", ".join(name.replace("_", "-") for name in names)
    head = f"the front: {plural(len(found), 'candidate')} that none is better than in all of {named}"
    if len(found) > MOST:
        head += f"; {MOST} of them here, all with: --json"
    every = max(1, (len(found) - 1) / (MOST - 1))
    shown = [found[round(place * every)] for place in range(min(MOST, len(found)))]
    return [Text(head), table(shown, tuple(dict.fromkeys((*names[1:], "parameters", "multiply_adds")))), Text()]


def table(found: Sequence[Item], by: Sequence[str] = ("parameters", "multiply_adds")) -> RenderableType:
    """A row for each candidate: what it is worth, and what it costs."""
    columns = [Column("candidate"), Column("score"), Column("re-scored", spare=1)]
    columns += [Column(COSTS.get(name, name.replace("_", " "))) for name in by]
    rows = FoldingTable((*columns, Column("origin", left=True, folds=True, spare=2)))
    for item in found:
        costs = [_shown(name, item.costs.get(name)) for name in by]
        rows.add_row(str(item.candidate), score(item.score), score(item.rescored), *costs, item.origin)
    return rows


def _shown(name: str, value: float | None) -> str:
    """A cost as people read it: milliseconds, sizes, counts."""
    if value is None:
        return "-"
    if name not in COSTS:
        return score(value)
    if name == "latency":
        return f"{1000 * value:.3g}"
    return shown_size(int(value)) if name in ("size", "size_int8", "activations") else count(int(value))
