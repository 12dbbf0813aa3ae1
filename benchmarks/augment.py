"""Augmentation against training, on one core: seconds per image of each change, and its share of a training step.

    python benchmarks/augment.py --output results/published/augment

The step is that of the article's first net (10.5 million multiply-adds) on 32x32 images in batches of 128. Rounds of
augmentation and of training take turns, so that a busy machine disturbs both; the medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from statistics import median
from time import perf_counter

for library in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[library] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np  # noqa: E402

from evolve.jobs import PartsUsed, Seeds, TrainingJob  # noqa: E402
from evolve.training.augment import augment  # noqa: E402
from evolve.training.epochs import Training  # noqa: E402
from evolve.training.stopwatch import Stopwatch  # noqa: E402
from evolve.values import Budget, Purpose  # noqa: E402
from genomes.decode import decode  # noqa: E402
from genomes.recipe import DEFAULT  # noqa: E402
from genomes.stack.founders import FOUNDERS  # noqa: E402
from genomes.stack.space import StackSpace  # noqa: E402

COUNT = 1280
STRONG = {
    "flip": True,
    "shift": 4,
    "cutout": 8,
    "contrast": 0.4,
    "brightness": 0.2,
    "rotation": 15.0,
    "zoom": 0.2,
    "mixup": 0.2,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (COUNT, 32, 32, 3)).astype(np.uint8)
    labels = rng.integers(0, 10, COUNT)
    targets = np.eye(10, dtype=np.float32)[labels]
    off = DEFAULT.to_json()
    recipes = {**{name: {**off, name: value} for name, value in STRONG.items()}, "all of them": {**off, **STRONG}}
    genome = StackSpace((32, 32, 3), 10).parse(FOUNDERS["article-1"])
    model = decode(StackSpace((32, 32, 3), 10).blueprint(genome))
    job = TrainingJob(
        number=1,
        spec=StackSpace((32, 32, 3), 10).blueprint(genome),
        recipe=genome.recipe,
        budget=Budget(COUNT, arguments.rounds + 1),
        seeds=Seeds(0, 0, 0, 0),
        parts=PartsUsed("", ("train",), "validation"),
        purpose=Purpose.SEARCH,
    )
    training = Training(model, images, labels, job, (0.0, 255.0), Stopwatch())
    steps: list[float] = []
    begun = perf_counter()
    seconds: dict[str, list[float]] = {name: [] for name in recipes}

    def turn(point: dict[str, float]) -> None:
        """Called after each epoch: notes how long it took, and times one round of augmentation."""
        nonlocal begun
        if point["epoch"] > 1:  # the first one is mostly tracing
            steps.append((perf_counter() - begun) / COUNT)
        for name, recipe in recipes.items():
            start = perf_counter()
            augment(images, targets, recipe, 0.0, 255.0, rng)
            seconds[name].append((perf_counter() - start) / COUNT)
        begun = perf_counter()

    training.run(turn)
    step = median(steps)
    rows = {name: median(values) for name, values in seconds.items()}
    print(f"training: {step * 1e6:.0f} microseconds per image\n")
    print(f"{'change':14} {'microseconds':>12} {'of a step':>10}")
    for name, value in rows.items():
        print(f"{name:14} {value * 1e6:12.1f} {value / step:10.1%}")
    if arguments.output:
        arguments.output.mkdir(parents=True, exist_ok=True)
        report = {
            "command": f"python benchmarks/augment.py --rounds {arguments.rounds} --output {arguments.output}",
            "training_microseconds_per_image": step * 1e6,
            "microseconds_per_image": {name: value * 1e6 for name, value in rows.items()},
            "share_of_a_training_step": {name: value / step for name, value in rows.items()},
            "python": platform.python_version(),
        }
        (arguments.output / "augment.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
