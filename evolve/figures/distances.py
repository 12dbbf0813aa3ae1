"""How different the networks of a population are."""

from __future__ import annotations

from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

from evolve.errors import RunError
from evolve.figures.birth_records import births
from evolve.figures.style import GREEN, figure
from evolve.runs.run import Run

if TYPE_CHECKING:
    from evolve.figures.style import Figure

FEWEST = 4  # networks: two pairs, one after the other
POINTS, PAIRS = 60, 40  # along the search, and compared at each


def diversity(run: Run) -> Figure:
    """The mean distance of two of the networks that were born last, as many as a population has: 0 if all are alike, 1
    if they have nothing in common. Raises RunError for a run with fewer than four births."""
    rows = [one.row for one in births(run) if one.row.key is not None]
    if len(rows) < FEWEST:
        raise RunError(f"run '{run.name}' has fewer than {FEWEST} networks, so nothing is known of how they changed")
    window = min(run.config.population, len(rows) // 2)
    ends = range(window, len(rows) + 1, max(1, (len(rows) - window) // POINTS))
    rng, space, found = Random(0), run.space, list[tuple[int, float]]()
    genomes = {row.number: space.parse(row.notation) for row in rows}
    for end in ends:
        among = [genomes[row.number] for row in rows[end - window : end]]
        pairs = [rng.sample(among, 2) for _ in range(PAIRS)]
        found.append((rows[end - 1].number, fmean(space.distance(a, b) for a, b in pairs)))
    title = f"{run.name}: how different the last {window} networks were"
    drawn = figure(title, "births", "mean distance of two", ("births", "mean distance"), found)
    drawn.add_scatter(
        x=[x for x, _ in found], y=[y for _, y in found], mode="lines+markers", line={"color": GREEN}, showlegend=False,
        hovertemplate="after %{x} births: %{y:.3f}<extra></extra>",
    )  # fmt: skip
    return drawn.update_yaxes(rangemode="tozero")
