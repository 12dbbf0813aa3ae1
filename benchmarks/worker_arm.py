"""Candidates an hour with so many workers, with the backend that KERAS_BACKEND names; prints one JSON object.

    KERAS_BACKEND=jax python benchmarks/worker_arm.py cifar10.npz --workers 4 --seconds 20

The workers train the same candidates in the same order: mutants of the fast founders, on 5,000 images once. Counting
begins when each worker has trained one, and ends after `--seconds`. With `--gpu` they share one GPU, and the share of
the time in which it computed is what nvidia-smi says of it, read four times a second.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from random import Random
from typing import Any


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="a data set's name or an .npz file")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--gpu", action="store_true")
    return parser.parse_args()


def measure(given: argparse.Namespace, results: Path) -> dict[str, Any]:
    from evolve.config import RunConfig
    from evolve.problems.making import make_problem
    from evolve.problems.workers import make_executor

    wanted = {"dataset": given.dataset, "precision": given.precision, "results": results, "name": "arm"}
    wanted |= {"workers": given.workers, "device": "gpu" if given.gpu else "cpu", "images": given.images, "epochs": 1}
    config = RunConfig.checked({**wanted, "max_multiply_adds": 10**9})
    problem = make_problem(config, given.gpu)
    executor = make_executor(problem, given.workers)
    jobs = candidates(problem)
    begun, busy = time.monotonic(), Busy()
    try:
        for _ in range(given.workers + 2):
            executor.submit(next(jobs))
        first = collect(executor, jobs, given.workers, 120)
        counted, ready = time.monotonic(), time.monotonic() - begun
        with busy:
            done = collect(executor, jobs, None, given.seconds)
        seconds = time.monotonic() - counted
    finally:
        executor.close()
    ok = [result for result in done if result.status == "ok"]
    stages = ("build", "trace", "data", "fit", "score", "seconds")
    usual = {stage: middle([result.timing.get(stage, 0.0) for result in ok]) for stage in stages}
    worst = sorted({f"{one.status}: {one.reason}" for one in (*first, *done) if one.status != "ok"})[:3]
    peak = max((one.timing.get("gpu_peak_bytes", 0) for one in ok), default=0)
    figures = {
        "ready_s": round(ready, 1),
        "done": len(ok),
        "an_hour": round(len(ok) * 3600 / seconds),
        "of_each": usual,
    }
    return {**figures, "failures": worst, "gpu_busy": busy.share, "gpu_peak": peak}


def candidates(problem: Any) -> Any:
    """Jobs without end: mutants of the fast founders."""
    from evolve.engine.initial_population import founder
    from evolve.values import Candidate, Purpose, Request
    from genomes import candidate_key

    rng, number = Random(1), 0
    names = ("fast", "fast-wide", "fast-large")
    genomes = [founder(problem.space, name, Path()).genome for name in names]
    while True:
        genome = problem.space.mutate(genomes[number % len(genomes)], rng).genome
        blueprint = problem.space.blueprint(genome)
        number += 1
        candidate = Candidate(number, genome, candidate_key(genome, blueprint))
        request = Request(number, candidate, problem.rungs[0], 0, Purpose.SEARCH, f"{number:064x}")
        yield problem.job(request, blueprint)


def collect(executor: Any, jobs: Any, count: int | None, seconds: float) -> list[Any]:
    """Results, for each of which another job is submitted: so many, or those of so many seconds."""
    results: list[Any] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and (count is None or len(results) < count):
        for result in executor.finished(0.25):
            results.append(result)
            executor.submit(next(jobs))
    return results


class Busy:
    """The share of the time in which the first GPU computed, None without one."""

    share: float | None = None

    def __enter__(self) -> Busy:
        self._stop = threading.Event()
        self._seen: list[float] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self.share = round(statistics.mean(self._seen) / 100, 3) if self._seen else None

    def _watch(self) -> None:
        command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--id=0"]
        while not self._stop.wait(0.25):
            try:
                self._seen.append(float(subprocess.run(command, capture_output=True, text=True).stdout))
            except (OSError, ValueError):
                return


def middle(values: list[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None


def main() -> None:
    given = options()
    about = {"backend": os.environ.get("KERAS_BACKEND", "tensorflow"), "workers": given.workers}
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({**about, "precision": given.precision, **measure(given, Path(folder))}), flush=True)


if __name__ == "__main__":
    main()
