"""An evaluator that does what a job tells it to, for the contract of executors."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from evolve.execution.executor import Report
from evolve.jobs import Job
from evolve.values import Result, Status


@dataclass(frozen=True, kw_only=True)
class ToyJob(Job):
    """do: what is to happen. value: the score, before it is multiplied."""

    kind: ClassVar[str] = "toy"

    do: str = "ok"
    value: float = 0.0
    mark: str = ""
    held: int = 0


class Toy:
    takes: ClassVar[type[Job]] = ToyJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def evaluate(self, job: ToyJob, report: Report) -> Result:
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
            case "say that a worker died":
                return Result(job.number, Status.WORKER_DIED, reason="so it says", timing={"seconds": 0.5})
            case "report":
                for step in range(int(job.value)):
                    report(step=step, **{"a figure with a long name " * job.held: 1.0})
            case "report, then hang":
                report(step=1)
                time.sleep(600)
            case "note the time":
                begun = time.time()
                time.sleep(0.2)
                timing = {"begun": begun, "ended": time.time(), "worker": os.getpid()}
                return replace(ok, timing=timing)
            case "say where":
                told = {**os.environ, "gpu_share": self.settings.get("gpu_share")}
                return replace(ok, reason=json.dumps(told), timing={"worker": os.getpid()})
            case "fail":
                return Result(job.number, Status.FAILED, reason="a bad candidate", timing={"worker": os.getpid()})
            case "wait for a mark":
                while not Path(job.mark).exists():
                    time.sleep(0.02)
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


@dataclass(frozen=True, kw_only=True)
class OtherJob(Job):
    """A job of another kind."""

    kind: ClassVar[str] = "other"


class Other:
    """Judges them."""

    takes: ClassVar[type[Job]] = OtherJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def evaluate(self, job: OtherJob, report: Report) -> Result:
        return Result(job.number, Status.OK, {"seconds": 7.0 * self.settings["factor"]})


class Broken:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        raise ImportError("a library is missing")
