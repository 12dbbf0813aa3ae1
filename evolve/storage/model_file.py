"""Trained models as files: Keras's own format, with the names of the classes beside the weights in the archive."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from evolve.errors import MachineError, RunError
from evolve.execution.keras_import import quiet_start
from evolve.storage.keras_archive import FACT_NAMES, FACTS, Foreign, foreign, modules
from evolve.trust import require_modules


def save_model(model: Any, path: Path, facts: Mapping[str, Any]) -> None:
    """Saves a model with `facts` of its data: "class_names", "low" and "high", the range of its pixels, and "depth".

    Written beside the target and renamed, so that a file is whole or not there. Raises MachineError if there is no room
    or no right to write it."""
    draft = path.with_name(f"{path.stem}.{os.getpid()}.draft.keras")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{path.stem}.*.draft.keras"):  # by a process that was killed
            left.unlink(missing_ok=True)
        model.save(draft)
        with zipfile.ZipFile(draft, "a") as archive:
            archive.writestr(FACTS, json.dumps({name: facts[name] for name in FACT_NAMES}))
        draft.replace(path)
    except OSError as error:
        raise MachineError(
            f"the model {path} cannot be saved: {error.strerror or error}; make room ('evolve clean' shows what may "
            "go) or make the folder writable, then go on: for a run with evolve resume, else with the same command"
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def check_model(path: Path, trusted: Collection[str]) -> list[Foreign]:
    """What in the model is not Keras's, all of it from modules in `trusted`. Raises TrustError for another module and
    RunError for a file that cannot be read. Imports nothing."""
    if not path.is_file():
        raise RunError(f"model {path}: there is no such file")
    found = foreign(path)
    require_modules(modules(found), trusted, f"model {path}")
    return found


def load_model(path: Path, trusted: Collection[str] = ()) -> Any:
    """The Keras model in `path`. Raises TrustError and RunError as `check_model`.

    trusted: modules that the user named; classes and functions of other modules are Keras's own, or refused.
    """
    found = check_model(path, trusted)
    with quiet_start():
        import keras

    try:
        known = {name: _object(one) for one in found for name in (one.name, one.registered)}
        return keras.saving.load_model(path, custom_objects=known, safe_mode=True)
    except Exception as error:  # Keras raises many kinds for a damaged file
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"model {path}: cannot be read as a .keras file: {reason}; if it belongs to a run, "
            "delete it and make it again with: evolve train RUN CANDIDATE"
        ) from None


def _object(one: Foreign) -> Any:
    """The class or function, which must be the trusted module's own: a file reaches nothing that the module imports.
    Raises ImportError if it is not."""
    from genomes.decode import custom_class

    found = custom_class(f"{one.module}.{one.name}")
    if getattr(found, "__module__", None) != one.module:
        raise ImportError(f"'{one.name}' is not of the module '{one.module}'")
    return found
