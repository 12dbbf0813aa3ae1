"""One training on images of CIFAR-10's training part, and others of that part to score it on: the test part is not
looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.jobs import PartsUsed, Seeds, TrainingJob
from evolve.training.backends import this_backend
from evolve.training.epochs import Training
from evolve.training.stopwatch import Stopwatch
from evolve.values import Budget, Purpose
from genomes.decode import decode
from genomes.recipe import Recipe
from genomes.spec import ModelSpec
from genomes.stack.space import StackSpace

HELD_OUT = 10_000


@dataclass(frozen=True)
class Trained:
    """A network that was trained, and images (count, 32, 32, 3) with labels (count,) to score it on."""

    model: Any
    spec: ModelSpec
    recipe: Recipe
    images: NDArray[Any]
    labels: NDArray[Any]


def train(line: str, budget: Budget, seed: int, file: Path) -> Trained:
    """Trains a network, given in its notation, as the last training of a run does. With the same budget it is always on
    the same images. file: cifar10.npz."""
    with np.load(file) as data:
        x, y = data["x_train"], data["y_train"].ravel().astype(int)
    order = np.random.default_rng(0).permutation(len(x))
    trained_on, held_out = order[: budget.images], order[-HELD_OUT:]
    space = StackSpace((32, 32, 3), 10)
    genome = space.parse(line)
    spec = space.blueprint(genome)
    mean, deviation = x.mean(axis=(0, 1, 2)), x.std(axis=(0, 1, 2))
    pixels = {"scale": list(1 / deviation), "offset": list(-mean / deviation)}
    this_backend().prepare(gpu=False, share=1.0)
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = decode(spec, pixels, instead=this_backend().layers(gpu=False))
    job = TrainingJob(
        number=1,
        spec=spec,
        recipe=genome.recipe,
        budget=budget,
        seeds=Seeds(*np.random.default_rng(seed).integers(0, 2**31, 4).tolist()),
        parts=PartsUsed("", ("train",), "validation"),
        purpose=Purpose.TRAIN,
    )
    training = Training(model, x[trained_on], y[trained_on], job, (0.0, 255.0), Stopwatch())
    training.run(lambda point: print(line.split(",")[0], seed, point, flush=True))
    return Trained(model, spec, genome.recipe, x[held_out], y[held_out])
