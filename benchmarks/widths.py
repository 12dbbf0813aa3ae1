"""How wide a network should be where more width means fewer epochs: `fast-average` at several widths, at equal work.

    python benchmarks/widths.py --data FOLDER --output results/published/search

FOLDER holds cifar10.npz and tasks/. Each has as much work as four epochs of the whole width, about 1.8e13 units on
images of 32 x 32. On the tasks whose images are no photographs nothing is mirrored or moved. A row for each goes into
widths.jsonl; goes on where it was ended.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from rows import append, read

import evolve
from genomes.stack.space import StackSpace

FOUNDER, EPOCHS, SHARES = "fast-average", 4, (0.5, 0.6875, 1.0, 1.5)
DATASETS = {"cifar10.npz": {}, "tasks/addnist.npz": {"flip": False, "shift": 0}}  # and what differs in their recipes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=Path("results/widths"))
    asked = parser.parse_args()
    log, space = asked.output / "widths.jsonl", StackSpace((32, 32, 3), 10)
    founder = space.parse(space.founders[FOUNDER])
    whole = space.limits.work(space.blueprint(founder))
    for dataset, recipe in DATASETS.items():
        for share in SHARES:
            if (dataset, share) in {(row["dataset"], row["share"]) for row in read(log)}:
                continue
            genome = space.scaled(replace(founder, recipe=replace(founder.recipe, **recipe)), share)
            epochs = max(1, round(EPOCHS * whole / space.limits.work(space.blueprint(genome))))
            run = evolve.run(
                dataset=str(asked.data / dataset),
                founders=[genome.notation()],
                evaluations=1,
                final_epochs=epochs,
                precision="float32",
                results=asked.results,
                name=f"{Path(dataset).stem}-{share}",
            )
            append(log, {"dataset": dataset, "share": share, "epochs": epochs, "test": run.test_accuracy})
            print(read(log)[-1], flush=True)


if __name__ == "__main__":
    main()
