"""What of the settings of Keras layers evolve's have otherwise: named if it is of no moment for what a network says,
refused if it might be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from evolve.display.text import listed
from evolve.training.keras_graph import kind_of
from genomes.graph.adopting import NotAdopted

TOLD_ELSEWHERE = ("name", "dtype", "activation")
# What stands in the weights here, or is another word for the same.
CONVERTED = {"BatchNormalization": ("axis", "epsilon", "scale"), "LayerNormalization": ("axis",)}
# That decide how a layer is trained and not what it says.
IN_TRAINING = re.compile(
    r"\w+_(regularizer|constraint|initializer)|seed|noise_shape|trainable|momentum|use_bias|center|synchronized|renorm\w*"
)
Pair = tuple[str, Any, Any]
"""The name of a layer, the layer itself, and the one that it became."""


def not_kept(pairs: Iterable[Pair]) -> list[str]:
    """A sentence for each setting that decides a training and is not kept, with the layers that have it. Raises
    NotAdopted for other settings that evolve's layer has not."""
    found: dict[str, list[str]] = {}
    reasons: list[str] = []
    for name, theirs, ours in pairs:
        for setting, value, instead in _differences(theirs, ours):
            if IN_TRAINING.fullmatch(setting):
                found.setdefault(_in_words(setting, value, instead), []).append(name)
            else:
                reasons.append(
                    f"{name} ({kind_of(theirs)}): {setting}={_value(value)}, evolve has {_value(instead)} only"
                )
    if reasons:
        raise NotAdopted(reasons)
    return [f"not kept: {what} of {listed(names, 6)}" for what, names in found.items()]


def _differences(theirs: Any, ours: Any) -> list[tuple[str, Any, Any]]:
    if kind_of(theirs) != kind_of(ours):  # an activation, whose settings were read
        return []
    here = _config(ours)
    skipped = (*TOLD_ELSEWHERE, *CONVERTED.get(kind_of(theirs), ()), *([] if theirs.weights else ["trainable"]))
    return [
        (name, value, here.get(name))
        for name, value in _config(theirs).items()
        if name not in skipped and value != here.get(name)
    ]


def _config(layer: Any) -> dict[str, Any]:
    """The settings of a layer as JSON has them, so that a tuple is a list."""
    return dict(json.loads(json.dumps(layer.get_config(), default=str)))


def _in_words(setting: str, value: Any, instead: Any) -> str:
    if setting == "use_bias":
        return "use_bias=False (its bias is 0 and is trained here)"
    if setting == "center":
        return "center=False (its offset is 0 and is trained here)"
    if setting == "trainable":
        return "trainable=False (all layers are trained here)"
    here = f" (here {instead})" if isinstance(instead, int | float) and not isinstance(instead, bool) else ""
    return f"{setting}={_value(value)}{here}"


def _value(value: Any) -> str:
    """'L2(l2=0.01)' for an object, as it is made."""
    if not isinstance(value, Mapping):
        return str(value)
    settings = {name: one for name, one in dict(value.get("config") or {}).items() if one is not None}
    return f"{value.get('class_name')}({', '.join(f'{name}={_value(one)}' for name, one in settings.items())})"
