"""What it costs when the memory of a training step goes back to the system, and is cleared anew for the next one.

    python benchmarks/page_faults.py --output results/published/engine

Four epochs of one network on CIFAR-sized images, the first of which does not count, each time in a fresh process with
two threads: with the C library as it is, and told to keep what is freed, as workers tell it. Whether memory goes back
depends on where it happens to lie, so a single process shows nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

NETWORK = (
    "conv 8 3, batchnorm, relu, conv 16 3, maxpool 2, batchnorm, relu, conv 16 3, batchnorm, relu, conv 32 3, "
    "maxpool 2, batchnorm, relu, conv 64 3, batchnorm, relu, global_average | sgd 0.1, batch 128"
)
IMAGES, EPOCHS = 2560, 3
THREADS = {"TF_NUM_INTRAOP_THREADS": "2", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "2"}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
ARMS = ("handed back", "kept")


def train(arm: str) -> dict[str, float]:
    """Seconds on the wall clock, those of them that the system took for itself (of two cores), and page faults."""
    from evolve.execution.memory import keep_freed

    if arm == "kept":
        keep_freed()
    import numpy as np

    from evolve.training.backends import this_backend
    from evolve.training.epochs import build_ahead
    from genomes.decode import BYTES, decode
    from genomes.stack.space import StackSpace

    backend, space = this_backend(), StackSpace((32, 32, 3), 10)
    backend.prepare(gpu=False, share=1.0)
    model = decode(space.blueprint(space.parse(NETWORK)), BYTES, instead=backend.layers(gpu=False))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    build_ahead(model)
    made = np.random.default_rng(0)
    images = made.integers(0, 256, (IMAGES, 32, 32, 3), dtype=np.uint8)
    targets = np.eye(10, dtype=np.float32)[made.integers(0, 10, IMAGES)]
    epoch = backend.training_steps(model, 128, IMAGES, images.dtype)
    epoch(images, targets)
    before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for _ in range(EPOCHS):
        epoch(images, targets)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": round(seconds, 2),
        "system": round(after.ru_stime - before.ru_stime, 2),
        "faults": after.ru_minflt - before.ru_minflt,
        "most_mb": round(after.ru_maxrss / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/engine"))
    parser.add_argument("--processes", type=int, default=12)
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        print(json.dumps(train(options.arm)))
        return
    found: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
    for number in range(options.processes):
        for arm in ARMS[:: 1 if number % 2 else -1]:
            command = [sys.executable, __file__, "--arm", arm]
            done = subprocess.run(command, env={**os.environ, **THREADS, **QUIET}, stdout=subprocess.PIPE, check=True)
            found[arm].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"process {number + 1} of {options.processes}, {arm}: {found[arm][-1]}", flush=True)
    for arm, rows in found.items():
        print(f"{arm}: {mean(row['seconds'] for row in rows):.2f} s")
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "page-faults.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
