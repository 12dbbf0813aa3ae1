"""Learning curves of many networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from evolve.errors import RunError
from evolve.figures.style import BLUE, GREY, ORANGE, figure, hover
from evolve.runs.run import Run
from evolve.values import Purpose

if TYPE_CHECKING:
    from evolve.figures.style import Figure

MOST = 150  # lines; with more, the best and every so many of the others
MEASURES = ("validation_accuracy", "accuracy", "validation_loss", "loss")  # the first that a curve has is drawn


class Curve(NamedTuple):
    """Of one training. points: epochs and what the measure was after each."""

    candidate: int
    purpose: Purpose
    fitness: float
    points: list[tuple[float, float]]


def curves(run: Run) -> Figure:
    """Accuracy on the validation part after each epoch, where a training looked at it, else on what it was trained on:
    brief trainings of the search thin, the last training of the winner strong. Raises RunError for a run whose
    trainings have no curve of two epochs or more."""
    name, found = _curves(run)
    if not found:
        raise RunError(f"no training of run '{run.name}' had two epochs, so there are no learning curves to draw")
    rows = [(one.candidate, str(one.purpose), epoch, value) for one in found for epoch, value in one.points]
    words = name.replace("_", " ") if name.startswith("validation") else f"{name} on the images of the training"
    title = f"{run.name}: learning curves"
    drawn = figure(title, "epochs", words, ("candidate", "purpose", "epoch", words), rows)
    for one in found:
        final = one.purpose in (Purpose.FINAL, Purpose.TRAIN)
        colour = ORANGE if final else BLUE if one.candidate == run.winner else GREY
        drawn.add_scatter(
            x=[epoch for epoch, _ in one.points], y=[value for _, value in one.points], mode="lines",
            line={"color": colour, "width": 2.5 if colour != GREY else 1}, opacity=1.0 if colour != GREY else 0.45,
            name=_legend(one, final, run.winner), legendgroup=colour, showlegend=False,
            text=[hover(f"candidate {one.candidate}, {one.purpose}, epoch {e:g}: {v:.4f}") for e, v in one.points],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    shown = set[str]()
    for trace in drawn.data:
        trace.showlegend = trace.legendgroup not in shown
        shown.add(trace.legendgroup)
    return drawn


def _legend(one: Curve, final: bool, winner: int | None) -> str:
    if final:
        return "trained in full"
    return "the winner, before" if one.candidate == winner else "others"


def _curves(run: Run) -> tuple[str, list[Curve]]:
    """Which measure is drawn, and those of its curves that are."""
    with run.log() as log:
        results, requests = log.results(), log.requests()
    ended = [(one, results[one.number]) for one in requests if one.number in results and one.budget.folds == 1]
    names = {name for _, result in ended for point in result.curve for name in point}
    name = next((name for name in MEASURES if name in names), "")
    found = []
    for request, result in ended:
        points = _points(result.curve, name) or _points(result.curve, name.removeprefix("validation_"))
        if len(points) > 1 and result.fitness is not None:
            found.append(Curve(request.candidate, request.purpose, result.fitness, points))
    return name, _few(found, run.winner)


def _points(curve: Any, name: str) -> list[tuple[float, float]]:
    known: list[Mapping[str, float]] = [point for point in curve if name in point and "epoch" in point]
    return [(point["epoch"], float(point[name])) for point in known]


def _few(found: list[Curve], winner: int | None) -> list[Curve]:
    """All of the winner and of full trainings, and of others so many that they can be told apart."""
    kept = [one for one in found if one.candidate == winner or one.purpose in (Purpose.FINAL, Purpose.TRAIN)]
    others = sorted((one for one in found if one not in kept), key=lambda one: -one.fitness)
    best, rest = others[: MOST // 2], others[MOST // 2 :]
    step = max(1, -(-len(rest) // (MOST - MOST // 2)))
    return [*rest[::step][::-1], *best[::-1], *kept]
