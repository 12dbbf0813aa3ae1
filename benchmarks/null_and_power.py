"""How often a comparison claims a difference where there is none, and finds one that is there.

    python benchmarks/null_and_power.py --output results/published/experiment

Each experiment has three arms that are the same strategy, aging, with other random numbers, on a table of its own
whose scores have no structure; each arm runs with eight seeds, and what counts is the mean of the trainings of the
entry that it found best. The arms beside the first are compared with it, paired by seed. A headline claims a
difference if Wilcoxon's signed-rank test does after Holm's correction. Then a difference of one standard deviation is
planted in the second arm, and the power of the paired t test is held against theory; how often a headline claims that
difference stands beside it. Goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
from rows import append, read
from scipy.stats import binomtest

from evolve.config import RunConfig
from evolve.problems.table_files import Table
from evolve.research.statistics import compare, power, t_interval
from evolve.research.table_search import search_table

CHOICES = [3] * 5
ARMS, SEEDS, QUERIES = 3, 8, 24
EXPERIMENTS = 1000
TRAININGS = 3
Scores = list[list[float]]


def table_without_structure(seed: int) -> Table:
    """Every entry has a quality of its own that its neighbours say nothing of, and noisy trainings."""
    rng = np.random.default_rng(seed)
    codes = ["".join(map(str, digits)) for digits in product(*map(range, CHOICES))]
    scores = 0.9 + 0.01 * rng.normal(size=(len(codes), 1)) + 0.005 * rng.normal(size=(len(codes), TRAININGS))
    entries = {code: {"fitness": row.tolist()} for code, row in zip(codes, scores, strict=True)}
    return Table(f"without structure {seed}", tuple(CHOICES), entries)


def experiment(number: int) -> Scores:
    """What each arm found, by seed."""
    table = table_without_structure(number)
    return [[_found(table, seed * ARMS + arm) for seed in range(SEEDS)] for arm in range(ARMS)]


def _found(table: Table, seed: int) -> float:
    """The mean of the trainings of the best entry that a search found."""
    settings = {"table": "none.json", "encoding": "choices", "evaluations": QUERIES, "seed": seed}
    truth = search_table(RunConfig.checked(settings), table).curve[-1].truth
    assert truth is not None
    return truth


def differences(scores: Scores, planted: float = 0.0) -> dict[str, list[float]]:
    """Of each arm beside the first, by seed. planted: added to the second arm."""
    first, *others = np.array(scores)
    return {str(arm): (one - first + planted * (arm == 1)).tolist() for arm, one in enumerate(others, start=1)}


def report(found: Sequence[Scores]) -> str:
    """The page: claims without a difference, and the power of finding one."""
    claims = sum(any(one.clear for one in compare(differences(scores)).values()) for scores in found)
    deviation = float(np.std([value for scores in found for value in differences(scores)["1"]], ddof=1))
    planted = [differences(scores, planted=deviation) for scores in found]
    found_by_headlines = sum(compare(one)["1"].clear for one in planted)
    intervals = [t_interval(one["1"]) for one in planted]
    seen = sum((one is not None and one.low > 0) or (one is not None and one.high < 0) for one in intervals)
    null, share = (binomtest(count, len(found)).proportion_ci() for count in (claims, seen))
    return (
        "# Null and power\n\n    python benchmarks/null_and_power.py --output results/published/experiment\n\n"
        f"{len(found):,} experiments of {ARMS} arms that are the same strategy (aging, {QUERIES} queries), each with "
        f"{SEEDS} seeds,\non tables without structure.\n\n"
        f"- **No difference there**: {claims} headlines claim one after Holm's correction, {claims / len(found):.1%} "
        f"(95 % interval\n  {null.low:.1%} to {null.high:.1%}); 5 % is the level.\n"
        "- **A planted difference** of one standard deviation of the differences: the paired t test finds it in\n"
        f"  {seen / len(found):.1%} of them (95 % interval {share.low:.1%} to {share.high:.1%}); theory says "
        f"{power(deviation, deviation, SEEDS):.1%}. Headlines, by ranks and corrected for {ARMS - 1} comparisons,\n"
        f"  claim it in {found_by_headlines / len(found):.1%}.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS)
    parser.add_argument("--output", type=Path, default=Path("results/experiment"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    log = options.output / "null.jsonl"
    found: list[Scores] = [row["scores"] for row in read(log)][: options.experiments]
    with ProcessPoolExecutor(os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count()) as pool:
        for number, scores in enumerate(pool.map(experiment, range(len(found), options.experiments)), start=len(found)):
            found.append([[round(score, 6) for score in arm] for arm in scores])
            append(log, {"experiment": number, "scores": found[-1]})
            if (number + 1) % 100 == 0:
                print(f"{number + 1} of {options.experiments} experiments", flush=True)
    text = report(found)
    (options.output / "null.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
