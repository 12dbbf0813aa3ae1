"""Several results beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from evolve.figures.style import BLUE, COLOURS, SYMBOLS, figure, hover

if TYPE_CHECKING:
    from evolve.figures.style import Figure


@dataclass(frozen=True)
class Outcome:
    """What one run, or one trial of an experiment, came to. group: the arm, or the run. dataset: what it was on. value:
    as measured; low, high: of its interval, if it has one. note: what is shown with it."""

    group: str
    dataset: str
    value: float
    low: float | None = None
    high: float | None = None
    note: str = ""


def comparison(title: str, measure: str, outcomes: Sequence[Outcome]) -> Figure:
    """A line for each group, a point for each of its outcomes, by data set, and a bar at their mean over several of one
    data set. measure: what values are."""
    groups = list(dict.fromkeys(one.group for one in outcomes))
    rows = [(one.group, one.dataset, one.value, one.low, one.high, one.note) for one in outcomes]
    columns = ("of", "data", measure, "low", "high", "what")
    drawn = figure(title, measure, "", columns, rows, height=150 + 44 * len(groups))
    for at, dataset in enumerate(dict.fromkeys(one.dataset for one in outcomes)):
        those = [one for one in outcomes if one.dataset == dataset]
        drawn.add_scatter(
            x=[one.value for one in those], y=[one.group for one in those], mode="markers", name=dataset,
            marker={"size": 10, "color": COLOURS[at % len(COLOURS)], "symbol": SYMBOLS[at % len(SYMBOLS)]}, opacity=0.8,
            error_x={
                "type": "data", "symmetric": False, "array": [(one.high or one.value) - one.value for one in those],
                "arrayminus": [one.value - (one.low if one.low is not None else one.value) for one in those],
            },
            text=[hover(f"{one.group} on {one.dataset}: {one.value:.4f}", one.note) for one in those],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
        means = {group: [one.value for one in those if one.group == group] for group in groups}
        several = {group: fmean(values) for group, values in means.items() if len(values) > 1}
        if several:
            drawn.add_scatter(
                x=list(several.values()), y=list(several), mode="markers", name=f"mean on {dataset}",
                marker={"symbol": "line-ns-open", "size": 22, "color": BLUE, "line": {"width": 2}},
                hovertemplate="mean %{x:.4f}<extra></extra>", showlegend=False,
            )  # fmt: skip
    return drawn.update_yaxes(autorange="reversed")
