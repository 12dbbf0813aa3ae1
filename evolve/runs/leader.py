"""An entry of a hall of fame."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from statistics import stdev
from typing import TYPE_CHECKING, Protocol

from evolve.display.text import score
from evolve.errors import EvolveError
from evolve.runs.notebook import leader_html
from evolve.trust import Trust
from evolve.values import Budget, Result, Spent
from genomes.json_value import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class KerasModel(Protocol):
    """What is mostly done with a Keras model; Keras itself has no types."""

    def __call__(self, images: object, training: bool = False) -> object: ...
    def predict(self, images: object, **options: object) -> NDArray[np.float32]: ...
    def summary(self) -> None: ...
    def save(self, path: object) -> None: ...


class Models(Protocol):
    """Where the networks of candidates come from: the run that they are of."""

    @property
    def on_recorded_table(self) -> bool:
        """Whether a table of trainings was searched, which has no test part."""
        ...

    def model(self, candidate: int, trust: Trust = ()) -> KerasModel:
        """The trained Keras model of a candidate."""
        ...

    def build(self, candidate: int, trust: Trust = ()) -> KerasModel:
        """The Keras model of a candidate, untrained."""
        ...

    def picture(self, candidate: int) -> str:
        """The network of a candidate as SVG. Raises RunError for one that has none."""
        ...

    def done(self, budget: Budget, result: Result) -> Spent | None:
        """What a training really did."""
        ...


@dataclass(frozen=True)
class Leader:
    """One entry of the hall of fame.

    candidate: birth number. score: in the search, on the validation part, at the largest budget it had there.
    trained: that budget, images x epochs.
    rescored: mean of fresh trainings on the selection part, or None; rescorings: of each of them; retrained: images x
    epochs of each, None where they differ.
    origin: where it comes from, as "founder fast" or "mutant of 4". parents: birth numbers.
    is_control: whether it was scored again only because it is the first one born, which others have to beat.
    test_accuracy: of its last full training, or None if it had none; test_score: what candidates are ranked by, which
        is that accuracy unless a run ranks by something else, such as the loss. in_full: what it really did.
    """

    run: Models = field(repr=False)
    candidate: int
    score: float
    trained: int
    rescored: float | None
    parameters: int | None
    multiply_adds: int | None
    notation: str
    origin: str
    parents: tuple[int, ...]
    rescorings: tuple[float, ...] = ()
    retrained: int | None = None
    is_control: bool = False
    test_accuracy: float | None = None
    test_score: float | None = None
    in_full: Spent | None = None

    @property
    def change(self) -> float | None:
        """From its score to the mean of fresh trainings, as measured; None without them, or where they had another
        budget. Of a loss a negative change is for the better."""
        return None if self.rescored is None or self.retrained != self.trained else self.rescored - self.score

    @property
    def spread(self) -> float | None:
        """Standard deviation of those fresh trainings; None if there are fewer than two."""
        return stdev(self.rescorings) if len(self.rescorings) > 1 else None

    def __str__(self) -> str:
        """The leader in a line, for `print`."""
        again = "" if self.rescored is None else f", re-scored {score(self.rescored)}"
        test = "" if self.test_score is None else f", on the test part {score(self.test_score)}"
        return f"candidate {self.candidate}, {self.origin}: score {score(self.score)}{again}{test}"

    def _repr_html_(self) -> str:
        """The leader in a notebook, with its network."""
        return leader_html(self.to_json(), self._repr_svg_())

    def _repr_svg_(self) -> str | None:
        """Its network as a picture, where one is shown; None for an entry of a table, or where it cannot be read."""
        try:
            return self.run.picture(self.candidate)
        except EvolveError:
            return None

    def to_json(self) -> dict[str, Json]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "run"}

    def model(self, trust: Trust = ()) -> KerasModel:
        """The trained Keras model: raw images (batch, height, width, channels) -> class probabilities.

        trust: modules of the user's own layers, to be imported; without it TrustError. Raises RunError if this
        candidate was not trained in full; then `build` gives its network untrained.
        """
        return self.run.model(self.candidate, trust)

    def build(self, trust: Trust = ()) -> KerasModel:
        """The Keras model of this candidate, untrained. trust: as for `model`."""
        return self.run.build(self.candidate, trust)
