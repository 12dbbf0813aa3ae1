"""All that was born."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evolve.figures.birth_records import KINDS
from evolve.figures.birth_records import births as births_of
from evolve.figures.style import COLOURS, GREY, SYMBOLS, figure, hover, measure
from evolve.runs.run import Run

if TYPE_CHECKING:
    from evolve.figures.style import Figure


def births(run: Run) -> Figure:
    """A point for each birth, by where it comes from; those that failed along the bottom. Raises RunError for a run
    without results."""
    found = births_of(run)
    values = [one.score for one in found if one.score is not None]
    low = min(values, default=0.0)
    below = low - 0.08 * ((max(values, default=1.0) - low) or 1.0)
    rows = [(one.number, one.kind, one.score, str(one.result.status), one.change, one.row.notation) for one in found]
    columns = ("candidate", "kind", "score", "status", "what was done", "notation")
    drawn = figure(f"{run.name}: all that was born", "births", measure(run), columns, rows)
    for kind, colour, symbol in zip(KINDS, COLOURS, SYMBOLS, strict=False):
        those = [one for one in found if one.kind == kind and one.score is not None]
        if those:
            drawn.add_scatter(
                x=[one.number for one in those], y=[one.score for one in those], mode="markers", name=kind,
                text=[hover(f"candidate {one.number}, {one.origin}: {one.score:.4f}", one.change) for one in those],
                marker={"color": colour, "symbol": symbol, "size": 7, "opacity": 0.75},
                hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
    if failed := [one for one in found if one.score is None]:
        reasons = [hover(f"candidate {one.number}: {one.result.status}", one.result.reason or "") for one in failed]
        drawn.add_scatter(
            x=[one.number for one in failed], y=[below] * len(failed), mode="markers", name="failed", text=reasons,
            marker={"color": GREY, "symbol": "x-thin-open", "size": 8}, hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    return drawn
