"""The pictures of an experiment's page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from evolve.reporting.experiment_scores import Scores, scores_of
from evolve.reporting.static_charts import Line, Panel, line_chart, rank_chart
from evolve.research.analysis import Analysis
from evolve.research.budget_curves import BudgetCurve
from evolve.research.statistics import Band

if TYPE_CHECKING:
    from evolve.reporting.static_charts import Figure

# What x counts.
UNITS = {"evaluations": "evaluations", "work": "units of work", "seconds": "seconds"}


class Picture(NamedTuple):
    """A picture. name: of its file, without the ending. title: what is to be seen."""

    name: str
    title: str
    figure: Figure


def pictures(analysis: Analysis) -> list[Picture]:
    """Curves of each data set that has some, and the ranks of three arms or more. Matplotlib is needed."""
    names = _file_names(list(analysis.datasets))
    found = [_curves(analysis, dataset, names[dataset], of) for dataset, of in analysis.curves.items() if of]
    if analysis.ranks is not None:
        figure = rank_chart(analysis.ranks.mean, analysis.ranks.critical)
        found.append(Picture("ranks", "mean ranks of the arms, with the critical difference", figure))
    return found


def spent_in(analysis: Analysis) -> str:
    """What x counts; seconds of a table were recorded, so a search only lives through simulated ones."""
    simulated = analysis.tables and analysis.unit == "seconds"
    return "simulated seconds" if simulated else UNITS[analysis.unit]


def _file_names(datasets: list[str]) -> dict[str, str]:
    """A name of a file for each data set, none twice."""
    found: dict[str, str] = {}
    for number, dataset in enumerate(datasets):
        name = f"curves-{re.sub(r'[^A-Za-z0-9]+', '-', dataset).strip('-').lower() or number}"
        found[dataset] = f"{name}-{number}" if name in found.values() else name
    return found


def _curves(analysis: Analysis, dataset: str, name: str, of: Mapping[str, BudgetCurve]) -> Picture:
    scores = scores_of(analysis)
    truths = {arm: curve.truth for arm, curve in of.items() if curve.truth is not None}
    shown = {"the score by which the best so far was selected": {arm: curve.selected for arm, curve in of.items()}}
    if truths:
        shown = {"what the best so far is really worth": truths, **shown}
    unit = "%" if analysis.point is not None else scores.objective.name.replace("_", " ")
    level = None if analysis.target is None else scores.value(analysis.target)
    panels = [
        Panel(f"{dataset}: {title}", unit, [_line(scores, arm, of[arm], band) for arm, band in bands.items()], level)
        for title, bands in shown.items()
    ]
    title = f"{dataset}: the best so far of each arm over its budget"
    return Picture(name, title, line_chart(panels, spent_in(analysis)))


def _line(scores: Scores, arm: str, curve: BudgetCurve, band: Band) -> Line:
    drawn = [[scores.drawn(value) for value in line] for line in (band.mean, band.low, band.high) if line is not None]
    return Line(arm, curve.x, *drawn)
