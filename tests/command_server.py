"""Runs `evolve` commands, each in a process of its own, forked from this one, which has imported the command line and
nothing of Keras: most of a second less than a Python that begins anew.

    python tests/command_server.py < ORDERS

An order is a line of JSON: arguments, folder, environment, and the files that take standard output and error. Once the
command has ended, a line with its exit code is the answer.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import sys
from importlib import import_module
from typing import Any

IMPORTED = (
    "evolve.cli",
    "evolve.api",
    "evolve.models.export",
    "evolve.models.predict",
    "evolve.models.train",
    "evolve.reporting.machine_text",
    "evolve.reporting.run_text",
    "sklearn.datasets",
    "sklearn.model_selection",
)


def next_order() -> dict[str, Any] | None:
    """Forks for each order. Returns it in the process that is to obey; None when there are no more."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            return dict(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    return None


def obey(order: dict[str, Any]) -> None:
    """As `python -m evolve.cli` in that folder and environment."""
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    for number, path in enumerate((os.devnull, order["stdout"], order["stderr"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY), number)
    sys.argv[1:], sys.path[0] = order["arguments"], order["folder"]
    runpy.run_module("evolve.cli", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # what was imported is not walked through, and so not copied, in each child
    if order := next_order():
        obey(order)
