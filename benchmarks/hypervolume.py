"""NSGA-II beside random search on NAS-Bench-Macro: the hypervolume of what each found, of accuracy and weights.

    evolve table convert nas-bench-macro.json macro.json
    python benchmarks/hypervolume.py macro.json --output results/published/objectives

50 seeds, 200 networks each. A network is judged by the mean of its three trainings, of which a search sees one. The
volume is that between the front and the worst corner of the table, in shares of the whole box. Some minutes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import fmean, stdev

import moocore
import numpy as np
from scipy.stats import t

import evolve
from evolve.problems.table_files import load_table
from evolve.runs.shelf import front, items

SEEDS, EVALUATIONS = 50, 200
ARMS = {"nsga2": {"objectives": ["score", "parameters"], "strategy": "nsga2"}, "random": {"strategy": "random"}}


def volume(table: Path, arm: str, seed: int, truth: dict[str, tuple[float, float]]) -> float:
    """The share of the box that the front of one search covers."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"evaluations": EVALUATIONS, "leaders": 1, "seed": seed, "results": folder, "progress": False}
        run = evolve.run(table=table, **given, **ARMS[arm])
        best = front(run, items(run), ["score", "parameters"])
    found = np.array([truth[one.notation] for one in best])
    low, high = (np.array([f(values) for values in zip(*truth.values(), strict=True)]) for f in (min, max))
    scaled = (found - low) / (high - low)
    return float(moocore.hypervolume(scaled, ref=[0.0, 1.0], maximise=[True, False]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    file = options.output / "hypervolume.json"
    found: dict[str, dict[str, float]] = json.loads(file.read_text())["volumes"] if file.exists() else {}
    entries = load_table(options.table).entries
    truth = {code: (fmean(known["fitness"]), float(known["measures"]["parameters"])) for code, known in entries.items()}
    for seed in range(SEEDS):
        for arm in ARMS:
            if str(seed) not in (of_arm := found.setdefault(arm, {})):
                of_arm[str(seed)] = round(volume(options.table, arm, seed, truth), 5)
        file.write_text(json.dumps({"evaluations": EVALUATIONS, "volumes": found}, indent=1) + "\n")
        print(seed, {arm: found[arm][str(seed)] for arm in ARMS}, flush=True)
    apart = [found["nsga2"][seed] - found["random"][seed] for seed in found["nsga2"]]
    half = float(t.ppf(0.975, len(apart) - 1)) * stdev(apart) / len(apart) ** 0.5
    means = {arm: round(fmean(found[arm].values()), 4) for arm in ARMS}
    told = {"means": means, "difference": round(fmean(apart), 4), "interval": round(half, 4), "seeds": len(apart)}
    file.write_text(json.dumps({"evaluations": EVALUATIONS, **told, "volumes": found}, indent=1) + "\n")
    print(told)


if __name__ == "__main__":
    main()
