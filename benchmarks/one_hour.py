"""One hour on CIFAR-10, from a cold start: the default, and the best founder trained alone for the hour.

    python benchmarks/one_hour.py cifar10.npz --output results/published/search

default   evolve run --for 1h, two seeds
founder   the founder of --founder, trained alone for the hour, one seed

Before that, an epoch of each of the article's nets, as a plain Keras script trains it, so that the hour can be compared
with the time of their 100 and 75 epochs. Writes one JSON row per arm and seed, goes on where it stopped, and makes the
page.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from search_page import write
from timed_arms import Row, child, evolved, measured, options

SECONDS = 3600
SEEDS = {"default": (0, 1), "founder": (0,), "article-1": (0,), "article-2": (0,)}
ROWS = "one-hour.jsonl"


def arms(given: argparse.Namespace, seed: int) -> dict[str, Any]:
    runs = given.runs.absolute()

    def default() -> Row:
        settings = {"dataset": given.dataset, "for": f"{SECONDS}s", "seed": seed}
        return evolved(f"hour-{seed}", settings, runs)

    def founder() -> Row:
        arguments = (str(given.dataset), given.founder, str(SECONDS), str(seed), str(runs))
        return child(sys.executable, "one_founder.py", *arguments)

    def article(name: str) -> Any:
        return lambda: child(sys.executable, "plain_epoch.py", str(given.dataset), name)

    return {
        "article-1": article("article-1"),
        "article-2": article("article-2"),
        "default": default,
        "founder": founder,
    }


def main() -> None:
    given = options(__doc__ or "")
    given.dataset = given.dataset.absolute()
    for seed in given.seeds or (0, 1):
        for arm, work in arms(given, seed).items():
            if arm in (given.arms or [arm]) and seed in SEEDS[arm]:
                measured(given.output / ROWS, arm, seed, work, given.founder)
    write(given.output)


if __name__ == "__main__":
    main()
