"""What a Keras model of any making takes, says and costs, in a process of its own."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from evolve.errors import RunError
from evolve.storage.keras_archive import foreign
from evolve.storage.model_file import load_model


def costs(model: str) -> dict[str, Any]:
    """What is known of the model in a file: its configuration as JSON, "model"; its "input_shape" and "classes", its
    "parameters", the "multiply_adds" of its convolutions and dense layers and the "values" that its layers put out for
    one image; and whether it brings pixels into a range, "rescales". Raises RunError for a model with parts that are
    not Keras's own, or that is no classifier of images.
    """
    if strange := foreign(Path(model)):
        names = ", ".join(f"{one.module}.{one.name}" for one in strange)
        raise RunError(f"model {model}: it has parts that are not Keras's own: {names}")
    loaded = load_model(Path(model))
    if len(loaded.inputs) != 1 or len(loaded.outputs) != 1:
        raise RunError(f"model {model}: it has {len(loaded.inputs)} inputs and {len(loaded.outputs)} outputs, not one")
    shape, out = loaded.inputs[0].shape[1:], loaded.outputs[0].shape[1:]
    if len(shape) != 3 or None in shape or len(out) != 1:
        raise RunError(
            f"model {model}: it takes {tuple(shape)} and gives out {tuple(out)}; a classifier takes images "
            "(height, width, channels) and gives out a number for each class"
        )
    layers = [layer for layer in loaded._flatten_layers() if not hasattr(layer, "layers")]
    return {
        "model": json.dumps(_with_statistics(json.loads(loaded.to_json()), loaded)),
        "input_shape": list(shape),
        "classes": int(out[0]),
        "parameters": loaded.count_params(),
        "multiply_adds": sum(map(_multiply_adds, layers)),
        "values": sum(_values(layer.output.shape) for layer in layers),
        "rescales": any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in layers),
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
