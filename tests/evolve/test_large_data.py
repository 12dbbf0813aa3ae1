"""Data that do not fit into memory, and a thousand classes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import command
from PIL import Image

from evolve.data.scratch import room_for
from evolve.data.sources import Source, load
from evolve.data.splits import SEARCH_PARTS, prepare
from evolve.errors import DataError
from evolve.runs.find import find
from evolve.training.part_images import JoinedImages

# Reads and splits a data set with so many MB for what is not mapped from a file.
WITHIN = """
import resource, sys
from pathlib import Path
import PIL.Image, sklearn.model_selection
from evolve.data.scratch import scratch_folder
from evolve.data.sources import Source, load
from evolve.data.splits import prepare
from evolve.training.part_images import JoinedImages

[now] = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData")]
limit = 1024 * now + int(sys.argv[2]) * 2**20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
with scratch_folder(Path("parts")) as scratch:
    parts = prepare(load(Source(sys.argv[1]), scratch=scratch), Path("parts"))
print(sum(parts.sizes.values()), sum(path.stat().st_size for path in Path("parts").rglob("*.npy")))
print([path.name for path in Path("parts").glob("reading.*")])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
@pytest.mark.parametrize("kind", ["folder", pytest.param("npz", marks=pytest.mark.slow)])
def test_data_larger_than_memory_are_read_and_split(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    if kind == "folder":
        for name in ("ape", "bee"):
            (tmp_path / "data" / name).mkdir(parents=True)
            Image.fromarray(rng.integers(0, 256, (256, 256, 3)).astype(np.uint8)).save(tmp_path / f"{name}.bmp")
            for number in range(350):
                (tmp_path / "data" / name / f"{number}.bmp").symlink_to(tmp_path / f"{name}.bmp")
        source, images, size = "data", 700, 700 * 256 * 256 * 3
    else:
        pixels = rng.integers(0, 4096, (500, 160, 160, 3)).astype(np.uint16)
        np.savez(tmp_path / "data.npz", x_train=pixels, y_train=np.arange(500) % 2)
        source, images, size = "data.npz", 500, 500 * 160 * 160 * 3 * 4
    arguments = [sys.executable, "-c", WITHIN, source, "100"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    counted, left = done.stdout.splitlines()
    assert int(counted.split()[0]) == images
    assert int(counted.split()[1]) > size > 110 * 2**20
    assert left == "[]"


def test_images_of_several_parts_are_one_after_the_other() -> None:
    images = np.random.default_rng(0).integers(0, 255, (30, 4, 4, 1)).astype(np.uint8)
    joined = JoinedImages([images[:12], images[12:13], images[13:]], first=25)
    assert (len(joined), joined.dtype) == (25, np.uint8)
    chosen = np.random.default_rng(1).permutation(25)
    assert np.array_equal(joined[chosen], images[chosen])
    assert np.array_equal(joined[5:20], images[5:20])
    assert np.array_equal(np.asarray(joined), images[:25])
    single = JoinedImages([images], first=20)
    assert len(single) == 20
    assert np.array_equal(single[chosen[chosen < 20]], images[chosen[chosen < 20]])
    assert len(JoinedImages([images], first=99)) == 30


def thousand(folder: Path) -> str:
    labels = np.arange(10_000) % 1000
    images = np.random.default_rng(0).integers(0, 60, (10_000, 8, 8, 1)).astype(np.uint8)
    images[np.arange(10_000), labels // 125, labels % 8, 0] += 190
    names = [f"kind-{number:04}" for number in range(1000)]
    np.savez(folder / "thousand.npz", x_train=images, y_train=labels, classes=names)
    return str(folder / "thousand.npz")


def test_a_thousand_classes_are_split_with_some_of_each_in_every_part(tmp_path: Path) -> None:
    parts = prepare(load(Source(thousand(tmp_path))), tmp_path / "parts")
    assert parts.classes == 1000
    for part in SEARCH_PARTS:
        labels = np.load(parts.folder / f"{part}_labels.npy")
        assert len(np.unique(labels)) == 1000


@pytest.mark.slow
def test_a_run_on_a_thousand_classes_has_a_page_that_fits(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    small = ("--generations", "1", "--population", "2", "--images", "500", "--epochs", "1", "--final-epochs", "1")
    founder = ("--founder", "conv 8 3, relu, flatten | adam 0.01, batch 64")
    done = command("run", "--dataset", thousand(tmp_path), *small, *founder, "--name", "many", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert find("many", tmp_path / "results").winner is not None
    for shown in (("show", "many"), ("show", "many", "1"), ("history", "many")):
        said = command(*shown, cwd=tmp_path)
        assert said.returncode == 0
        assert said.stdout.count("kind-") <= 24
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    said = command("predict", "many", "a.png", cwd=tmp_path)
    assert said.stdout.count("kind-") == 3


def test_more_than_the_disk_has_room_for_is_refused_before_a_file_is_made(tmp_path: Path) -> None:
    more = shutil.disk_usage(tmp_path).total + 1
    with pytest.raises(DataError, match=r"the prepared images cannot be written to .*: No space left on device"):
        room_for((more,), np.uint8, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="limits of files are Linux's")
def test_no_room_for_what_is_read_is_said_before_anything_is_written(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (64, 64), (number, 200, 9)).save(tmp_path / "data" / name / f"{number}.png")
    within = WITHIN.replace("RLIMIT_DATA, (limit, limit)", "RLIMIT_FSIZE, (100_000, 100_000)")
    arguments = [sys.executable, "-c", within, "data", "100"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True)
    assert "DataError: the prepared images cannot be written to parts" in done.stderr
    assert "make room" in done.stderr
    assert not (tmp_path / "parts").exists()
