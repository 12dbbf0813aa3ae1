"""What is left of scores when networks are trained again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evolve.display.text import score
from evolve.errors import RunError
from evolve.figures.style import BLUE, GREY, figure, hover, measure
from evolve.runs.run import Run

if TYPE_CHECKING:
    from evolve.figures.style import Figure

STAGES = ("score in the search", "scored again", "test part")


def shrinkage(run: Run) -> Figure:
    """From the score that selected a network to the mean of its fresh trainings and on to the test part, where it was
    trained in full: the best of many is partly the luckiest, so its line goes down. Trainings in full are longer, and
    fresh ones may be on more images, so their steps go up. Raises RunError if no network was scored again."""
    found = [one for one in run.hall_of_fame if one.rescored is not None]
    if not found:
        raise RunError(f"no network of run '{run.name}' was scored again, so nothing is known of its shrinkage")
    rows = [(one.candidate, one.origin, one.score, one.rescored, one.test_score) for one in found]
    columns = ("candidate", "origin", *STAGES)
    drawn = figure(f"{run.name}: what was left of the scores", "", measure(run), columns, rows)
    for one in reversed(found):
        first = one is found[0]
        stages = zip(STAGES, (one.score, one.rescored, one.test_score), strict=True)
        known = [(stage, value) for stage, value in stages if value is not None]
        drawn.add_scatter(
            x=[stage for stage, _ in known], y=[value for _, value in known], mode="lines+markers",
            name=f"candidate {one.candidate}, the first of the hall of fame" if first else "others",
            line={"color": BLUE if first else GREY, "width": 3 if first else 1.2}, marker={"size": 9 if first else 6},
            showlegend=first or one is found[-1],
            text=[hover(f"candidate {one.candidate}, {one.origin}", score(value)) for _, value in known],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    return drawn.update_xaxes(categoryorder="array", categoryarray=list(STAGES))
