"""What was left of a winner's score, from the search to the test part: the best of many are partly the luckiest."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from evolve.runs.ranking import accuracy
from evolve.runs.run import Run
from evolve.values import Budget, Purpose
from genomes.json_value import Json


@dataclass(frozen=True)
class Selection:
    """A winner's scores, as measured.

    candidate: its birth number. selected: its score in the search; trained: images x epochs of that. rescored: mean of
    its fresh trainings, on images that the search never saw; rescorings: how many; budget: of each, None where they
    differ. test: what candidates are ranked by, on the test part, or what its last training has in its stead.
    openings: how often the run opened the test part. What is not there is None.
    """

    candidate: int
    selected: float | None
    trained: int | None
    rescored: float | None
    rescorings: int
    budget: Budget | None
    test: float | None
    openings: int

    @property
    def same_size(self) -> bool:
        """Whether it was trained on as much when it was scored again."""
        return self.budget is not None and self.budget.size == self.trained


def selection(run: Run) -> Selection | None:
    """Of the winner of a run; None if there is none yet."""
    if run.winner is None or run.final_result is None:
        return None
    with run.log() as log:
        scored, again = log.score(run.winner), log.rescored().get(run.winner, [])
        budgets = {request.budget for request in log.requests(Purpose.RESCORE, candidate=run.winner)}
    objective = run.objective
    return Selection(
        candidate=run.winner,
        selected=objective.shown(scored.fitness) if scored else None,
        trained=scored.trained if scored else None,
        rescored=objective.shown(fmean(again)) if again else None,
        rescorings=len(again),
        budget=budgets.pop() if len(budgets) == 1 else None,
        test=run.final_result.measures.get(objective.name, accuracy(run.final_result, objective)),
        openings=run.test_openings,
    )


def selection_json(run: Run) -> dict[str, Json]:
    """The scores of the winner, None as long as there is none, and how often the test part was opened."""
    found = selection(run)
    scores = {name: getattr(found, name, None) for name in ("selected", "rescored", "test")}
    return {**scores, "test_openings": run.test_openings}
