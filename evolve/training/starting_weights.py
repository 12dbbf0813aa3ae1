"""Where a training begins: weights drawn by NumPy, so that they are the same on every backend, and streams of dropout.

Kernels are drawn as Keras does by default, uniformly within the limit of Glorot and Bengio 2010 ("Understanding the
difficulty of training deep feedforward neural networks", https://proceedings.mlr.press/v9/glorot10a.html). All other
weights of Keras's own layers begin as constants. Layers of the user's own draw theirs by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


def draw_weights(model: Any, seed: int) -> None:
    """Gives a new network its starting weights."""
    rng = np.random.default_rng(seed)
    for kernel in _kernels(model):
        *window, inputs, outputs = kernel.shape
        limit = math.sqrt(6 / (math.prod(window) * (inputs + outputs)))
        kernel.assign((2 * rng.random(tuple(kernel.shape), dtype=np.float32) - 1) * np.float32(limit))


def seed_dropout(model: Any, seed: int) -> None:
    """Gives each layer of a network that draws while training a stream of its own."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if (generator := getattr(layer, "seed_generator", None)) is not None:
            generator.state.assign(np.array([rng.integers(0, 2**31), 0]))


def _kernels(model: Any) -> Iterator[Any]:
    """Kernels of Keras's own layers, in the order of the layers."""
    for layer in model.layers:
        if type(layer).__module__.startswith("keras."):
            yield from (getattr(layer, name) for name in KERNELS if hasattr(layer, name))
