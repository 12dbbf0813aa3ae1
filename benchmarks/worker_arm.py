"""Candidates an hour with so many workers, with the backend that KERAS_BACKEND names; prints a JSON object for each.

    KERAS_BACKEND=jax python benchmarks/worker_arm.py cifar10.npz --workers 8 4 2 1 --seconds 20

The workers train mutants of the fast founders, on 5,000 images once. The most are started, and counting begins when as
many results have come; then all but the next number of them end, and so on, each for `--seconds`. With `--gpu` they
share one GPU, and the share of the time in which it computed is what nvidia-smi says of it, four times a second.
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
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", help="a data set's name or an .npz file")
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 1], help="in this order, fewer each time")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--gpu", action="store_true")
    return parser.parse_args()


def measure(given: argparse.Namespace, results: Path) -> Iterator[dict[str, Any]]:
    from evolve.config import RunConfig
    from evolve.problems.making import make_problem
    from evolve.problems.workers import make_executor

    wanted = {"dataset": given.dataset, "precision": given.precision, "results": results, "name": "arm"}
    wanted |= {"workers": max(given.workers), "device": "gpu" if given.gpu else "cpu"}
    wanted |= {"images": given.images, "epochs": 1, "max_multiply_adds": 10**9}
    problem = make_problem(RunConfig.checked(wanted), given.gpu)
    executor = make_executor(problem, max(given.workers))
    jobs = candidates(problem)
    begun = time.monotonic()
    try:
        for _ in range(max(given.workers) + 2):
            executor.submit(next(jobs))
        for count in given.workers:
            executor.resize(count)
            seen = collect(executor, jobs, max(count, executor.running), 120)
            ready, busy = time.monotonic(), Busy()
            with busy:
                done = collect(executor, jobs, None, given.seconds)
            told = figures([*seen, *done], done, time.monotonic() - ready)
            yield {"workers": count, "ready_s": round(ready - begun, 1), **told, "gpu_busy": busy.share}
    finally:
        executor.close()


def figures(seen: list[Any], done: list[Any], seconds: float) -> dict[str, Any]:
    """Of the results that were counted, and what went wrong with any."""
    ok = [result for result in done if result.status == "ok"]
    stages = ("build", "trace", "data", "fit", "score", "seconds")
    usual = {stage: middle([result.timing.get(stage, 0.0) for result in ok]) for stage in stages}
    worst = sorted({f"{one.status}: {one.reason}" for one in seen if one.status != "ok"})[:3]
    peak = max((one.timing.get("gpu_peak_bytes", 0) for one in ok), default=0)
    told = {"done": len(ok), "an_hour": round(len(ok) * 3600 / seconds), "of_each": usual}
    return {**told, "failures": worst, "gpu_peak": peak}


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
    about = {"backend": os.environ.get("KERAS_BACKEND", "tensorflow"), "precision": given.precision}
    with tempfile.TemporaryDirectory() as folder:
        for row in measure(given, Path(folder)):
            print(json.dumps({**about, **row}), flush=True)


if __name__ == "__main__":
    main()
