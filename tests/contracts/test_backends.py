"""The contract of backends, for the one that KERAS_BACKEND names: the same as Keras's own `fit`, and nothing of a
network is left. The others are tested by this file in processes of their own, where they are installed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from evolve.execution.builds import backend_name
from genomes.stack.space import StackSpace

pytest.importorskip(backend_name())

SPACE = StackSpace((8, 8, 1), 4)
NETWORK = "conv 4 3, batchnorm, swish, maxpool 2, spatial_dropout 0.1, flatten, dense 8, gelu | adam 0.01, batch 16"


def model() -> Any:
    import keras

    from evolve.training.epochs import build_ahead
    from genomes.decode import decode

    keras.utils.set_random_seed(7)
    made = decode(SPACE.blueprint(SPACE.parse(NETWORK)), {"scale": 1 / 255, "offset": 0.0})
    made.compile(keras.optimizers.SGD(0.01), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    build_ahead(made)
    return made


def backend() -> Any:
    from evolve.training.backends import this_backend

    return this_backend()


def images(count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, count)
    return rng.integers(0, 256, (count, 8, 8, 1), dtype=np.uint8), np.eye(4, dtype=np.float32)[labels]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_images_of_rare_classes_count_more_as_with_weights_of_samples(smoothing: float) -> None:
    import keras

    from evolve.training.losses import weighted_crossentropy
    from evolve.training.weights import weights_of

    x, y = images(48)
    weights = np.linspace(0.5, 3.0, 48, dtype=np.float32)
    ours, theirs = model(), model()
    ours.compile(keras.optimizers.SGD(0.1), weighted_crossentropy(smoothing), jit_compile=False)
    theirs.compile(
        keras.optimizers.SGD(0.1), keras.losses.CategoricalCrossentropy(label_smoothing=smoothing), jit_compile=False
    )
    for _ in range(3):
        mine = ours.train_on_batch(x, y * weights[:, None], return_dict=True)
        fit = theirs.train_on_batch(x, y, sample_weight=weights, return_dict=True)
        assert float(mine["loss"]) == pytest.approx(float(fit["loss"]), rel=1e-4)
    for one, other in zip(weights_of(ours).values(), weights_of(theirs).values(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("count", [64, 70, 9])
def test_steps_train_as_fit_does(count: int) -> None:
    from evolve.training.weights import weights_of

    x, y = images(count)
    ours, theirs = model(), model()
    train = backend().training_steps(ours, 16, 80, x.dtype)
    for _ in range(2):
        ours.reset_metrics()
        train(x, y)
        history = theirs.fit(x, y, batch_size=16, epochs=1, shuffle=False, verbose=0).history
    for left, right in zip(weights_of(ours).values(), weights_of(theirs).values(), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)  # with several threads, sums are taken in any order
    figures = {name: float(value) for name, value in ours.get_metrics_result().items()}
    assert figures == {name: pytest.approx(values[-1], abs=1e-6) for name, values in history.items()}


def test_compiled_and_plain_scoring_agree() -> None:
    x, _ = images(300)
    network = model()
    compiled, plain = backend().classifier(network, 5000), backend().classifier(network, 1)
    np.testing.assert_allclose(compiled(x), plain(x), atol=1e-6)
    assert compiled(x[:3]).shape == (3, 4)


def test_gradients_are_those_of_the_function() -> None:
    import keras

    values = np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
    found = backend().gradient(lambda x: keras.ops.sum(x**2 * keras.ops.convert_to_tensor([1.0, 2.0])), values)
    np.testing.assert_allclose(found, [[2.0, -8.0], [1.0, 12.0]], rtol=1e-6)
    network = model()
    maps = np.ones((2, 8, 8, 1), np.float32)
    changed = backend().gradient(lambda x: keras.ops.sum(network(x, training=False)[:, 0]), maps)
    assert changed.shape == maps.shape and np.abs(changed).max() > 0


def test_nothing_is_left_of_a_network_that_was_trained() -> None:
    """TensorFlow, for one, keeps the graph of every network that was ever trained, unless it is told to forget it."""
    x, y = images(32)
    counts = []
    for _ in range(6):
        backend().training_steps(model(), 16, 32, x.dtype)(x, y)
        backend().forget()
        gc.collect()
        counts.append(len(gc.get_objects()))
    assert counts[-1] - counts[2] < 300, counts  # one graph has thousands


def test_a_schedule_is_stretched_while_it_runs() -> None:
    """Made to end two steps from now, it does: a step behind the end changes nothing any more."""
    from evolve.training.epochs import build_ahead
    from evolve.training.optimizers import Elastic

    network = model()
    recipe = SPACE.parse("conv 4 3, flatten | adam 0.01, batch 16, cosine").recipe
    network.compile(optimizer(recipe), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    build_ahead(network)
    x, y = images(32)
    train = backend().training_steps(network, 16, 32, x.dtype)
    train(x, y)
    rate = network.optimizer._learning_rate
    assert isinstance(rate, Elastic)
    rate.end_in(2, 2)
    before = kernel(network)
    train(x, y)
    at_the_end = kernel(network)
    assert not np.array_equal(before, at_the_end)
    train(x, y)
    np.testing.assert_array_equal(kernel(network), at_the_end)


def test_a_training_whose_schedule_stretches_goes_on_with_one_whose_did_not() -> None:
    from evolve.training.epochs import build_ahead
    from evolve.training.weights import state_of, take_state

    recipe = SPACE.parse("conv 4 3, flatten | adam 0.01, batch 16, cosine").recipe
    first, second = model(), model()
    for network, elastic in ((first, False), (second, True)):
        network.compile(optimizer(recipe, elastic), "categorical_crossentropy", metrics=["accuracy"])
        build_ahead(network)
    x, y = images(32)
    backend().training_steps(first, 16, 32, x.dtype)(x, y)
    assert take_state(second, state_of(first, 2, {}), {}) == 2
    slots = [np.asarray(one) for one in first.optimizer.variables]
    for ours, theirs in zip(second.optimizer.variables, slots, strict=False):
        np.testing.assert_array_equal(np.asarray(ours), theirs)
    assert len(second.optimizer.variables) == len(slots) + 3
    assert float(second.optimizer._learning_rate._pace) == 1.0


def optimizer(recipe: Any, elastic: bool = True) -> Any:
    from evolve.training import optimizers

    return optimizers.optimizer(recipe, 1000, elastic)


def kernel(network: Any) -> Any:
    from evolve.training.weights import weights_of

    return next(np.array(values) for name, values in weights_of(network).items() if "kernel" in name)


def test_running_out_of_memory_is_told_from_other_failures() -> None:
    assert backend().ran_out_of_memory(MemoryError())
    assert not backend().ran_out_of_memory(ValueError("shapes"))


@pytest.mark.parametrize("name", ["tensorflow", "jax", "torch"])
def test_every_backend_that_is_installed_passes(name: str) -> None:
    if "EVOLVE_BACKEND_TESTED" in os.environ or name == backend_name():
        pytest.skip(f"{name} is the one that is being tested")
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": name, "EVOLVE_BACKEND_TESTED": name, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", __file__], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
