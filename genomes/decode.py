"""ModelSpec -> keras.Model, layer for layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import layers

from genomes.spec import ModelSpec

# Keras's default of .99 leaves the running averages of a brief training far behind the weights, so that validation
# judges a network that was never trained; with .9 they arrive within a few dozen steps.
BATCH_NORM_MOMENTUM = 0.9

Settings = Mapping[str, Any]

LAYERS: dict[str, Callable[[str, Settings], Any]] = {
    "convolution": lambda name, s: layers.Conv2D(
        s["filters"], s["kernel"], strides=s["stride"], padding=s["padding"], use_bias=s["bias"], name=name
    ),
    "max_pool": lambda name, s: layers.MaxPooling2D(s["size"], name=name),
    "average_pool": lambda name, s: layers.AveragePooling2D(s["size"], name=name),
    "batch_norm": lambda name, s: layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=name),
    "activation": lambda name, s: layers.Activation(s["function"], name=name),
    "leaky_relu": lambda name, s: layers.LeakyReLU(negative_slope=s["slope"], name=name),
    "dropout": lambda name, s: layers.Dropout(s["rate"], name=name),
    "flatten": lambda name, s: layers.Flatten(name=name),
    "global_average": lambda name, s: layers.GlobalAveragePooling2D(name=name),
    "global_max": lambda name, s: layers.GlobalMaxPooling2D(name=name),
    "dense": lambda name, s: layers.Dense(s["units"], name=name),
    "add": lambda name, s: layers.Add(name=name),
}


def decode(spec: ModelSpec, scale: float = 1 / 255, offset: float = 0.0) -> keras.Model:
    """The Keras model of `spec`, untrained, with a functional graph and layers named after the nodes.

    It takes raw images, (batch, height, width, channels), multiplies pixels by `scale` and adds `offset`, and returns
    class probabilities, (batch, classes), as 32-bit floats.
    """
    image = keras.Input(spec.input_shape, name=spec.nodes[0].name)
    tensors = [layers.Rescaling(scale, offset, name="rescaling")(image)]
    for node in spec.nodes[1:]:
        sources = [tensors[position] for position in node.inputs]
        layer = LAYERS[node.op](node.name, dict(node.settings))
        tensors.append(layer(sources[0] if len(sources) == 1 else sources))
    return keras.Model(image, tensors[-1])
