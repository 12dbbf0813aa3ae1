"""What the coordinator costs: an evaluator that returns at once, 100,000 requests for each strategy, the store on disk.

    python benchmarks/coordinator.py --output results/published/engine

Time per request must not grow with the history, memory by less than 1 kB per request; `evolve show` and
`evolve history` must answer in under two seconds on such a run. Networks are stacks for images of 32x32x3; their
fitness is made up from their depth, so that selection has something to do.
"""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from evolve.api import VERSION
from evolve.config import RunConfig
from evolve.engine.composition import births_up_to, compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.initial_population import founders, founders_json
from evolve.engine.interrupts import Stop
from evolve.execution.executor import InProcess, Report
from evolve.jobs import TrainingJob
from evolve.problems.images import ImageProblem
from evolve.problems.making import make_problem
from evolve.search.births import Births
from evolve.search.strategy import strategy_class
from evolve.storage.store import Store
from evolve.values import Result, Status

STRATEGIES = ("random", "genetic", "neat")
PARTS = 10  # figures are given for tenths of the run


class AtOnce:
    """Best are networks of 40 primitive layers, as random ones have; with a little noise that is always the same."""

    takes = TrainingJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        pass

    def evaluate(self, job: TrainingJob, report: Report) -> Result:
        """The result of a job."""
        depth, noise = len(job.spec.nodes), (job.seeds.weights % 1000) / 1000
        fitness = 1 / (1 + abs(depth - 40) / 40) + 0.1 * noise
        return Result(job.number, Status.OK, {"accuracy": fitness}, spent=asdict(job.budget))


class Watched:
    """A strategy, and what each tenth of the requests took: seconds, processor seconds, memory."""

    def __init__(self, strategy: Any, requests: int) -> None:
        self._strategy, self._each, self._told = strategy, max(1, requests // PARTS), 0
        self.rows: list[dict[str, float]] = []
        self._mark()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._strategy, name)

    def _mark(self) -> None:
        self._begun, self._worked = time.perf_counter(), time.process_time()

    def tell(self, request: Any, result: Any) -> None:
        self._strategy.tell(request, result)
        self._told += 1
        if self._told % self._each == 0:
            seconds, worked = time.perf_counter() - self._begun, time.process_time() - self._worked
            gc.collect()
            row = {
                "requests": self._told,
                "milliseconds per request": round(1000 * seconds / self._each, 3),
                "processor milliseconds per request": round(1000 * worked / self._each, 3),
                "resident bytes": psutil.Process().memory_info().rss,
            }
            self.rows.append(row)
            print(row, flush=True)
            self._mark()


def search(name: str, problem: ImageProblem, config: RunConfig, requests: int, folder: Path) -> dict[str, Any]:
    begin_with = founders(problem.space, None, config.results, print)
    meta = {
        "version": VERSION,
        "libraries": {},
        "created": datetime.now(UTC).isoformat(),
        "config": config.model_dump(mode="json"),
        "problem": problem.describe(),
        "founders": founders_json(begin_with),
    }
    kind = strategy_class(name)
    with Store.create(folder, meta) as store:
        made = kind(Births(problem.space, begin_with), config.population, kind.Options())
        strategy = Watched(made, requests)
        dispatcher = Dispatcher(store, InProcess({TrainingJob.kind: "__main__:AtOnce"}, {}), Stop())
        ends = births_up_to(requests)
        compose_search(config, problem, begin_with, dispatcher, ends, strategy=strategy).run()  # type: ignore[arg-type]
    return summary(strategy.rows)


def summary(rows: list[dict[str, float]]) -> dict[str, Any]:
    """The rows, and what they come to. The first tenth fills the population and the caches; growth is counted from
    its end."""
    worked = [row["processor milliseconds per request"] for row in rows]
    grown = rows[-1]["resident bytes"] - rows[0]["resident bytes"]
    total = sum(row["milliseconds per request"] for row in rows) / len(rows)
    return {
        "requests per second": round(1000 / total),
        "processor time, last tenth over second": round(worked[-1] / worked[1], 2),
        "bytes per request": round(grown / (rows[-1]["requests"] - rows[0]["requests"])),
        "rows": rows,
    }


def answers(folder: Path, rounds: int = 3) -> dict[str, float]:
    """Seconds until commands that look at the run have answered, as a user waits for them: the median."""
    commands = {
        "evolve show": ["show", folder.name],
        "evolve show, one candidate": ["show", folder.name, "99"],
        "evolve history": ["history", folder.name],
        "evolve history --json": ["history", folder.name, "--json"],
        "evolve list": ["list"],
    }
    taken: dict[str, float] = {}
    for name, command in commands.items():
        times = []
        for _ in range(rounds):
            begun = time.perf_counter()
            whole = [sys.executable, "-m", "evolve.cli", *command, "--results", str(folder.parent)]
            subprocess.run(whole, check=True, capture_output=True)
            times.append(time.perf_counter() - begun)
        taken[name] = round(float(np.median(times)), 2)
        print(name, taken[name], flush=True)
    return taken


class Problem(ImageProblem):
    """Images, but evaluated in this process."""

    executor = "in-process"  # type: ignore[assignment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=STRATEGIES)
    parser.add_argument("--output", type=Path, default=Path("results/engine"))
    parser.add_argument("--runs", type=Path, default=Path("results/coordinator-runs"), help="where the runs are made")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    options.runs.mkdir(parents=True, exist_ok=True)
    images = np.random.default_rng(0).integers(0, 256, (400, 32, 32, 3), dtype=np.uint8)
    np.savez(options.runs / "noise.npz", x_train=images, y_train=np.arange(400) % 10)
    found: dict[str, Any] = {"requests": options.requests}
    for name in options.strategies:
        print(name, flush=True)
        folder = options.runs / name
        shutil.rmtree(folder, ignore_errors=True)
        given = {"dataset": str((options.runs / "noise.npz").absolute()), "strategy": name, "name": name}
        config = RunConfig.checked({**given, "results": options.runs.absolute(), "evaluations": options.requests})
        made = make_problem(config, False)
        assert isinstance(made, ImageProblem)
        problem = Problem(config, made.parts, False, {})
        found[name] = {**search(name, problem, config, options.requests, folder), "seconds": answers(folder)}
        found[name]["MB on disk"] = round((folder / "run.sqlite").stat().st_size / 1e6)
        (options.output / "coordinator.json").write_text(json.dumps(found, indent=1) + "\n")
        print({key: value for key, value in found[name].items() if key != "rows"}, flush=True)


if __name__ == "__main__":
    main()
