"""Brief trainings by the hour: the plain Keras loop, KerasTuner, Optuna and this engine on the same networks.

    pip install -e '.[benchmarks]'
    python benchmarks/throughput.py cifar10.npz --output results/published/engine

Forty random networks of up to a million multiply-adds an image, 10,000 CIFAR-10 images, one epoch and three. Every
arm builds the same Keras models and trains them with Adam at their genes' learning rates and batch sizes, without
augmentation, on the processor:

plain        compile, fit with validation data and evaluate, one network after the other; Keras's defaults, all cores
keras-tuner  a grid search over the networks, with its trials and checkpoints
optuna       the plain training as the objective of a grid, the study in SQLite
evolve       the search loop with worker processes of one thread, one per core, and the run's SQLite file

Each arm is a process that stays alive (benchmarks/arms). The arms take turns block by block, in an order that rotates;
only one works at a time. What the idle arms, and everything else on the machine, used of the processor meanwhile is on
record: if that is more than a little, the figures say nothing. Start-up, from the start of the process until it is
ready to train, is timed by itself: with the reading of the data, not with their splitting. Peak memory is that of all
processes of an arm: what is their own is summed, what they map (libraries, images) counted once. Writes one JSON row
per arm, budget and block, and goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

from rows import append, read
from throughput_arm import Arm, Row
from throughput_table import figures, tables

from evolve.api import VERSION
from evolve.config import RunConfig
from evolve.errors import EvolveError
from evolve.execution.machine import usable_cores
from evolve.problems.images import ImageProblem
from evolve.problems.making import make_problem
from evolve.research.machine_share import busy_seconds, machine_facts, versions
from genomes import candidate_key
from genomes.recipe import DEFAULT

# Arm -> what has to be importable for it.
ARMS = {"plain": "keras", "keras-tuner": "keras_tuner", "optuna": "optuna", "evolve": "keras"}
LIBRARIES = ("keras", "tensorflow-cpu", "tensorflow", "keras-tuner", "optuna", "numpy")
SAME = ("networks", "largest", "images", "block", "seed")


def networks(problem: ImageProblem, count: int, seed: int) -> list[dict[str, Any]]:
    """Random networks, all different, with recipes that a plain loop has: Adam, a learning rate and a batch size."""
    rng = Random(seed)
    found: dict[str, dict[str, Any]] = {}
    while len(found) < count:
        genome = problem.space.random(rng).genome
        rate, batch = genome.recipe.learning_rate, genome.recipe.batch_size
        genome = replace(genome, recipe=replace(DEFAULT, learning_rate=rate, batch_size=batch, pixels="scale"))
        blueprint = problem.space.blueprint(genome)
        found[candidate_key(genome, blueprint)] = {
            "notation": genome.notation(),
            "blueprint": blueprint.to_json(),
            "learning_rate": rate,
            "batch_size": batch,
        }
    return list(found.values())


def work(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """What all arms share: the networks, the folder of the parts of the data, and a folder to write to."""
    given = {"dataset": str(options.dataset.absolute()), "results": scratch}
    config = RunConfig.checked({**given, "max_multiply_adds": options.largest})
    problem = make_problem(config, gpu=False)
    assert isinstance(problem, ImageProblem)
    return {
        "networks": networks(problem, options.networks, options.seed),
        "dataset": config.dataset,
        "folder": str(problem.parts.folder),
        "images": min(options.images, problem.parts.sizes["train"]),
        "scratch": str(scratch),
    }


class Rows:
    """The log of start-ups and blocks, a JSON object a line. settings: what a row must have been measured with."""

    def __init__(self, file: Path, settings: Row) -> None:
        self._file, self._settings = file, settings
        self.all = [row for row in read(file) if settings.items() <= row.items()]

    def add(self, row: Row) -> None:
        self.all.append({**_rounded(row), **self._settings})
        append(self._file, self.all[-1])

    def has(self, **wanted: Any) -> bool:
        """Whether there is a row with these figures."""
        return any(wanted.items() <= row.items() for row in self.all)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def compare(options: argparse.Namespace, rows: Rows, scratch: Path) -> None:
    """Lets the arms take turns at the blocks of which they have no row yet."""
    left = [turn for turn in turns(options) if not rows.has(arm=turn[0], epochs=turn[1], block=turn[2])]
    if not left:
        return
    shared, alive = scratch / "work.json", dict[str, Arm]()
    shared.write_text(json.dumps(work(options, scratch)))
    libraries = ", ".join(sorted({ARMS[name] for name in options.arms}))
    subprocess.run([sys.executable, "-c", f"import {libraries}"], check=True, capture_output=True)  # off the disk
    try:
        for name, epochs, block, numbers in left:
            if name not in alive:
                alive[name] = Arm(name, shared, scratch / f"{name}.log")
                rows.add({"arm": name, **alive[name].start_up})
            others = [arm for arm in alive.values() if arm.name != name]
            idle, whole = sum(arm.processor_seconds() for arm in others), busy_seconds()
            row = {"arm": name, "epochs": epochs, "block": block, **alive[name].train(numbers, epochs)}
            row["idle arms"] = sum(arm.processor_seconds() for arm in others) - idle
            rows.add({**row, "elsewhere": busy_seconds() - whole - row["processor"]})
            print(_line(row), flush=True)
    finally:
        for arm in alive.values():
            arm.close()


def turns(options: argparse.Namespace) -> Iterator[tuple[str, int, int, list[int]]]:
    """Arm, epochs, block and numbers of its networks, in order: who goes first changes from block to block."""
    turn = 0
    for epochs in options.epochs:
        for block, first in enumerate(range(0, options.networks, options.block)):
            numbers = list(range(first, min(first + options.block, options.networks)))
            begin = turn % len(options.arms)
            for name in options.arms[begin:] + options.arms[:begin]:
                yield name, epochs, block, numbers
            turn += 1


def _line(row: Row) -> str:
    scores = [score for score in row["scores"] if score is not None]
    return (
        f"epochs {row['epochs']}, block {row['block']}: {row['arm']:<11} {row['seconds']:7.1f} s, "
        f"{len(scores)} of {len(row['scores'])} networks, mean accuracy {sum(scores) / max(len(scores), 1):.3f}, "
        f"{row['memory'] / 1e6:.0f} MB"
    )


def machine() -> dict[str, Any]:
    """Where it was measured, and with what."""
    installed: dict[str, str] = {}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            installed[name] = version(name)
    return {**machine_facts(), **versions(trained=True), **installed}


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not '{text}'")
    return int(text)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="an .npz file in the layout of Keras's data sets")
    parser.add_argument("--networks", type=positive, default=40)
    parser.add_argument("--largest", type=positive, default=1_000_000, help="multiply-adds an image of a network")
    parser.add_argument("--images", type=positive, default=10_000)
    parser.add_argument("--epochs", type=positive, nargs="+", default=[1, 3])
    parser.add_argument("--block", type=positive, default=20, help="networks that an arm trains in one turn")
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS))
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("results/throughput"))
    options = parser.parse_args()
    if missing := [name for name in options.arms if find_spec(ARMS[name]) is None]:
        others = " ".join(name for name in options.arms if name not in missing)
        parser.error(
            f"--arms: {' and '.join(missing)} cannot be imported; install the extra: pip install -e '.[benchmarks]'"
            + (f", or leave that out: --arms {others}" if others else "")
        )
    return options


def publish(options: argparse.Namespace, rows: Rows, settings: Row) -> None:
    """Prints the tables and writes all figures as JSON."""
    flags = " ".join(f"--{name} {getattr(options, name)}" for name in SAME)
    command = (
        f"python benchmarks/throughput.py {options.dataset.name} {flags} "
        f"--epochs {' '.join(map(str, options.epochs))} --arms {' '.join(options.arms)}"
    )
    budgets = {epochs: figures(rows.all, epochs, options.arms, usable_cores()) for epochs in options.epochs}
    report = {"command": command, **settings, "machine": machine(), "budgets": budgets}
    (options.output / "throughput.json").write_text(json.dumps(report, indent=1) + "\n")
    print(f"\n{tables(budgets)}")


def main() -> None:
    options = parsed()
    options.output.mkdir(parents=True, exist_ok=True)
    settings = {**{f"of {name}": getattr(options, name) for name in SAME}, "version": VERSION}
    rows = Rows(options.output / "throughput-rows.jsonl", {**settings, "cores": usable_cores()})
    with tempfile.TemporaryDirectory(prefix="throughput-", ignore_cleanup_errors=True) as scratch:
        try:
            compare(options, rows, Path(scratch))
        except EvolveError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
        except KeyboardInterrupt:
            print("stopped; what was measured stays: run the same command to go on", file=sys.stderr)
            sys.exit(130)
    publish(options, rows, settings)


if __name__ == "__main__":
    main()
