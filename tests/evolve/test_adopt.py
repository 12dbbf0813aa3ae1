"""Keras models of the user's own: adopted with their weights, searched on from, or refused with every reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from conftest import command
from keras import layers

import evolve
from evolve.errors import ConfigError, RunError
from evolve.models.adopting_process import adopt_model
from evolve.models.export import FORMATS
from evolve.models.model_costs import costs
from evolve.storage.adopted_files import AdoptedFile, check_free, folder_of, read_adopted
from evolve.training.keras_model import _fresh
from genomes.graph import adopting
from genomes.graph.space import GraphSpace

SHAPE = (12, 12, 3)


def tutorial() -> Any:
    model = keras.Sequential(
        [
            keras.Input(SHAPE),
            layers.Conv2D(8, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Conv2D(12, (3, 3)),
            layers.LeakyReLU(),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.02, momentum=0.8, weight_decay=0.001), "categorical_crossentropy")
    return model


def residual(x: Any, filters: int, stride: int) -> Any:
    y = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5)(y))
    y = layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", use_bias=False)(y))
    if stride > 1:
        x = layers.BatchNormalization()(layers.Conv2D(filters, 1, strides=stride, use_bias=False)(x))
    return layers.Activation("relu")(layers.Add()([y, x]))


def resnet() -> Any:
    image = keras.Input(SHAPE)
    x = layers.ReLU()(
        layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(layers.Rescaling(1 / 255)(image)))
    )
    x = residual(residual(x, 8, 1), 16, 2)
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))  # logits


def densenet() -> Any:
    image = keras.Input(SHAPE)
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for _ in range(3):
        y = layers.Activation("gelu")(layers.BatchNormalization(center=False)(x))
        x = layers.Concatenate()([x, layers.Conv2D(6, 3, padding="same")(y)])
    x = layers.SeparableConv2D(12, 3, use_bias=False)(layers.AveragePooling2D(2)(x))
    x = layers.PReLU(shared_axes=[1, 2])(layers.DepthwiseConv2D(3, use_bias=False)(x))
    x = layers.Dense(8, use_bias=False)(layers.GlobalMaxPooling2D()(x))
    return keras.Model(image, layers.Softmax()(layers.Dense(5)(layers.LayerNormalization()(x))))


def nested() -> Any:
    """Models within, a normalisation that was adapted, a sum by `+`, and changes of images at random."""
    normalisation = layers.Normalization(axis=-1)
    normalisation.adapt(np.random.default_rng(0).uniform(0, 255, (50, *SHAPE)))
    changes = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)])
    body = keras.Sequential([keras.Input(SHAPE), layers.Conv2D(8, 3, activation="swish"), layers.MaxPooling2D()])
    image = keras.Input(SHAPE)
    x = body(normalisation(changes(image)))
    x = x + layers.Conv2D(8, 1)(x)
    return keras.Model(image, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


def concatenated_against_its_names() -> Any:
    """What is concatenated comes in an order that is not that of the layers' names."""
    image = keras.Input(SHAPE)
    first = layers.Conv2D(4, 3, padding="same", name="zebra")(image)
    second = layers.Conv2D(6, 3, padding="same", name="ant")(image)
    x = layers.Conv2D(4, 1, name="after")(layers.Concatenate(name="both")([first, second]))
    return keras.Model(image, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


def backwards() -> Any:
    """A later layer is concatenated before an earlier one."""
    image = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, padding="same", name="one")(image)
    x = layers.Concatenate(name="both")([layers.ReLU()(x), x])
    return keras.Model(image, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


def called_as_what_every_network_has() -> Any:
    """And a function in the place of a layer."""
    image = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, name="probabilities")(image)
    x = layers.Conv2D(4, 3, name="classes")(keras.activations.relu(x))
    return keras.Model(image, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


def overlapping_poolings() -> Any:
    """Windows that overlap, that reach over the border, and one of all that is left."""
    image = keras.Input(SHAPE)
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.AveragePooling2D(2, strides=1, padding="same")(x)
    x = layers.AveragePooling2D((x.shape[1], x.shape[2]))(x)
    return keras.Model(image, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


def mobile() -> Any:
    """As MobileNet is built: its pixels are scaled by arithmetic, borders are zeros at two sides, relus end at six."""
    image = keras.Input(SHAPE)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(image / 127.5 - 1.0)
    x = layers.ReLU(6.0)(layers.Conv2D(8, 3, strides=2, bias_initializer=keras.initializers.Constant(5.9))(x))
    x = layers.ZeroPadding2D((1, 2))(x)
    x = layers.ReLU(max_value=6)(layers.DepthwiseConv2D(3, strides=2, use_bias=False)(x))
    x = layers.Conv2D(600, 1, activation="hard_silu")(layers.ReLU(negative_slope=0.1)(layers.Conv2D(4, 1)(x)))
    x = layers.Dense(16, activation="sigmoid")(layers.GlobalMaxPooling2D()(layers.MaxPooling2D(1, strides=2)(x)))
    return keras.Model(image, layers.Dense(5, activation="softmax", kernel_initializer="random_normal")(x))


MODELS: dict[str, Callable[[], Any]] = {
    made.__name__: made
    for made in (
        tutorial,
        resnet,
        densenet,
        nested,
        concatenated_against_its_names,
        backwards,
        called_as_what_every_network_has,
        overlapping_poolings,
        mobile,
    )
}


@pytest.fixture(autouse=True)
def seed() -> None:
    """Where logits are large, probabilities of some networks are as far apart as the rounding of pixels makes them."""
    keras.utils.set_random_seed(0)


def saved(model: Any, folder: Path) -> Path:
    """The model in a file, with weights that are not those that it begins with."""
    rng = np.random.default_rng(0)
    for layer in model._flatten_layers():
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights([np.abs(rng.normal(1, 0.3, one.shape)).astype(np.float32) for one in layer.get_weights()])
    model.save(folder / "mine.keras")
    return folder / "mine.keras"


@pytest.mark.parametrize(
    ("kind", "other"), [("relu6", "relu"), ("hard_swish", "swish"), ("leaky_relu 0.1", "leaky_relu 0.12")]
)
def test_another_function_is_noticed(kind: str, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the network of MobileNet's kind says depends on each of its functions by far more than it may differ."""
    read = adopting.words_of
    changed = lambda *given: [other if word == kind else word for word in read(*given)]  # noqa: E731
    monkeypatch.setattr(adopting, "words_of", changed)
    with pytest.raises(RunError, match="differ by up to"):
        adopt_model(str(saved(mobile(), tmp_path)), None, str(tmp_path / "weights.npz"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50V2", "DenseNet121", "VGG16"])
def test_networks_that_come_with_keras_are_adopted(name: str, tmp_path: Path) -> None:
    """As the body of a model of one's own, as people use them."""
    body = getattr(keras.applications, name)(weights=None, input_shape=(32, 32, 3), include_top=False)
    image = keras.Input((32, 32, 3))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(body(image / 127.5 - 1.0, training=False)))
    model = keras.Model(image, layers.Dense(5, activation="softmax")(x))
    told = adopt_model(str(saved(model, tmp_path)), None, str(tmp_path / "weights.npz"))
    assert told["difference"] <= 1e-5
    assert told["range"] == "0-255"


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
@pytest.mark.parametrize("name", MODELS)
def test_what_was_adopted_says_what_the_model_says(name: str, tmp_path: Path) -> None:
    told = adopt_model(str(saved(MODELS[name](), tmp_path)), None, str(tmp_path / "weights.npz"))
    assert told["difference"] <= 1e-5
    space = GraphSpace(SHAPE, 5)
    genome = space.parse(told["notation"])
    assert genome.notation() == told["notation"]
    assert told["range"] == ("0-255" if name in ("resnet", "densenet", "nested", "mobile") else "0-1")


def test_the_same_network_has_the_same_marks_however_many_were_made_before(tmp_path: Path) -> None:
    first, second = (
        adopt_model(str(saved(resnet(), tmp_path)), None, str(tmp_path / "weights.npz"))["notation"] for _ in range(2)
    )
    assert first == second
    assert len(set(re.findall(r"(\w+): conv", first))) == first.count(": conv") > 5


def test_the_name_of_another_adopted_model_is_not_taken(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.keras", tmp_path / "other.keras"
    for path in (mine, other):
        path.write_bytes(b"a model")
    check_free(tmp_path, "resnet", mine)
    folder_of(tmp_path, "resnet").mkdir(parents=True)
    told = {"key": "k", "notation": "n", "input_shape": SHAPE, "classes": 5, "parameters": 1, "multiply_adds": 1}
    AdoptedFile("resnet", model=str(mine), **told, layers=1, range="0-1", difference=0.0, remarks=()).write(tmp_path)
    check_free(tmp_path, "resnet", mine)  # again, as it was trained on
    with pytest.raises(ConfigError, match=r"name 'resnet' is that of .*mine.keras, which was adopted before"):
        check_free(tmp_path, "resnet", other)
    mine.unlink()
    check_free(tmp_path, "resnet", other)


@pytest.mark.parametrize("pixels", ["0-1", "0-255", "-1-1"])
def test_pixels_may_be_in_another_range(pixels: str, tmp_path: Path) -> None:
    path = saved(concatenated_against_its_names(), tmp_path)
    told = adopt_model(str(path), pixels, str(tmp_path / "weights.npz"))
    assert told["difference"] <= 1e-5
    assert ("batchnorm" in told["notation"]) == (pixels == "-1-1")


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_the_recipe_is_what_it_was_compiled_with(tmp_path: Path) -> None:
    notation = adopt_model(str(saved(tutorial(), tmp_path)), None, str(tmp_path / "weights.npz"))["notation"]
    assert notation.endswith("| sgd 0.02, batch 32, momentum 0.8, decay 0.001, scale")


def two_inputs() -> Any:
    images = [keras.Input(SHAPE), keras.Input(SHAPE)]
    return keras.Model(images, layers.Dense(5, activation="softmax")(layers.Flatten()(layers.Add()(images))))


def two_outputs() -> Any:
    image = keras.Input(SHAPE)
    ends = [layers.Dense(5, activation="softmax")(layers.Flatten()(image)) for _ in range(2)]
    return keras.Model(image, ends)


def shared() -> Any:
    image, twice = keras.Input(SHAPE), layers.Conv2D(3, 3, padding="same", name="twice")
    return keras.Model(image, layers.Dense(5, activation="softmax")(layers.Flatten()(twice(twice(image)))))


def code() -> Any:
    image = keras.Input(SHAPE)
    x = layers.Flatten()(layers.Lambda(lambda x: x * 2)(image))
    return keras.Model(image, layers.Dense(5, activation="softmax")(x))


def shared_within() -> Any:
    image, again = keras.Input(SHAPE), layers.ReLU(name="again")
    inner = keras.Model(image, again(layers.Conv2D(4, 3, padding="same")(again(image))), name="inner")
    outer = keras.Input(SHAPE)
    return keras.Model(outer, layers.Dense(5, activation="softmax")(layers.Flatten()(inner(outer))))


def two_ranges() -> Any:
    image = keras.Input(SHAPE)
    x = layers.Add()([layers.Conv2D(4, 3, name="raw")(image), layers.Conv2D(4, 3)(image / 255.0)])
    return keras.Model(image, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (two_inputs, "has 2 inputs and 1 output; "),
    (two_outputs, "has 1 input and 2 outputs; "),
    (shared, r"twice \(Conv2D\): it is called 2 times, with the same weights; give each call a layer of its own"),
    (shared_within, r"inner/again \(ReLU\): it is called 2 times; give each call a layer of its own"),
    (two_ranges, r"\((Conv2D|TrueDivide)\): another layer reads pixels beside it, in another range"),
    (code, r"holds code \(__lambda__\), which is not run"),
]


@pytest.mark.parametrize(("make", "why"), REFUSED, ids=[make.__name__ for make, _ in REFUSED])
def test_what_cannot_be_adopted_is_refused(make: Callable[[], Any], why: str, tmp_path: Path) -> None:
    path = saved(make(), tmp_path)
    with pytest.raises(RunError, match=why):
        adopt_model(str(path), None, str(tmp_path / "weights.npz"))


def test_settings_that_a_word_says_nothing_about_are_named(tmp_path: Path) -> None:
    image = keras.Input((15, 15, 3))
    x = layers.Softmax(name="early")(image)
    x = layers.LayerNormalization(center=False, name="uncentred")(layers.Flatten()(x))
    model = keras.Model(image, layers.Dense(5, activation="softmax")(x))
    with pytest.raises(RunError) as raised:
        adopt_model(str(saved(model, tmp_path)), None, str(tmp_path / "weights.npz"))
    for name in (
        "early (Softmax): ",
        "uncentred (LayerNormalization): it has no",
    ):
        assert name in str(raised.value)


def test_what_was_adapted_is_kept_in_a_baseline(tmp_path: Path) -> None:
    made = costs(str(saved(nested(), tmp_path)))
    again = _fresh(
        keras.saving.deserialize_keras_object(json.loads(made["model"]), safe_mode=True), np.zeros((2, *SHAPE))
    )[0]
    [layer] = [one for one in again._flatten_layers() if isinstance(one, layers.Normalization)]
    assert np.asarray(layer.mean).mean() == pytest.approx(127.5, abs=5)


def test_each_layer_without_a_counterpart_is_named(tmp_path: Path) -> None:
    image = keras.Input(SHAPE)
    activation = layers.ReLU(name="again")
    x = layers.Conv2D(8, (3, 5), activation="log_softmax", name="oblong")(activation(image))
    x = activation(layers.Add(name="sum")([x, layers.Conv2D(8, (3, 5), name="oblong_too")(image)]))
    x = layers.MaxPooling2D(3, (2, 1), name="oblique")(layers.Cropping2D(name="cropped")(x))
    x = layers.Conv2D(4096, 3, name="wide")(x)
    x = layers.Dense(1, activation="sigmoid", name="end")(layers.Flatten()(x))
    with pytest.raises(RunError) as raised:
        adopt_model(str(saved(keras.Model(image, x), tmp_path)), None, str(tmp_path / "weights.npz"))
    assert "it reads one layer twice" not in str(raised.value)
    for reason in (
        "again (ReLU): it is called 2 times; give each call",
        "oblong (Conv2D): (3, 5) is not square",
        "oblong_too (Conv2D): (3, 5) is not square",
        "cropped (Cropping2D): there is no word for Cropping2D",
        "oblique (MaxPooling2D): (2, 1) is not square",
        "wide (Conv2D): conv: filters must be a whole number from 4 to 2048, not 4096",
        "end (Dense): it ends in 1 unit with sigmoid",
    ):
        assert reason in str(raised.value)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> Path:
    """A folder with a model that was trained, adopted and searched on from."""
    folder = tmp_path_factory.mktemp("adopted")
    data = np.load(tiny_npz)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(data["x_train"] / 255.0, data["y_train"], epochs=2, verbose=0)
    model.save(folder / "mine.keras")
    done = command("adopt", "mine.keras", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "\n  evolve run --encoding graph --founders adopted:mine --dataset DATA\n" in done.stdout
    few = ("--evaluations", "4", "--population", "3", "--images", "100", "--epochs", "1", "--final-epochs", "1")
    run = ("run", "--encoding", "graph", "--founders", "adopted:mine", "--dataset", tiny_npz, *few, "--name", "on")
    done = command(*run, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in command("history", "on", "--json", cwd=folder).stdout.splitlines()]


@pytest.mark.slow
def test_all_trainings_of_it_and_its_children_begin_with_its_weights(searched: Path) -> None:
    key = read_adopted(searched / "results", "mine").key
    shares = {}
    for row in rows_of(searched):
        assert [step["detail"]["weights"] for step in row["steps"] if step["operator"] == "adopt"] == [key]
        if row["cached_from"] is None:
            shares.setdefault(row["candidate"], set()).add(row["measures"]["inherited_share"])
    assert shares[1] == {1.0}
    assert len(shares) > 2
    assert all(len(found) == 1 for found in shares.values())


@pytest.mark.slow
def test_no_clean_test_accuracy_is_claimed(searched: Path) -> None:
    for words in (("show", "on"), ("show", "on", "best"), ("ensemble", "on", "--top", "1")):
        shown = " ".join(command(*words, cwd=searched).stdout.split())
        assert "no clean test accuracy: it began with weights of mine, which may have seen any of these images" in shown
    assert "(not clean)" in " ".join(command("list", cwd=searched).stdout.split())
    assert json.loads(command("show", "on", "--json", cwd=searched).stdout)["test_is_clean"] is False


@pytest.mark.slow
def test_the_run_needs_nothing_else_any_more(searched: Path) -> None:
    adopted = searched / "results" / "adopted"
    adopted.rename(searched / "elsewhere")
    try:
        done = command("resume", "on", "--generations", "1", cwd=searched)
        assert done.returncode == 0, done.stderr
        assert command("train", "on", "1", "--epochs", "2", cwd=searched).returncode == 0
        last = rows_of(searched)[-1]
        assert (last["purpose"], last["measures"]["inherited_share"]) == ("train", 1.0)
        assert command("clean", "--yes", cwd=searched).returncode == 0
        assert list((searched / "results" / "on" / "adopted").iterdir())
    finally:
        (searched / "elsewhere").rename(adopted)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["keras", "onnx", "litert"])
def test_its_winner_is_exported(format: str, searched: Path) -> None:
    done = command("export", "on", "best", "--format", format, "--output", f"net{FORMATS[format]}", cwd=searched)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_script_says_that_it_begins_from_scratch(searched: Path) -> None:
    done = command("export", "on", "best", "--format", "python", "--output", "net.py", cwd=searched)
    assert done.returncode == 0, done.stderr
    assert "weights of mine" in (searched / "net.py").read_text()


@pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
def test_a_model_in_memory_is_adopted(tmp_path: Path) -> None:
    made = evolve.adopt(tutorial(), name="tutor", results=tmp_path)
    assert made.founder == "adopted:tutor"
    assert (made.input_shape, made.classes) == (SHAPE, 5)
    assert read_adopted(tmp_path, "tutor") == made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ("run", "--founders", "adopted:mine", "--dataset", "digits"),
            "is of the encoding 'graph', this run is 'stack'",
        ),
        (("run", "--encoding", "graph", "--founders", "adopted:min", "--dataset", "digits"), "did you mean 'mine'"),
        (("run", "--founders", "mine.keras", "--dataset", "digits"), "or adopt it with its weights: evolve adopt mine"),
        (("adopt", "nothing.keras"), "there is no such file"),
        (("adopt", "net.py"), "it is no .keras file"),
        (("adopt", "mine.keras", "--pixels", "bytes"), "pixels must be one of 0-1, 0-255, -1-1, not 'bytes'"),
        (("adopt", "mine.keras", "--name", "../up"), "name must be letters, digits"),
    ],
)
def test_mistakes_are_told(words: tuple[str, ...], why: str, searched: Path) -> None:
    (searched / "net.py").touch()
    done = command(*words, cwd=searched)
    assert done.returncode == 2
    assert why in " ".join(done.stderr.split())


def test_wrong_arguments_in_python(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="must be the path of a .keras file or a Keras model, not int".replace(".", r"\.")
    ):
        evolve.adopt(3, results=tmp_path)


@pytest.mark.slow
def test_a_model_is_trained_as_it_stands(searched: Path, tiny_npz: Path) -> None:
    words = ("baseline", "--model", "mine.keras", "--dataset", tiny_npz, "--epochs", "12", "--json")
    done = command(*words, cwd=searched)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["founder"], report["epochs"], report["spent"]["batch"]) == ("mine.keras", 12, 32)
    assert report["parameters"] == 8 * 9 + 8 + 8 * 3 + 3
    # 8 x 8 places of a 3 x 3 kernel with 8 filters, and a dense layer of 8 to 3
    assert report["multiply_adds"] == 64 * 9 * 8 + 24
    assert report["curve"][0]["loss"] > report["curve"][-1]["loss"]
    again = json.loads(command(*words, "--name", "again", cwd=searched).stdout)
    assert again["curve"] == report["curve"]
    assert (searched / "results" / "baselines" / "again.keras").exists()


@pytest.mark.slow
def test_it_has_as_many_epochs_as_the_same_work_allows(searched: Path, tiny_npz: Path) -> None:
    """Of the model, and of what it was adopted as, but for the layers that stand for activations alone."""
    images = json.loads(command("show", "on", "--json", cwd=searched).stdout)["in_full"]["images"]
    each = 3 * images * (64 * 9 * 8 + 24 + 45 * (64 * 8 + 16 * 8 + 8 + 3))
    words = ("--dataset", tiny_npz, "--work", str(3e10 + 3.5 * each), "--json")
    assert json.loads(command("baseline", "--model", "mine.keras", *words, cwd=searched).stdout)["epochs"] == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--model", "mine.keras", "--dataset", "digits"), "takes images of 8 x 8 x 1 and tells 3 classes apart"),
        (("--model", "mine.keras", "--founder", "fast"), "do not go together; give one of them"),
        (("--pixels", "0-1"), "pixels '0-1' are those of a model of yours"),
        (("--model", "gone.keras"), "there is no such file"),
    ],
)
def test_a_model_that_cannot_be_a_baseline(words: tuple[str, ...], why: str, searched: Path) -> None:
    done = command("baseline", *words, cwd=searched)
    assert done.returncode == 2
    assert why in " ".join(done.stderr.split())
