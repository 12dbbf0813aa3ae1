"""A Keras model that is made of nothing but Keras's own layers and tells images of one size apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evolve.errors import RunError
from evolve.storage.keras_archive import foreign
from evolve.storage.model_file import load_model


def load_plain(model: str) -> tuple[Any, tuple[int, int, int], int]:
    """The model in a file, the shape of its images (height, width, channels) and how many numbers it gives out. Raises
    RunError for one with parts that are not Keras's own, or that does not take one image and give out a vector."""
    if strange := foreign(Path(model)):
        names = ", ".join(f"{one.module}.{one.name}" for one in strange)
        raise RunError(f"model {model}: it has parts that are not Keras's own, of which evolve knows nothing: {names}")
    loaded = load_model(Path(model))
    if len(loaded.inputs) != 1 or len(loaded.outputs) != 1:
        raise RunError(
            f"model {model} has {len(loaded.inputs)} inputs and {len(loaded.outputs)} outputs; evolve has one image in "
            "and one number for each class out"
        )
    shape, out = loaded.inputs[0].shape[1:], loaded.outputs[0].shape[1:]
    if len(shape) != 3 or None in shape or len(out) != 1:
        raise RunError(
            f"model {model} takes {tuple(shape)} and gives out {tuple(out)}; evolve needs images of one size (height, "
            "width, channels) and one number for each class"
        )
    return loaded, (int(shape[0]), int(shape[1]), int(shape[2])), int(out[0])
