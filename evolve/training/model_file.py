"""Trained models as files: Keras's own format, with the names of the classes beside the weights in the archive."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evolve.errors import DataError, MachineError, RunError

FACTS = "evolve.json"  # a member that Keras does not look at


def save_model(model: Any, path: Path, facts: Mapping[str, Any]) -> None:
    """Saves a model with `facts` of its data: "class_names", and "low" and "high", the range of its pixels.

    Written beside the target and renamed, so that a file is whole or not there. Raises MachineError if there is no room
    or no right to write it."""
    draft = path.with_name(f"{path.stem}.{os.getpid()}.draft.keras")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{path.stem}.*.draft.keras"):  # by a process that was killed
            left.unlink(missing_ok=True)
        model.save(draft)
        with zipfile.ZipFile(draft, "a") as archive:
            archive.writestr(FACTS, json.dumps({name: facts[name] for name in ("class_names", "low", "high")}))
        draft.replace(path)
    except OSError as error:
        raise MachineError(
            f"the model {path} cannot be saved: {error.strerror or error}; make room ('evolve clean' shows what may "
            "go) or make the folder writable, then go on: for a run with evolve resume, else with the same command"
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def load_model(path: Path, own: Sequence[str] = ()) -> Any:
    """The Keras model in `path`. Raises RunError if it cannot be read.

    own: dotted paths of layers in it that are not Keras's. Nothing is imported because a file names it.
    """
    if not path.is_file():
        raise RunError(f"model {path}: there is no such file")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from genomes.decode import own_class

    try:
        classes = {name.rpartition(".")[2]: own_class(name) for name in own}
        return keras.saving.load_model(path, custom_objects=classes)
    except Exception as error:  # Keras raises many kinds for a damaged file
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"model {path}: cannot be read as a .keras file: {reason}; if it belongs to a run, "
            "delete it and make it again with: evolve train RUN CANDIDATE"
        ) from None


def facts_of(path: Path) -> dict[str, Any]:
    """What `save_model` was given; nothing if the model was not saved by evolve. Raises DataError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return dict(json.loads(archive.read(FACTS))) if FACTS in archive.namelist() else {}
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"model {path}: not a readable .keras file: {error}") from None
