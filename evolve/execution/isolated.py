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
from evolve.errors import EvolveError, RunError
from evolve.execution.keras_import import import_keras


def call_isolated(function: str, arguments: Mapping[str, Any], show_output: bool = False) -> Any:
    """What `function`, 'module:name', returns for `arguments`; both are JSON.

    No library is looked for in the current folder, which may be a stranger's.

    show_output: whether its standard output is shown, such as the progress of a download. Raises the EvolveError that
    it raised, or RunError if it ended in another way.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        done = subprocess.run(
            [sys.executable, "-P", "-m", "evolve.execution.isolated", function, str(answer)],
            input=json.dumps(dict(arguments)),
            stdout=None if show_output else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"},
        )
        if not answer.exists():
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise RunError(f"{function} ended without an answer: {last}")
        returned = json.loads(answer.read_text())
    if "error" in returned:
        raise getattr(errors, returned["error"])(returned["message"])
    return returned["value"]


def _answer(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    import_keras()
    try:
        return {"value": resolve_name(path)(**arguments)}
    except EvolveError as error:
        return {"error": type(error).__name__, "message": str(error)}
    except Exception as error:
        text = " ".join(str(error).split())[:300]
        return {"error": "RunError", "message": f"{type(error).__name__}: {text}"}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(_answer(sys.argv[1], json.loads(sys.stdin.read()))))
