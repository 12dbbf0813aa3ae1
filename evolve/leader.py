"""An entry of a hall of fame, and how entries are ranked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from statistics import fmean
from typing import TYPE_CHECKING, Any

from evolve.errors import RunError
from evolve.storage.log import Scored
from evolve.training.model_file import load_model
from evolve.trust import Trust
from evolve.values import Result

if TYPE_CHECKING:
    from evolve.run_view import Run

CLEARLY = 2  # standard errors that a leader is ahead by, if it is better and not just lucky


@dataclass(frozen=True)
class Leader:
    """One entry of the hall of fame.

    candidate: birth number. score: fitness in the search, on the validation part, at the largest budget it had there.
    trained: that budget, images x epochs.
    rescored: mean of fresh trainings on the selection part, or None. parents: birth numbers.
    test_accuracy: of its last full training, or None if it had none.
    """

    run: Run = field(repr=False)
    candidate: int
    score: float
    trained: int
    rescored: float | None
    parameters: int | None
    multiply_adds: int | None
    notation: str
    parents: tuple[int, ...]
    test_accuracy: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "run"}

    def model(self, trust: Trust = ()) -> Any:
        """The trained Keras model: raw images (batch, height, width, channels) -> class probabilities.

        trust: modules of the user's own layers, to be imported; without it TrustError. Raises RunError if this
        candidate was not trained in full; then `build` gives its network untrained.
        """
        path = self.run.model_path(self.candidate)
        if not path.exists():
            raise RunError(
                f"candidate {self.candidate} of run '{self.run.name}' was not trained in full, so there is no model "
                f"of it; train it with: evolve train {self.run.name} {self.candidate}"
            )
        return load_model(path, self.run.trusting(trust).trust)

    def build(self, trust: Trust = ()) -> Any:
        """The Keras model of this candidate, untrained. trust: as for `model`."""
        self.run.trusting(trust).check_modules(scoring=False)
        if self.run.config.encoding != "stack":
            raise RunError("an entry of a table has no network to build")
        from genomes.decode import decode

        genome = self.run.genome(self.candidate)
        known = self.run.problem
        pixels = known["pixels"][genome.recipe.pixels] if "pixels" in known else known  # version 0.1 knew one way only
        return decode(self.run.space.blueprint(genome), pixels)


def accuracy(result: Result) -> float | None:
    """The accuracy of a result, or its fitness where there is no accuracy."""
    return result.measures.get("accuracy", result.fitness)


def in_order(scored: Iterable[Scored], rescored: Mapping[int, Sequence[float]]) -> list[Scored]:
    """Candidates with what the search knows of them, best first: re-scored ones by their mean, the others behind; then
    by the budget they had in the search, by the score at that budget, and by birth.

    First of all, though, stands the eldest of those that the best is ahead of by less than two standard errors of their
    difference, much as in the one-standard-error rule of Breiman et al. 1984 ("Classification and Regression Trees",
    https://doi.org/10.1201/9781315139470). Of candidates that cannot be told apart the youngest are the luckiest: they
    are the best of many children. rescored: scores of each re-scored candidate, by birth number.
    """
    means = {number: fmean(scores) for number, scores in rescored.items()}

    def place(one: Scored) -> tuple[float, ...]:
        known = one.candidate in means
        return (float(not known), -means.get(one.candidate, 0.0), float(-one.trained), -one.fitness, one.candidate)

    ranked = sorted(scored, key=place)
    again = [one for one in ranked if one.candidate in means]
    if not again:
        return ranked
    best, spread = again[0].candidate, _spread(rescored.values())

    def is_alike(number: int) -> bool:
        error = spread * math.sqrt(1 / len(rescored[best]) + 1 / len(rescored[number]))
        return means[best] - means[number] < CLEARLY * error

    eldest = min((one for one in again if is_alike(one.candidate)), default=again[0])
    return [eldest, *(one for one in ranked if one != eldest)]


def _spread(rescored: Iterable[Sequence[float]]) -> float:
    """Standard deviation of the scores of one candidate, from all of them together; 0 where each has only one."""
    repeated = [scores for scores in rescored if len(scores) > 1]
    squares = sum((score - fmean(scores)) ** 2 for scores in repeated for score in scores)
    return math.sqrt(squares / sum(len(scores) - 1 for scores in repeated)) if repeated else 0.0
