"""What networks are worth beside what they cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evolve.display.text import count
from evolve.errors import ConfigError, RunError
from evolve.figures.style import BLUE, GREY, figure, hover, measure
from evolve.objectives import COSTS, MEASURED
from evolve.runs.run import Run
from evolve.runs.shelf import SCORE, Item, cells, items, measure_names
from evolve.runs.shelf import front as front_of

if TYPE_CHECKING:
    from evolve.figures.style import Figure

WORDS = {"parameters": "weights", "multiply_adds": "multiply-adds", "latency": "seconds for one image"}


def front(run: Run, cost: str = "parameters") -> Figure:
    """All that was scored, by score and one cost, and the front: those that none is better than in both. cost: as in
    `evolve show --front`. Raises ConfigError for another one, RunError where it is not known of any candidate."""
    name = _cost(run, cost)
    known = [(item, value) for item in items(run, [name]) if (value := item.value(name)) is not None]
    if not known:
        raise RunError(f"of no candidate of run '{run.name}' is the {WORDS.get(name, name)} known")
    best = sorted(front_of(run, [item for item, _ in known], [SCORE, name]), key=lambda item: item.value(name) or 0.0)
    kept = {item.candidate for item in best}
    words = WORDS.get(name, name.replace("_", " "))
    rows = [(item.candidate, value, item.score, item.candidate in kept, item.origin) for item, value in known]
    title = f"{run.name}: what networks are worth beside their {words}"
    columns = ("candidate", words, "score", "on the front", "origin")
    drawn = figure(title, words, measure(run), columns, rows)
    drawn.add_scatter(
        x=[value for _, value in known], y=[item.score for item, _ in known], mode="markers", name="all",
        text=[_said(item, value, words) for item, value in known], marker={"color": GREY, "size": 6, "opacity": 0.6},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    drawn.add_scatter(
        x=[item.value(name) for item in best], y=[item.score for item in best], mode="lines+markers", name="front",
        line={"color": BLUE, "shape": "hv"}, marker={"size": 9, "symbol": "diamond"},
        text=[_said(item, item.value(name) or 0.0, words) for item in best], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    return drawn.update_xaxes(type="log", **_ticks([value for _, value in known]))


def shelf(run: Run, by: Sequence[str] = ("parameters", "multiply_adds")) -> Figure:
    """The best of each size: cells over two costs, each cut where it doubles, as `evolve shelf` prints them. Raises
    ConfigError unless `by` names two costs, RunError where they are not known of any candidate."""
    names = [_cost(run, name) for name in by]
    if len(set(names)) != 2:
        raise ConfigError(f"by must name two different costs, not {', '.join(by)}")
    found = cells(run, items(run, names), names)
    if not found:
        raise RunError(f"of no candidate of run '{run.name}' are {' and '.join(names)} known")
    columns, lines = (sorted({cell[axis] for cell in found}) for axis in (0, 1))
    width, height = range(columns[0], columns[-1] + 1), range(lines[0], lines[-1] + 1)
    grid = [[found.get((x, y)) for x in width] for y in height]
    words = [WORDS.get(name, name.replace("_", " ")) for name in names]
    rows = [
        (2 ** cell[0], 2 ** cell[1], item.candidate, item.score, item.rescored, item.origin)
        for cell, item in found.items()
    ]
    head = (f"{words[0]} from", f"{words[1]} from", "candidate", "score", "re-scored", "origin")
    drawn = figure(f"{run.name}: the best of each size", f"{words[0]}, from", f"{words[1]}, from", head, rows)
    drawn.add_heatmap(
        x=[_edge(x) for x in width], y=[_edge(y) for y in height],
        z=[[item and item.score for item in line] for line in grid], colorscale="Cividis", xgap=2, ygap=2,
        reversescale=run.objective.fitness(1.0) < 0, hoverongaps=False,
        text=[[f"{item.candidate}" if item else "" for item in line] for line in grid], texttemplate="%{text}",
        customdata=[[_named(item) for item in line] for line in grid],
        hovertemplate="%{customdata}<extra></extra>", colorbar={"title": {"text": measure(run), "side": "right"}},
    )  # fmt: skip
    return drawn.update_xaxes(type="category").update_yaxes(type="category")


def _edge(cell: int) -> str:
    """Where a cell begins."""
    return count(2**cell) if cell >= 0 else f"{2.0**cell:.3g}"


def _ticks(values: Sequence[float]) -> dict[str, list[Any]]:
    """Where a logarithmic axis has its numbers: at 1, 2 and 5, at 1 alone over more than three powers of ten."""
    low, high = max(min(values), 1e-9), max(*values, 1e-9)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    at = [digit * 10.0**power for power in powers for digit in ((1,) if len(powers) > 4 else (1, 2, 5))]
    return {"tickvals": at, "ticktext": [count(round(one)) if one >= 1 else f"{one:g}" for one in at]}


def _cost(run: Run, text: str) -> str:
    [name] = measure_names(run, [text])
    if name not in {**COSTS, **MEASURED}:
        raise ConfigError(f"'{text}' is no cost of a network; choose from {', '.join({**COSTS, **MEASURED})}")
    return name


def _named(item: Item | None) -> str:
    return hover(f"candidate {item.candidate}, {item.origin}", f"{item.score:.4f}") if item else ""


def _said(item: Item, value: float, words: str) -> str:
    return hover(f"candidate {item.candidate}, {item.origin}", f"score {item.score:.4f}, {value:,.6g} {words}")
