"""Makes recorded tables by rule, for tests: small networks, whose scores grow with their budget."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from math import log10
from pathlib import Path
from random import Random
from typing import Any

from genomes.stack.space import StackGenome, StackSpace

BUDGETS = {"100x1": 2, "100x3": 3, "200x4": 2}
VALIDATION = 20  # images
FAMILIES = (
    "conv 8 3, relu, maxpool 2, flatten | adam 0.001, batch 32",
    "separable 32 5, batchnorm, swish, global_average | sgd 0.1, batch 64, flip",
    "flatten, dense 64, tanh, dropout 0.3, dense 16, relu | rmsprop 0.01, batch 128",
    "residual 16 3, avgpool 2, residual 32 3, global_max | adamw 0.003, batch 16, mixup 0.2",
)


@cache
def genomes(count: int) -> dict[str, str]:
    """So many networks that differ, by name: families of mutants."""
    space, rng = StackSpace((8, 8, 1), 3), Random(1)
    found = {space.parse(notation) for notation in FAMILIES}
    while len(found) < count:
        child = space.mutate(rng.choice(sorted(found, key=StackGenome.notation)), rng).genome
        found |= {child} if len(child.layers) < 7 else set()
    return {f"net-{at}": genome.notation() for at, genome in enumerate(sorted(found, key=StackGenome.notation))}


def head(count: int = 12, **changes: Any) -> dict[str, Any]:
    """The first line."""
    names = {"name": "ours", "genomes": genomes(count), "founders": ["net-2", "net-0"], "twins": {"net-2": "net-3"}}
    return {"kind": "table", "format": 1, **names, "budgets": BUDGETS, **changes}


def dataset(name: str, **changes: Any) -> dict[str, Any]:
    """The line of a data set."""
    sizes = {"train": 60, "validation": VALIDATION, "selection": VALIDATION}
    told = {"digest": "0" * 64, "input_shape": [8, 8, 1], "classes": 3, "sizes": sizes, "chance": {"selection": 0.4}}
    return {"kind": "dataset", "dataset": name, **told, **changes}


def training(of: str, genome: str, budget: str, repeat: int, **changes: Any) -> dict[str, Any]:
    """The line of a training. Seconds are a hundredth of the images that were seen, and a little more with each
    genome and repeat."""
    images, epochs = map(int, budget.split("x"))
    luck = Random(f"{of} {genome} {budget} {repeat}").random()
    worth = 0.2 + 0.3 * Random(f"{of} {genome}").random() + 0.08 * log10(images * epochs)

    def scores(accuracy: float) -> dict[str, float]:
        return {"accuracy": accuracy, "balanced_accuracy": accuracy - 0.01, "loss": 1 - accuracy}

    return {
        "kind": "training",
        "dataset": of,
        "genome": genome,
        "budget": budget,
        "repeat": repeat,
        "status": "ok",
        "reason": None,
        "validation": scores(worth + 0.05 * luck),
        "selection": scores(worth - 0.02 + 0.03 * luck),
        "train": {"accuracy": worth, "loss": 0.5},
        "hits": b64encode(bytes([0b10100000, 0, 0b11110000])).decode(),
        "curve": [{"epoch": epoch, "loss": 1 / epoch, "accuracy": 0.5} for epoch in range(1, epochs + 1)],
        "seconds": images * epochs / 100 + int(genome.split("-")[1]) / 10 + repeat / 100,
        "wall_seconds": 2.0,
        "work": 1e9,
        "parameters": 100 + int(genome.split("-")[1]),
        "multiply_adds": 1000,
        "spent": {"images": images, "epochs": epochs, "steps": 3},
        "version": "0.13.0",
        "machine": {"cores": 2, "cpu": "a test"},
        **changes,
    }


def lines(
    count: int = 12,
    datasets: Iterable[str] = ("left", "right"),
    budgets: Mapping[str, int] = BUDGETS,
) -> list[dict[str, Any]]:
    """All lines of a whole table."""
    told = [head(count, budgets=budgets)]
    for of in datasets:
        told.append(dataset(of))
        for genome in genomes(count):
            told += [training(of, genome, budget, at) for budget, repeats in budgets.items() for at in range(repeats)]
    return told


def write(path: Path, told: Iterable[dict[str, Any]]) -> Path:
    """The file of these lines."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in told))
    return path
