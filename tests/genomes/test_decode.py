"""The counts of ModelSpec against Keras's own and TensorFlow's profiler, in a process that may load them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="compares with TensorFlow's profiler")

SCRIPT = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import json
from random import Random
import numpy as np
import tensorflow as tf
from genomes.decode import decode
from genomes.primitives import PRIMITIVES
from genomes.genome import space_class
from genomes.limits import Limits

compared = profiled = merged = 0
rng = Random(11)
seen = set()
for shape in ((8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3)):
    space = space_class(sys.argv[2])(shape, 10, Limits(max_multiply_adds=200_000_000))
    founders = [space.parse(text) for text in space.founders.values()]
    fitting = [genome for genome in founders if space.problem(genome) is None]
    rare = "leaky_relu 0.1, gaussian_noise 0.1, prelu, spatial_dropout 0.1, squeeze_excite 2, global_max, prelu"
    rare = f"depthwise 3, batchnorm gain=False, {rare}, layernorm, scale 0.5"
    rare = f"whiten 2, pad 1 0 2 1, conv 8 3 bias=False, {rare}"
    rare = space.parse(rare)
    genomes = [rare, *fitting, *(space.random(rng).genome for _ in range(6))]
    for _ in range(40):
        genomes.append(space.mutate(genomes[-1], rng).genome)
    for genome in genomes[:: int(sys.argv[1])]:
        spec = space.blueprint(genome)
        seen.update(node.op for node in spec.nodes)
        merged += any(len(node.inputs) > 1 for node in spec.nodes)
        model = decode(spec)
        assert model.count_params() == spec.parameters, genome.notation()
        for node in spec.nodes[1:]:
            assert model.get_layer(node.name).output.shape[1:] == node.shape, (genome.notation(), node.name)
        output = np.asarray(model(np.zeros((2, *shape), np.float32)))
        assert output.shape == (2, 10) and np.allclose(output.sum(axis=1), 1, atol=1e-5)
        compared += 1
        if any(dict(node.settings).get("dilation", 1) > 1 for node in spec.nodes):
            continue  # TensorFlow spreads such a convolution over a larger one, and its profiler counts that
        graph = tf.function(model).get_concrete_function(tf.TensorSpec((1, *shape), tf.float32)).graph
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options = {**options, "output": "none", "account_type_regexes": ["Conv2D", "DepthwiseConv2dNative", "MatMul"]}
        profile = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
        assert profile.total_float_ops == 2 * spec.multiply_adds, (genome.notation(), profile.total_float_ops)
        profiled += 1
assert seen >= set(PRIMITIVES) - {"own"}, set(PRIMITIVES) - seen
assert profiled > compared / 3
assert merged > (compared / 2 if sys.argv[2] == "graph" else 0)
print(compared)
"""


@pytest.mark.parametrize(
    ("one_in", "encoding", "least"),
    [
        (20, "stack", 9),
        pytest.param(3, "stack", 60, marks=pytest.mark.slow),
        pytest.param(3, "graph", 60, marks=pytest.mark.slow),
    ],
)
def test_parameters_shapes_and_multiply_adds_agree_with_keras_and_tensorflow(
    tmp_path: Path, one_in: int, encoding: str, least: int
) -> None:
    script = [sys.executable, "-c", SCRIPT, str(one_in), encoding]
    done = subprocess.run(script, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) >= least
