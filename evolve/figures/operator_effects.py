"""What changes did to networks."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING, Any

from evolve.errors import RunError
from evolve.figures.birth_records import births
from evolve.figures.style import BLUE, figure, hover, measure
from evolve.research.statistics import t_interval
from evolve.runs.run import Run

if TYPE_CHECKING:
    from evolve.figures.style import Figure

FEW = 3  # children that an interval needs
NEVER = ("founder", "random", "adopt", "recorded")  # steps that change nothing


def operators(run: Run) -> Figure:
    """By how much children are better than their parent, by the operator that made them, with Student's 95 % interval
    of the mean where there are three or more: of those with one parent, both after their first training. One that took
    several steps counts for each. Parents were chosen because they did well, and luck is a part of that: compare
    operators with each other, not with zero. Raises RunError for a run without such children."""
    by = effects(run)
    if not by:
        raise RunError(f"run '{run.name}' has no child of one parent with scores of both, so no operator has an effect")
    ordered = sorted(by.items(), key=lambda one: -fmean(one[1]))
    intervals = [t_interval(values) if len(values) >= FEW else None for _, values in ordered]
    rows: list[tuple[Any, ...]] = [
        (name, len(values), fmean(values), found and found.low, found and found.high, _better(values))
        for (name, values), found in zip(ordered, intervals, strict=True)
    ]
    columns = ("operator", "children", "mean change", "low", "high", "share that is better")
    title = f"{run.name}: children beside their parent, by operator"
    height = 150 + 30 * len(rows)
    drawn = figure(title, f"change of {measure(run)}; better to the right", "", columns, rows, height=height)
    means = [fmean(values) for _, values in ordered]
    drawn.add_scatter(
        x=means, y=[f"{name} ({len(values)})" for name, values in ordered], mode="markers", showlegend=False,
        error_x={
            "type": "data", "symmetric": False,
            "array": [found.high - mean if found else 0 for found, mean in zip(intervals, means, strict=True)],
            "arrayminus": [mean - found.low if found else 0 for found, mean in zip(intervals, means, strict=True)],
        },
        text=[hover(f"{row[0]}: {row[2]:+.4f}, mean of {row[1]}", f"better in {row[5]:.0%}") for row in rows],
        marker={"color": BLUE, "size": 9}, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    drawn.add_vline(x=0, line={"color": "#444444", "width": 1})
    every = [value for _, values in ordered for value in values]
    room = 0.05 * ((max(every) - min(every)) or 0.01)
    drawn.update_xaxes(range=[min(*every, 0.0) - room, max(*every, 0.0) + room])  # intervals of few are wider than that
    return drawn.update_yaxes(autorange="reversed")


def effects(run: Run) -> dict[str, list[float]]:
    """By how much each child of one parent is better than that, by operator; what changed is fitness, so that better is
    above zero also for a loss."""
    found = {one.number: one for one in births(run) if one.fitness is not None}
    by: dict[str, list[float]] = defaultdict(list)
    for child in found.values():
        parent = found.get(child.row.parents[0]) if len(child.row.parents) == 1 else None
        if parent is None or parent.request.budget != child.request.budget:
            continue
        for name in dict.fromkeys(step.operator for step in child.row.steps if step.operator not in NEVER):
            by[name].append((child.fitness or 0.0) - (parent.fitness or 0.0))
    return dict(by)


def _better(values: list[float]) -> float:
    return sum(value > 0 for value in values) / len(values)
