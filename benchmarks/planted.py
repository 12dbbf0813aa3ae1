"""Whether a search finds out what mirroring means: on images whose mirror images are of the other class, and on such
where mirroring changes nothing.

    python benchmarks/planted.py --output results/published/search

Each seed is other images and another search, of some seconds. Right is a winner that mirrors where that is free, and
does not where it swaps the classes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import evolve
from evolve.runs.augmentation_answers import sentences
from genomes.genome import recipe_of

KINDS = ("swaps", "free")


def planted(folder: Path, kind: str, seed: int = 0, count: int = 900, size: int = 12) -> Path:
    """A file of images with a bright bar left or right of the middle, where mirroring "swaps" the two classes, or above
    or below it, where it is "free"."""
    rng = np.random.default_rng(seed)
    labels, images = rng.integers(0, 2, count), rng.integers(0, 120, (count, size, size, 1))
    for image, label in zip(images, labels, strict=True):
        away, along = rng.integers(1, 3), rng.integers(2, size - 4)
        at = away if label else size - 3 - away
        bar = (slice(along, along + 3), slice(at, at + 2))
        image[bar if kind == "swaps" else bar[::-1]] += 130
    file = folder / f"{kind}-{seed}.npz"
    np.savez(file, x_train=images.astype(np.uint8), y_train=labels)
    return file


def searched(folder: Path, kind: str, seed: int = 0, **settings: Any) -> evolve.Run:
    """A small search on such images."""
    usual = {"founders": ["fast-sizes"], "max_multiply_adds": 150_000, "evaluations": 7, "population": 4, "images": 300}
    usual |= {"epochs": 2, "final_epochs": 2, "leaders": 1, "rescorings": 1, "executor": "in-process", "seed": seed}
    data = planted(folder, kind, seed)
    return evolve.run(dataset=str(data), results=folder / "results", progress=False, **{**usual, **settings})  # type: ignore[typeddict-item]


def mirrors(run: evolve.Run) -> bool:
    """Whether the winner of a run was trained with mirrored images."""
    return recipe_of(run.genome(run.winner or 1)).flip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    made: dict[str, Any] = {"command": "python benchmarks/planted.py --output results/published/search"}
    for kind in KINDS:
        rows = []
        for seed in range(asked.seeds):
            with tempfile.TemporaryDirectory() as folder:
                run = searched(Path(folder), kind, seed)
                said = next((one for one in sentences(run) if one.startswith("mirroring")), "no answer")
                rows.append({"seed": seed, "mirrors": mirrors(run), "said": said})
            print(kind, seed, said, flush=True)
        right = sum(row["mirrors"] == (kind == "free") for row in rows)
        made[kind] = {"right": right, "of": asked.seeds, "searches": rows}
        print(f"{kind}: right in {right} of {asked.seeds}")
    if asked.output:
        asked.output.mkdir(parents=True, exist_ok=True)
        (asked.output / "planted.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
