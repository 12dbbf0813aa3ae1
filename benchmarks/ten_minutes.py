"""Ten minutes on CIFAR-10, from a cold start: the default, and what it has to beat.

    pip install -e '.[benchmarks]'
    python benchmarks/ten_minutes.py cifar10.npz --output results/published/search

default       evolve run --for 10m
random        random search through the same rungs, with the same plan's rules and the same last training
one rung      the genetic algorithm, all candidates trained for what the default spends on one on average
founder       the founder of --founder, trained alone for the ten minutes by the same recipe rules
hyperband     KerasTuner's Hyperband over stacks of fixed depth for half of the time, the best trained for the rest
float32       the default with --precision float32, on a processor where it would train with bfloat16

Three seeds; only one arm works at a time. Accuracy is that on the 10,000 test images, opened once per row. Writes one
JSON row per arm and seed, goes on where it stopped, and makes the page.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from search_page import write
from timed_arms import Row, child, evolved, measured, options

from evolve.execution.machine import usual_precision

SECONDS = 600
SEEDS = (0, 1, 2)
ROWS = "ten-minutes.jsonl"


def same_births(plan: dict[str, Any]) -> dict[str, int]:
    """One budget for all candidates that costs as much per birth as the plan's rungs do."""
    rungs = [tuple(map(int, rung.split("x"))) for rung in plan["settings"]["rungs"]]
    share = plan["settings"]["promote_one_in"]
    passes = sum(images * epochs / share**place for place, (images, epochs) in enumerate(rungs))
    images = min(40_000, round(passes))
    return {"images": images, "epochs": max(1, round(passes / images))}


def arms(given: argparse.Namespace, log: Path, seed: int) -> dict[str, Any]:
    base = {"dataset": given.dataset, "for": f"{SECONDS}s", "seed": seed}
    runs = given.runs.absolute()

    def default() -> Row:
        return evolved(f"default-{seed}", base, runs)

    def random() -> Row:
        return evolved(f"random-{seed}", {**base, "strategy": "random"}, runs)

    def one_rung() -> Row:
        plan = measured(log, "default", seed, default, given.founder)["plan"]
        return evolved(f"one-rung-{seed}", {**base, "strategy": "genetic", **same_births(plan)}, runs)

    def founder() -> Row:
        arguments = (str(given.dataset), given.founder, str(SECONDS), str(seed), str(runs))
        return child(sys.executable, "one_founder.py", *arguments)

    def hyperband() -> Row:
        precision = "mixed_bfloat16" if usual_precision(gpu=False) == "bfloat16" else "float32"
        arguments = (given.dataset, SECONDS, seed, runs / "hyperband", precision)
        return child(given.peers, "hyperband.py", *map(str, arguments))

    def exact() -> Row:
        return evolved(f"float32-{seed}", {**base, "precision": "float32"}, runs)

    found = {"default": default, "random": random, "founder": founder, "one rung": one_rung, "hyperband": hyperband}
    return found | ({"float32": exact} if usual_precision(gpu=False) != "float32" else {})


def main() -> None:
    given = options(__doc__ or "")
    given.dataset = given.dataset.absolute()
    log = given.output / ROWS
    for seed in given.seeds or SEEDS:
        for arm, work in arms(given, log, seed).items():
            if arm in (given.arms or [arm]):
                measured(log, arm, seed, work, given.founder)
    write(given.output)


if __name__ == "__main__":
    main()
