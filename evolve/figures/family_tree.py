"""The tree that led to the best networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from evolve.figures.birth_records import Birth, scored
from evolve.figures.style import BLUE, GREY, ORANGE, figure, hover, measure
from evolve.runs.run import Run

if TYPE_CHECKING:
    from evolve.figures.style import Figure

LEADERS = 5


def family(run: Run, candidates: Sequence[int] | None = None) -> Figure:
    """The ancestors of some candidates, each at its score, as many steps to the right as its longest line of ancestors
    has; lines from parent to child say what was done. candidates: birth numbers; None is the best five of the hall of
    fame. Raises RunError for a run without scores, or a candidate that there is not."""
    known = {one.number: one for one in scored(run)}
    heads = [run.candidate(number).number for number in candidates or ()]
    heads = heads or [one.candidate for one in run.hall_of_fame[:LEADERS]]
    members = _ancestors(known, heads)
    depths = _depths(members)
    rows = [
        (one.number, depths[one.number], " ".join(map(str, one.row.parents)), one.score, one.change)
        for one in members.values()
    ]
    title = f"{run.name}: where its best networks come from"
    columns = ("candidate", "generation", "parents", "score", "what was done")
    drawn = figure(title, "steps from the first ancestor", measure(run), columns, rows)
    _draw_lines(drawn, members, depths)
    for first, colour, symbol, name in (
        (False, GREY, "circle", "ancestors"), (True, ORANGE, "diamond", "the best"),
    ):  # fmt: skip
        those = [one for one in members.values() if (one.number in heads) == first]
        drawn.add_scatter(
            x=[depths[one.number] for one in those], y=[one.score for one in those], mode="markers+text", name=name,
            text=[str(one.number) for one in those], textposition="top center",
            marker={"color": colour, "symbol": symbol, "size": 12 if first else 9},
            customdata=[_told(one) for one in those],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    return drawn.update_xaxes(dtick=1)


def _told(one: Birth) -> str:
    return hover(f"candidate {one.number}, {one.origin}: {one.score:.4f}", one.change, one.row.notation)


def _step(parent: Birth, child: Birth) -> str:
    gain = (child.score or 0.0) - (parent.score or 0.0)
    return hover(f"{parent.number} -> {child.number}: {gain:+.4f}", child.change)


def _draw_lines(drawn: Figure, members: dict[int, Birth], depths: dict[int, int]) -> None:
    """From each parent to each child: one trace of lines, and points in their middles that say what was done."""
    pairs = [(members[number], one) for one in members.values() for number in one.row.parents if number in members]
    x, y = list[float | None](), list[float | None]()
    for parent, child in pairs:
        x += [depths[parent.number], depths[child.number], None]
        y += [parent.score, child.score, None]
    drawn.add_scatter(x=x, y=y, mode="lines", line={"color": BLUE, "width": 1.2}, hoverinfo="skip", showlegend=False)
    drawn.add_scatter(
        x=[(depths[a.number] + depths[b.number]) / 2 for a, b in pairs],
        y=[((a.score or 0.0) + (b.score or 0.0)) / 2 for a, b in pairs], mode="markers", showlegend=False,
        marker={"color": BLUE, "size": 5, "opacity": 0.5},
        text=[_step(parent, child) for parent, child in pairs],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _ancestors(known: dict[int, Birth], heads: Sequence[int]) -> dict[int, Birth]:
    """Those of `heads` and all their ancestors that have a score, by birth number."""
    members: dict[int, Birth] = {}
    waiting = list(heads)
    while waiting:
        number = waiting.pop()
        if number in known and number not in members:
            members[number] = known[number]
            waiting += known[number].row.parents
    return dict(sorted(members.items()))


def _depths(members: dict[int, Birth]) -> dict[int, int]:
    """How many steps each is from its first ancestor; parents were born earlier."""
    depths: dict[int, int] = {}
    for number, one in members.items():
        depths[number] = max((depths[parent] + 1 for parent in one.row.parents if parent in depths), default=0)
    return depths
