"""What the training time of a run was spent on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from evolve.errors import RunError
from evolve.figures.style import BLUE, figure
from evolve.runs.run import Run
from evolve.values import Budget, Purpose

if TYPE_CHECKING:
    from evolve.figures.style import Figure

# Purposes in the order in which they come up -> what is done.
NAMES = {
    Purpose.SEARCH: "search",
    Purpose.CLOSING: "last promotions",
    Purpose.CHALLENGE: "best of the race, longer",
    Purpose.TWIN: "twins, with and without augmentation",
    Purpose.RESCORE: "scored again",
    Purpose.FINAL: "trained in full",
    Purpose.TRAIN: "trained by hand",
}


def budgets(run: Run) -> Figure:
    """A bar for each budget that trainings of each purpose had: how many of them there were, and how many images they
    saw, repeats counted. Raises RunError for a run without results."""
    spent: dict[tuple[Purpose, Budget], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    with run.log() as log:
        results = log.results()
        for request in log.requests():
            result = results.get(request.number)
            if result is None or result.cached_from is not None or result.reused_from is not None:
                continue
            one = spent[request.purpose, request.budget]
            one[0] += 1
            one[1] += _seen(result.spent, request.budget)
            one[2] += float(result.timing.get("seconds", 0.0))
    if not spent:
        raise RunError(f"run '{run.name}' has no result yet, so there is nothing to draw")
    ordered = sorted(spent.items(), key=lambda one: (list(NAMES).index(one[0][0]), one[0][1]))
    labels = [f"{NAMES[purpose]}, {budget.images:,} x {budget.epochs}" for (purpose, budget), _ in ordered]
    columns = ("purpose", "images", "epochs", "trainings", "images seen", "seconds")
    rows = [
        (NAMES[purpose], budget.images, budget.epochs, int(count), round(seen), round(seconds, 1))
        for (purpose, budget), (count, seen, seconds) in ordered
    ]
    title = f"{run.name}: what trainings were spent on (images x epochs of each)"
    drawn = figure(title, "images seen", "", columns, rows, height=140 + 34 * len(rows))
    drawn.add_bar(
        x=[seen for _, (_, seen, _) in ordered], y=labels, orientation="h", marker={"color": BLUE}, showlegend=False,
        text=[f"{int(count)}" if count > 1 else "" for _, (count, _, _) in ordered], textposition="auto",
        hovertemplate="%{y}: %{x:,.0f} images<extra></extra>",
    )  # fmt: skip
    return drawn.update_yaxes(autorange="reversed")


def _seen(spent: object, budget: Budget) -> float:
    values = spent if isinstance(spent, dict) else {}
    images, epochs = values.get("images", budget.images), values.get("epochs", budget.epochs)
    return float(images) * float(epochs) * budget.folds
