"""What a run is about: the search space, the evaluator that judges genomes, the budgets, and what a score depends on.

A problem turns requests into jobs. There are two: images, which are trained on, and tables, which are looked up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from evolve.config import RunConfig
from evolve.training.datasets import load
from evolve.training.parts import SEARCH_PARTS, Parts, prepare, reopen, settings
from evolve.training.tables import Table, load_table
from evolve.values import Budget, Job, Purpose, Request, digest
from genomes import Blueprint, SearchSpace
from genomes.choices import ChoicesSpace
from genomes.spec import Shape
from genomes.stack import StackSpace

EVALUATOR_VERSION = 1
BRIEF_IMAGES = 10_000
BRIEF_PASSES = 30_000  # images x epochs of a brief training, unless the user says otherwise
BRIEF_EPOCHS = 10
FINAL_EPOCHS = 40
# The cost of building a model and tracing its training, in multiplications; orders results, decides nothing else.
START_COST = 3e10
SLOWEST = 5e8  # multiplications a second of a very slow processor; a limit per candidate is several times too long


class Problem(Protocol):
    """See the module's text.

    space: the search space. executor, evaluator, settings: where and by what jobs are evaluated.
    """

    executor: str
    evaluator: str

    @property
    def space(self) -> SearchSpace: ...
    @property
    def settings(self) -> dict[str, Any]:
        """JSON that builds the evaluator."""
        ...

    def budget(self, purpose: Purpose) -> Budget:
        """The budget of a request for that purpose."""
        ...

    def job_key(self, key: str, budget: Budget, repeat: int, purpose: Purpose) -> str:
        """SHA-256 of all that decides the score of the candidate with that key."""
        ...

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        """Predicted cost of a job, in any unit."""
        ...

    def job(self, request: Request, blueprint: Blueprint, save: Path | None) -> Job:
        """What a worker needs to know."""
        ...

    def describe(self) -> dict[str, Any]:
        """What must be the same when a run is continued; for people, too."""
        ...


def image_space(config: RunConfig, input_shape: Shape, classes: int) -> StackSpace:
    """The search space of a run on images, with the run's limits."""
    limits = {name: getattr(config, name) for name in ("max_layers", "max_parameters", "max_multiply_adds")}
    return StackSpace(input_shape, classes, **limits)


def make_problem(config: RunConfig, gpu: bool, known: Mapping[str, Any] | None = None) -> Problem:
    """The problem that the settings name. Reads and prepares its data; raises DataError.

    known: what an earlier session stored of it. Data with its digest that lie prepared are used, wherever they came
    from.
    """
    if config.table is not None:
        return TableProblem(config.seed, load_table(config.table))
    folder = config.results / ".data"
    parts = reopen(folder, known["digest"], known["name"]) if known else None
    return ImageProblem(config, parts or prepare(load(config.dataset), folder), gpu)


@dataclass(frozen=True)
class ImageProblem:
    """Classify images: train each network on the train part, score it on a part it was not trained on."""

    config: RunConfig
    parts: Parts
    gpu: bool
    executor = "processes"
    evaluator = "evolve.training.evaluator:Trainer"

    @cached_property
    def space(self) -> StackSpace:
        return image_space(self.config, self.parts.input_shape, self.parts.classes)

    @property
    def settings(self) -> dict[str, Any]:
        return {**settings(self.parts), "gpu": self.gpu, "backend": backend_name()}

    def budget(self, purpose: Purpose) -> Budget:
        images = min(self.config.images or BRIEF_IMAGES, self.parts.sizes["train"])
        epochs = self.config.epochs or min(BRIEF_EPOCHS, max(1, round(BRIEF_PASSES / images)))
        if purpose is not Purpose.FINAL:
            return Budget(images, epochs)
        return Budget(sum(self.parts.sizes[part] for part in SEARCH_PARTS), self.config.final_epochs or FINAL_EPOCHS)

    def job_key(self, key: str, budget: Budget, repeat: int, purpose: Purpose) -> str:
        device = "gpu" if self.gpu else "cpu"
        where = (backend(), device, EVALUATOR_VERSION, self.parts.digest)
        return digest("train", *where, key, budget.images, budget.epochs, purpose, repeat, self.config.seed)

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        return START_COST + 3.0 * (blueprint.multiply_adds or 0) * budget.size

    def job(self, request: Request, blueprint: Blueprint, save: Path | None) -> Job:
        assert request.job_key is not None
        final = request.purpose is Purpose.FINAL
        score = {Purpose.SEARCH: "validation", Purpose.RESCORE: "selection", Purpose.FINAL: "test"}
        limit = self.config.candidate_timeout or 120 + self.cost(blueprint, request.budget) / SLOWEST
        return {
            "request": request.number,
            "seed": int(request.job_key[:8], 16),
            "blueprint": blueprint.to_json(),
            "recipe": request.candidate.genome.recipe_json(),
            "images": request.budget.images,
            "epochs": request.budget.epochs,
            "train": list(SEARCH_PARTS) if final else ["train"],
            "score": score[request.purpose],
            "test_folder": self.parts.test_folder if final else None,
            "save": str(save) if save else None,
            "time_limit": limit,
        }

    def describe(self) -> dict[str, Any]:
        known = {name: value for name, value in asdict(self.parts).items() if not name.endswith("folder")}
        return {**known, "backend": backend(), "device": "gpu" if self.gpu else "cpu"}


@dataclass(frozen=True)
class TableProblem:
    """Find the best entry of a table."""

    seed: int
    table: Table
    executor = "in-process"
    evaluator = "evolve.training.tables:TableEvaluator"

    @cached_property
    def space(self) -> ChoicesSpace:
        entries = {
            code: {**entry.get("measures", {}), "cost": entry.get("cost")}
            for code, entry in self.table["entries"].items()
        }
        return ChoicesSpace(self.table["name"], tuple(self.table["choices"]), entries)

    @property
    def settings(self) -> dict[str, Any]:
        return {"table": self.table, "seed": self.seed}

    def budget(self, purpose: Purpose) -> Budget:
        return Budget(1, 1)

    def job_key(self, key: str, budget: Budget, repeat: int, purpose: Purpose) -> str:
        return digest("table", self._digest, key, purpose, repeat, self.seed)

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        return float(getattr(blueprint, "cost", None) or blueprint.multiply_adds or 1.0)

    def job(self, request: Request, blueprint: Blueprint, save: Path | None) -> Job:
        return {
            "request": request.number,
            "blueprint": blueprint.to_json(),
            "images": request.budget.images,
            "epochs": request.budget.epochs,
            "repeat": request.repeat,
            "score": "test" if request.purpose is Purpose.FINAL else "training",
        }

    def describe(self) -> dict[str, Any]:
        return {"table": self.table["name"], "digest": self._digest}

    @cached_property
    def _digest(self) -> str:
        return digest(json.dumps(self.table, sort_keys=True))

    @property
    def trainings(self) -> int:
        """Published trainings of each entry, the fewest."""
        return min(len(entry["fitness"]) for entry in self.table["entries"].values())


def backend() -> str:
    """Name and version of the Keras backend that workers will use, without importing it."""
    name = backend_name()
    for package in DISTRIBUTIONS.get(name, (name,)):
        try:
            return f"{name} {version(package)}, keras {version('keras')}"
        except PackageNotFoundError:
            continue
    return f"{name}, not installed"


def backend_name() -> str:
    """What KERAS_BACKEND says, or TensorFlow."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


DISTRIBUTIONS = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}
