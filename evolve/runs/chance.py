"""Whether a network is better than guessing, beyond the luck of the images that it was scored on."""

from __future__ import annotations

from dataclasses import dataclass

from evolve.runs.guessing import guessing_on
from evolve.runs.run import Run


@dataclass(frozen=True)
class Chance:
    """How the candidates of a search compare with guessing. scored: that have a score. better: than guessing."""

    scored: int
    better: int


def chance(run: Run) -> Chance | None:
    """How many candidates of the search were better than guessing; None where that is not asked."""
    guessing = guessing_on(run.problem, "validation")
    if guessing is None:
        return None
    with run.log() as log:
        return Chance(*log.exceeding(*guessing.bounds))
