"""A layer of a Keras model that is to become one of evolve's: what it is, and what evolve has no counterpart for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from genomes.keras_reading import LAYER_FUNCTIONS

PIXELS = ("Rescaling", "Normalization")  # that bring pixels into another range
ARITHMETIC = ("TrueDivide", "Divide", "Multiply", "Subtract", "Add")  # operations that do, with a number
EPSILON = 1e-3  # of normalisations, as Keras has it and evolve leaves it
CHANNELS_LAST = ("channels_last", None)
# That change images at random while a network is trained, and hand them on as they are when it predicts. AutoContrast
# and CLAHE, which always change them, are none.
AT_RANDOM = re.compile(r"Random\w+|AugMix|CutMix|MixUp|RandAugment|Equalization|Solarization")


@dataclass(frozen=True)
class KerasLayer:
    """A layer of a Keras model.

    name: in the model. kind: of class. settings: what it was made with, as Keras tells it; of one of `PIXELS`, and of
    an operation with a number, "scale" and "offset", numbers or one for each channel. reads: names of the layers whose
    outputs it is called on, in their order, "" for the image; shape: of what it puts out, without the batch. training:
    what it is called with, None for what the whole network is in. constants: what it is called on that no layer puts
    out. calls: how often it is called; weights: whether it has any.
    """

    name: str
    kind: str
    settings: Mapping[str, Any]
    reads: tuple[str, ...]
    shape: tuple[int | None, ...] = ()
    training: bool | None = None
    constants: tuple[str, ...] = ()
    calls: int = 1
    weights: bool = True


def in_arithmetic(kind: str, given: Sequence[Any]) -> dict[str, float]:
    """What an operation such as `x / 255` multiplies with ("scale") and adds ("offset"); nothing if it is another one.
    given: what it is called on, in its order."""
    numbers = [value for value in given if isinstance(value, int | float)]
    if kind not in ARITHMETIC or len(given) != 2 or len(numbers) != 1:
        return {}
    number, last = float(numbers[0]), given[1] is numbers[0]
    if kind in ("TrueDivide", "Divide"):
        return {"scale": 1 / number, "offset": 0.0} if last and number else {}
    if kind == "Multiply":
        return {"scale": number, "offset": 0.0}
    if kind == "Subtract":
        return {"scale": 1.0, "offset": -number} if last else {"scale": -1.0, "offset": number}
    return {"scale": 1.0, "offset": number}


@dataclass(frozen=True)
class Range:
    """How pixels from 0 to 1 are brought into the range that a layer reads: times `scale`, plus `offset`, each one
    number for each channel."""

    scale: tuple[float, ...]
    offset: tuple[float, ...]

    def then(self, scale: Any, offset: Any) -> Range:
        """And what comes of that times `scale` plus `offset`, each a number or one for each channel."""
        scales, offsets = (_each(value, len(self.scale)) for value in (scale, offset))
        moved = zip(self.offset, scales, offsets, strict=True)
        return Range(
            tuple(a * b for a, b in zip(self.scale, scales, strict=True)), tuple(o * s + more for o, s, more in moved)
        )

    @property
    def factor(self) -> float | None:
        """The one number that it is, None if it is more."""
        return self.scale[0] if len(set(self.scale)) == 1 and not any(self.offset) else None


def _each(value: Any, count: int) -> tuple[float, ...]:
    found = tuple(map(float, value)) if isinstance(value, list | tuple) else (float(value),)
    if len(found) not in (1, count):
        raise ValueError(f"it has {len(found)} figures for pixels; evolve has one, or one for each channel ({count})")
    return found if len(found) == count else found * count


def changes_at_random(kind: str) -> bool:
    """Whether layers of this class change images at random, while a network is trained and not when it predicts."""
    return bool(AT_RANDOM.fullmatch(kind))


def without_end(layers: Sequence[KerasLayer], classes: int) -> tuple[list[KerasLayer], list[str]]:
    """All layers but those that evolve adds itself, the last dense one and softmax, and what is wrong with these."""
    kept = list(layers)
    softmax = [kept.pop()] if kept and kept[-1].kind != "Dense" and _is_softmax(kept[-1]) else []
    end = kept[-1] if kept else None
    if end is None or end.kind != "Dense":
        what = f"{end.name} ({end.kind})" if end else "nothing"
        return kept, [
            f"{what}: the last layer must be Dense, with one unit for each class and with softmax or no activation; "
            "put one at the end"
        ]
    if softmax and _is_softmax(end):
        return kept[:-1], [f"{softmax[0].name} ({softmax[0].kind}): it is a second softmax behind that of {end.name}"]
    activation = activation_of(end)
    if activation not in ("linear", "softmax") or classes < 2:
        units = end.settings.get("units")
        return kept[:-1], [
            f"{end.name} (Dense): it ends in {units} unit{'s' * (units != 1)} with {activation}; evolve needs one for "
            "each class, 2 at least, with softmax or, as logits, without an activation"
        ]
    return kept[:-1], []


def _is_softmax(layer: KerasLayer) -> bool:
    """Whether it makes probabilities of the numbers of each image."""
    along = layer.kind == "Softmax" and layer.settings.get("axis", -1) in (-1, 1, len(layer.shape) or 1)
    return along or activation_of(layer) == "softmax"


def check_layer(layer: KerasLayer) -> None:
    """Raises ValueError for settings that a word of the notation says nothing about."""
    settings = layer.settings
    if settings.get("data_format") not in CHANNELS_LAST:
        raise ValueError("its channels come first; evolve has them last")
    for name, usual in (("groups", 1), ("depth_multiplier", 1)):
        if settings.get(name, usual) not in (usual, [usual, usual]):
            raise ValueError(f"{name} {settings[name]}, evolve has {usual} only")
    if layer.kind in ("BatchNormalization", "LayerNormalization"):
        axis = settings.get("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        if axis not in (-1, len(layer.shape)):
            raise ValueError(f"it normalises axis {axis}; evolve does the channels, the last one")
    if layer.kind == "LayerNormalization" and abs(settings.get("epsilon", EPSILON) - EPSILON) > 1e-9:
        raise ValueError(f"epsilon {settings['epsilon']}, evolve has {EPSILON} only")
    if layer.kind == "PReLU" and len(layer.shape) == 3 and list(settings.get("shared_axes") or ()) != [1, 2]:
        raise ValueError("it has a slope for each value; evolve has one for each channel (shared_axes=[1, 2])")
    if layer.kind == "ELU" and settings.get("alpha", 1.0) != 1.0:
        raise ValueError(f"alpha {settings['alpha']}, evolve has 1 only")
    if layer.kind == "LayerNormalization" and settings.get("rms_scaling"):
        raise ValueError("it divides by the root of the mean square (rms_scaling); evolve's takes off the mean, too")
    if layer.kind == "LayerNormalization" and not (settings.get("center", True) and settings.get("scale", True)):
        raise ValueError("it has no gain or no offset; evolve's has both")
    if layer.kind != "Activation" and _is_layer(settings.get("activation")):
        raise ValueError(f"its activation is a layer, {activation_of(layer)}; put that behind it as a layer of its own")
    if activation_of(layer) == "softmax" or layer.kind == "Softmax":
        raise ValueError("it has softmax within the network; evolve has it at the end alone")
    if layer.kind.startswith("Global") and settings.get("keepdims"):
        raise ValueError("it keeps the sides of maps (keepdims); evolve's pooling of whole maps makes a vector")


def _is_layer(activation: Any) -> bool:
    """Whether an activation is a layer, of which it cannot be said here by a word."""
    return isinstance(activation, Mapping) and activation.get("class_name") not in (*LAYER_FUNCTIONS, "Softmax")


def activation_of(layer: KerasLayer) -> str:
    """The name of its activation, or of the class of one that is a layer or a function of its own."""
    given = layer.settings.get("activation") or "linear"
    if not isinstance(given, Mapping):
        return str(given)
    kind, axis = str(given.get("class_name", "?")), dict(given.get("config") or {}).get("axis", -1)
    return "softmax" if (kind, axis) == ("Softmax", -1) else kind
