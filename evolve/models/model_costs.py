"""What a Keras model of any making takes, says and costs, in a process of its own."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from evolve.models.plain_model import load_plain
from genomes.keras_layer import PIXELS


def costs(model: str) -> dict[str, Any]:
    """What is known of the model in a file: its configuration as JSON, "model"; its "input_shape" and "classes", its
    "parameters", the "multiply_adds" of its convolutions and dense layers and the "values" that its layers put out for
    one image; and whether it brings pixels into a range, "rescales". Raises RunError for a model with parts that are
    not Keras's own, or that is no classifier of images.
    """
    loaded, shape, classes = load_plain(model)
    layers = [layer for layer in loaded._flatten_layers() if not hasattr(layer, "layers")]
    return {
        "model": json.dumps(_with_statistics(json.loads(loaded.to_json()), loaded)),
        "input_shape": list(shape),
        "classes": classes,
        "parameters": loaded.count_params(),
        "multiply_adds": sum(map(_multiply_adds, layers)),
        "values": sum(_values(layer.output.shape) for layer in layers),
        "rescales": any(type(layer).__name__ in PIXELS for layer in layers),
    }


def _with_statistics(config: Any, model: Any) -> Any:
    """The configuration of a model with what its normalisations were adapted to, which stands among its weights."""
    if isinstance(config, list):
        return [_with_statistics(one, model) for one in config]
    if not isinstance(config, dict):
        return config
    told = {name: _with_statistics(value, model) for name, value in config.items()}
    if told.get("class_name") == "Normalization" and "name" in told.get("config", {}):
        layer = next(one for one in model._flatten_layers() if one.name == told["config"]["name"])
        figures = {name: np.asarray(getattr(layer, name)).reshape(-1).tolist() for name in ("mean", "variance")}
        told["config"] = {**told["config"], **figures}
    return told


def _values(shape: Any) -> int:
    return math.prod(side for side in shape[1:] if side is not None)


def _multiply_adds(layer: Any) -> int:
    """A kernel of a convolution is used once for each place of what it puts out, that of a dense layer once."""
    kernels = [weight.shape for weight in layer.weights if "kernel" in weight.path.rpartition("/")[2]]
    places = _values(layer.output.shape[:-1])
    return sum(places * math.prod(shape) for shape in kernels)
