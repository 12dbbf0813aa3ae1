"""Weights of brief trainings, from which a promotion goes on: one `.npz` file per job, in a folder of the run."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from evolve.errors import MachineError
from evolve.storage.files import ENDING


def save_weights(model: Any, path: Path) -> None:
    """Writes the weights beside the target and renames, so that a file is whole or not there. Raises MachineError if
    there is no room or no right to write it."""
    draft = path.with_name(f".{path.stem}.{os.getpid()}{ENDING}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.stem}.*{ENDING}"):  # by a process that was killed
            left.unlink(missing_ok=True)
        np.savez(draft, *model.get_weights())
        draft.replace(path)
    except OSError as error:
        raise MachineError(
            f"the weights {path} cannot be saved: {error.strerror or error}; make room ('evolve clean' shows what may "
            "go) or make the folder writable, then go on with: evolve resume"
        ) from None
    finally:
        draft.unlink(missing_ok=True)


def load_weights(model: Any, path: Path) -> bool:
    """Whether the model has now the weights of that file; it has not if the file is missing, damaged or another
    network's."""
    try:
        with np.load(path, allow_pickle=False) as saved:
            model.set_weights([saved[name] for name in saved.files])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False
    return True
