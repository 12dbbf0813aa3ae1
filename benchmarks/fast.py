"""What `--fast` gains: results told as they come, against the virtual clock, with the same settings, in turn.

    python benchmarks/fast.py --output results/published/engine

A search on the digits whose candidates differ in cost by far more than a factor of ten. Seconds are those of the search
alone, from the first birth to the last result.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from statistics import median
from typing import Any

import evolve


def seconds(folder: Path, fast: bool, look_ahead: int, evaluations: int) -> float:
    shutil.rmtree(folder, ignore_errors=True)
    run = evolve.run(
        dataset="digits",
        fast=fast,
        look_ahead=look_ahead,
        evaluations=evaluations,
        epochs=2,
        leaders=1,
        rescorings=1,
        final_epochs=1,
        results=folder,
        name="run",
        progress=False,
    )
    at = {act.kind: act.at for act in run.acts}
    return at["search ended"] - at["started"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--evaluations", type=int, default=48)
    parser.add_argument("--output", type=Path, default=Path("results/engine"))
    parser.add_argument("--runs", type=Path, default=Path("results/fast-runs"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for look_ahead in (8, 2):
        for number in range(options.rounds):
            taken = {fast: seconds(options.runs, fast, look_ahead, options.evaluations) for fast in (False, True)}
            row = {"look_ahead": look_ahead, "round": number, "virtual clock": round(taken[False], 1)}
            rows.append({**row, "fast": round(taken[True], 1), "ratio": round(taken[False] / taken[True], 3)})
            print(rows[-1], flush=True)
    ratios = {n: median(row["ratio"] for row in rows if row["look_ahead"] == n) for n in (8, 2)}
    found = {"evaluations": options.evaluations, "rows": rows, "median ratio by look_ahead": ratios}
    (options.output / "fast.json").write_text(json.dumps(found, indent=1) + "\n")
    print(ratios)


if __name__ == "__main__":
    main()
