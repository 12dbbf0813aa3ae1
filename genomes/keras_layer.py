"""A layer of a Keras model that is to become one of evolve's: what it is, and what evolve has no counterpart for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PIXELS = ("Rescaling", "Normalization")  # that bring pixels into another range
EPSILON = 1e-3  # of normalisations, as Keras has it and evolve leaves it
CHANNELS_LAST = ("channels_last", None)


@dataclass(frozen=True)
class KerasLayer:
    """A layer of a Keras model. name: in the model. kind: of class. settings: what it was made with, as Keras tells it;
    of one of `PIXELS` "scale" and "offset", numbers or one for each channel. reads: names of the layers whose outputs
    it is called on, in their order, "" for the image; shape: of what it puts out, without the batch."""

    name: str
    kind: str
    settings: Mapping[str, Any]
    reads: tuple[str, ...]
    shape: tuple[int | None, ...] = ()


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
    return found if len(found) == count else found[:1] * count


def without_end(layers: Sequence[KerasLayer], classes: int) -> tuple[list[KerasLayer], list[str]]:
    """All layers but those that evolve adds itself, the last dense one and softmax, and what is wrong with these."""
    kept = list(layers)
    if kept and kept[-1].kind != "Dense" and (kept[-1].kind == "Softmax" or _activation(kept[-1]) == "softmax"):
        kept.pop()
    end = kept[-1] if kept else None
    if end is None or end.kind != "Dense":
        what = f"{end.name} ({end.kind})" if end else "nothing"
        return kept, [f"{what}: a network ends in a dense layer with one unit for each class, and softmax"]
    activation = _activation(end)
    if activation not in ("linear", "softmax") or classes < 2:
        return kept[:-1], [
            f"{end.name} (Dense): {end.settings.get('units')} units with {activation} at the end; evolve needs one for "
            "each class, 2 at least, with softmax or, as logits, without an activation"
        ]
    return kept[:-1], []


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
    if layer.kind == "LayerNormalization" and not (settings.get("center", True) and settings.get("scale", True)):
        raise ValueError("it has no gain or no offset; evolve's has both")
    if layer.kind in ("MaxPooling2D", "AveragePooling2D") and settings.get("padding", "valid") != "valid":
        raise ValueError("its windows reach over the border (padding); evolve's end at it")
    if _activation(layer) == "softmax" or layer.kind == "Softmax":
        raise ValueError("it has softmax within the network; evolve has it at the end alone")
    if layer.kind == "GlobalAveragePooling2D" and settings.get("keepdims"):
        raise ValueError("it keeps the sides of maps")


def _activation(layer: KerasLayer) -> str:
    return str(layer.settings.get("activation") or "linear")
