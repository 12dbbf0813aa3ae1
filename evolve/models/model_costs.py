"""What a Keras model of any making takes, says and costs, in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from evolve.display.text import listed
from evolve.models.layer_costs import costs_of
from evolve.models.pixel_range import pixel_range
from evolve.models.plain_model import load_plain
from evolve.training.keras_graph import is_model


def costs(model: str, pixels: str | None = None) -> dict[str, Any]:
    """What is known of the model in a file: its configuration as JSON, "model", all of it to be trained; its
    "input_shape" and "classes", its "parameters", the "multiply_adds" of its convolutions and dense layers and the
    "values" that its layers put out for one image; the "range" of pixels that it expects; and "remarks" on all that.

    pixels: that range, if the user says it. Raises RunError for a model with parts that are not Keras's own, or that is
    no classifier of images.
    """
    loaded, shape, classes = load_plain(model)
    found = list(costs_of(loaded))
    expected, told = pixel_range(loaded, pixels)
    config = _to_be_trained(_with_statistics(json.loads(loaded.to_json()), loaded))
    uncounted = dict.fromkeys(f"{one.layer} ({one.kind})" for one in found if one.multiply_adds is None)
    return {
        "model": json.dumps(config),
        "input_shape": list(shape),
        "classes": classes,
        "parameters": loaded.count_params(),
        "multiply_adds": sum(one.multiply_adds or 0 for one in found),
        "values": sum(one.values for one in found),
        "range": expected,
        "remarks": [told, *_thawed(loaded, [one.layer for one in found]), *_not_counted(list(uncounted))],
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
        told["config"] = {**told["config"], **{name: _figures(layer, name) for name in ("mean", "variance")}}
    return told


def _figures(layer: Any, name: str) -> Any:
    """A mean or variance in the shape in which a normalisation is given it: that of its axes."""
    found = np.asarray(getattr(layer, name))
    axis = layer.get_config()["axis"]
    axes = () if axis is None else (axis,) if isinstance(axis, int) else axis
    return found.reshape([found.shape[one] for one in axes]).tolist()


def _to_be_trained(config: Any) -> Any:
    """The configuration of a model of which nothing is frozen: what is kept at the weights that it was given makes no
    sense with fresh ones."""
    if isinstance(config, list):
        return [_to_be_trained(one) for one in config]
    if not isinstance(config, dict):
        return config
    made = {name: _to_be_trained(one) for name, one in config.items()}
    return {**made, "trainable": True} if made.get("trainable") is False else made


def _thawed(model: Any, layers: Iterable[str]) -> Iterator[str]:
    """layers: names of all, in their order."""
    held = {one.name for one in model._flatten_layers() if not one.trainable and one.weights and not is_model(one)}
    if frozen := [name for name in dict.fromkeys(layers) if name in held]:
        yield (
            f"frozen in the file: {listed(frozen, 6)}; with fresh weights there is nothing to keep, so all layers are "
            "trained"
        )


def _not_counted(layers: list[str]) -> Iterator[str]:
    if layers:
        yield f"multiply-adds do not count {listed(layers, 6)}, so --work allows more epochs than it should"
