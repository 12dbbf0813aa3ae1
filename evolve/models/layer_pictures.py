"""What the layers of a trained network do: the filters of those that see the image first, and the feature maps of an
image on its way through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.models.inspection import LayerPictures
from evolve.models.layer_choice import deep_layers, first_layers
from evolve.models.small_pictures import filter_pictures, map_pictures
from genomes.spec import ModelSpec

FILTERS, MAPS = 64, 8  # of a layer
BY_CHANNEL = ("separable_convolution", "depthwise_convolution")


def filters(model: Any, spec: ModelSpec, titles: Mapping[str, str]) -> tuple[LayerPictures, ...]:
    """The filters of the layers that see the image first."""
    found = []
    for node in first_layers(spec):
        layer = model.get_layer(node.name)
        kernel = getattr(layer, "depthwise_kernel", None)  # of a separable one the step that sees the image
        kernel = _array(layer.kernel if kernel is None else kernel)
        if node.op in BY_CHANNEL:
            kernel = np.moveaxis(kernel, 3, 2).reshape(*kernel.shape[:2], 1, -1)
        pictures, of = filter_pictures(kernel, FILTERS), kernel.shape[3]
        found.append(LayerPictures(titles[node.name], node.op, node.shape, of, pictures, bool(layer.trainable)))
    return tuple(found)


def feature_maps(
    model: Any, spec: ModelSpec, titles: Mapping[str, str], image: NDArray[Any]
) -> tuple[LayerPictures, ...]:
    """Feature maps of layers over the depth of a network. image: a raw one, (height, width, channels)."""
    nodes = deep_layers(spec)
    if not nodes:
        return ()
    outputs = [model.get_layer(node.name).output for node in nodes]
    said = keras.Model(model.inputs[0], outputs)(image[np.newaxis], training=False)
    made = said if len(nodes) > 1 else [said]  # Keras returns a single output as it is
    return tuple(
        LayerPictures(titles[node.name], node.op, node.shape, node.shape[2], map_pictures(_array(maps)[0], MAPS))
        for node, maps in zip(nodes, made, strict=True)
    )


def _array(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)
