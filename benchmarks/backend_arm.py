"""Trains five fixed networks with the backend that KERAS_BACKEND names; prints one JSON object for each training.

    KERAS_BACKEND=jax python benchmarks/backend_arm.py digits --epochs 3 --seeds 3
    KERAS_BACKEND=torch python benchmarks/backend_arm.py cifar10.npz --images 4000 --epochs 2 --gpu --fit

--fit: each network is also trained by Keras's own `fit`, on the same images in batches of the same size, for the time.
Figures: accuracy and loss on validation images; seconds to trace or compile, of training steps, of scoring, and of
`fit`, all of it, with what it compiles; a digest of the weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

NETWORKS = ("fast", "vgg", "resnet", "inception", "densenet")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="a data set's name or an .npz file")
    parser.add_argument("--images", type=int, default=100_000, help="at most")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each network")
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--share", type=float, default=1.0, help="of the GPU's memory")
    parser.add_argument("--fit", action="store_true")
    return parser.parse_args()


def trainings(given: argparse.Namespace, results: Path) -> Iterator[dict[str, Any]]:
    from evolve.config import RunConfig
    from evolve.engine.initial_population import founder
    from evolve.jobs import TrainingJob
    from evolve.problems.images import ImageProblem
    from evolve.problems.making import make_problem
    from evolve.training.evaluator import Trainer
    from evolve.values import Budget, Candidate, Purpose, Request
    from genomes import candidate_key

    wanted = {
        "dataset": given.dataset,
        "precision": given.precision,
        "results": results,
        "name": "arm",
        "max_multiply_adds": 10**11,
    }
    problem = make_problem(RunConfig.checked(wanted), given.gpu)
    assert isinstance(problem, ImageProblem)
    settings = {**problem.settings, "gpu_share": given.share}
    trainer = Trainer(settings)
    budget = Budget(min(given.images, problem.parts.sizes["train"]), given.epochs)

    def job_of(name: str, seed: int, budget: Budget) -> TrainingJob:
        genome = founder(problem.space, name, results).genome
        blueprint = problem.space.blueprint(genome)
        candidate = Candidate(1, genome, candidate_key(genome, blueprint))
        request = Request(1, candidate, budget, seed, Purpose.SEARCH, f"{seed:064x}")
        return replace(problem.job(request, blueprint, keeps_weights=True), may_give_up=False)

    if given.fit:  # what a backend does once in a process is counted for neither
        fit_seconds(job_of(given.networks[0], 0, Budget(256, 1)), settings)
    for name in given.networks:
        for seed in range(given.seeds):
            job = job_of(name, seed, budget)
            result = trainer.evaluate(job)
            row = {"network": name, "seed": seed, "status": str(result.status), "reason": result.reason}
            row |= {key: result.measures.get(key) for key in ("accuracy", "loss")}
            row |= {"timing": dict(result.timing), "weights": weights_digest(settings, job.key)}
            yield row | ({"fit": fit_seconds(job, settings)} if given.fit and seed == 0 else {})


def weights_digest(settings: dict[str, Any], key: str) -> str | None:
    from evolve.storage.files import weights_path
    from evolve.training.weights import load_arrays

    arrays = load_arrays(weights_path(Path(settings["weights"]), key))
    if arrays is None:
        return None
    return hashlib.sha256(b"".join(arrays[name].tobytes() for name in sorted(arrays))).hexdigest()[:16]


def fit_seconds(job: Any, settings: dict[str, Any]) -> float:
    """Seconds of Keras's own `fit`, as a user calls it."""
    import keras
    import numpy as np

    from evolve.training.evaluator import prepare_training, training_images
    from evolve.training.optimizers import optimizer
    from evolve.training.stopwatch import Stopwatch

    training = prepare_training(job, settings, Stopwatch(), training_images(job, settings))
    model, batch = training.model, job.recipe.batch_size
    count = len(training.images) // batch * batch
    images = np.asarray(training.images[:count])
    targets = np.eye(model.output_shape[-1], dtype=np.float32)[training.labels[:count]]
    begun = time.perf_counter()
    steps = count // batch * job.budget.epochs
    model.compile(optimizer(job.recipe, steps), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, targets, batch_size=batch, epochs=job.budget.epochs, verbose=0)
    keras.backend.clear_session()
    return round(time.perf_counter() - begun, 3)


def main() -> None:
    given = options()
    if not given.gpu:
        os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"} | dict.fromkeys(THREADS, "1")
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    about = {"backend": os.environ.get("KERAS_BACKEND", "tensorflow"), **told_of(given)}
    with tempfile.TemporaryDirectory() as folder:
        for row in trainings(given, Path(folder)):
            print(json.dumps({**about, **row}), flush=True)


def told_of(given: argparse.Namespace) -> dict[str, Any]:
    """What the rows are of."""
    told = ("images", "epochs", "precision", "gpu", "share")
    return {name: getattr(given, name) for name in told} | {"dataset": Path(given.dataset).stem}


if __name__ == "__main__":
    main()
