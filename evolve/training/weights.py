"""Weights that another training goes on from: one `.npz` file per job, in a folder of the run.

A file holds tensors by name, as each backend calls them, so that a network can take what it has in common with another
one. Of a training that is the first part of a longer one it also holds all that this needs to go on as if it had never
been interrupted: the optimizer's slots, the random streams, and how far it was.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evolve.errors import MachineError
from evolve.jobs import Takes
from evolve.storage.files import ENDING

Arrays = Mapping[str, NDArray[Any]]
WEIGHT = "weight:"
OPTIMIZER = "optimizer:"
DROPOUT = "dropout:"
STREAMS = "streams"
STEPS = "steps"


def save_arrays(arrays: Arrays, path: Path) -> None:
    """Writes the arrays beside the target and renames, so that a file is whole or not there. Raises MachineError if
    there is no room or no right to write it."""
    draft = path.with_name(f".{path.stem}.{os.getpid()}{ENDING}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.stem}.*{ENDING}"):  # by a process that was killed
            left.unlink(missing_ok=True)
        np.savez(draft, **arrays)  # type: ignore[arg-type]
        draft.replace(path)
    except OSError as error:
        raise MachineError(
            f"the weights {path} cannot be saved: {error.strerror or error}; make room ('evolve clean' shows what may "
            "go) or make the folder writable, then go on with: evolve resume"
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def load_arrays(path: Path) -> dict[str, NDArray[Any]] | None:
    """The arrays of a file; None if it is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as saved:  # NumPy leaves a cut-off one open
            return {name: saved[name] for name in saved.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def named_weights(model: Any) -> dict[str, Any]:
    """The weights of a network by name: their path, and a number behind it where several have one path."""
    named: dict[str, Any] = {}
    for weight in model.weights:
        name, number = f"{WEIGHT}{weight.path}", 2
        while name in named:
            name, number = f"{WEIGHT}{weight.path}#{number}", number + 1
        named[name] = weight
    return named


def weights_of(model: Any) -> dict[str, NDArray[Any]]:
    """Values of the weights of a network by name."""
    return {name: np.asarray(weight) for name, weight in named_weights(model).items()}


def state_of(model: Any, steps: int, streams: Mapping[str, np.random.Generator]) -> dict[str, NDArray[Any]]:
    """What a training needs beside the weights to go on. steps: that it had. streams: its generators, by name."""
    slots = {f"{OPTIMIZER}{at}": np.asarray(slot) for at, slot in enumerate(model.optimizer.variables)}
    dropout = {f"{DROPOUT}{at}": np.asarray(state) for at, state in enumerate(_dropout_states(model))}
    told = json.dumps({name: stream.bit_generator.state for name, stream in streams.items()})
    return {**slots, **dropout, STREAMS: np.array(told), STEPS: np.array(steps)}


def take_weights(model: Any, arrays: Arrays, takes: Takes) -> float | None:
    """Gives a network weights of another training: all of them, or those that are equal in name and shape. The share of
    its numbers that it took; None if all were wanted and are not there."""
    weights = named_weights(model)
    fitting = [name for name, one in weights.items() if name in arrays and tuple(one.shape) == arrays[name].shape]
    if takes is not Takes.WHAT_FITS and len(fitting) < len(weights):
        return None
    for name in fitting:
        weights[name].assign(arrays[name])
    total = sum(int(np.prod(weight.shape)) for weight in weights.values())
    return sum(arrays[name].size for name in fitting) / total if total else 1.0


def take_state(model: Any, arrays: Arrays, streams: Mapping[str, np.random.Generator]) -> int | None:
    """Gives a training what `state_of` told of another one, which it goes on with. The steps that this had; None if it
    is not there."""
    if STREAMS not in arrays:
        return None
    for at, slot in enumerate(model.optimizer.variables):
        if (name := f"{OPTIMIZER}{at}") in arrays:  # all but those of a schedule that stretches now and did not before
            slot.assign(arrays[name])
    for at, state in enumerate(_dropout_states(model)):
        state.assign(arrays[f"{DROPOUT}{at}"])
    for name, state in json.loads(str(arrays[STREAMS])).items():
        streams[name].bit_generator.state = state
    return int(arrays[STEPS])


def _dropout_states(model: Any) -> list[Any]:
    return [layer.seed_generator.state for layer in model.layers if getattr(layer, "seed_generator", None) is not None]
