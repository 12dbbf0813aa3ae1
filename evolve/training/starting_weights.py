"""Where a training begins: weights drawn by NumPy, so that they are the same on every backend, and streams of dropout.

Kernels are drawn as Keras does by default, uniformly within the limit of Glorot and Bengio 2010 ("Understanding the
difficulty of training deep feedforward neural networks", https://proceedings.mlr.press/v9/glorot10a.html). All other
weights of Keras's own layers begin as constants. Layers of the user's own draw theirs by themselves. The last two
functions stand by themselves: an exported script carries them where it needs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from evolve.jobs import TrainingJob

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


def set_starting_weights(model: Any, job: TrainingJob, images: Any) -> None:
    """Gives a new network the weights that its training begins with, and its streams of dropout.

    images: that it is going to be trained on, (count, height, width, channels).
    """
    draw_weights(model, job.seeds.weights)
    if job.recipe.dirac:
        for node in job.spec.nodes:
            if node.op == "convolution":
                hand_on(model.get_layer(node.name))
    for node in job.spec.nodes:
        if node.op == "whitening":
            whiten(model.get_layer(node.name), model.get_layer("normalisation"), images)
    seed_dropout(model, job.seeds.dropout)


def draw_weights(model: Any, seed: int) -> None:
    """Gives a new network its starting weights, as far as they are drawn."""
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


def hand_on(layer: Any) -> None:
    """Lets a convolution begin by handing on its first channels as they are; the other ones stay as they were drawn."""
    kernel = np.array(layer.kernel)
    middle, same = (kernel.shape[0] - 1) // 2, min(kernel.shape[2:])
    kernel[:, :, :, :same] = 0
    kernel[middle, middle, range(same), range(same)] = 1
    layer.kernel.assign(kernel)


def whiten(layer: Any, normalisation: Any, images: Any) -> None:
    """Sets a convolution to the principal components of patches of the images, each scaled to deviation 1 and followed
    by the same with the sign turned, the largest first: a narrower layer behind may hand on no more than these.
    normalisation: the layer that normalises pixels. About 200,000 patches are looked at, of 200 images at least, evenly
    over all: they may lie in the order of their classes."""
    side, _, channels, _ = layer.kernel.shape
    height, width = normalisation.output.shape[1:3]
    together = 1 + 200_000 // (height * width)
    count = min(len(images), max(200, together))
    apart = int((1 + count * height * width / 200_000) ** 0.5)
    found = []
    for rows in np.array_split(np.arange(count) * len(images) // count, -(-count // together)):
        seen = keras.ops.convert_to_numpy(normalisation(np.asarray(images[rows], "float32")))
        windows = np.lib.stride_tricks.sliding_window_view(seen, (side, side), axis=(1, 2))[:, ::apart, ::apart]
        found.append(windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, side * side * channels).astype("float64"))
    patches = np.concatenate(found)
    patches = patches - patches.mean(axis=0)
    values, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
    values, vectors = values[::-1], vectors[:, ::-1]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), range(len(values))])
    components = (vectors * signs / np.sqrt(np.maximum(values, 0) + 0.0005)).reshape(side, side, channels, -1)
    both = np.stack([components, -components], axis=-1).reshape(side, side, channels, -1)
    layer.kernel.assign(both.astype("float32"))
