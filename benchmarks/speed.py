"""A generation of brief trainings: evolve's workers against the plain Keras loop that a user would write.

    python benchmarks/speed.py cifar10.npz --output results/published/speed

Eight random networks on 10,000 CIFAR-10 images. The plain loop builds, compiles, fits and evaluates one after the other
with Keras's defaults and all cores. evolve trains the same networks with the same recipes in one process per core. Both
are timed whole, imports included, in turn on the same machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np

from evolve.config import RunConfig
from evolve.execution.devices import usable_cores
from evolve.execution.processes import Processes
from evolve.image_problem import ImageProblem
from evolve.problem import make_problem
from evolve.training.parts import open_part
from evolve.values import Budget, Candidate, Purpose, Request
from genomes.recipe import DEFAULT

NETWORKS = 8

PLAIN = """
import json, sys
import numpy as np
import keras
from genomes.decode import decode
from genomes.spec import ModelSpec
x, y = np.load(sys.argv[1] + "/train_images.npy")[:10000] / 255.0, np.load(sys.argv[1] + "/train_labels.npy")[:10000]
vx, vy = np.load(sys.argv[1] + "/validation_images.npy") / 255.0, np.load(sys.argv[1] + "/validation_labels.npy")
for job in json.load(open(sys.argv[2])):
    model, recipe = decode(ModelSpec.from_json(job["blueprint"]), {"scale": 1.0, "offset": 0.0}), job["recipe"]
    rate = recipe["learning_rate"]
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=recipe["batch_size"], epochs=job["epochs"], validation_data=(vx, vy), verbose=0)
    print(model.evaluate(vx, vy, verbose=0)[1])
"""


def jobs(problem: ImageProblem, epochs: int) -> list[dict[str, object]]:
    """Jobs of random networks with plain recipes: Adam at random rates and batch sizes, as the plain loop trains."""
    rng, made = Random(5), []
    for number in range(1, NETWORKS + 1):
        genome = problem.space.random(rng).genome
        request = Request(
            number, Candidate(number, genome, "key"), Budget(10_000, epochs), 0, Purpose.SEARCH, f"{number:08x}"
        )
        job = problem.job(request, problem.space.blueprint(genome), None)
        recipe = genome.recipe
        plain = replace(DEFAULT, learning_rate=recipe.learning_rate, batch_size=recipe.batch_size, optimizer="adam")
        made.append({**job, "recipe": plain.to_json()})
    return made


def ours(problem: ImageProblem, work: list[dict[str, object]]) -> float:
    begun = time.perf_counter()
    executor = Processes(problem.evaluator, problem.settings, workers=usable_cores())
    for job in work:
        executor.submit(job)
    results = []
    while len(results) < len(work):
        results += executor.finished(1.0)
    executor.close()
    assert all(result.fitness is not None for result in results), results
    return time.perf_counter() - begun


def plain(problem: ImageProblem, work: list[dict[str, object]], folder: Path) -> float:
    (folder / "jobs.json").write_text(json.dumps(work))
    begun = time.perf_counter()
    command = [sys.executable, "-c", PLAIN, problem.parts.folder, str(folder / "jobs.json")]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("results/speed"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    problem = make_problem(RunConfig.checked({"dataset": options.dataset, "results": options.output / "runs"}), False)
    assert isinstance(problem, ImageProblem)
    open_part(problem.parts.folder, "train")
    work = jobs(problem, options.epochs)
    rows = []
    for _ in range(options.rounds):
        a, b = plain(problem, work, options.output), ours(problem, work)
        rows.append({"plain": round(a, 1), "evolve": round(b, 1), "ratio": round(a / b, 2)})
        print(rows[-1], flush=True)
    ratio = float(np.median([row["ratio"] for row in rows]))
    found = {
        "networks": NETWORKS,
        "epochs": options.epochs,
        "cores": usable_cores(),
        "rows": rows,
        "median ratio": ratio,
    }
    (options.output / f"speed-{options.epochs}.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.output / "jobs.json").unlink()
    print(f"the plain loop takes {ratio} times as long")


if __name__ == "__main__":
    main()
