"""A process that trains keeps the memory that it frees, and hands it back when a training is over."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from evolve.execution.builds import backend_name
from evolve.values import Result, Status

# Four blocks that the C library would map by themselves, and hand back at once.
BLOCKS = """
import os, resource, sys
from multiprocessing import Pipe
import numpy as np
from evolve.execution import memory, worker

out = os.dup(1)  # a worker has none
if sys.argv[1] == "kept":
    memory.keep_freed()
if sys.argv[1] == "worker":
    worker.start(worker.Setup({}, {}, threads=1, memory_limit=2**40), Pipe()[1])
faults, megabytes = [], []
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [np.ones(64 << 20, np.uint8) for _ in range(4)]
    del blocks
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    megabytes.append(memory.held() >> 20)
memory.give_back()
cleared = faults[-1] * resource.getpagesize() >> 20
os.write(out, f"{cleared} {megabytes[-1]} {memory.held() >> 20}".encode())
"""


def megabytes(how: str) -> tuple[int, int, int]:
    """Cleared for the last blocks; held when they are gone; held when memory was handed back."""
    command = [sys.executable, "-c", BLOCKS, how]
    whole_pages = {**os.environ, "NUMPY_MADVISE_HUGEPAGE": "0"}  # one fault for each
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=whole_pages)
    cleared, held, left = map(int, done.stdout.split())
    return cleared, held, left


@pytest.mark.skipif(sys.platform != "linux", reason="speaks of glibc")
@pytest.mark.parametrize("how", ["kept", "worker"])
def test_memory_is_kept_between_steps_and_handed_back_after_them(how: str) -> None:
    cleared, held, left = megabytes(how)
    assert cleared < 10
    assert held > 256 > 128 > left


@pytest.mark.skipif(sys.platform != "linux", reason="speaks of glibc")
def test_by_itself_the_c_library_hands_it_back_at_once() -> None:
    cleared, held, left = megabytes("as it is")
    assert cleared > 200
    assert left <= held < 128


def test_after_an_evaluation_it_is_handed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(backend_name())
    from evolve.training.guarding import guard

    called = []
    monkeypatch.setattr("evolve.execution.memory.give_back", lambda: called.append("handed back"))
    job: Any = SimpleNamespace(number=1)
    assert guard(job, lambda job: Result(job.number, Status.OK)).status is Status.OK
    assert called == ["handed back"]
