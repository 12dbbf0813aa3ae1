"""What stands in Keras: the article's nets layer for layer, optimizers with their schedules, and scripts that build the
same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="builds Keras models")

ARTICLE = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
from keras import layers
from genomes.decode import decode
from genomes.stack.founders import FOUNDERS
from genomes.stack.space import StackSpace

def conv(filters, padding):
    return layers.Conv2D(filters, 3, padding=padding)

leaky = lambda: layers.LeakyReLU(negative_slope=0.003)
relu = lambda: layers.Activation("relu")
net_1 = [
    conv(32, "valid"), relu(), conv(32, "valid"), relu(), layers.MaxPooling2D(2), layers.Dropout(0.25),
    conv(32, "valid"), relu(), conv(32, "valid"), relu(), layers.MaxPooling2D(2), layers.Dropout(0.25),
    layers.Flatten(), layers.Dense(256), relu(), layers.Dropout(0.5),
]
net_2 = [
    conv(32, "valid"), leaky(), conv(64, "same"), leaky(), conv(32, "valid"), leaky(), conv(32, "valid"), leaky(),
    layers.MaxPooling2D(2), layers.Dropout(0.35),
    conv(32, "valid"), leaky(), conv(64, "same"), leaky(), conv(32, "valid"), leaky(),
    layers.MaxPooling2D(2), layers.Dropout(0.25),
    layers.Flatten(), layers.Dense(256), relu(), layers.Dropout(0.35), layers.Dense(256), relu(), layers.Dropout(0.25),
]
space = StackSpace((32, 32, 3), 10)
for name, stack, batch in (("article-1", net_1, 128), ("article-2", net_2, 256)):
    theirs = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), *stack, layers.Dense(10), layers.Activation("softmax")]
    )
    genome = space.parse(FOUNDERS[name])
    ours = decode(space.blueprint(genome))
    assert len(ours.layers) - 1 == len(theirs.layers)  # the input is a layer of the functional model
    for one, other in zip(ours.layers[1:], theirs.layers, strict=True):
        a, b = one.get_config(), other.get_config()
        assert type(one) is type(other), (one, other)
        assert {k: v for k, v in a.items() if k != "name"} == {k: v for k, v in b.items() if k != "name"}
    assert genome.recipe.to_json() == {
        **genome.recipe.to_json(), "optimizer": "adam", "learning_rate": 0.001, "batch_size": batch,
        "schedule": "constant", "pixels": "scale", "weight_decay": 0.0, "flip": False, "shift": 0, "mixup": 0.0,
    }
print("fine")
"""

SCRIPTS = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
from random import Random
import keras
import numpy as np
from keras import layers
from evolve.training.optimizers import Triangle, optimizer
from genomes.decode import decode
from genomes.graph.space import GraphSpace
from genomes.source import model_source, optimizer_source
from genomes.limits import Limits
from genomes.stack.space import StackSpace

rng = Random(3)
space = StackSpace((28, 28, 3), 4, Limits(max_multiply_adds=300_000_000))
pixels = {"scale": [0.01, 0.02, 0.03], "offset": [-1.0, -0.5, 0.0]}
image = np.random.default_rng(0).integers(0, 255, (3, 28, 28, 3)).astype("float32")
scheduled = [space.parse(f"flatten | lion 0.001, batch 32, {word}") for word in ("linear", "cosine", "one-cycle")]
OWN = {"Triangle": Triangle}
founders = [space.parse(text) for text in space.founders.values()]
genomes = [*scheduled, *founders, *(space.random(rng).genome for _ in range(12))]
graphs = GraphSpace((28, 28, 3), 4, Limits(max_multiply_adds=300_000_000))
mutants = [graphs.random(rng).genome]
for _ in range(20):
    mutants.append(graphs.mutate(mutants[-1], rng).genome)
merging = [one for one in mutants if any(len(node.inputs) > 1 for node in graphs.blueprint(one).nodes)]
assert len(merging) > 5
for genome in (*genomes, *merging):
    spec = (graphs if genome in merging else space).blueprint(genome)
    names = {"keras": keras, "layers": layers, **OWN}
    exec(model_source(spec, pixels), names)
    exec(optimizer_source(genome.recipe.to_json()), names)
    theirs, ours = names["build_model"](), decode(spec, pixels)
    theirs.set_weights(ours.get_weights())
    assert np.abs(np.asarray(theirs(image)) - np.asarray(ours(image))).max() < 1e-6, genome.notation()
    for steps in (1, 7, 100):
        one, other = names["build_optimizer"](steps), optimizer(genome.recipe, steps)
        assert type(one) is type(other)
        assert {**one.get_config(), "name": ""} == {**other.get_config(), "name": ""}, genome.notation()
for name, rates in {
    "constant": [0.1, 0.1, 0.1],
    "linear": [0.1, 0.05, 0.0],
    "cosine": [0.1, 0.05, 0.0],
    "one-cycle": [0.004, 0.0587, 0.0],
    "triangle": [0.02, 0.06739, 0.007],
}.items():
    text = f"flatten | sgd 0.1, batch 32, {name}"
    made = optimizer(space.parse(text).recipe, 100)
    for step, rate in zip((0, 50, 100), rates):
        made.iterations.assign(step)
        seen = float(made.learning_rate)
        assert abs(seen - rate) < 0.03 if name == "one-cycle" else abs(seen - rate) < 1e-5, (name, step, seen)
print("fine")
"""


@pytest.mark.slow
def test_in_keras(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", ARTICLE + SCRIPTS], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "fine\n" * 2
