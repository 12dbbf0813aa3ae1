"""Random streams: what each depends on, and weights that are the same wherever they are drawn."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import pytest

from evolve.jobs import Seeds, seeds
from evolve.values import Budget, Purpose

BUDGET = Budget(100, 2)
USUAL = seeds(1, "a", BUDGET, 0, Purpose.SEARCH)
NET = "conv 4 3, relu, separable 6 3, depthwise 3, dropout 0.5, flatten, dense 8, dropout 0.5 | adam 0.01"


@pytest.mark.parametrize(
    "other",
    [
        seeds(2, "a", BUDGET, 0, Purpose.SEARCH),
        seeds(1, "a", Budget(200, 1), 0, Purpose.SEARCH),
        seeds(1, "a", BUDGET, 1, Purpose.SEARCH),
        seeds(1, "a", BUDGET, 0, Purpose.RESCORE),
    ],
    ids=["run seed", "budget", "repeat", "purpose"],
)
def test_every_stream_depends_on_what_is_trained_and_for_what(other: Seeds) -> None:
    assert all(asdict(USUAL)[name] != asdict(other)[name] for name in asdict(USUAL))


def test_streams_of_one_training_differ_and_the_order_is_that_of_all_candidates() -> None:
    assert len(set(asdict(USUAL).values())) == 5
    other = seeds(1, "b", BUDGET, 0, Purpose.SEARCH)
    assert other.order == USUAL.order
    assert {other.weights, other.augmentation, other.dropout}.isdisjoint(asdict(USUAL).values())


def test_a_promotion_at_the_end_of_a_search_is_trained_like_any_other() -> None:
    assert seeds(1, "a", BUDGET, 0, Purpose.CLOSING) == USUAL


WEIGHTS = "fe476df78fd0317a437131bc4f60f7ee3786537663599a6a2696e5215f550e4f"
SCRIPT = f"""
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import hashlib
import keras
import numpy as np
from evolve.training.starting_weights import draw_weights, seed_dropout
from genomes.decode import decode
from genomes.stack.space import StackSpace

space = StackSpace((8, 8, 3), 4)
spec = space.blueprint(space.parse({NET!r}))

def made(seed, dropout=0):
    keras.utils.set_random_seed(5)
    model = decode(spec)
    kept = [np.asarray(weight) for weight in model.get_weights()]
    draw_weights(model, seed)
    seed_dropout(model, dropout)
    return model, kept

(one, by_keras), (again, _), (other, _) = made(1), made(1), made(2)
for a, b, c, k in zip(*(m.get_weights() for m in (one, again, other)), by_keras):
    assert (a == b).all()
    assert a.dtype == k.dtype and a.shape == k.shape
    if k.any():  # a kernel: its own draw, within Keras's limits
        assert (a != c).mean() > 0.99 and (a != k).mean() > 0.99
        assert 0.5 < abs(a).max() / abs(k).max() < 2 and abs(a.std() / k.std() - 1) < 0.3
    else:
        assert (a == k).all()
images = np.ones((50, 8, 8, 3), "float32")
drops = [np.asarray(made(1, seed)[0](images, training=True)) for seed in (3, 3, 4)]
assert (drops[0] == drops[1]).all() and (drops[0] != drops[2]).any()
states = [int(np.asarray(layer.seed_generator.state)[0]) for layer in one.layers if hasattr(layer, "seed_generator")]
assert len(states) == len(set(states)) == 2
print(hashlib.sha256(b"".join(np.asarray(w).tobytes() for w in one.get_weights())).hexdigest())
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_starting_weights_are_the_same_on_every_backend(backend: str, tmp_path: Path) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"the backend {backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == WEIGHTS
