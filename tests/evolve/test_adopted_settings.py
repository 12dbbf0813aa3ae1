"""What of a Keras model is kept when it is adopted, what is told as not kept, and what is refused by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from evolve.errors import RunError
from evolve.models.adopting_process import adopt_model
from evolve.models.pixel_range import pixel_range

SHAPE = (12, 12, 3)


def adopted(model: Any, folder: Path, pixels: str | None = None) -> dict[str, Any]:
    model.save(folder / "mine.keras")
    return adopt_model(str(folder / "mine.keras"), pixels, str(folder / "weights.npz"))


def classifier(*body: Any) -> Any:
    return keras.Sequential([keras.Input(SHAPE), *body, layers.Flatten(), layers.Dense(5, activation="softmax")])


def adapted(low: float, high: float) -> Any:
    made = layers.Normalization()
    made.adapt(np.random.default_rng(0).uniform(low, high, (50, *SHAPE)))
    return made


def computed(change: Callable[[Any], Any]) -> Any:
    image = keras.Input(SHAPE)
    return keras.Model(image, classifier(layers.Conv2D(4, 3))(change(image)))


def normalised_by_batches() -> Any:
    model = classifier(layers.BatchNormalization(), layers.Conv2D(4, 3))
    three = np.ones(3, np.float32)
    model.layers[0].set_weights([three, 0 * three, 120 * three, 3000 * three])
    return model


PIXELS: dict[str, tuple[Callable[[], Any], str | None]] = {
    "to one": (lambda: classifier(layers.Rescaling(1 / 255), layers.Conv2D(4, 3)), "0-255"),
    "to both sides of 0": (lambda: classifier(layers.Rescaling(1 / 127.5, -1), layers.Conv2D(4, 3)), "0-255"),
    "a half less": (lambda: classifier(layers.Rescaling(1 / 255, -0.5), layers.Conv2D(4, 3)), "0-255"),
    "of one": (lambda: classifier(layers.Rescaling(2.0, -1), layers.Conv2D(4, 3)), "0-1"),
    "to bytes": (lambda: classifier(layers.Rescaling(255.0), layers.Conv2D(4, 3)), "0-1"),
    "of both sides": (lambda: classifier(layers.Rescaling(0.5, 0.5), layers.Conv2D(4, 3)), "-1-1"),
    "by figures of others": (lambda: classifier(layers.Rescaling(1 / 58.0, -2.1), layers.Conv2D(4, 3)), "0-255"),
    "adapted to bytes": (lambda: classifier(adapted(0, 255), layers.Conv2D(4, 3)), "0-255"),
    "adapted to one": (lambda: classifier(adapted(0, 1), layers.Conv2D(4, 3)), "0-1"),
    "adapted to both sides": (lambda: classifier(adapted(-1, 1), layers.Conv2D(4, 3)), "-1-1"),
    "by batches": (normalised_by_batches, "0-255"),
    "by arithmetic": (lambda: computed(lambda pixels: pixels / 255.0), "0-255"),
    "by more of it": (lambda: computed(lambda pixels: 2 * (0.5 - keras.ops.divide(pixels, 255))), "0-255"),
    "by adding": (lambda: computed(lambda pixels: pixels * 2.0 + -1.0), "0-1"),
    "within": (lambda: classifier(keras.Sequential([layers.RandomFlip(), layers.Rescaling(1 / 255)])), "0-255"),
    "moved alone": (lambda: computed(lambda pixels: pixels + 1.0), None),
    "no word": (lambda: classifier(layers.Conv2D(4, 3)), None),
    "later": (lambda: classifier(layers.Conv2D(4, 3), layers.Rescaling(1 / 255)), None),
    "nothing": (lambda: classifier(layers.Rescaling(1.0), layers.Conv2D(4, 3)), None),
}


@pytest.mark.parametrize("name", PIXELS)
def test_the_range_of_pixels_is_what_the_first_layers_tell(name: str) -> None:
    make, told = PIXELS[name]
    expected, why = pixel_range(make(), None)
    assert expected == (told or "0-1")
    assert ("tells" in why and "no layer" not in why) == (told is not None)
    assert ("say --pixels 0-255 or --pixels -1-1" in why) == (told is None)


def test_what_the_user_says_goes_before_what_layers_tell() -> None:
    assert pixel_range(PIXELS["to one"][0](), "-1-1") == ("-1-1", "pixels are taken to lie from -1 to 1, as you say")


def test_what_was_assumed_is_told(tmp_path: Path) -> None:
    told = adopted(PIXELS["no word"][0](), tmp_path)
    assert told["remarks"][0].startswith("pixels are assumed to lie from 0 to 1, as no layer of the model tells")


def with_settings() -> Any:
    model = classifier(
        layers.Conv2D(
            4,
            3,
            activation=layers.LeakyReLU(0.1),
            kernel_regularizer=keras.regularizers.L2(0.5),
            kernel_constraint=keras.constraints.MaxNorm(2),
            kernel_initializer="he_normal",
            name="first",
        ),
        layers.BatchNormalization(momentum=0.8, center=False, renorm=True, name="normal"),
        layers.Conv2D(4, 3, kernel_regularizer=keras.regularizers.L2(0.5), name="second"),
        layers.ActivityRegularization(l2=0.1, name="calm"),
        layers.Dropout(0.3, noise_shape=(None, 1, 1, 4), name="channels"),
    )
    model.get_layer("second").trainable = False
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    model.compile(keras.optimizers.Adam(0.002, beta_1=0.5, amsgrad=True, clipnorm=1.0), loss)
    return model


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_what_only_decides_a_training_is_told_line_by_line(tmp_path: Path) -> None:
    told = adopted(with_settings(), tmp_path)
    assert told["difference"] <= 1e-5
    assert "leaky_relu 0.1" in told["notation"]
    assert "batchnorm momentum=0.8" in told["notation"]
    assert "adam 0.002, batch 32, smoothing 0.1, scale" in told["notation"]
    remarks = "\n".join(told["remarks"])
    for line in (
        "not kept: kernel_regularizer=L2(l2=0.5) of first and second",
        "not kept: kernel_constraint=MaxNorm(max_value=2, axis=0) of first",
        "not kept: kernel_initializer=HeNormal() of first",
        "not kept: center=False (its offset is 0 and is trained here) of normal",
        "not kept: renorm=True of normal",
        "not kept: trainable=False (all layers are trained here) of second",
        "not kept: noise_shape=[None, 1, 1, 4] of channels",
        "not kept: calm (ActivityRegularization), a penalty in training alone",
        "not kept: beta_1=0.5 of its adam; evolve's has 0.9",
        "not kept: amsgrad=True of its adam; evolve's has False",
        "not kept: clipnorm=1.0 of its adam; evolve's has None",
    ):
        assert line in remarks


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_an_ordinary_model_has_nothing_that_is_not_kept_but_the_momentum(tmp_path: Path) -> None:
    model = classifier(layers.Conv2D(4, 3, activation="relu", name="c"), layers.BatchNormalization(name="b"))
    model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy")
    dropped = [one for one in adopted(model, tmp_path)["remarks"] if "kept" in one]
    assert dropped == ["not kept: momentum=0.99 (here 0.9) of b"]


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_another_loss_is_told(tmp_path: Path) -> None:
    model = classifier(layers.Conv2D(4, 3))
    model.compile("adam", "mse")
    assert any(one.startswith("not kept: its loss") for one in adopted(model, tmp_path)["remarks"])


def test_a_call_with_training_on_or_off_is_told(tmp_path: Path) -> None:
    """Keras's own `fit` and `predict` go over it, so that it changes nothing that the network says."""
    image = keras.Input(SHAPE)
    body = keras.Sequential([layers.Conv2D(4, 3), layers.BatchNormalization(name="b")], name="body")
    x = layers.Dropout(0.5, name="always")(body(image, training=False), training=True)
    told = adopted(keras.Model(image, layers.Dense(5, activation="softmax")(layers.Flatten()(x))), tmp_path)
    assert told["difference"] <= 1e-5
    assert "not kept: training=False, with which body/b (BatchNormalization) is called" in told["remarks"]
    assert "not kept: training=True, with which always (Dropout) is called" in told["remarks"]


def odd() -> Any:
    image = keras.Input(SHAPE)
    x = layers.RandomCrop(10, 10, name="crop")(layers.AutoContrast(name="contrast")(image))
    x = layers.Conv2D(4, 3, padding="same", name="first")(x)
    x = x + 1.0
    x = layers.Add(name="broad")([x, layers.Conv2D(1, 1, name="narrow")(x)])
    x = layers.Conv2D(4, 3, activation=layers.ELU(), name="bent")(x)
    x = layers.Dense(5, activation="softmax", name="end")(layers.Flatten()(x))
    return keras.Model(image, layers.Activation("softmax", name="twice")(x))


def test_what_changes_what_a_model_says_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(RunError) as raised:
        adopted(odd(), tmp_path)
    for reason in (
        "contrast (AutoContrast): there is no word for AutoContrast",
        "crop (RandomCrop): it cuts or resizes images in predictions, too (12 x 12 x 3 to 10 x 10 x 3)",
        "(Add): it takes 1.0, which no layer puts out",
        "broad (Add): it adds outputs of 10 x 10 x 1 and 10 x 10 x 4",
        "bent (Conv2D): its activation is a layer, ELU; put that behind it",
        "twice (Activation): it is a second softmax behind that of end",
    ):
        assert reason in str(raised.value)


def test_figures_for_each_pixel_are_refused(tmp_path: Path) -> None:
    each = layers.Normalization(axis=(1, 2, 3), name="each")
    each.adapt(np.random.default_rng(0).uniform(0, 255, (20, *SHAPE)))
    with pytest.raises(RunError, match=r"each \(Normalization\): it has 432 figures for pixels"):
        adopted(classifier(each, layers.Conv2D(4, 3)), tmp_path)


def test_a_factor_behind_the_first_layer_is_read_and_others_are_named(tmp_path: Path) -> None:
    body = [layers.Conv2D(4, 3), layers.GlobalMaxPooling2D(), layers.Rescaling(0.25)]
    told = adopted(keras.Sequential([keras.Input(SHAPE), *body, layers.Dense(5, activation="softmax")]), tmp_path)
    assert "scale 0.25" in told["notation"]
    assert told["difference"] <= 1e-5
    with pytest.raises(RunError, match=r"moved \(Rescaling\): it has several factors, or an offset"):
        adopted(classifier(layers.Conv2D(4, 3), layers.Rescaling(0.25, 1.0, name="moved")), tmp_path)


def test_figures_that_are_an_array_are_read(tmp_path: Path) -> None:
    told = adopted(classifier(layers.Rescaling(np.array([1.0, 0.9, 0.8]) / 255), layers.Conv2D(4, 3)), tmp_path)
    assert told["difference"] <= 1e-5


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_read_in_32_bits(policy: str, tmp_path: Path) -> None:
    body = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 3, dtype=policy),
        layers.BatchNormalization(dtype=policy),
        layers.ReLU(dtype=policy),
    ]
    told = adopted(classifier(*body), tmp_path)
    assert told["difference"] <= 1e-5
    assert any(one.startswith(f"not kept: its dtype policy {policy}; it is read in float32") for one in told["remarks"])


@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_a_quantised_model_is_refused_by_its_dtype_policy(tmp_path: Path) -> None:
    model = classifier(layers.Conv2D(4, 3))
    model.quantize("int8")
    with pytest.raises(
        RunError, match=r"its dtype policy is QuantizedDTypePolicy.* adopt the one that it was quantised"
    ):
        adopted(model, tmp_path)


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_without_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"it does not say what it takes; begin it with keras\.Input"):
        adopted(keras.Sequential([layers.Flatten(), layers.Dense(5)]), tmp_path)
