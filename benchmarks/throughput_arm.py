"""An arm of throughput.py from outside: started, told what to train, its time and memory measured, ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Any

import psutil

from evolve.research.machine_share import processor_seconds

LOOK_SECONDS = 0.5
END_SECONDS = 10.0
ENVIRONMENT = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
Row = dict[str, Any]


class Arm:
    """A process of benchmarks/arms. start_up: seconds until it was ready, and the most bytes it held meanwhile."""

    def __init__(self, name: str, work: Path, log: Path) -> None:
        self.name, self._log = name, log
        begun = time.perf_counter()
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).parent / "arms"), name, str(work)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **ENVIRONMENT},
            )
        _, peak = self._answer()
        self.start_up: Row = {"start-up": time.perf_counter() - begun, "memory": peak}

    def train(self, numbers: list[int], epochs: int) -> Row:
        """Trains the networks of those numbers: what it answers, and the seconds by the clock and of the processor."""
        assert self._process.stdin is not None
        spent, begun = self.processor_seconds(), time.perf_counter()
        print(json.dumps({"numbers": numbers, "epochs": epochs}), file=self._process.stdin, flush=True)
        found, peak = self._answer()
        seconds = time.perf_counter() - begun
        return {**found, "seconds": seconds, "processor": self.processor_seconds() - spent, "memory": peak}

    def _answer(self) -> tuple[Row, int]:
        """The next line it says, and the most bytes it held meanwhile. Raises SystemExit if it died."""
        assert self._process.stdout is not None
        peak = 0
        while not select([self._process.stdout], [], [], LOOK_SECONDS)[0]:
            peak = max(peak, memory(self._tree()))
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the arm '{self.name}' died; the last it said:\n{self._log.read_text()[-2000:]}")
        return json.loads(line), peak

    def processor_seconds(self) -> float:
        """Seconds of the processor that its processes used so far, those that ended among them."""
        return processor_seconds(psutil.Process(self._process.pid))

    def _tree(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self._process.pid)
            return [root, *root.children(recursive=True)]
        return []

    def close(self) -> None:
        """Ends it; at once if it is at work."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def memory(processes: list[psutil.Process]) -> int:
    """Bytes held by processes: what is their own summed, what they map from files counted once. The proportional share
    (PSS) would divide TensorFlow by the number of arms that are alive."""
    own, mapped = 0, [0]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            info = process.memory_info()
            mapped.append(getattr(info, "shared", 0))
            own += info.rss - mapped[-1]
    return own + max(mapped)
