"""What a search finds out about augmentation: where mirroring swaps classes it is off, where it is free it comes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evolve
from evolve.execution.builds import backend_name
from evolve.runs.augmentation_answers import sentences
from genomes.genome import recipe_of

pytest.importorskip(backend_name())


def planted(folder: Path, kind: str, seed: int = 0, count: int = 900, size: int = 12) -> Path:
    """A bright bar left or right of the middle, where mirroring "swaps" the two classes, or above or below it, where it
    is "free"."""
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
    usual = {"founders": ["fast-sizes"], "max_multiply_adds": 150_000, "evaluations": 7, "population": 4, "images": 300}
    usual |= {"epochs": 2, "final_epochs": 2, "leaders": 1, "rescorings": 1, "executor": "in-process", "seed": seed}
    data = planted(folder, kind, seed)
    return evolve.run(dataset=str(data), results=folder / "results", progress=False, **{**usual, **settings})


@pytest.mark.parametrize("kind", ["swaps", "free"])
def test_mirroring_is_on_where_it_is_free_and_off_where_it_swaps_classes(kind: str, tmp_path: Path) -> None:
    run = searched(tmp_path, kind)
    winner = run.space.read(run.candidate(run.winner or 1).genome)
    assert recipe_of(winner).flip is (kind == "free")
    said = next(one for one in sentences(run) if one.startswith("mirroring"))
    assert said.startswith(f"mirroring {'on' if kind == 'free' else 'off'}: mirrored images keep ")
    assert run.final_result is not None and ("flip" in run.final_result.spent["augmentation"]) is (kind == "free")
