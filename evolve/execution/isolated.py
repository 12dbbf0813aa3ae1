"""Calls a function in a process of its own, so that Keras and what it prints stay out of this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from evolve import errors
from evolve.errors import EvolveError, RunError, in_words
from evolve.execution.builds import backend_name
from evolve.execution.keras_import import import_keras
from evolve.execution.keras_settings import settings_of_trainings

SET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


def call_isolated(function: str, arguments: Mapping[str, Any], show_output: bool = False) -> Any:
    """What `function`, 'module:name', returns for `arguments`; both are JSON.

    No library is looked for in the current folder, which may be a stranger's; modules of the user's own are, where this
    process finds them.

    show_output: whether its standard output is shown, such as the progress of a download. Raises the EvolveError that
    it raised, or RunError if it ended in another way.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        done = subprocess.run(
            [sys.executable, "-P", "-m", "evolve.execution.isolated", function, str(answer)],
            input=json.dumps({"arguments": dict(arguments), "path": _own_folders()}),
            stdout=None if show_output else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **SET, "KERAS_BACKEND": backend_name()},
        )
        if not answer.exists():
            said = done.stderr.strip().splitlines()[-1:] if done.returncode == 1 else []  # what Python dies of
            how = "".join(said) or f"exit code {done.returncode}"
            raise RunError(f"the process of {function} ended without an answer: {how}")
        returned = json.loads(answer.read_text())
    if "error" in returned:
        raise getattr(errors, returned["error"])(returned["message"])
    return returned["value"]


def _own_folders() -> list[str]:
    """Where this process looks for modules, but for the current folder."""
    return [folder for folder in sys.path if folder and Path(folder) != Path.cwd()]


def _answer(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    try:
        import_keras()
        with settings_of_trainings():
            return {"value": resolve_name(path)(**arguments)}
    except EvolveError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except BaseException as error:  # code of the user's may want to exit, too
        return {"error": "RunError", "message": in_words(error)}


if __name__ == "__main__":
    told = json.loads(sys.stdin.read())
    sys.path.extend(folder for folder in told["path"] if folder not in sys.path)
    Path(sys.argv[2]).write_text(json.dumps(_answer(sys.argv[1], told["arguments"])))
