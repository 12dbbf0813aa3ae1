"""ModelSpec -> keras.Model, layer for layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from genomes.keras_calls import LAYERS, Call, Settings, normalisation
from genomes.named_objects import named
from genomes.spec import ModelSpec

BYTES: Settings = {"scale": 1 / 255, "offset": 0.0}
KERAS: Mapping[str, Any] = {}


def decode(
    spec: ModelSpec, pixels: Settings = BYTES, precision: str = "float32", instead: Mapping[str, Any] = KERAS
) -> keras.Model:
    """The Keras model of `spec`, untrained, with a functional graph and layers named after the nodes.

    It takes raw images, (batch, height, width, channels), and returns class probabilities, (batch, classes), as 32-bit
    floats. pixels: how they are normalised first, "scale" and "offset", each a number or a list by channel.
    precision: of what is computed between, a Keras dtype policy; layers of the user's own keep 32 bits.
    instead: classes to be used instead of Keras's, by the names of those.
    """
    image = keras.Input(spec.input_shape, name=spec.nodes[0].name)
    tensors = [_layer(normalisation(pixels), "normalisation", "float32", instead)(image)]
    for node in spec.nodes[1:]:
        sources = [tensors[position] for position in node.inputs]
        exact = node is spec.nodes[-1] or node.op == "own"
        call = LAYERS[node.op](dict(node.settings))
        layer = _layer(call, node.name, "float32" if exact else precision, instead)
        tensors.append(layer(sources[0] if len(sources) == 1 else sources))
    return keras.Model(image, tensors[-1])


def _layer(call: Call, name: str, precision: str, instead: Mapping[str, Any]) -> Any:
    kind, positional, named = call
    cls = instead.get(kind) or (custom_class(kind) if "." in kind else getattr(layers, kind))
    return cls(*positional, **named, name=name, **({} if precision == "float32" else {"dtype": precision}))


def custom_class(path: str) -> Any:
    """The class that a dotted path names. Raises ImportError if there is none."""
    module, _, name = path.rpartition(".")
    return named(module, name)
