"""What brief trainings say of networks that end apart: three of a size, at four budgets, without augmentation.

    python benchmarks/confirmations.py --data FOLDER --output results/published/search

FOLDER holds cifar10.npz. Scored on 10,000 images of the training part that no training sees. The first two networks are
starts of a search of ten minutes' work, as wide as it makes them: in its race they are equal, and with all of the work
left they end four points apart. A row for each training goes into confirmations.jsonl; goes on where it was ended.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import rows
from held_out import HELD_OUT, train

from evolve.training.backends import this_backend
from evolve.training.scores import measures_of
from evolve.values import Budget

BUDGETS, SEEDS = ("4000x1", "4000x3", "12000x1", "12000x3"), 2
BLOCK = "batchnorm momentum=0.6 gain=False, gelu"
NETWORKS = {
    "strided": "conv 32 3 stride=2, batchnorm, relu, conv 56 3, batchnorm, relu, conv 64 3, maxpool 2, batchnorm, "
    "relu, conv 64 3, batchnorm, relu, conv 176 3, maxpool 2, batchnorm, relu, global_average "
    "| sgd 0.1, batch 128, one-cycle, decay 0.005, smoothing 0.1",
    "average": "conv 16 3, batchnorm, relu, conv 32 3, maxpool 2, batchnorm, relu, conv 32 3, batchnorm, relu, "
    "conv 56 3, maxpool 2, batchnorm, relu, conv 56 3, batchnorm, relu, conv 112 3, maxpool 2, batchnorm, relu, "
    "conv 112 3, batchnorm, relu, global_average | sgd 0.2, batch 128, one-cycle, decay 0.005, smoothing 0.1",
    "whitened": f"whiten 2, gelu, conv 24 3 bias=False, maxpool 2, {BLOCK}, conv 24 3 bias=False, {BLOCK}, "
    f"conv 96 3 bias=False, maxpool 2, {BLOCK}, conv 96 3 bias=False, {BLOCK}, conv 96 3 bias=False, maxpool 2, "
    f"{BLOCK}, conv 96 3 bias=False, {BLOCK}, global_max, scale 0.11 "
    "| sgd 0.2, batch 128, triangle, decay 0.005, dirac, smoothing 0.2",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    path = given.output / "confirmations.jsonl"
    made = {(row["network"], row["seed"], row["budget"]) for row in rows.read(path)}
    for seed in range(SEEDS):
        for budget in BUDGETS:
            for name, line in NETWORKS.items():
                if (name, seed, budget) in made:
                    continue
                found = train(line, Budget.read(budget), seed, given.data / "cifar10.npz")
                classify = this_backend().classifier(found.model, HELD_OUT)
                score = measures_of(classify(found.images), found.labels)["accuracy"]
                row = {"network": name, "seed": seed, "budget": budget, "accuracy": round(score, 4)}
                rows.append(path, {**row, "multiply_adds": found.spec.multiply_adds})


if __name__ == "__main__":
    main()
