"""The range of pixels that a Keras model expects: read off its first layers where these tell it, assumed else."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.models.adopt import RANGES
from evolve.training.keras_graph import calls, graph_of, is_model, kind_of
from genomes.keras_layer import PIXELS, changes_at_random, in_arithmetic

Figures = NDArray[np.float64]
ASSUMED = "0-1"
IN_WORDS = {"0-1": "from 0 to 1", "0-255": "from 0 to 255", "-1-1": "from -1 to 1"}
BY_WIDTH = ("0-1", "-1-1", "0-255")  # the narrowest first
BEYOND_ONE = 1.5  # a mean of pixels that lie within -1 and 1 is not as large
HAND_ON = ("InputLayer", "Identity", "Dropout", "GaussianNoise")


def pixel_range(model: Any, given: str | None) -> tuple[str, str]:
    """One of `RANGES`, and in words what says so. given: what the user said, which goes before all else."""
    if given is not None:
        return given, f"pixels are taken to lie {IN_WORDS[given]}, as you say"
    told, kind = _told(model)
    if told is not None:
        return told, f"pixels lie {IN_WORDS[told]}: its {kind} tells"
    others = " or ".join(f"--pixels {name}" for name in RANGES if name != ASSUMED)
    return ASSUMED, (
        f"pixels are assumed to lie {IN_WORDS[ASSUMED]}, as no layer of the model tells; if it was trained on others, "
        f"say {others} (pixels=... in Python)"
    )


def _told(model: Any) -> tuple[str | None, str]:
    """The range that the first layers tell, None if they do not, and the kind of layer that does."""
    scale, offset = np.ones(1), np.zeros(1)
    by = "Rescaling"
    for call in _first_calls(model):
        layer, kind = call.operation, kind_of(call.operation)
        if told := _factors(call):
            factor, more = (np.asarray(told[name], np.float64) for name in ("scale", "offset"))
            scale, offset = scale * factor, offset * factor + more
            by = kind if kind == "Rescaling" else "arithmetic"
        elif kind == "Normalization" and not layer.invert:
            mean, variance = (np.asarray(one, np.float64) for one in (layer.mean, layer.variance))
            if np.any(mean != 0) or np.any(variance != 1):  # it was adapted
                return _with_figures((mean - offset) / scale, variance / scale**2), kind
        elif kind == "BatchNormalization" and np.all(scale == 1) and _beyond_one(layer):
            return "0-255", kind
    return (None if np.all(scale == 1) else _rescaled(scale, offset)), by


def _beyond_one(layer: Any) -> bool:
    return bool(np.any(np.abs(np.asarray(layer.moving_mean)) > BEYOND_ONE))


def _factors(call: Any) -> dict[str, Any]:
    """What a rescaling, or an operation with a number, multiplies with ("scale") and adds ("offset"); nothing for any
    other layer."""
    layer, kind = call.operation, kind_of(call.operation)
    if kind == "Rescaling":
        return {"scale": layer.scale, "offset": layer.offset}
    return in_arithmetic(kind, call.arguments.args)


def _first_calls(model: Any) -> Generator[Any, None, bool]:
    """The calls of layers that pixels go through, one behind the other, up to the first that sees features. Returns
    whether they are all of the model."""
    graph = graph_of(model)
    tensor, end = graph.inputs[0], graph.outputs[0]
    while tensor is not end:
        reading = [call for call in calls(model) if any(one is tensor for one in call.input_tensors)]
        if len(reading) != 1:
            return False
        layer = reading[0].operation
        if is_model(layer):
            if not (yield from _first_calls(layer)):
                return False
        else:
            yield reading[0]
            kind = kind_of(layer)
            if not (kind in (*PIXELS, *HAND_ON) or changes_at_random(kind) or _factors(reading[0])):
                return False
        tensor = reading[0].output_tensors[0]
    return True


def _with_figures(mean: Figures, variance: Figures) -> str | None:
    """The narrowest range whose pixels can have this mean and variance (it is at most that of pixels that are
    all at one end or the other, Bhatia and Davis 2000, https://doi.org/10.1080/00029890.2000.12005203)."""
    for name in BY_WIDTH:
        scale, low = RANGES[name]
        most = (low + scale - mean) * (mean - low)
        if np.all((mean >= low) & (mean <= low + scale)) and np.all(variance <= 1.01 * most + 1e-6 * scale**2):
            return name
    return None


def _rescaled(scale: Figures, offset: Figures) -> str | None:
    """The one range that this brings into an ordinary one, as far as there is one; else the one that has mean 0 and
    deviation 1 afterwards."""
    found = [name for name in RANGES if _is_ordinary(*_ends(name, scale, offset))]
    if found:
        return found[0] if len(found) == 1 else None
    return _with_figures(-offset / scale, 1 / scale**2) if np.all(scale != 0) else None


def _ends(name: str, scale: Figures, offset: Figures) -> tuple[Figures, Figures]:
    wide, low = RANGES[name]
    ends = np.stack([low * scale + offset, (low + wide) * scale + offset])
    return ends.min(axis=0), ends.max(axis=0)


def _is_ordinary(low: Figures, high: Figures) -> bool:
    """Whether these ends are of a range of width 1 or 2 about 0, or that of bytes."""
    width = high - low
    small = np.all(low >= -1.02) and np.all(high <= 1.02) and any(np.all(np.abs(width - w) <= 0.02 * w) for w in (1, 2))
    return bool(small or (np.all(np.abs(width - 255) <= 2) and np.all(low >= -1) and np.all(high <= 257)))
