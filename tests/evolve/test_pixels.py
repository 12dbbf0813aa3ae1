"""The range of pixels: measured, stored, and used wherever images are changed, normalised or predicted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evolve.data import pixels
from evolve.data.datasets import Dataset
from evolve.data.pixels import BYTES, FLOATS, SIXTEEN, as_in_training
from evolve.data.sources import Source, digits, load
from evolve.data.splits import Parts, open_part, prepare, settings
from evolve.errors import DataError
from evolve.training.augment import augment
from genomes.recipe import DEFAULT


def whole(highest: int, dtype: Any = np.uint8, lowest: int = 0) -> Any:
    return np.random.default_rng(0).integers(lowest, highest + 1, (120, 8, 8, 3)).astype(dtype)


def prepared(folder: Path, images: Any, **more: Any) -> Parts:
    np.savez(folder / "data.npz", x_train=images, y_train=np.arange(120) % 3, **more)
    return prepare(load(Source(str(folder / "data.npz"))), folder / "parts")


@pytest.mark.parametrize(
    ("images", "low", "high", "depth"),
    [
        (whole(255), 0, 255, BYTES),
        (whole(128), 0, 255, BYTES),
        (whole(200, lowest=100), 0, 255, BYTES),
        (whole(127), 0, 127, BYTES),
        (whole(16), 0, 16, BYTES),
        (whole(16, np.int64), 0, 16, BYTES),
        (whole(1), 0, 1, BYTES),
        (whole(1, bool), 0, 1, BYTES),
        (whole(60, lowest=20), 20, 60, BYTES),
        (whole(100, np.int8, -100), -100, 100, SIXTEEN),
        (whole(300, ">u2"), 0, 300, SIXTEEN),
        (whole(16).astype(np.float64), 0, 16, FLOATS),
        (whole(16) / 8 - 1, -1, 1, FLOATS),
    ],
)
def test_the_range_is_that_of_the_training_images(
    images: Any, low: float, high: float, depth: str, tmp_path: Path
) -> None:
    parts = prepared(tmp_path, images)
    assert (parts.low, parts.high, parts.depth) == (low, high, depth)
    assert settings(parts)["high"] == high
    scale = parts.pixels["scale"]
    assert scale["scale"] * low + scale["offset"] == pytest.approx(0)
    assert scale["scale"] * high + scale["offset"] == pytest.approx(1)
    train, _ = open_part(parts.folder, "train")
    standard = train * np.array(parts.pixels["standardise"]["scale"]) + parts.pixels["standardise"]["offset"]
    assert np.allclose([standard.mean(), standard.std()], [0, 1], atol=1e-3)


@pytest.mark.parametrize("highest", [1, 16])
def test_changes_of_images_stay_within_the_range(highest: int, tmp_path: Path) -> None:
    parts = prepared(tmp_path, whole(highest))
    images, _ = open_part(parts.folder, "train")
    recipe = {**DEFAULT.to_json(), "contrast": 0.5, "brightness": 0.3, "cutout": 4}
    targets = np.eye(3, dtype=np.float32)[np.arange(len(images)) % 3]
    changed, _ = augment(np.asarray(images), targets, recipe, parts.low, parts.high, np.random.default_rng(0))
    assert changed.max() <= highest
    assert abs(changed.mean() - images.mean()) < highest / 20
    assert changed.std() > images.std() / 2, "the picture is still there"


def test_the_usual_data_keep_their_digest_and_a_range_of_their_own_gives_another(tmp_path: Path) -> None:
    known = "13983fba17418609ea4db47968aa8cbfee9bce4134e3c7a1faefa608aa3006d1"  # as version 0.11 has it
    assert prepare(digits(), tmp_path).digest == known
    assert prepare(digits(), tmp_path).remarks == ()
    dark = digits().images // 16
    before = Dataset("dark", dark, digits().labels, None, None, digits().class_names)
    prepare(before, tmp_path)
    assert prepare(before, tmp_path).high == 15


def test_test_images_have_no_say_in_what_bytes_mean(tmp_path: Path) -> None:
    first = prepared(tmp_path, whole(16))
    images = whole(16)
    kept = {image.tobytes() for image in open_part(first.test_folder, "test")[0].astype(np.uint8)}
    [place] = np.flatnonzero([image.tobytes() in kept for image in images])[:1]
    images[place] = 255
    again = prepared(tmp_path, images)
    assert open_part(again.test_folder, "test")[0].max() == 255
    assert (again.low, again.high, again.pixels) == (0, 16, first.pixels)


@pytest.mark.parametrize(("channels", "exact"), [(3, True), (1, False)])
def test_the_deviation_is_worked_out_in_pieces(channels: int, exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (700, 9, 7, channels)).astype(np.uint8)
    monkeypatch.setattr(pixels, "WHOLE", 10)
    monkeypatch.setattr(pixels, "PIECE", 9 * 7 * channels * 100)
    found = np.array(pixels.normalisations(images, 0, 255)["standardise"]["scale"])
    whole = 1 / images.std(axis=(0, 1, 2), dtype=np.float64)
    assert np.array_equal(found, whole) if exact else np.allclose(found, whole, rtol=1e-12)


def with_pixel(images: Any, value: float) -> Any:
    images = images.copy()
    images[:, 0, 0, 0][::40] = value
    return images


@pytest.mark.parametrize(
    ("images", "remark"),
    [
        (whole(16), "pixels go from 0 to 16 only, which is taken as their range"),
        (with_pixel(whole(16), 255), "pixels go from 0 to 255, but 99.9% of them from 0 to 16; look for damaged"),
        (with_pixel(whole(16) / 16, 1e6), "pixels go from 0 to 1e+06, but 99.9% of them from 0 to 1; look for"),
    ],
)
def test_what_is_odd_is_said(images: Any, remark: str, tmp_path: Path) -> None:
    assert prepared(tmp_path, images).remarks[0].startswith(remark)


def test_a_test_part_that_is_scaled_otherwise_is_said(tmp_path: Path) -> None:
    test = {"x_test": np.random.default_rng(1).random((30, 8, 8, 3)) * 255, "y_test": np.arange(30) % 3}
    [remark] = prepared(tmp_path, whole(16) / 16, **test).remarks
    assert remark.startswith("test images go from ")
    assert remark.endswith("training images from 0 to 1; scale them alike")


def test_images_that_are_all_the_same_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="all pixels of the training images are 7, so there is nothing to learn"):
        prepared(tmp_path, np.full((120, 8, 8, 3), 7))
    assert not list((tmp_path / "parts").iterdir())


KEPT = "taken as 0-16, the range of the training images, as none is brighter than 16"
SCALED = "scaled from 0-255 to {}, the range of the training images"
BEYOND = "pixels go up to 4000; those of the training images went from 0 to 300"
SMALL, SEEN, DEEP = np.array([0, 8, 16], np.uint8), np.array([0, 51, 255], np.uint8), np.array([0, 4000], np.float32)


@pytest.mark.parametrize(
    ("image", "depth", "known", "becomes", "said"),
    [
        (SEEN, BYTES, (BYTES, 0.0, 255.0), [0, 51, 255], None),
        (SEEN, BYTES, ("", 0.0, 255.0), [0, 51, 255], None),
        (SEEN, BYTES, (FLOATS, 0.0, 255.0), [0, 51, 255], None),
        (SEEN, BYTES, (BYTES, 0.0, 16.0), [0, 3.2, 16], SCALED.format("0-16")),
        (SMALL, BYTES, (BYTES, 0.0, 16.0), [0, 8, 16], KEPT),
        (SMALL, BYTES, (BYTES, 0.0, 15.0), [0, 8, 16], KEPT.replace("0-16", "0-15")),
        (
            SEEN,
            BYTES,
            (FLOATS, -1.0, 1.0),
            [-1, -0.6, 1],
            "scaled from 0-255 to -1 to 1, the range of the training images",
        ),
        (SEEN, BYTES, ("", 0.0, 1.0), [0, 0.2, 1], SCALED.format("0-1")),
        (
            SEEN,
            BYTES,
            (SIXTEEN, 0.0, 4095.0),
            [0, 819, 4095],
            "scaled from 0-255 to 0-4095, the range of the training images",
        ),
        (DEEP, SIXTEEN, (SIXTEEN, 0.0, 4095.0), [0, 4000], None),
        (
            DEEP,
            SIXTEEN,
            (SIXTEEN, 0.0, 300.0),
            [0, 4000],
            BEYOND,
        ),
    ],
)
def test_an_image_is_brought_into_the_range_of_training(
    image: Any, depth: str, known: tuple[str, float, float], becomes: list[float], said: str | None
) -> None:
    pixels, remark = as_in_training(image, depth, float(image.max()), *known)
    assert pixels.dtype == np.float32
    assert np.allclose(pixels, becomes)
    assert remark == said


@pytest.mark.parametrize(("depth", "trained"), [(SIXTEEN, BYTES), (FLOATS, BYTES), (SIXTEEN, FLOATS)])
def test_an_image_that_is_deeper_than_those_of_training_is_refused(depth: str, trained: str) -> None:
    with pytest.raises(ValueError, match=f"it holds {depth} a pixel and the model was trained on {trained}; save it"):
        as_in_training(DEEP, depth, 0.0, trained, 0.0, 255.0)
