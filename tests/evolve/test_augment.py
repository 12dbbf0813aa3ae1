"""Random changes of training images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evolve.training import augment as changes
from evolve.training.augment import augment, flip, shift
from genomes.recipe import DEFAULT

OFF = DEFAULT.to_json()
STRONG = {
    "flip": True,
    "shift": 2,
    "rotation": 15.0,
    "zoom": 0.2,
    "contrast": 0.5,
    "brightness": 0.2,
    "cutout": 4,
    "mixup": 0.4,
}


def images(count: int = 50, shape: tuple[int, int, int] = (8, 8, 3), dtype: Any = np.uint8) -> Any:
    return np.random.default_rng(0).integers(0, 255, (count, *shape)).astype(dtype)


def targets(count: int = 50) -> Any:
    return np.eye(5, dtype=np.float32)[np.arange(count) % 5]


def changed(recipe: dict[str, Any], seed: int = 1, **given: Any) -> tuple[Any, Any]:
    some = images(**given)
    return augment(some, targets(len(some)), {**OFF, **recipe}, 0.0, 255.0, np.random.default_rng(seed))


def test_flip_mirrors_about_half() -> None:
    before = images(400, (6, 6, 3))
    flipped = flip(before, np.random.default_rng(1))
    same = (flipped == before).all(axis=(1, 2, 3))
    assert 150 < same.sum() < 250
    assert np.array_equal(flipped[~same], before[~same, :, ::-1])


def test_shift_moves_in_both_directions_and_keeps_the_middle() -> None:
    before = np.zeros((300, 9, 9, 1), np.uint8)
    before[:, 4, 4] = 1
    moved = shift(before, 2, False, np.random.default_rng(1))
    places = {(int(y), int(x)) for _, y, x, _ in np.argwhere(moved)}
    assert places == {(y, x) for y in range(2, 7) for x in range(2, 7)}
    assert (moved.sum(axis=(1, 2, 3)) == 1).all()


def test_nothing_is_touched_where_everything_is_off() -> None:
    some, labels = images(), targets()
    same, unmixed = augment(some, labels, OFF, 0.0, 255.0, np.random.default_rng(0))
    assert same is some
    assert unmixed is labels


@pytest.mark.parametrize("name", STRONG)
@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 12, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_each_change_follows_its_generator_and_keeps_type_and_range(
    name: str, shape: tuple[int, int, int], dtype: Any
) -> None:
    recipe, given = {name: STRONG[name]}, {"shape": shape, "dtype": dtype, "count": 300}
    before = images(300, shape, dtype)
    first, labels = changed(recipe, 1, **given)
    assert first.shape == before.shape
    assert first.dtype == before.dtype
    assert first.min() >= 0
    assert first.max() <= 255
    assert np.allclose(labels.sum(axis=1), 1, atol=1e-5)
    assert not np.array_equal(first, before)
    assert np.array_equal(first, changed(recipe, 1, **given)[0])
    assert not np.array_equal(first, changed(recipe, 2, **given)[0])
    assert np.array_equal(before, images(300, shape, dtype)), "the input was touched"


def test_a_turn_by_nothing_and_a_zoom_by_nothing_change_nothing() -> None:
    some = images()
    turned = changes.turn_and_zoom(some, 1e-6, 0.0, np.random.default_rng(0))
    assert np.abs(turned.astype(int) - some).max() <= 1


def test_a_turn_turns_about_the_middle() -> None:
    some = np.zeros((160, 9, 9, 1), np.float32)
    some[:, 4, 4] = 100
    turned = changes.turn_and_zoom(some, 45.0, 0.0, np.random.default_rng(0))
    assert np.allclose(turned[:, 4, 4], 100, atol=0.1)
    some[:, 4, 4], some[:, 4, 8] = 0, 100
    ways = changes.turn_and_zoom(some, 45.0, 0.0, np.random.default_rng(0)).argmax(axis=1)
    assert len({int(row) for way in ways for row in way.ravel() if row}) > 2


def test_cutout_greys_one_square_of_at_most_half_an_image() -> None:
    whole = np.full((40, 8, 8, 1), 200, np.uint8)
    cut = changes.cutout(whole, 16, 0.0, 255.0, np.random.default_rng(0))
    assert set(np.unique(cut)) == {127, 200}
    assert {int((image == 127).sum()) for image in cut} == {16}


def test_contrast_keeps_the_middle_and_brightness_moves_it() -> None:
    some = images(200).astype(np.float32) / 4 + 96
    spread = changes.contrast_and_brightness(some, 0.3, 0.0, 0.0, 255.0, np.random.default_rng(0))
    assert np.allclose(spread.mean(axis=(1, 2, 3)), some.mean(axis=(1, 2, 3)), atol=0.1)
    assert spread.std(axis=(1, 2, 3)).std() > 1
    moved = changes.contrast_and_brightness(some, 0.0, 0.2, 0.0, 255.0, np.random.default_rng(0))
    assert (moved.mean(axis=(1, 2, 3)) - some.mean(axis=(1, 2, 3))).std() > 10


def test_mixup_mixes_targets_as_it_mixes_images() -> None:
    flat = np.repeat(np.arange(5, dtype=np.float32) * 10, 10).reshape(50, 1, 1, 1) * np.ones((1, 4, 4, 1), np.float32)
    labels = np.eye(5, dtype=np.float32)[np.repeat(np.arange(5), 10)]
    mixed, shares = changes.mixup(flat, labels, 0.5, np.random.default_rng(0))
    assert np.allclose(mixed[:, 0, 0, 0], shares @ (np.arange(5) * 10), atol=1e-3)
    assert (shares.max(axis=1) < 0.99).any()


def test_chunks_do_not_show() -> None:
    one, _ = changed({"flip": True}, count=changes.CHUNK)
    two, _ = changed({"flip": True}, count=2 * changes.CHUNK + 7)
    assert np.array_equal(one, two[: changes.CHUNK])
    assert len(two) == 2 * changes.CHUNK + 7
