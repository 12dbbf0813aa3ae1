"""Training and scoring as TensorFlow functions: the same as Keras's own, and nothing of a network is left."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from genomes.limits import Limits
from genomes.stack.space import StackSpace

SPACE = StackSpace((8, 8, 1), 4)
NETWORK = "conv 4 3, batchnorm, swish, maxpool 2, spatial_dropout 0.1, flatten, dense 8, gelu | adam 0.01, batch 16"


def model() -> Any:
    import keras

    from genomes.decode import decode

    keras.utils.set_random_seed(7)
    made = decode(SPACE.blueprint(SPACE.parse(NETWORK)), {"scale": 1 / 255, "offset": 0.0})
    made.compile("sgd", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    return made


def images(count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, count)
    return rng.integers(0, 256, (count, 8, 8, 1), dtype=np.uint8), np.eye(4, dtype=np.float32)[labels]


@pytest.mark.parametrize("count", [64, 70, 9])
def test_steps_train_as_fit_does(count: int) -> None:
    from evolve.training.tensorflow_backend import training_steps

    x, y = images(count)
    ours, theirs = model(), model()
    train = training_steps(ours, 16, x.dtype)
    for _ in range(2):
        ours.reset_metrics()
        train(x, y)
        history = theirs.fit(x, y, batch_size=16, epochs=1, shuffle=False, verbose=0).history
    for left, right in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)  # with several threads, sums are taken in any order
    figures = {name: float(value) for name, value in ours.get_metrics_result().items()}
    assert figures == {name: pytest.approx(values[-1], abs=1e-6) for name, values in history.items()}


def test_compiled_and_plain_scoring_agree() -> None:
    from evolve.training.backends import WORTH_COMPILING, Classifier

    x, _ = images(300)
    network = model()
    compiled, plain = Classifier(network, WORTH_COMPILING), Classifier(network, 1)
    np.testing.assert_allclose(compiled(x), plain(x), atol=1e-6)


def test_nothing_is_left_of_a_network_that_was_trained() -> None:
    """TensorFlow keeps the graph of every network that was ever trained, unless it is told to forget it."""
    from evolve.training.backends import forget
    from evolve.training.tensorflow_backend import training_steps

    x, y = images(32)
    counts = []
    for _ in range(6):
        training_steps(model(), 16, x.dtype)(x, y)
        forget()
        gc.collect()
        counts.append(len(gc.get_objects()))
    assert counts[-1] - counts[2] < 300, counts  # one graph has thousands


def test_a_network_that_needs_too_much_memory_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    settings = tmp_path / "run.toml"
    settings.write_text("candidate_memory = 0.76\n")
    large = "conv 64 3, relu, conv 64 3, relu, conv 64 3, relu, flatten | adam 0.01, batch 256"
    command = [sys.executable, "-m", "evolve.cli", "run", "--founder", large, "--config", str(settings)]
    done = subprocess.run([*command, "--results", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "about 0.03 GiB to train in batches of 256" in said
    assert "candidate_memory leaves for a network" in said
    assert not list(tmp_path.glob("*/run.sqlite"))


def test_no_operator_makes_a_network_that_needs_too_much_memory() -> None:
    space = StackSpace((32, 32, 3), 10, Limits(max_memory=60_000_000))
    rng = Random(1)
    genome = space.random(rng).genome
    for _ in range(300):
        genome = space.mutate(genome, rng).genome
        assert space.blueprint(genome).memory(genome.recipe.batch_size) <= 60_000_000


def test_a_candidate_shows_estimated_and_measured_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evolve.cli"]
    where = ["--results", str(tmp_path)]
    flags = ["--population", "2", "--evaluations", "2", "--epochs", "1", "--final-epochs", "1", "--name", "a"]
    subprocess.run([*command, "run", *flags, *where], check=True, capture_output=True)
    shown = subprocess.run([*command, "show", "a", "1", "--json", *where], check=True, capture_output=True, text=True)
    memory = json.loads(shown.stdout)["memory"]
    assert 0.5 < memory["estimated"] / memory["measured"] < 2
    text = subprocess.run([*command, "show", "a", "1", *where], check=True, capture_output=True, text=True).stdout
    assert "GiB estimated" in text
    assert "GiB measured" in text
