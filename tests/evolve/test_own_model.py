"""Keras models of the user's own as baselines: what they cost, what they put out, and that nothing is frozen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from evolve.models.layer_costs import costs_of
from evolve.models.model_costs import costs
from evolve.training.class_shares import look_like_shares, says_shares
from evolve.training.keras_model import _fresh, _shares

SHAPE = (12, 12, 3)
IMAGES = np.random.default_rng(0).uniform(0, 1, (8, *SHAPE)).astype(np.float32)


def costs_in_file(model: Any, folder: Path) -> dict[str, Any]:
    model.save(folder / "mine.keras")
    return costs(str(folder / "mine.keras"))


def fresh(told: dict[str, Any]) -> tuple[Any, bool]:
    return _fresh(keras.saving.deserialize_keras_object(json.loads(told["model"]), safe_mode=True), IMAGES)


def behind(*last: Any) -> Any:
    return keras.Sequential([keras.Input(SHAPE), layers.Flatten(), *last])


def within(*last: Any) -> Any:
    image = keras.Input(SHAPE)
    return keras.Model(image, keras.Sequential([keras.Input((432,)), *last])(layers.Flatten()(image)))


def operation(function: Callable[[Any], Any]) -> Any:
    image = keras.Input(SHAPE)
    return keras.Model(image, function(layers.Dense(5)(layers.Flatten()(image))))


def mean_of_two() -> Any:
    image = keras.Input(SHAPE)
    flat = layers.Flatten()(image)
    return keras.Model(image, layers.Average()([layers.Dense(5, activation="softmax")(flat) for _ in range(2)]))


def divided(x: Any) -> Any:
    return keras.ops.exp(x) / keras.ops.sum(keras.ops.exp(x), axis=-1, keepdims=True)


ENDS: dict[str, tuple[Callable[[], Any], bool, bool | None]] = {  # model, whether shares, what its layers tell
    "dense": (lambda: behind(layers.Dense(5)), False, False),
    "dense with softmax": (lambda: behind(layers.Dense(5, activation="softmax")), True, True),
    "softmax": (lambda: behind(layers.Dense(5), layers.Softmax()), True, True),
    "activation": (lambda: behind(layers.Dense(5), layers.Activation("softmax")), True, True),
    "handed on": (
        lambda: behind(layers.Dense(5, activation="softmax"), layers.Activation("linear"), layers.Dropout(0.1)),
        True,
        True,
    ),
    "softmax within": (lambda: within(layers.Dense(5, activation="softmax")), True, True),
    "logits within": (lambda: within(layers.Dense(5)), False, False),
    "operation": (lambda: operation(keras.ops.softmax), True, True),
    "sums to 1": (lambda: operation(divided), True, None),
    "mean": (mean_of_two, True, None),
    "other operation": (lambda: operation(lambda x: x * 3), False, None),
}


@pytest.mark.parametrize("name", ENDS)
def test_class_probabilities_are_known_from_logits(name: str, tmp_path: Path) -> None:
    make, shares, told = ENDS[name]
    model = make()
    assert says_shares(model.outputs[0]) is told
    again, found = fresh(costs_in_file(model, tmp_path))
    assert found is shares
    assert again.loss.from_logits is not shares
    assert np.allclose(_shares(again, IMAGES, found).sum(axis=1), 1, atol=1e-5)


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_a_loss_tells_where_no_layer_does(tmp_path: Path) -> None:
    model = operation(divided)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    assert fresh(costs_in_file(model, tmp_path))[1] is False


def test_shares_add_up_to_1_for_each_image() -> None:
    assert look_like_shares(np.array([[0.25, 0.75], [1.0, 0.0]]))
    assert not look_like_shares(np.array([[0.25, 0.75], [0.9, 0.9]]))
    assert not look_like_shares(np.array([[1.5, -0.5]]))
    assert not look_like_shares(np.array([[np.nan, 1.0]]))


def test_each_class_for_itself_is_divided_by_the_sum(tmp_path: Path) -> None:
    model, shares = fresh(costs_in_file(behind(layers.Dense(5, activation="sigmoid")), tmp_path))
    said = np.asarray(model(IMAGES))
    assert shares is True
    assert np.allclose(_shares(model, IMAGES, shares), said / said.sum(axis=1, keepdims=True), atol=1e-6)


def test_costs_count_each_call(tmp_path: Path) -> None:
    """By hand, of all kinds of layers that multiply."""
    image = keras.Input(SHAPE)
    same = layers.Conv2D(3, 3, padding="same", groups=3, use_bias=False)  # called twice
    inner = keras.Sequential([keras.Input(SHAPE), layers.DepthwiseConv2D(3, padding="same")])
    x = keras.ops.relu(inner(same(same(image))))
    x = layers.Conv2DTranspose(4, 2, strides=2)(x)  # 24 x 24
    x = layers.EinsumDense("abcd,de->abce", output_shape=(24, 24, 5))(x)
    x = layers.SeparableConv2D(6, 3, strides=6, padding="same")(x)  # 4 x 4
    x = layers.Reshape((16, 6))(x)
    x = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = layers.LSTM(7, name="recurrent")(x)
    told = costs_in_file(keras.Model(image, layers.Dense(5)(x)), tmp_path)
    attention = 16 * 4 * 6 * 2 * 3 + 2 * 16 * 16 * 2 * 3
    each = [2 * 144 * 9 * 3, 144 * 9 * 3, 144 * 4 * 4 * 3, 576 * 4 * 5, 16 * (9 * 5 + 5 * 6), attention, 7 * 5]
    assert told["multiply_adds"] == sum(each)
    values = [2 * 432, 432, 432, 576 * 4, 576 * 5, 16 * 6, 16 * 6, 16 * 6, 7, 5]
    assert told["values"] == sum(values)
    [uncounted] = [one for one in told["remarks"] if "do not count" in one]
    assert "recurrent (LSTM)" in uncounted


def test_channels_that_come_first_are_no_places() -> None:
    model = keras.Model(image := keras.Input((3, 8, 8)), layers.Conv2D(4, 3, data_format="channels_first")(image))
    assert [one.multiply_adds for one in costs_of(model)] == [36 * 27 * 4]


def frozen() -> Any:
    base = keras.Sequential(
        [keras.Input(SHAPE), layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(name="bn")]
    )
    base.trainable = False
    image = keras.Input(SHAPE)
    x = layers.GlobalAveragePooling2D()(base(image, training=False))
    return keras.Model(image, layers.Dense(5, activation="softmax")(x))


def test_nothing_is_frozen_at_fresh_weights(tmp_path: Path) -> None:
    told = costs_in_file(frozen(), tmp_path)
    assert any(one.startswith("frozen in the file: conv and bn; with fresh weights") for one in told["remarks"])
    model, _ = fresh(told)
    assert all(layer.trainable for layer in model._flatten_layers())
    base = model.layers[1]
    watched = [base.get_layer("conv").kernel, base.get_layer("bn").moving_mean]
    before = [np.array(one) for one in watched]
    model.fit(IMAGES, np.arange(8) % 5, epochs=1, verbose=0)
    assert all(np.any(np.array(one) != old) for one, old in zip(watched, before, strict=True))


def test_a_model_of_which_nothing_is_frozen_has_no_remark_on_that(tmp_path: Path) -> None:
    told = costs_in_file(behind(layers.Dense(5)), tmp_path)
    assert [one for one in told["remarks"] if not one.startswith("pixels")] == []


@pytest.mark.parametrize("axis", [None, (1, 2, 3), -1])
def test_a_normalisation_keeps_its_figures(axis: Any, tmp_path: Path) -> None:
    adapted = layers.Normalization(axis=axis)
    adapted.adapt(np.random.default_rng(0).uniform(0, 255, (20, *SHAPE)))
    told = costs_in_file(keras.Sequential([keras.Input(SHAPE), adapted, layers.Flatten(), layers.Dense(5)]), tmp_path)
    [again] = [one for one in fresh(told)[0].layers if isinstance(one, layers.Normalization)]
    assert np.allclose(again.mean, adapted.mean)
    assert told["range"] == "0-255"
