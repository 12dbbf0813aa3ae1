"""An entry of a hall of fame, and how entries are ranked."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from evolve.errors import RunError
from evolve.training.model_file import load_model
from evolve.trust import Trust
from evolve.values import Result

if TYPE_CHECKING:
    from evolve.run_view import Run


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


def rank(rescored: float | None, trained: int, score: float, number: int) -> tuple[float, ...]:
    """Sorts candidates best first: by re-scored mean, those without one behind; then by the budget they had in the
    search, by the score at that budget, and by birth."""
    return (float(rescored is None), -(rescored or 0.0), float(-trained), -score, float(number))
