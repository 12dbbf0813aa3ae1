"""A user's own fitness function instead of ours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evolve.execution.custom_fitness import fitness_function
from evolve.execution.executor import Report, unheard
from evolve.jobs import TrainingJob
from evolve.objectives import FITNESS
from evolve.storage.files import saved_model_path
from evolve.storage.model_file import save_model
from evolve.training.epochs import Point, Training
from evolve.training.evaluator import begin, keep, prepare_backend, prepare_training, training_images
from evolve.training.guarding import guard
from evolve.training.part_images import part_images
from evolve.training.stopwatch import Stopwatch
from evolve.values import Result, Spent, Status


@dataclass(frozen=True)
class FitnessData:
    """What a fitness function gets beside the model.

    train_images, train_labels: to train on, (count, height, width, channels) raw pixels and (count,) whole numbers.
    images, labels: to score on; validation in the search, selection when leaders are re-scored, test at the end.
    epochs: of this budget. recipe: the genome's. class_names: one per class.
    """

    train_images: NDArray[Any]
    train_labels: NDArray[Any]
    images: NDArray[Any]
    labels: NDArray[Any]
    epochs: int
    recipe: Mapping[str, Any]
    class_names: tuple[str, ...]
    _training: Training = field(repr=False)
    _report: Any = field(repr=False)

    def train(self) -> list[Point]:
        """Trains the model as evolve does without a fitness function; its learning curve, one point per epoch."""
        return self._training.run(lambda point: self._report(**point))


class CustomFitness:
    """Calls `fitness(model, data, progress)` for each job: a compiled Keras model, a `FitnessData`, and a function that
    takes figures by name, to be called from time to time. What it returns, a number or (number, dict of measures), is
    maximised."""

    takes: ClassVar[type[TrainingJob]] = TrainingJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._fitness = fitness_function(settings["fitness"])
        if settings.get("gpu"):
            prepare_backend(settings)

    def evaluate(self, job: TrainingJob, report: Report = unheard) -> Result:
        """The result of a job, as `Trainer.evaluate`. report: gets what the function says of its progress."""
        return guard(job, lambda job: self._judge(job, report))

    def _judge(self, job: TrainingJob, report: Report) -> Result:
        seen = training_images(job, self._settings)
        training = prepare_training(job, self._settings, Stopwatch(), seen, plain=True)
        inherited = begin(training, job, self._settings)
        curve: list[Point] = []
        model = job.model and saved_model_path(self._settings["models"], job.model)

        def progress(**figures: float) -> None:
            numbers = {name: float(value) for name, value in figures.items()}
            curve.append(numbers)
            report(**{**numbers, "epochs": job.budget.epochs})

        images, labels = map(np.asarray, part_images(self._settings["root"], job.parts, job.parts.score))
        budget = (job.budget.epochs, job.recipe.to_json(), tuple(self._settings["class_names"]))
        data = FitnessData(np.asarray(training.images), training.labels, images, labels, *budget, training, progress)
        before = _steps(training)
        returned = self._fitness(training.model, data, progress)
        value, measures = returned if isinstance(returned, tuple) else (returned, {})
        if not isinstance(value, int | float | np.number) or isinstance(value, bool):
            raise TypeError(f"fitness must return a number or (number, measures), not {returned!r}")
        if not math.isfinite(value):
            return Result(job.number, Status.DIVERGED, reason=f"the fitness function returned {value}")
        keep(training, job, self._settings)
        if model:
            save_model(training.model, model, self._settings)
        finite = {name: float(figure) for name, figure in measures.items() if math.isfinite(figure)}
        finite |= {} if inherited is None else {"inherited_share": inherited}
        whole = tuple(point for point in curve if all(map(math.isfinite, point.values())))
        spent = _spent(training, _steps(training) - before)
        return Result(job.number, Status.OK, {**finite, FITNESS: float(value)}, whole, spent)


def _steps(training: Training) -> int:
    """Steps that the optimizer of the model has made, whoever had it make them."""
    return int(training.model.optimizer.iterations)


def _spent(training: Training, steps: int) -> Spent:
    """What was really done. Where the function trains in its own way, the steps of the model's optimizer are all that
    is known of it, and if that made none, nothing is."""
    if steps > 0 and steps == training.spent["steps"]:
        return {**training.spent, "precision": "float32"}
    return {"steps": steps} if steps > 0 else {"precision": "float32"}
