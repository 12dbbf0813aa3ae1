"""An evaluator that does what a job tells it to, for the contract of executors."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from evolve.jobs import Job
from evolve.values import Result, Status


@dataclass(frozen=True, kw_only=True)
class ToyJob(Job):
    """do: what is to happen. value: the score, before it is multiplied."""

    do: str = "ok"
    value: float = 0.0
    mark: str = ""
    held: int = 0


class Toy:
    takes: ClassVar[type[Job]] = ToyJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def evaluate(self, job: ToyJob) -> Result:
        ok = Result(job.number, Status.OK, {"score": job.value * self.settings["factor"]})
        match job.do:
            case "raise":
                raise ValueError("a defect of the evaluator")
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "die once":
                mark = Path(job.mark)
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
            case "work, then die":
                time.sleep(1.5)
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                time.sleep(600)
            case "eat memory":
                hoard = []
                while True:
                    hoard.append(bytearray(50_000_000))
                    time.sleep(0.05)
            case "hold":
                return Result(
                    job.number, Status.OK, {"score": 1.0}, timing={"held_bytes": job.held, "worker": os.getpid()}
                )
            case "nan":
                return Result(job.number, Status.OK, {"score": float("nan")})
            case "nothing":
                return Result(job.number, Status.OK)
            case "say what is left":
                return Result(job.number, Status.OK, {"score": job.seconds or 0.0})
        return ok


class Broken:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        raise ImportError("a library is missing")
