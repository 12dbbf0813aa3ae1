"""An evaluator that does what a job tells it to, for the contract of executors."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Toy:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def evaluate(self, job: dict[str, Any]) -> dict[str, Any]:
        match job["do"]:
            case "raise":
                raise ValueError("a defect of the evaluator")
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "die once":
                mark = Path(job["mark"])
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(600)
            case "eat memory":
                hoard = []
                while True:
                    hoard.append(bytearray(50_000_000))
                    time.sleep(0.05)
            case "hold":
                timing = {"held_bytes": job["held"], "worker": os.getpid()}
                return {"request": job["request"], "status": "ok", "objectives": [1.0], "timing": timing}
            case "nan":
                return {"request": job["request"], "status": "ok", "objectives": [float("nan")]}
            case "nothing":
                return {"request": job["request"], "status": "ok"}
        return {"request": job["request"], "status": "ok", "objectives": [job["value"] * self.settings["factor"]]}


class Broken:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        raise ImportError("a library is missing")
