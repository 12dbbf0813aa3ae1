"""evolve with one fault: it dies at a named point. For crash_soak.py; not for use.

Started as `python crash_child.py run ...`, with the fault in the environment variable FAULT as JSON: "point", "after"
(at which passage), "victim" (coordinator, worker or both), "mark" (a file that is made when it happens, so that it
happens once) and "log" (a file to which the numbers of requests that are given to workers are written).

commit   in the coordinator, between the rows and the COMMIT of a transaction
result   in the coordinator, between a result's arrival and its commit
final    in a worker, during the final training, after an epoch
rename   in a worker, between the writing of a weight file, for a promotion or of the winner, and its renaming
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parent))  # workers find this module by it

from evolve.engine.dispatcher import Dispatcher
from evolve.execution import executor
from evolve.execution.executor import Report
from evolve.execution.processes import Processes
from evolve.jobs import Job, TrainingJob
from evolve.storage.store import Store
from evolve.values import Result

FAULT: dict[str, Any] = json.loads(os.environ.get("FAULT", "{}"))


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def die() -> NoReturn:
    kill(os.getpid())
    raise AssertionError("still alive")


class Passages:
    """Counts how often a point is passed, and says when it is time to die: once, in whatever process comes first."""

    def __init__(self, point: str) -> None:
        self._after = FAULT.get("after", 1) if FAULT.get("point") == point else 0

    def fatal(self) -> bool:
        self._after -= 1
        if self._after != 0:
            return False
        try:
            os.close(os.open(FAULT["mark"], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True


class Noting(Processes):
    """Worker processes with a faulty evaluator; what they are given is noted."""

    def __init__(self, evaluators: Mapping[str, str], *arguments: Any, **settings: Any) -> None:
        super().__init__(dict.fromkeys(evaluators, "crash_child:Faulty"), *arguments, **settings)

    def submit(self, job: Job) -> None:
        with Path(FAULT["log"]).open("a") as log:
            print(job.number, file=log)
        super().submit(job)


class Faulty:
    """The evaluator of images, which dies during the final training or while a model is saved."""

    takes = TrainingJob

    def __init__(self, settings: Mapping[str, Any]) -> None:
        from evolve.training import evaluator

        self._trainer = evaluator.Trainer(settings)
        self._passages = Passages("final")
        if FAULT.get("point") == "rename":
            renaming, replace = Passages("rename"), Path.replace

            def replacing(self: Path, target: Any) -> Path:
                drafted = self.name.endswith(".draft.keras") or (self.name[0] == "." and self.suffix == ".npz")
                if drafted and renaming.fatal():
                    _die_with_coordinator()
                return replace(self, target)

            Path.replace = replacing  # type: ignore[method-assign]

    def evaluate(self, job: TrainingJob, report: Report) -> Result:
        def reporting(**figures: float) -> None:
            report(**figures)
            if job.model is not None and self._passages.fatal():
                _die_with_coordinator()

        return self._trainer.evaluate(job, reporting)


def _die_with_coordinator() -> None:
    if FAULT["victim"] in ("coordinator", "both"):
        kill(os.getppid())
    if FAULT["victim"] in ("worker", "both"):
        die()


def _coordinator_faults() -> None:
    commits, results = Passages("commit"), Passages("result")
    transaction, receive = Store._transaction, Dispatcher._receive

    @contextmanager
    def committing(self: Store) -> Iterator[None]:
        with transaction(self):
            yield
            if commits.fatal():
                _die_with_workers()

    def receiving(self: Dispatcher, arrived: list[Any]) -> None:
        if arrived and results.fatal():
            _die_with_workers()
        receive(self, arrived)

    Store._transaction, Dispatcher._receive = committing, receiving  # type: ignore[method-assign]


def _die_with_workers() -> None:
    """Kills all workers, or one, or this process, or all of them."""
    import psutil

    spawned = [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
    for child in {"both": spawned, "worker": spawned[:1], "coordinator": []}[FAULT["victim"]]:
        kill(child.pid)
    if FAULT["victim"] != "worker":
        die()


if __name__ == "__main__":
    from evolve.cli import main

    executor.EXECUTORS["processes"] = "crash_child:Noting"
    _coordinator_faults()
    main()
