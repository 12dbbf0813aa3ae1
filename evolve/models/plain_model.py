"""A Keras model that is made of nothing but Keras's own layers and tells images of one size apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evolve.display.text import plural
from evolve.errors import RunError
from evolve.storage.keras_archive import foreign
from evolve.storage.model_file import load_model
from evolve.training.keras_graph import is_model

SHORT = ("float16", "bfloat16", "float64")


def load_plain(model: str) -> tuple[Any, tuple[int, int, int], int]:
    """The model in a file, the shape of its images (height, width, channels) and how many numbers it gives out. Raises
    RunError for one with parts that are not Keras's own, or that does not take one image and give out a vector."""
    if strange := foreign(Path(model)):
        names = ", ".join(f"{one.module}.{one.name}" for one in strange)
        raise RunError(f"model {model}: it has parts that are not Keras's own, of which evolve knows nothing: {names}")
    loaded = load_model(Path(model))
    if not is_model(loaded):
        raise RunError(
            f"model {model}: it does not say what it takes; begin it with keras.Input((height, width, channels)) or "
            "call it on an image, then save it again"
        )
    if len(loaded.inputs) != 1 or len(loaded.outputs) != 1:
        ends = f"{plural(len(loaded.inputs), 'input')} and {plural(len(loaded.outputs), 'output')}"
        raise RunError(f"model {model} has {ends}; save one that takes an image and gives one number for each class")
    shape, out = loaded.inputs[0].shape[1:], loaded.outputs[0].shape[1:]
    if len(shape) != 3 or None in shape or len(out) != 1:
        raise RunError(
            f"model {model} takes {tuple(shape)} and gives out {tuple(out)}; evolve needs images of one size (height, "
            "width, channels) and one number for each class"
        )
    return loaded, (int(shape[0]), int(shape[1]), int(shape[2])), int(out[0])


def in_float32(model: Any, name: str) -> tuple[Any, list[str]]:
    """A model whose layers compute in 32 bits, as evolve's do: the same one, or a copy with its weights, and a sentence
    on that. name: of its file. Raises RunError for numbers that are quantised."""
    policies = {one.dtype_policy.name for one in model._flatten_layers()} - {"float32"}
    if not policies:
        return model, []
    made = type(model).from_config(_as_float32(json.loads(model.to_json())["config"], name))
    made.set_weights([one.astype("float32") for one in model.get_weights()])
    policy = " and ".join(sorted(policies))
    return made, [
        f"not kept: its dtype policy {policy}; it is read in float32, and trained so unless --precision says otherwise"
    ]


def _as_float32(config: Any, name: str) -> Any:
    """The configuration of a model with float32 for each dtype policy."""
    if isinstance(config, list):
        return [_as_float32(one, name) for one in config]
    if not isinstance(config, dict):
        return config
    kind = str(config.get("class_name", ""))
    if kind == "DTypePolicy":
        return {**config, "config": {"name": "float32"}}
    if "DTypePolicy" in kind:
        raise RunError(
            f"model {name}: its dtype policy is {kind} {config.get('config')}; evolve adopts models of floats, such as "
            "float32 or mixed_bfloat16, so adopt the one that it was quantised from"
        )
    made = {one: _as_float32(value, name) for one, value in config.items()}
    return {**made, "dtype": "float32"} if made.get("dtype") in SHORT else made
