"""Where a network looks (Selvaraju et al. 2017, "Grad-CAM", https://arxiv.org/abs/1610.02391): which places of feature
maps speak for a class, by the gradient of its score. On any backend of Keras.

As in LayerCAM (Jiang et al. 2021, https://doi.org/10.1109/TIP.2021.3089943) gradients count place by place, those that
speak for the class alone, so that maps of all depths can be used, and several of them are put together: the last one of
a small image has so few places that it says nothing of where. The score is the logarithm of the odds of the class,
which does not saturate as its probability does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.training.backends import this_backend

BATCH = 50
FAR = 1e9  # a score that is lower by that much counts for nothing
TINY = 1e-12
Floats = NDArray[np.float32]


class Looking:
    """A network cut in two at each of some feature maps that all paths meet in.

    layers: the names of those that put the maps out. scores: of the one that puts out a number for each class, before
    they become probabilities. Raises ValueError if the model has no layers of these names, or paths go around a map.
    """

    def __init__(self, model: Any, layers: Sequence[str], scores: str) -> None:
        image, put_out = model.inputs[0], model.get_layer(scores).output
        maps = [model.get_layer(layer).output for layer in layers]
        self._cuts = [(keras.Model(image, one), keras.Model(one, put_out)) for one in maps]

    def heat(self, images: NDArray[Any], labels: NDArray[Any]) -> Floats:
        """How much each pixel speaks for the class, from 0 to 1: (count, height, width) for raw images (count, height,
        width, channels) and a class each."""
        parts = [slice(at, at + BATCH) for at in range(0, len(images), BATCH)]
        return np.concatenate([self._heat(np.asarray(images[part]), labels[part]) for part in parts])

    def _heat(self, images: NDArray[Any], labels: NDArray[Any]) -> Floats:
        found = [_relative(resized(_speaking(*cut, images, labels), images.shape[1:3])) for cut in self._cuts]
        return _relative(np.sum(found, axis=0))


def _speaking(front: Any, back: Any, images: NDArray[Any], labels: NDArray[Any]) -> Floats:
    """How much each place of a feature map speaks for the class: (count, height, width)."""
    maps = np.asarray(keras.ops.convert_to_numpy(front(images, training=False)), np.float32)
    chosen = keras.ops.one_hot(labels.astype("int32"), back.output_shape[-1])

    def odds(values: Any) -> Any:
        scores = back(values, training=False)
        others = keras.ops.logsumexp(scores - FAR * chosen, axis=1)
        return keras.ops.sum(keras.ops.sum(scores * chosen, axis=1) - others)

    gradient = np.maximum(this_backend().gradient(odds, maps), 0.0)
    return np.asarray(np.maximum((gradient * maps).sum(axis=-1), 0.0), np.float32)


def _relative(heat: Floats) -> Floats:
    """Of each image the hottest place 1; 0 everywhere where nothing speaks for the class."""
    return np.asarray(heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), TINY), np.float32)


def resized(heat: Floats, size: tuple[int, int]) -> Floats:
    """Brought to the size of the images, with values between places in between."""
    made = keras.ops.image.resize(heat[..., np.newaxis], size, interpolation="bilinear", data_format="channels_last")
    return np.asarray(keras.ops.convert_to_numpy(made), np.float32)[..., 0]


def hottest(heat: Floats, share: float = 0.2) -> NDArray[np.bool_]:
    """The hottest share of the pixels of each image, rounded up: (count, height, width)."""
    flat = heat.reshape(len(heat), -1)
    order = np.argsort(-flat, axis=1, kind="stable")[:, : int(np.ceil(share * flat.shape[1]))]
    found = np.zeros(flat.shape, bool)
    np.put_along_axis(found, order, True, axis=1)
    return found.reshape(heat.shape)
