"""A baseline that is a Keras model of the user's own, trained as it stands: mine against evolve's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evolve.config import RunConfig
from evolve.data.pixels import BYTES
from evolve.data.splits import SEARCH_PARTS
from evolve.errors import ConfigError, RunError
from evolve.execution.isolated import call_isolated
from evolve.jobs import KerasModelJob, PartsUsed
from evolve.models.adopt import RANGES
from evolve.problems.images import ImageProblem
from evolve.problems.work import FLOAT32, epochs_within, training_work
from evolve.settings import path_of
from evolve.values import Budget

EVALUATORS = {KerasModelJob.kind: "evolve.training.keras_model:KerasModelTrainer"}
USUAL_EPOCHS = 40


@dataclass(frozen=True)
class OwnModel:
    """A model in a file, and what it costs, see `evolve.models.model_costs`."""

    path: Path
    costs: Mapping[str, Any]

    @classmethod
    def of(cls, path: str | Path, pixels: str | None = None) -> OwnModel:
        """pixels: the range that it expects, as for `adopt`. Raises RunError for a file that is none, or a model that
        is no classifier of images."""
        found = path_of(path)
        if not found.is_file():
            raise RunError(f"model {found}: there is no such file")
        return cls(
            found, call_isolated("evolve.models.model_costs:costs", {"model": str(found.absolute()), "pixels": pixels})
        )

    def check(self, problem: ImageProblem) -> None:
        """Raises ConfigError if it is not for these images."""
        parts = problem.parts
        shape, classes = tuple(self.costs["input_shape"]), self.costs["classes"]
        if shape != tuple(parts.input_shape) or classes != parts.classes:
            here, there = (" x ".join(map(str, one)) for one in (parts.input_shape, shape))
            raise ConfigError(
                f"model {self.path} takes images of {there} and tells {classes} classes apart; those of "
                f"{parts.name} are {here}, of {parts.classes} classes"
            )

    def epochs(self, problem: ImageProblem, config: RunConfig) -> int:
        """As many as the settings say, or as the units of work allow, one at least."""
        if config.work is None:
            return config.final_epochs or USUAL_EPOCHS
        each = self.costs["multiply_adds"] + FLOAT32.value_work * self.costs["values"]
        allowed = epochs_within(config.work, lambda epochs: training_work(each, problem.images * epochs))
        return min(allowed, config.final_epochs or allowed)

    def job(self, problem: ImageProblem, config: RunConfig, name: str) -> KerasModelJob:
        """Its training on all images that are not for testing."""
        return KerasModelJob(
            number=1,
            key=name,
            model=self.costs["model"],
            classes=problem.parts.classes,
            pixels=self._pixels(problem),
            budget=Budget(problem.images, self.epochs(problem, config)),
            parts=PartsUsed(problem.parts.digest, SEARCH_PARTS, "test", test=problem.parts.test),
            seed=config.seed,
            name=name,
        )

    def _pixels(self, problem: ImageProblem) -> tuple[float, float]:
        if self.costs["range"] == "0-255" and problem.parts.depth in (BYTES, ""):  # as they are
            return 1.0, 0.0
        to_one = problem.parts.pixels["scale"]
        scale, offset = RANGES[self.costs["range"]]
        return scale * float(to_one["scale"]), scale * float(to_one["offset"]) + offset
