"""Species over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evolve.errors import RunError
from evolve.figures.style import COLOURS, figure, plain
from evolve.runs.run import Run

if TYPE_CHECKING:
    from evolve.figures.style import Figure


def species(run: Run, population: str | None = None) -> Figure:
    """How many members each species had in each generation, stacked. population: one of those that have species, as
    `Run.species` names it under "of"; None is the first. Raises RunError for a run without species."""
    generations = [one for one in run.species if population in (None, one["of"])]
    generations = [one for one in generations if one["of"] == generations[0]["of"]]
    if not generations:
        raise RunError(f"run '{run.name}' has no species{f' of {population}' if population else ''}; strategy neat has")
    sizes = {(one["generation"], member["species"]): member["size"] for one in generations for member in one["species"]}
    x, numbers = [one["generation"] for one in generations], sorted({number for _, number in sizes})
    rows = [(when, number, sizes[when, number]) for when in x for number in numbers if (when, number) in sizes]
    title = f"{run.name}: species of {generations[0]['of']}"
    drawn = figure(title, "generation", "members", ("generation", "species", "members"), rows)
    for place, number in enumerate(numbers):
        drawn.add_scatter(
            x=x, y=[sizes.get((when, number), 0) for when in x], mode="lines", stackgroup="species",
            name=plain(f"species {number}"), line={"width": 0.8, "color": COLOURS[place % len(COLOURS)]},
            fillpattern={"shape": ("", "/", "x", "-", "|", "+", ".")[place // len(COLOURS) % 7]},
            hovertemplate=f"generation %{{x}}, species {number}: %{{y}}<extra></extra>",
        )  # fmt: skip
    return drawn.update_layout(showlegend=len(numbers) <= 12).update_xaxes(dtick=max(1, len(x) // 10))
