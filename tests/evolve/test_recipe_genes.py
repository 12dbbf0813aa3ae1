"""Genes of the fastest recipes: whitening, dirac, decay by group, the triangle, alternating flips, views."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import command, stack_space, training_job

from evolve.training.augment import alternates, augment, mirror, shift
from evolve.training.views import View, measures_of_views, views_of
from evolve.values import Budget
from genomes import InvalidGenome
from genomes.recipe import DEFAULT
from genomes.stack.founders import FOUNDERS

pytestmark = pytest.mark.skipif(find_spec("keras") is None, reason="Keras")
SPACE = stack_space((12, 12, 3))
GENES = "momentum 0.85, triangle, decay 0.01, kernels-only, dirac, smoothing 0.2"
LINE = (
    "whiten 2, gelu, conv 16 3 bias=False, maxpool 2, batchnorm momentum=0.6 gain=False, gelu, global_max, scale 0.11 "
    f"| sgd 0.2, batch 32, {GENES}, flip, alternating, shift 2, reflected"
)


def pictures(count: int = 200) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Images whose neighbouring pixels are alike, as those of photographs are."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, count)
    coarse = rng.integers(0, 256, (count, 4, 4, 3)).repeat(3, axis=1).repeat(3, axis=2)
    return np.clip(coarse + rng.integers(-20, 20, coarse.shape), 0, 255).astype(np.uint8), labels


def training(line: str = LINE, epochs: int = 2, folds: int = 1) -> Any:
    import keras

    from evolve.training.epochs import Training
    from evolve.training.stopwatch import Stopwatch
    from genomes.decode import decode

    keras.utils.set_random_seed(1)
    genome = SPACE.parse(line)
    spec = SPACE.blueprint(genome)
    job = training_job(spec, genome.recipe, Budget(200, epochs, folds))
    return Training(decode(spec), *pictures(), job, (0, 255), Stopwatch())


def test_notation_and_json_have_all_of_them() -> None:
    genome = SPACE.parse(LINE)
    assert genome.notation() == LINE
    assert SPACE.read(genome.to_json()) == genome
    assert SPACE.blueprint(genome).parameters == 24 * 12 + 24 * 9 * 16 + 3 * 16 + 17 * 10


def test_json_of_versions_that_had_more_genes_is_read_where_these_did_nothing() -> None:
    genome = SPACE.parse(LINE)
    told = genome.to_json()
    recipe = told["recipe"]
    assert isinstance(recipe, dict)
    assert SPACE.read({**told, "recipe": {**recipe, "bias_rate": 1.0, "lookahead": 0}}) == genome
    with pytest.raises(InvalidGenome, match=r"'lookahead' did not pay and is no gene any more; version 0.16 reads it"):
        SPACE.read({**told, "recipe": {**recipe, "lookahead": 5}})


def test_whitening_is_refused_where_it_would_not_see_the_image() -> None:
    line = LINE.replace("whiten 2, gelu", "gelu, whiten 2")
    assert "whiten must be the first layer" in str(SPACE.problem(SPACE.parse(line)))


def test_patches_are_whitened_and_stay_so() -> None:
    made = training()
    images, _ = pictures()
    first = made.model.get_layer("whitening_1")
    seen = np.asarray(first(made.model.get_layer("normalisation")(images.astype("float32"))))[..., ::2].reshape(-1, 12)
    values = np.linalg.eigvalsh(np.cov(seen.T))
    assert 0.3 < values.min() < values.max() < 1.01, values  # small ones are damped
    kernel = np.array(first.kernel)
    np.testing.assert_array_equal(kernel[..., ::2], -kernel[..., 1::2])
    sizes = np.linalg.norm(kernel[..., ::2].reshape(12, 12), axis=0)  # one over the deviation of each component
    assert (np.diff(sizes) > 0).all(), "the largest components come first, as narrower layers hand on the first ones"
    made.run()
    np.testing.assert_array_equal(first.kernel, kernel)
    other = training(line="whiten 2, global_max | sgd 0.1, batch 32")
    np.testing.assert_array_equal(other.model.get_layer("whitening_1").kernel, kernel)


def test_images_in_the_order_of_their_classes_are_whitened_as_in_any_other() -> None:
    """Of so many images not all are looked at; those of the first half are all dark."""
    from evolve.training.starting_weights import whiten

    images, _ = pictures(3000)
    images[:1500] //= 8
    model, kernels = training().model, []
    for order in (slice(None), slice(None, None, -1), np.random.default_rng(0).permutation(3000)):
        whiten(model.get_layer("whitening_1"), model.layers[1], images[order])
        kernels.append(np.array(model.get_layer("whitening_1").kernel))
    for kernel in kernels[1:]:
        np.testing.assert_allclose(np.abs(kernel).max(), np.abs(kernels[0]).max(), rtol=0.1)


def test_of_large_images_many_are_whitened_by() -> None:
    """A few would fill the patches that are looked at; the first of all is blank."""
    from evolve.training.starting_weights import whiten
    from genomes.decode import decode

    space = stack_space((320, 320, 1))
    model = decode(space.blueprint(space.parse("whiten 2, maxpool 4, maxpool 4, global_max | sgd 0.1")))
    images = np.random.default_rng(0).integers(0, 256, (40, 320, 320, 1)).astype(np.uint8)
    images[:8] = 0
    whiten(model.get_layer("whitening_1"), model.get_layer("normalisation"), images)
    seen = np.asarray(model.get_layer("whitening_1")(model.get_layer("normalisation")(images[8:].astype("float32"))))
    assert 0.5 < seen.std() < 2


def test_each_fold_is_whitened_by_its_own_images() -> None:
    made = training(folds=2)
    kernel = made.model.get_layer("whitening_1").kernel
    before, (images, labels) = np.array(kernel), pictures()
    made.restart(images[::-1][:100], labels[::-1][:100], made._job)
    assert not np.array_equal(kernel, before)
    made.restart(images, labels, made._job)
    np.testing.assert_array_equal(kernel, before)


def test_convolutions_begin_by_handing_on_their_channels() -> None:
    kernel = np.array(training().model.get_layer("convolution_3").kernel)
    assert kernel.shape == (3, 3, 24, 16)
    assert kernel.sum() == 16
    assert (kernel[1, 1, range(16), range(16)] == 1).all()
    wider = np.array(training("conv 8 3, global_max | adam 0.01, dirac").model.get_layer("convolution_1").kernel)
    assert (wider[1, 1, range(3), range(3)] == 1).all()
    assert np.abs(wider[..., :3]).sum() == 3
    assert (np.abs(wider[..., 3:]) > 0).mean() > 0.99


def test_the_rate_of_a_triangle() -> None:
    from evolve.training.optimizers import optimizer

    recipe = replace(DEFAULT, optimizer="sgd", learning_rate=0.5, schedule="triangle")
    rate = optimizer(recipe, 100)._learning_rate
    at = [float(rate(step)) for step in range(101)]
    assert at[0] == pytest.approx(0.1)
    assert max(at) == at[23] == pytest.approx(0.5)
    assert at[100] == pytest.approx(0.035)
    assert at == sorted(at[:24]) + sorted(at[24:], reverse=True)


def step_of(line: str) -> dict[str, np.ndarray[Any, Any]]:
    """By how much one step with gradients of 1 changes the weights of a network that are all 1."""
    import keras

    made = training(line)
    model = made.model
    for weight in model.trainable_weights:
        weight.assign(np.ones(weight.shape, "float32"))
    before = {weight.path: np.array(weight) for weight in model.trainable_weights}
    model.optimizer.apply_gradients([(keras.ops.ones_like(one), one) for one in model.trainable_weights])
    return {weight.path: np.array(weight) - before[weight.path] for weight in model.trainable_weights}


def test_decay_of_kernels_only() -> None:
    change = step_of("conv 4 3, prelu, batchnorm, global_max | sgd 0.01, momentum 0.5, decay 0.1, kernels-only")
    plain = -0.01 * 1.5  # Nesterov
    assert len(change) == 7
    for path, values in change.items():
        decayed = -0.01 * 0.1 if path.endswith("kernel") else 0.0
        np.testing.assert_allclose(values, plain + decayed, rtol=2e-2, err_msg=path)


def test_every_image_is_mirrored_in_one_of_two_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    from evolve.training import epochs

    seen: list[dict[bytes, bool]] = []
    images, _ = pictures()
    monkeypatch.setattr(epochs, "augment", lambda images, targets, *_: (images, targets))
    made = training(LINE.replace("batch 32", "batch 40"), epochs=3)  # whole batches
    monkeypatch.setattr(made, "_train", lambda images, targets: seen.append({one.tobytes(): True for one in images}))
    for number in (1, 2, 3):
        made._epoch(number, lambda done: None)
    plain = [{at for at, one in enumerate(images) if one.tobytes() in epoch} for epoch in seen]
    assert plain[0] | plain[1] == set(range(200))
    assert not plain[0] & plain[1]
    assert plain[0] == plain[2]
    assert 70 < len(plain[0]) < 130


def test_a_script_mirrors_by_turns_in_an_epoch_that_is_not_whole_too() -> None:
    """Its last epoch is a second call of `fit`, which ends an epoch before it begins."""
    import keras

    from evolve.models.script import _training
    from evolve.models.script_parts import augmentation_source

    recipe = SPACE.parse("conv 8 3, global_max | sgd 0.1, batch 32, flip, alternating").recipe.to_json()
    text = "import importlib.util\nimport keras\nimport numpy as np\n"
    text += f"{augmentation_source(recipe)}\n\n{_training(recipe, starts=False, rest=True, averages=False)}"
    names: dict[str, Any] = {"__name__": "script", "CLASSES": "ab", "SEED": 0, "BATCH_SIZE": 32, "EPOCHS": 3}
    exec(text, names)
    images = np.zeros((128, 4, 4, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(128) + 1
    batches, shown = names["Batches"](images, np.arange(128) % 2), dict[int, dict[int, bool]]()
    batch_of = type(batches).__getitem__

    class Watched(type(batches)):  # type: ignore[misc]
        def __getitem__(self, index: int) -> Any:
            found = batch_of(self, index)
            for image in found[0]:
                shown.setdefault(int(image.max()), {})[self.epoch] = bool(image[0, 0, 0] == 0)
            return found

    batches.__class__ = Watched
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "categorical_crossentropy")
    model.fit(batches, epochs=3, verbose=0)
    before = batches.epoch
    rest = [line.strip() for line in _training(recipe, False, True, False).splitlines() if "batches.epoch" in line]
    assert len(rest) == 1
    exec(rest[0], {"batches": batches})
    model.fit(batches, initial_epoch=3, epochs=4, steps_per_epoch=2, verbose=0)
    epochs = sorted({epoch for of in shown.values() for epoch in of})
    assert before in epochs
    assert epochs == [*range(epochs[0], epochs[-1] + 1)], "none is counted that no image was shown in"
    assert all(of[a] == of[b] ^ bool((a - b) % 2) for of in shown.values() for a in of for b in of)


def test_mirroring_that_alternates_is_left_out_of_the_rest() -> None:
    recipe = SPACE.parse(LINE).recipe.to_json()
    images, labels = pictures(40)
    assert alternates(recipe)
    changed, _ = augment(
        images, np.eye(10, dtype="float32")[labels], {**recipe, "shift": 0}, 0, 255, np.random.default_rng(1)
    )
    np.testing.assert_array_equal(changed, images)
    np.testing.assert_array_equal(mirror(images, np.arange(40) < 10)[:10], images[:10, :, ::-1])


def test_the_border_is_reflected() -> None:
    image = np.arange(25, dtype=np.uint8).reshape(1, 5, 5, 1)
    rows = {tuple(shift(image, 1, True, np.random.default_rng(seed))[0, 2, :, 0] % 5) for seed in range(40)}
    assert rows == {(1, 0, 1, 2, 3), (0, 1, 2, 3, 4), (1, 2, 3, 4, 3)}


def test_views_are_those_of_the_training_where_there_is_time() -> None:
    both, enough = SPACE.parse(LINE).recipe, 10**9
    assert len(views_of(both, enough, 100)) == 6
    assert [view.moved for view in views_of(both, 100, 100)] == [0, 0]
    assert len(views_of(replace(both, flip=False), enough, 100)) == 3
    assert len(views_of(replace(both, shift=0), enough, 100)) == 2
    assert len(views_of(DEFAULT, enough, 100)) == 1
    assert sum(view.weight for view in views_of(both, enough, 100)) == 2
    image = np.arange(9).reshape(1, 3, 3, 1)
    assert View(True, 1, 1.0).of(image)[0, ..., 0].tolist() == [[4, 5, 4], [1, 2, 1], [4, 5, 4]]


def test_what_is_said_of_views() -> None:
    """A network that is right on mirrored images alone, and one that is right on moved ones alone."""
    images, labels = np.array([[[1], [0], [0]]] * 3)[np.newaxis], np.array([1])

    def classify(seen: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        sure = float(seen[0, 0, -1, 0])  # the bright column is on the right
        return np.array([[1 - sure, sure]])

    views = views_of(SPACE.parse(LINE).recipe, 10**9, 1)
    said = measures_of_views(views, np.array([[0.9, 0.1]]), images, labels, classify)
    assert said == {"accuracy_with_flips": 1.0, "accuracy_with_views": 0.0}


@pytest.mark.parametrize("name", ["whitened", "whitened-wide", "whitened-large"])
def test_founders_of_three_sizes_can_be_built(name: str) -> None:
    space = stack_space((32, 32, 3), max_multiply_adds=10**9)
    genome = space.parse(FOUNDERS[name])
    assert space.problem(genome) is None
    assert space.parse(genome.notation()) == genome


def test_it_learns() -> None:
    curve = training(epochs=12).run()
    assert curve[-1]["accuracy"] > curve[0]["accuracy"]


def test_a_script_begins_with_the_same_weights_as_the_training() -> None:
    """Of a graph, in which two layers whiten what they read."""
    import keras
    from keras import layers

    from evolve.models.script_parts import start_source
    from evolve.training.epochs import Training
    from evolve.training.stopwatch import Stopwatch
    from genomes.decode import decode
    from genomes.graph.space import GraphSpace
    from genomes.source import model_source

    space, pixels = GraphSpace((12, 12, 3), 10), {"scale": 1 / 255, "offset": 0.0}
    body = "a: whiten 2 < image, b: whiten 3 < image, c: conv 8 3 < a + b, d: conv 8 3 < image, out < c + d"
    genome = space.parse(f"{body} | global_average | adam 0.01, dirac")
    spec, (images, labels) = space.blueprint(genome), pictures()
    job = training_job(spec, genome.recipe, Budget(200, 1))
    ours = Training(decode(spec, pixels), images, labels, job, (0, 255), Stopwatch()).model
    names: dict[str, Any] = {"keras": keras, "layers": layers, "np": np}
    exec(model_source(spec, pixels) + "\n\n" + start_source(spec, genome.recipe.to_json()), names)
    theirs = names["build_model"]()
    names["start"](theirs, images)
    pairs = [(one, other) for one, other in zip(ours.layers, theirs.layers, strict=True) if hasattr(one, "kernel")]
    assert len([one for one, _ in pairs if not one.trainable]) == 2
    for one, other in pairs:
        if not one.trainable:
            np.testing.assert_allclose(one.kernel, other.kernel, atol=1e-5)
        elif isinstance(one, layers.Conv2D):
            handed_on = min(one.kernel.shape[2:])
            np.testing.assert_array_equal(one.kernel[..., :handed_on], other.kernel[..., :handed_on])


@pytest.mark.slow
def test_a_script_trains_with_all_of_them(tmp_path: Path) -> None:
    images, labels = pictures(500)
    rare = (labels == labels.max()) & (np.arange(500) % 4 > 0)
    np.savez(tmp_path / "pictures.npz", x_train=images[~rare], y_train=labels[~rare])
    line = f"{LINE}, weighted 0.5"
    made = command(
        *("run", "--dataset", tmp_path / "pictures.npz", "--evaluations", "1", "--founder", line, "--name", "a"),
        *("--final-epochs", "2"),
        cwd=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    done = command("export", "a", "1", "--format", "python", "--output", tmp_path / "net.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "net.py").read_text()
    for words in (
        *("class Triangle", "def whiten", "def hand_on", "exclude_from_weight_decay"),
        *("def weighted_crossentropy", "loss=weighted_crossentropy(", "(weights / np.average"),
    ):
        assert text.count(words) == 1, words
    assert "Any" not in text
    assert "evolve." not in text
    ran = subprocess.run([sys.executable, "net.py"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "test accuracy" in ran.stdout
    load = "import keras; print(keras.saving.load_model('model.keras').output_shape)"
    loaded = subprocess.run([sys.executable, "-c", load], cwd=tmp_path, capture_output=True, text=True)
    assert "(None, 10)" in loaded.stdout, loaded.stderr[-2000:]
