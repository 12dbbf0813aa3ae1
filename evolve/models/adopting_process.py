"""Adopts a Keras model, in a process of its own: reads its layers, builds the network that they are here, gives it the
weights, and tries both."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.errors import RunError
from evolve.models.adopt import RANGES
from evolve.models.classifier import Classifier
from evolve.models.compiled_recipe import recipe_of
from evolve.models.layer_reading import layer_named, layers_of
from evolve.models.not_kept import not_kept
from evolve.models.pixel_range import pixel_range
from evolve.models.plain_model import in_float32, load_plain
from evolve.training.backends import probabilities
from evolve.training.keras_graph import kind_of
from evolve.training.weights import save_arrays, weights_of
from genomes.alphabet import full_alphabet
from genomes.decode import BYTES, decode
from genomes.graph.adopting import Adopted, NotAdopted, adopt_layers, nodes_of
from genomes.graph.space import GraphSpace
from genomes.keras_layer import EPSILON, KerasLayer, Range
from genomes.limits import Limits
from genomes.primitives import InvalidGenome

TRIED = 64  # images
TOLERANCE = 1e-5
UNLIMITED = Limits(max_layers=10_000, max_parameters=10**12, max_multiply_adds=10**15)
Weights = list[NDArray[Any]]


def adopt_model(model: str, pixels: str | None, target: str) -> dict[str, Any]:
    """Adopts the model of a file and writes its weights to `target`. What became of it: "notation", "input_shape",
    "classes", "parameters", "layers", "remarks", the "range" of pixels that it is taken to expect and by how much
    class probabilities differ on noise, the "difference".

    pixels: that range, see `RANGES`; None for what its first layers tell, and 0 to 1 where they do not. Raises RunError
    for what cannot be adopted, naming each layer.
    """
    given, shape, classes = load_plain(model)
    try:
        loaded, narrowed = in_float32(given, model)
        given_range, why = pixel_range(loaded, pixels)
        scale, offset = RANGES[given_range]
        channels = shape[2]
        expected = Range((scale,) * channels, (offset,) * channels)
        image = KerasLayer("", "InputLayer", {}, ("",), shape)
        recipe, told = recipe_of(given)
        adopted = adopt_layers([image, *layers_of(loaded)], classes, recipe, full_alphabet(), expected)
        spec = GraphSpace(shape, classes, UNLIMITED).blueprint(adopted.genome)
        ours = decode(spec, BYTES)
        places = nodes_of(adopted, [node.name for node in spec.nodes])
        theirs = ((name, layer_named(loaded, name), node) for name, node in places)
        pairs = [(name, layer, ours.get_layer(node)) for name, layer, node in theirs if layer is not None]
        dropped = not_kept(pairs)
    except NotAdopted as error:
        reasons = "".join(f"\n  {reason}" for reason in error.reasons)
        raise RunError(f"model {model} cannot be adopted; what evolve has no counterpart for:{reasons}") from None
    except InvalidGenome as error:
        raise RunError(f"model {model} cannot be adopted: {error}") from None
    for name, theirs, layer in pairs:
        layer.set_weights(_weights(theirs, layer, adopted, name))
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
        "remarks": [why, *narrowed, *adopted.remarks, *told, *dropped],
        "range": given_range,
        "difference": difference,
    }


def _weights(theirs: Any, ours: Any, adopted: Adopted, name: str) -> Weights:
    """The weights of a layer as the one that it became has them."""
    kind, found = kind_of(theirs), [np.asarray(one) for one in theirs.get_weights()]
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
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
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
            "please report this model, with what `model.summary()` says of it"
        )
    return difference
