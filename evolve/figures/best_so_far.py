"""How far a search was after so many births, or so much time."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from evolve.errors import RunError
from evolve.figures.birth_records import rescored, scored
from evolve.figures.style import BLUE, GREEN, GREY, ORANGE, figure, hover, measure
from evolve.runs.run import Run

if TYPE_CHECKING:
    from evolve.figures.style import Figure


def progress(run: Run, over: Literal["births", "seconds"] = "births") -> Figure:
    """The score of each birth, the best so far, and beside that what those came to that were trained again with fresh
    seeds, on images that the search never saw: the truth is mostly below what was selected.

    over: what x counts. Raises RunError for a run without scores, and for seconds of a table, which has none.
    """
    found = scored(run)
    if over == "seconds" and any(birth.seconds is None for birth in found):
        raise RunError(f"run '{run.name}' searched a table, in no time; draw its progress over births")
    found = sorted(found, key=lambda one: one.number if over == "births" else (one.seconds or 0.0))
    x: list[float] = [one.number if over == "births" else (one.seconds or 0.0) for one in found]
    best, bests = None, []
    for birth in found:
        if best is None or (birth.fitness or 0.0) > (best.fitness or 0.0):
            best = birth
        bests.append(best)
    again = rescored(run)
    known = [(at, birth, again[birth.number]) for at, birth in zip(x, found, strict=True) if birth.number in again]
    rows = [
        (one.number, at, one.score, top.score, fmean(again[one.number]) if one.number in again else None, one.origin)
        for at, one, top in zip(x, found, bests, strict=True)
    ]
    unit = "births" if over == "births" else "seconds since the run began"
    columns = ("candidate", over, "score", "best so far", "re-scored", "origin")
    drawn = figure(f"{run.name}: the best so far, and what it is worth", unit, measure(run), columns, rows)
    texts = [hover(f"candidate {one.number}, {one.origin}", f"score {one.score:.4f}", one.change) for one in found]
    drawn.add_scatter(
        x=x, y=[one.score for one in found], mode="markers", name="score of a birth", text=texts,
        marker={"color": GREY, "size": 6, "opacity": 0.6}, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    drawn.add_scatter(
        x=x, y=[one.score for one in bests], mode="lines", name="best so far", line={"color": BLUE, "shape": "hv"},
        hoverinfo="skip",
    )  # fmt: skip
    drawn.add_scatter(
        x=[at for at, _, _ in known], y=[fmean(values) for _, _, values in known], mode="markers", name="scored again",
        error_y={
            "type": "data", "symmetric": False, "array": [max(values) - fmean(values) for _, _, values in known],
            "arrayminus": [fmean(values) - min(values) for _, _, values in known],
        },
        text=[hover(f"candidate {one.number}, scored again: {_each(values)}") for _, one, values in known],
        marker={"color": ORANGE, "size": 10, "symbol": "diamond"}, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    if run.test_score is not None:
        drawn.add_hline(
            y=run.test_score, line={"color": GREEN, "dash": "dash", "width": 1.5},
            annotation={"text": "the winner on the test part, trained in full", "font": {"color": GREEN}},
        )  # fmt: skip
    return drawn


def _each(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4f}" for value in values)
