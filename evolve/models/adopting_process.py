"""Adopts a Keras model, in a process of its own: reads its layers, builds the network that they are here, gives it the
weights, and tries both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from evolve.errors import RunError
from evolve.models.adopt import RANGES
from evolve.models.classifier import Classifier
from evolve.models.plain_model import load_plain
from evolve.training.backends import probabilities
from evolve.training.weights import save_arrays, weights_of
from genomes.alphabet import full_alphabet
from genomes.decode import BYTES, decode
from genomes.graph.adopting import Adopted, NotAdopted, adopt_layers, nodes_of
from genomes.graph.space import GraphSpace
from genomes.keras_calls import OPTIMIZERS
from genomes.keras_layer import EPSILON, PIXELS, KerasLayer, Range
from genomes.limits import Limits
from genomes.primitives import InvalidGenome
from genomes.recipe import DEFAULT, Recipe

TRIED = 64  # images
TOLERANCE = 1e-5
UNLIMITED = Limits(max_layers=10_000, max_parameters=10**12, max_multiply_adds=10**15)
Weights = list[NDArray[Any]]


def adopt_model(model: str, pixels: str | None, target: str) -> dict[str, Any]:
    """Adopts the model of a file and writes its weights to `target`. What became of it: "notation", "input_shape",
    "classes", "parameters", "layers", "remarks", the "range" of pixels that it is taken to expect and by how much
    class probabilities differ on noise, the "difference".

    pixels: that range, see `RANGES`; None for bytes where the model begins with a layer that brings them into another
    range, and 0 to 1 else. Raises RunError for what cannot be adopted, naming each layer.
    """
    loaded, shape, classes = load_plain(model)
    try:
        layers = list(_layers(loaded))
        given = pixels or ("0-255" if any(one.kind in PIXELS for one in layers) else "0-1")
        scale, offset = RANGES[given]
        channels = shape[2]
        expected = Range((scale,) * channels, (offset,) * channels)
        recipe, told = _recipe(loaded)
        adopted = adopt_layers(layers, classes, recipe, full_alphabet(), expected)
        spec = GraphSpace(shape, classes, UNLIMITED).blueprint(adopted.genome)
    except NotAdopted as error:
        reasons = "".join(f"\n  {reason}" for reason in error.reasons)
        raise RunError(f"model {model} cannot be adopted; what evolve has no counterpart for:{reasons}") from None
    except InvalidGenome as error:
        raise RunError(f"model {model} cannot be adopted: {error}") from None
    ours = decode(spec, BYTES)
    for layer, node in nodes_of(adopted, [node.name for node in spec.nodes]):
        ours.get_layer(node).set_weights(_weights(_layer(loaded, layer), ours.get_layer(node), adopted, layer))
    if adopted.before:
        _set_range(ours.get_layer(f"batch_norm_{adopted.before}"), adopted.range)
    difference = _difference(loaded, ours, shape, (scale, offset))
    save_arrays(weights_of(ours), Path(target))
    return {
        "notation": adopted.genome.notation(),
        "input_shape": list(shape),
        "classes": classes,
        "parameters": spec.parameters,
        "multiply_adds": spec.multiply_adds,
        "layers": len(adopted.genome.graph.live()) + len(adopted.genome.head),
        "remarks": [*adopted.remarks, *told],
        "range": given,
        "difference": difference,
    }


def _layers(model: Any, before: str = "", inner: str = "") -> Iterator[KerasLayer]:
    """The layers of a model, of models within it, too, each behind what it reads. before: name of the layer that a
    model within reads; inner: what stands before the names of its layers."""
    if isinstance(model, keras.Sequential):
        last = before
        for inner_layer in model.layers:
            for one in _told(inner_layer, (last,), inner):
                yield one
                last = one.name
        return
    config = model.get_config()
    names: dict[str, str] = {}  # of a layer of this model -> of the one whose output that is
    for told in config["layers"]:
        name, calls = told["name"], told["inbound_nodes"]
        if len(calls) > 1:
            shared = f"it is called {len(calls)} times, with the same weights; evolve has a layer of its own for each"
            raise NotAdopted([f"{inner}{name} ({told['class_name']}): {shared}"])
        reads = tuple(names[one] for one in _read(calls)) if calls else (before,)
        try:
            layer: Any = model.get_layer(name)
        except ValueError:  # an operation, such as a sum of two tensors
            yield KerasLayer(f"{inner}{name}", told["class_name"], {}, reads)
            names[name] = f"{inner}{name}"
            continue
        for one in _told(layer, reads, inner):
            yield one
            names[name] = one.name


def _told(layer: Any, reads: tuple[str, ...], inner: str) -> Iterator[KerasLayer]:
    name = f"{inner}{layer.name}"
    if isinstance(layer, keras.Model):
        if len(layer.inputs) != 1 or len(layer.outputs) != 1:
            raise NotAdopted([f"{name} ({type(layer).__name__}): a model with several inputs or outputs"])
        yield from _layers(layer, reads[0], f"{name}/")
        return
    settings = dict(layer.get_config())
    if type(layer).__name__ == "Normalization":
        settings |= _normalisation(layer)
    yield KerasLayer(name, type(layer).__name__, settings, reads, tuple(layer.output.shape[1:]))


def _normalisation(layer: Any) -> dict[str, Any]:
    mean, variance = (np.asarray(value, np.float64).reshape(-1) for value in (layer.mean, layer.variance))
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    return {"scale": (1 / deviation).tolist(), "offset": (-mean / deviation).tolist()}


def _read(calls: Sequence[Any]) -> list[str]:
    """Names of the layers whose outputs a call is given, in their order."""
    found: list[str] = []

    def look(value: Any) -> None:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            found.append(value["config"]["keras_history"][0])
        elif isinstance(value, dict):
            for one in value.values():
                look(one)
        elif isinstance(value, list | tuple):
            for one in value:
                look(one)

    look(calls[0])
    return found


def _layer(model: Any, name: str) -> Any:
    """The layer of that name, of a model within if there is a stroke in it."""
    for part in name.split("/"):
        model = model.get_layer(part)
    return model


def _weights(theirs: Any, ours: Any, adopted: Adopted, name: str) -> Weights:
    """The weights of a layer as the one that it became has them."""
    kind, found = type(theirs).__name__, [np.asarray(one) for one in theirs.get_weights()]
    if kind == "BatchNormalization":
        found = _batch_norm(theirs, found)
    wanted = ours.get_weights()
    if len(found) == len(wanted) - 1 and kind in ("Dense", "SeparableConv2D", "DepthwiseConv2D"):
        found.append(np.zeros_like(wanted[-1]))  # evolve's have a bias always
    if name in adopted.first:
        found[0] = found[0] * np.float32(adopted.range.factor or 1.0)
    return found


def _batch_norm(layer: Any, found: Weights) -> Weights:
    """Gain, offset, mean and variance, with an epsilon of evolve's."""
    mean, variance = found[-2:]
    gain = [found[0]] if layer.scale else []
    offset = found[len(gain)] if layer.center else np.zeros_like(mean)
    if abs(layer.epsilon - EPSILON) > 1e-12:
        if layer.scale:
            gain = [gain[0] * np.sqrt((variance + EPSILON) / (variance + layer.epsilon))]
        else:
            variance = variance + layer.epsilon - EPSILON
    return [*gain, offset, mean, variance]


def _set_range(layer: Any, pixels: Range) -> None:
    scale, offset = np.array(pixels.scale, np.float32), np.array(pixels.offset, np.float32)
    layer.set_weights([scale * math.sqrt(1 + EPSILON), offset, np.zeros_like(scale), np.ones_like(scale)])


def _difference(theirs: Any, ours: Any, shape: tuple[int, int, int], pixels: tuple[float, float]) -> float:
    """By how much class probabilities differ at most, on noise. Raises RunError if that is more than rounding: more
    than `TOLERANCE`, and than what a change of pixels by a millionth does, which is much where logits are large."""
    images = np.random.default_rng(0).integers(0, 256, (TRIED, *shape)).astype(np.float32)
    given = images / np.float32(255) * np.float32(pixels[0]) + np.float32(pixels[1])
    classifier = Classifier.of(theirs, "that is adopted")
    said, nearly = (classifier.shares(classifier.outputs(seen)) for seen in (given, given * np.float32(1 + 1e-6)))
    difference = float(np.abs(said - np.asarray(probabilities(ours, images))).max())
    if not difference <= max(TOLERANCE, float(np.abs(said - nearly).max())):
        raise RunError(
            f"what the model says and what its copy says differ by up to {difference:.2g}, more than {TOLERANCE:g}; "
            "please report this model"
        )
    return difference


def _recipe(model: Any) -> tuple[Recipe, list[str]]:
    """The recipe that a model was compiled with, as far as evolve has it; batches of 32, as Keras's `fit` has them."""
    optimizer = getattr(model, "optimizer", None)
    usual = Recipe(**{**DEFAULT.to_json(), "batch_size": 32, "pixels": "scale"})
    if optimizer is None:
        return usual, ["it is not compiled, so it is trained with adam 0.001"]
    config: Mapping[str, Any] = optimizer.get_config()
    names = {kind: name for name, (kind, _) in OPTIMIZERS.items()}
    name, rate = names.get(type(optimizer).__name__), config.get("learning_rate")
    if name is None or not isinstance(rate, float):
        what = type(optimizer).__name__ if name is None else "a schedule of its own"
        return usual, [f"evolve does not have its optimizer as it is ({what}), so it is trained with adam 0.001"]
    more = {
        "weight_decay": float(config.get("weight_decay") or 0.0),
        "clip": float(config.get("global_clipnorm") or 0.0),
    }
    told: list[str] = []
    if name == "sgd":
        more["momentum"] = float(config.get("momentum") or 0.9)
        if not config.get("momentum"):
            told.append("its sgd has no momentum, evolve's has at least 0.5, so it is trained with 0.9")
    made = Recipe(**{**usual.to_json(), "optimizer": name, "learning_rate": float(f"{rate:.6g}"), **more})
    if problem := made.problem():
        return usual, [f"evolve does not have its optimizer as it is ({problem}), so it is trained with adam 0.001"]
    return made, told
