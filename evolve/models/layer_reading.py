"""The layers of a Keras model, of models within it, too, as what `genomes.graph.adopting` reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evolve.training.keras_graph import is_model, kind_of
from genomes.graph.adopting import NotAdopted
from genomes.keras_layer import KerasLayer, in_arithmetic

Training = bool | None


def layers_of(model: Any, before: str = "", inner: str = "", training: Training = None) -> Iterator[KerasLayer]:
    """The layers of a model, each behind what it reads. before: name of the layer that a model within reads; inner:
    what stands before the names of its layers; training: what it is called with. Raises NotAdopted."""
    if kind_of(model) == "Sequential":
        last = before
        for layer in model.layers:
            for one in _told(layer, (last,), inner, training, ()):
                yield one
                last = one.name
        return
    operations = {one.name: one for one in model.operations}
    names: dict[str, str] = {}  # of a layer of this model -> of the one whose output that is
    for told in model.get_config()["layers"]:
        name, calls = told["name"], told["inbound_nodes"]
        read, constants = _read(calls[0]) if calls else ([], [])
        reads = tuple(names[one] for one in read) if calls else (before,)
        called = calls[0]["kwargs"].get("training") if calls else None
        names[name] = reads[0] if reads else before
        operation = operations[name]
        factors = in_arithmetic(kind_of(operation), calls[0]["args"]) if calls else {}
        for one in _told(operation, reads, inner, training if called is None else called, tuple(constants)):
            yield replace(one, calls=max(one.calls, len(calls)), settings={**one.settings, **factors})
            names[name] = one.name


def _told(
    layer: Any, reads: tuple[str, ...], inner: str, training: Training, constants: tuple[str, ...]
) -> Iterator[KerasLayer]:
    name, kind = f"{inner}{layer.name}", kind_of(layer)
    if is_model(layer):
        if len(layer.inputs) != 1 or len(layer.outputs) != 1:
            raise NotAdopted([f"{name} ({kind}): a model with several inputs or outputs; evolve has one of each"])
        yield from layers_of(layer, reads[0], f"{name}/", training)
        return
    if not hasattr(layer.output, "shape"):
        raise NotAdopted([f"{name} ({kind}): it has several outputs; evolve's layers have one"])
    shape, weights = tuple(layer.output.shape[1:]), bool(getattr(layer, "weights", ()))  # operations have none
    yield KerasLayer(name, kind, _settings(layer), reads, shape, training, constants, weights=weights)


def _settings(layer: Any) -> Mapping[str, Any]:
    settings = dict(layer.get_config())
    if kind_of(layer) == "Rescaling":
        return settings | {name: np.asarray(getattr(layer, name)).reshape(-1).tolist() for name in ("scale", "offset")}
    return settings | _normalisation(layer) if kind_of(layer) == "Normalization" else settings


def _normalisation(layer: Any) -> dict[str, Any]:
    if layer.invert:
        raise NotAdopted([f"{layer.name} (Normalization): it has invert=True; evolve has the other direction alone"])
    mean, variance = (np.asarray(value, np.float64).reshape(-1) for value in (layer.mean, layer.variance))
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    return {"scale": (1 / deviation).tolist(), "offset": (-mean / deviation).tolist()}


def _read(call: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Names of the layers whose outputs a call is given, in their order, and what else it is called on."""
    found: list[str] = []
    constants: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
            found.append(value["config"]["keras_history"][0])
        elif isinstance(value, Mapping) and "class_name" in value:  # an array
            constants.append("an array")
        elif isinstance(value, Mapping):
            for one in value.values():
                look(one)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for one in value:
                look(one)
        elif value is not None:
            constants.append(str(value))

    look(call["args"])
    look({name: value for name, value in call["kwargs"].items() if name not in ("training", "mask")})
    return found, constants


def layer_named(model: Any, name: str) -> Any:
    """The layer of that name, of a model within if there is a stroke in it; None for an operation, which is none and
    has no weights."""
    for part in name.split("/"):
        model = next((one for one in model.layers if one.name == part), None)
    return model
