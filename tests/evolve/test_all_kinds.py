"""One command for all kinds of images: grey and colour, small and large, few classes and many, even and uneven."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evolve
from evolve.config import RunConfig
from evolve.execution.builds import backend_name
from evolve.problems.spaces import class_weights
from evolve.training.losses import targets_of
from genomes.genome import recipe_of

pytest.importorskip(backend_name())


def images_of(
    folder: Path, shape: tuple[int, int, int], classes: int, count: int, uneven: bool = False
) -> tuple[Path, list[int]]:
    """A file of noise with a bright block whose place and size tell the class; and how many there are of each."""
    rng = np.random.default_rng(1)
    shares = np.array([2.0**-n if uneven else 1.0 for n in range(classes)])
    labels = rng.choice(classes, count, p=shares / shares.sum())
    images = rng.integers(0, 80, (count, *shape))
    side = int(np.ceil(np.sqrt(classes)))
    step = (shape[0] // side, shape[1] // side)
    for image, label in zip(images, labels, strict=True):
        top, left = label // side * step[0], label % side * step[1]
        image[top : top + step[0], left : left + step[1]] += 120
    file = folder / "kind.npz"
    np.savez(file, x_train=images.astype(np.uint8), y_train=labels)
    return file, np.bincount(labels, minlength=classes).tolist()


def searched(file: Path, folder: Path, **settings: Any) -> evolve.Run:
    return evolve.run(dataset=file, results=folder / "results", progress=False, **settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "classes", "count", "work"),
    [
        ((8, 8, 1), 2, 600, 8e11),
        ((16, 16, 3), 5, 800, 8e11),
        ((128, 128, 3), 3, 300, 1.5e12),
        ((24, 24, 1), 100, 4000, 3e12),
    ],
    ids=["8x8 grey, 2 classes", "16x16 colour", "128x128 colour", "100 classes"],
)
def test_the_same_command_does_something_sensible(
    shape: tuple[int, int, int], classes: int, count: int, work: float, tmp_path: Path
) -> None:
    file, _ = images_of(tmp_path, shape, classes, count)
    run = searched(file, tmp_path, work=work)
    assert run.state == "finished"
    assert run.test_accuracy is not None
    assert run.test_accuracy > 0.9, run


@pytest.mark.slow
def test_rare_classes_count_where_each_class_is_to_count_as_much(tmp_path: Path) -> None:
    file, _ = images_of(tmp_path, (12, 12, 1), 4, 900, uneven=True)
    run = searched(file, tmp_path, work=8e11, metric="balanced_accuracy")
    assert recipe_of(run.genome(run.winner or 1)).class_weights >= 0.5
    assert run.final_result is not None
    assert run.final_result.measures["balanced_accuracy"] > 0.9
    script = evolve.export(run.folder, run.winner or 1, "python", output=tmp_path / "net.py").path
    assert "images of rarer classes count more" in script.read_text()
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    [accuracy] = re.findall(r"^test accuracy ([\d.]+)$", done.stdout, flags=re.MULTILINE)
    assert float(accuracy) > 0.8  # of a training with other seeds; half of the images are of one class


@pytest.mark.parametrize(
    ("counts", "metric", "bounds"),
    [
        ([100, 90], "accuracy", {"class_weights": 0}),
        ([100, 90], "balanced_accuracy", {"class_weights": 0}),
        ([100, 20], "accuracy", {}),
        ([100, 20], "balanced_accuracy", {"class_weights": [0.5, 1.0]}),
        (None, "balanced_accuracy", {}),
    ],
)
def test_weights_of_classes_are_a_gene_where_these_are_uneven(
    counts: list[int] | None, metric: str, bounds: dict[str, Any]
) -> None:
    assert class_weights(RunConfig.checked({"metric": metric}), counts) == bounds


def test_images_of_rare_classes_count_more_and_all_together_as_much() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    for power in (0.0, 0.5, 1.0):
        weights = targets_of(labels, 2, power).diagonal()
        assert weights[1] / weights[0] == pytest.approx(9**power, rel=1e-5)
        assert weights[labels].mean() == pytest.approx(1.0, rel=1e-5)
    assert targets_of(labels, 3, 1.0).shape == (3, 3), "a class without images does no harm"
