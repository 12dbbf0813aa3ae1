"""Memory overnight: 300 candidates in a row, and the estimate against what is measured.

    python benchmarks/memory.py cifar10.npz --output results/published/engine

A run of 300 candidates trains each on a few CIFAR-10 images; meanwhile the coordinator's and the workers' memory are
looked at. Then networks of growing size are trained, each in a fresh worker, and the most that it held is compared with
the estimate by which too large ones are refused before anything is trained.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import evolve
from evolve.config import RunConfig
from evolve.execution.machine import usable_cores
from evolve.execution.processes import Processes
from evolve.jobs import Resources
from evolve.problems.images import ImageProblem
from evolve.problems.making import make_problem
from evolve.problems.spaces import WORKER_BYTES
from evolve.values import Budget, Candidate, Purpose, Request

SAMPLE_SECONDS = 1.0
# Four convolutions of so many filters at full size, trained in batches of so many images.
SIZES = [(16, 64), (32, 128), (64, 128), (64, 256), (128, 128), (128, 256), (256, 128)]


class Watch:
    """Looks at the memory of this process and of its workers as the run reports progress. MB."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._last, self._begun = 0.0, time.monotonic()

    def __call__(self, now: Any) -> None:
        if time.monotonic() - self._last < SAMPLE_SECONDS:
            return
        self._last = time.monotonic()
        process, workers = psutil.Process(), []
        for child in process.children():
            try:
                workers.append(round(child.memory_info().rss / 1e6))
            except psutil.Error:
                continue
        row = {
            "seconds": round(self._last - self._begun),
            "evaluations": getattr(now, "evaluations", None),
            "coordinator": round(process.memory_info().rss / 1e6, 1),
            "workers": sorted(workers)[-usable_cores() :],
        }
        self.rows.append(row)


def overnight(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    watch = Watch()
    run = evolve.run(
        dataset=str(options.dataset),
        results=folder,
        name="overnight",
        evaluations=options.candidates,
        images=options.images,
        epochs=1,
        leaders=1,
        rescorings=1,
        final_epochs=1,
        progress=watch,
    )
    searching = [row for row in watch.rows if row["evaluations"]]
    tenth = max(1, len(searching) // 10)
    coordinator = [row["coordinator"] for row in searching]
    largest = [max(row["workers"], default=0) for row in searching]
    ratios, failures = [], 0
    for entry in run.history():
        if entry["purpose"] != "search":
            continue
        failures += entry["status"] != "ok"
        if "peak_bytes" in entry["timing"]:
            genome = run.space.parse(entry["notation"])
            estimate = WORKER_BYTES + run.space.blueprint(genome).memory(genome.recipe.batch_size)
            ratios.append(estimate / entry["timing"]["peak_bytes"])
    return {
        "candidates": options.candidates,
        "failures": failures,
        "coordinator MB, first tenth": round(float(np.mean(coordinator[:tenth])), 1),
        "coordinator MB, last tenth": round(float(np.mean(coordinator[-tenth:])), 1),
        "largest worker MB, first tenth": round(float(np.mean(largest[:tenth]))),
        "largest worker MB, last tenth": round(float(np.mean(largest[-tenth:]))),
        "largest worker MB, ever": max(largest),
        "worker processes used": len({e["timing"].get("worker") for e in run.history()} - {None}),
        "estimate over measured peak": {
            "smallest": round(min(ratios), 2),
            "median": round(float(np.median(ratios)), 2),
            "largest": round(max(ratios), 2),
        },
        "samples": searching[:: max(1, len(searching) // 40)],
    }


def sizes(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Networks of growing size, each in a fresh worker."""
    given = {"dataset": str(options.dataset), "results": folder, "max_multiply_adds": 10**10}
    problem = make_problem(RunConfig.checked(given), False)
    assert isinstance(problem, ImageProblem)
    rows = []
    for number, (filters, batch) in enumerate(SIZES, start=1):
        layers = ", ".join([f"conv {filters} 3, relu"] * 4)
        genome = problem.space.parse(f"{layers}, global_average | sgd 0.01, batch {batch}")
        spec = problem.space.blueprint(genome)
        budget = Budget(2 * batch, 1)
        request = Request(number, Candidate(number, genome, "size"), budget, 0, Purpose.SEARCH, f"{number:08x}")
        limit = Resources(memory=psutil.virtual_memory().total)
        executor = Processes(problem.evaluators, problem.settings, usual=limit)
        job = replace(problem.job(request, spec), resources=limit)
        executor.submit(replace(job, parts=replace(job.parts, watch=None)))
        results: list[Any] = []
        while not results:
            results = executor.finished(1.0)
        executor.close()
        peak, estimate = results[0].timing["peak_bytes"], WORKER_BYTES + spec.memory(batch)
        row = {
            "network": genome.notation(),
            "estimated MB": round(estimate / 1e6),
            "measured MB": round(peak / 1e6),
            "estimate over measured": round(estimate / peak, 2),
        }
        rows.append(row)
        print(row, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--output", type=Path, default=Path("results/engine"))
    parser.add_argument("--runs", type=Path, default=Path("results/memory-runs"), help="where the run is made")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(options.runs / "overnight", ignore_errors=True)
    found = {"sizes": sizes(options, options.runs), "overnight": overnight(options, options.runs)}
    (options.output / "memory.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps({key: value for key, value in found["overnight"].items() if key != "samples"}, indent=1))


if __name__ == "__main__":
    main()
