"""Where the seconds and the memory of a brief training went, and what was done about it.

    python benchmarks/training_costs.py --output results/published/engine

Random networks for CIFAR-sized images, each question in a process of its own with one thread, as workers have:

fit, steps            an epoch by Keras's `fit` and by evolve's loop inside TensorFlow; the wall clock and the processor
plain, compiled       scoring 5,000 images layer by layer, and compiled first (compiling counted)
rewriting, none       making a training graph and its first step, with and without TensorFlow's rewriting of graphs
kept, forgotten       memory after many networks, as Keras's `clear_session` leaves it and as a worker does
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

NETWORKS = 10
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """On the wall clock and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


class Question:
    """One question about the same networks. images: (count, 32, 32, 3), targets: (count, 10)."""

    def __init__(self) -> None:
        import numpy as np

        from genomes.limits import Limits
        from genomes.stack.space import StackSpace

        space, rng = StackSpace((32, 32, 3), 10, Limits(max_multiply_adds=3_000_000)), Random(5)
        self.genomes = [space.random(rng).genome for _ in range(NETWORKS)]
        self.specs = [space.blueprint(genome) for genome in self.genomes]
        made = np.random.default_rng(0)
        self.images = made.integers(0, 256, (9984, 32, 32, 3), dtype=np.uint8)
        self.targets = np.eye(10, dtype=np.float32)[made.integers(0, 10, 9984)]

    def model(self, number: int) -> Any:
        from evolve.training.epochs import build_ahead
        from genomes.decode import decode

        made = decode(self.specs[number], {"scale": 1 / 255, "offset": 0.0})
        made.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
        build_ahead(made)
        return made

    def ask(self, name: str) -> dict[str, float]:
        from evolve.training.backends import this_backend

        if name in ("steps", "compiled", "none", "forgotten"):
            this_backend().prepare(gpu=False, share=1.0)
        how = {"fit": self.epochs, "steps": self.epochs, "plain": self.scores, "compiled": self.scores}
        how |= {"rewriting": self.tracing, "none": self.tracing, "kept": self.memory, "forgotten": self.memory}
        return how[name](name)

    def epochs(self, name: str) -> dict[str, float]:
        """The second epoch of three networks, so that tracing is not among it."""
        from evolve.training.backends import this_backend

        wall = processor = 0.0
        for number in range(3):
            model = self.model(number)
            if name == "fit":
                train = partial(model.fit, batch_size=128, epochs=1, shuffle=False, verbose=0)
            else:
                train = this_backend().training_steps(model, 128, len(self.images), self.images.dtype)
            train(self.images, self.targets)
            spent = seconds(partial(train, self.images, self.targets))
            wall, processor = wall + spent[0], processor + spent[1]
        return {"wall clock, s": wall, "processor, s": processor}

    def scores(self, name: str) -> dict[str, float]:
        from evolve.training.backends import this_backend

        models = [self.model(number) for number in range(NETWORKS)]
        total = 5000 if name == "compiled" else 0
        spent = [seconds(lambda m=m: this_backend().classifier(m, total)(self.images[:5000])) for m in models]
        return {"wall clock, s": sum(wall for wall, _ in spent), "processor, s": sum(used for _, used in spent)}

    def tracing(self, name: str) -> dict[str, float]:
        from evolve.training.backends import this_backend

        made = first = rest = 0.0
        steps = this_backend().training_steps
        for number in range(NETWORKS):
            model, kept = self.model(number), []
            made += seconds(lambda m=model, k=kept: k.append(steps(m, 128, len(self.images), self.images.dtype)))[1]
            first += seconds(lambda k=kept: k[0](self.images[:128], self.targets[:128]))[1]
            rest += seconds(lambda k=kept: k[0](self.images[:2048], self.targets[:2048]))[1]
        return {"tracing, s": made, "first step, s": first, "sixteen more steps, s": rest}

    def memory(self, name: str) -> dict[str, float]:
        import keras

        from evolve.execution.memory import held
        from evolve.training.backends import this_backend

        seen = []
        for number in [*range(NETWORKS)] * 3:
            steps = this_backend().training_steps(self.model(number), 128, 256, self.images.dtype)
            steps(self.images[:256], self.targets[:256])
            this_backend().forget() if name == "forgotten" else keras.backend.clear_session()
            seen.append(held() / 1e6)
        each = (seen[-1] - seen[NETWORKS - 1]) / (len(seen) - NETWORKS)  # all have been there once by then
        return {"after the first, MB": seen[0], "after the last, MB": seen[-1], "each of the later ones, MB": each}


QUESTIONS = ("fit", "steps", "plain", "compiled", "rewriting", "none", "kept", "forgotten")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/engine"))
    parser.add_argument("--question", choices=QUESTIONS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.question:
        print(json.dumps({what: round(value, 2) for what, value in Question().ask(options.question).items()}))
        return
    options.output.mkdir(parents=True, exist_ok=True)
    found = {}
    for question in QUESTIONS:
        command = [sys.executable, __file__, "--question", question]
        done = subprocess.run(command, env={**os.environ, **ONE_THREAD, **QUIET}, stdout=subprocess.PIPE, check=True)
        found[question] = json.loads(done.stdout.splitlines()[-1])
        print(question, found[question], flush=True)
    (options.output / "training-costs.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
