"""A Keras model of the user's own becomes a founder, with its weights."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

from evolve.errors import ConfigError, RunError
from evolve.execution.isolated import call_isolated
from evolve.settings import path_of
from evolve.storage.adopted_files import AdoptedFile, check_free, key_of, weights_of_adopted

# What a model may expect -> scale and offset that bring pixels from 0 to 1 into that range.
RANGES = {"0-1": (1.0, 0.0), "0-255": (255.0, 0.0), "-1-1": (2.0, -1.0)}


def adopt(
    model: str | Path | Any, *, name: str | None = None, pixels: str | None = None, results: str | Path = "results"
) -> AdoptedFile:
    """Makes an ordinary Keras model, sequential or functional, a founder with its weights, kept below `results`. Its
    class probabilities are then what they were, within 1e-5, and it can be mutated like any other network. Begin a
    search with it by `evolve.run(encoding="graph", founders=["adopted:NAME"], ...)`.

    What it has learned of images that are set apart here nobody knows: of what begins with its weights no clean test
    accuracy can be claimed.

    model: path of a .keras file, or a model. name: that it is asked for by; None for that of the file. pixels: what it
    expects, "0-1", "0-255" or "-1-1"; None for what its first layers tell, such as Rescaling, and "0-1" where they do
    not; the remarks say which, and what of its settings is not kept. Raises RunError for what cannot be adopted, naming
    each layer, and ConfigError for arguments that cannot be, such as the name of another model that was adopted.
    """
    results = path_of(results)
    if pixels is not None and pixels not in RANGES:
        raise ConfigError(f"pixels must be one of {', '.join(RANGES)}, not '{pixels}'")
    if not isinstance(model, str | Path):
        return _of_memory(model, name, pixels, results)
    path = path_of(model)
    if not path.is_file():
        raise RunError(f"model {path}: there is no such file")
    if path.suffix != ".keras":
        raise RunError(f"model {path}: it is no .keras file; load it and save it as one with model.save('NAME.keras')")
    name = name or re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.") or "model"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ConfigError(f"name must be letters, digits, '.', '_' and '-', such as my-model, not '{name}'")
    check_free(results, name, path)
    weights = weights_of_adopted(results, name)
    arguments = {"model": str(path.absolute()), "pixels": pixels, "target": str(weights.absolute())}
    told = call_isolated("evolve.models.adopting_process:adopt_model", arguments)
    key = key_of(told["notation"], weights.read_bytes())
    shape, remarks = tuple(told.pop("input_shape")), tuple(told.pop("remarks"))
    made = AdoptedFile(name=name, key=key, model=str(path.absolute()), input_shape=shape, remarks=remarks, **told)
    made.write(results)
    return made


def _of_memory(model: Any, name: str | None, pixels: str | None, results: Path) -> AdoptedFile:
    if not hasattr(model, "save"):
        raise ConfigError(f"model must be the path of a .keras file or a Keras model, not {type(model).__name__}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name or model.name}.keras")
        model.save(path)
        return adopt(path, name=name, pixels=pixels, results=results)
