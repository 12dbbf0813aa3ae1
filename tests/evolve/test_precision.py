"""Networks as they are trained, fast, and as they are saved, Keras's own: the same network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import command, stack_space, training_job

from evolve.config import RunConfig
from evolve.data.splits import Parts
from evolve.execution import machine as devices
from evolve.jobs import TrainingJob
from evolve.problems.images import ImageProblem
from evolve.values import Budget, Candidate, Purpose, Request

NETWORK = "conv 4 3, batchnorm, relu, maxpool 2, residual 8 3, flatten, batchnorm, dense 8 | adam 0.01, batch 16, flip"


def job() -> TrainingJob:
    space = stack_space((8, 8, 1))
    genome = space.parse(NETWORK)
    return training_job(space.blueprint(genome), genome.recipe, Budget(16, 1))


SETTINGS = {"pixels": {"standardise": {"scale": 1 / 255, "offset": -0.5}}}


def gradients(network: Any, images: Any, training: bool) -> list[Any]:
    import tensorflow as tf

    weights = network.trainable_variables
    with tf.GradientTape() as tape:
        score = tf.reduce_sum(network(images, training=training)[:, 1])
    return [np.asarray(one) for one in tape.gradient(score, [weight.value for weight in weights])]


@pytest.mark.parametrize("training", [True, False])
def test_fused_normalisation_is_keras_s(training: bool) -> None:
    pytest.importorskip("tensorflow")
    from evolve.training.networks import as_saved, as_trained, copy_weights

    plain, fused = as_saved(job(), SETTINGS), as_trained(job(), SETTINGS)
    assert any(type(layer).__name__ == "FusedBatchNormalization" for layer in fused.layers)
    rng = np.random.default_rng(3)
    weights = [np.abs(rng.normal(0.5, 0.3, weight.shape)) + 0.1 for weight in plain.get_weights()]
    plain.set_weights(weights)
    copy_weights(plain, fused)
    images = rng.integers(0, 256, (16, 8, 8, 1)).astype(np.float32)
    for ours, theirs in zip(gradients(fused, images, training), gradients(plain, images, training), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(fused(images), plain(images), rtol=1e-4, atol=1e-6)  # running means are the same, too
    for ours, theirs in zip(fused.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    if training:
        assert not all(np.allclose(a, b) for a, b in zip(fused.get_weights(), weights, strict=True))


def test_sixteen_bits_are_computed_with_and_thirty_two_are_kept() -> None:
    pytest.importorskip("tensorflow")
    from evolve.training.networks import as_saved, as_trained, copy_weights

    network, saved = as_trained(job(), {**SETTINGS, "precision": "bfloat16"}), as_saved(job(), SETTINGS)
    computing = {layer.name: layer.compute_dtype for layer in network.layers[1:]}
    assert computing.pop("normalisation") == computing.pop("probabilities") == "float32"
    assert set(computing.values()) == {"bfloat16"}
    assert {str(weight.dtype) for weight in network.weights} == {"float32"}
    assert {layer.compute_dtype for layer in saved.layers} == {"float32"}
    copy_weights(network, saved)
    images = np.random.default_rng(3).integers(0, 256, (16, 8, 8, 1)).astype(np.float32)
    seen = np.asarray(network(images))
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, saved(images), atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_is_scored_is_what_is_saved(tmp_path: Path, precision: str) -> None:
    """The file of the winner holds Keras's own layers, and reads the test images as the run says."""
    (tmp_path / "few.toml").write_text("leaders = 1\nrescorings = 1\n")
    size = ("--population", "2", "--evaluations", "1", "--images", "200", "--epochs", "1", "--final-epochs", "2")
    named = ("--config", "few.toml", "--results", tmp_path, "--name", "a")
    done = command("run", "--founder", NETWORK, "--precision", precision, *size, *named, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    script = f"""
import json, evolve, numpy as np
from pathlib import Path
from evolve.data.splits import DATA_FOLDER, open_part, reopen
run = evolve.find("a", {str(tmp_path)!r})
model = next(one for one in run.hall_of_fame if one.candidate == run.winner).model()
parts = reopen(Path({str(tmp_path)!r}) / DATA_FOLDER, run.problem["digest"], run.problem["name"])
images, labels = open_part(parts.test_folder, "test")
right = float((model.predict(np.asarray(images), verbose=0).argmax(axis=1) == labels).mean())
print(json.dumps([run.test_accuracy, right, sorted({{type(layer).__module__ for layer in model.layers}})]))
"""
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True, text=True)
    told, again, modules = json.loads(done.stdout.splitlines()[-1])
    assert told == pytest.approx(again, abs=1e-9)
    assert all(module.startswith("keras.") for module in modules)


def problem(**settings: Any) -> ImageProblem:
    parts = Parts.__new__(Parts)
    object.__setattr__(parts, "digest", "0" * 64)
    return ImageProblem(RunConfig.checked(settings), parts, False, {})


def test_scores_of_two_precisions_are_never_taken_for_each_other() -> None:
    genome = stack_space((8, 8, 1)).parse(NETWORK)
    request = Request(1, Candidate(1, genome, "1" * 64), Budget(100, 1), 0, Purpose.FINAL, None)
    keys = [
        problem(**settings).job_key(request) for settings in ({}, {"precision": "float32"}, {"precision": "bfloat16"})
    ]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(
    ("facts", "precision"),
    [
        ("processor\t: 0\nflags\t\t: fpu amx_bf16 amx_tile\n", "bfloat16"),
        ("flags\t\t: fpu avx512f avx512_bf16\n", "float32"),
        ("Features\t: fp asimd\n", "float32"),
        (None, "float32"),
    ],
)
def test_the_precision_is_what_the_processor_is_made_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: str | None, precision: str
) -> None:
    if facts is not None:
        (tmp_path / "cpuinfo").write_text(facts)
    monkeypatch.setattr(devices, "CPU_FACTS", tmp_path / "cpuinfo")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert devices.usual_precision(gpu=False) == precision
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert devices.usual_precision(gpu=False) == "float32"
