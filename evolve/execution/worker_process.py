"""One worker process, as the coordinator sees it: a Pebble pool of its own and a pipe for messages.

A pool of one process each, so that whatever happens to a worker touches no other: a pool whose process died is thrown
away and a fresh one takes its place. So is a pipe, so one that is killed while it writes harms no other, either.
Workers are spawned, not forked (TensorFlow and fork do not mix), and start from this project's own module, so a script
without a main guard or a notebook is not run again in them.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from concurrent.futures import Future
from typing import Any

from pebble import ProcessPool

from evolve.execution import worker
from evolve.execution.border import job_to_json
from evolve.execution.executor import Message
from evolve.execution.placement import Place
from evolve.execution.spawning import WorkerContext, start_tracker
from evolve.jobs import Job
from evolve.values import Result, Status

RECYCLE_BYTES = 2 * 2**30  # a worker that holds more than this, or half of what it may, after a job is replaced
RECYCLE_BYTES_ON_GPU = 4 * 2**30  # the libraries of a GPU hold more than one GiB of that at once
START_SECONDS = 300  # a worker that is not ready by then never will be


class WorkerProcess:
    """A process that begins at once to import what it needs.

    setup, place: what it is started with, and for. ready: the promise that it takes jobs.
    """

    def __init__(self, setup: worker.Setup, place: Place) -> None:
        start_tracker()
        self.setup, self.place = setup, place
        self._inlet, self._outlet = multiprocessing.Pipe(duplex=False)
        self._pool = ProcessPool(
            max_workers=1, initializer=worker.start, initargs=(setup, self._outlet), context=WorkerContext()
        )
        self._begun = time.monotonic()
        self.ready: Future[Any] = self._pool.schedule(worker.ready)

    @property
    def is_ready(self) -> bool:
        """Whether it takes a job up at once. One that is still starting gets none: if it were killed then, its job
        might never be taken up."""
        return self.ready.done() and not self.lost

    @property
    def lost(self) -> bool:
        """Whether it died before it was ready, or will never be."""
        if self.ready.done():
            return self.ready.cancelled() or self.ready.exception() is not None
        return time.monotonic() - self._begun > START_SECONDS

    def worn_out(self, result: Result) -> bool:
        """Whether it should be replaced after this result: it holds much memory, or something went wrong on its GPU,
        whose memory may then be in pieces."""
        usual = RECYCLE_BYTES if self.place.gpu is None else RECYCLE_BYTES_ON_GPU
        too_much = result.timing.get("held_bytes", 0) > min(usual, self.setup.memory_limit // 2)
        return too_much or (self.place.gpu is not None and result.status is not Status.OK)

    def work(self, job: Job) -> Future[Any]:
        """The promise of the result of a job, as JSON. Raises RuntimeError if the worker died while it was idle."""
        promise: Future[Any] = self._pool.schedule(worker.work, args=(job.kind, job_to_json(job)), timeout=job.seconds)
        return promise

    def messages(self) -> list[Message]:
        """What it has sent since the last call."""
        heard = []
        while self._inlet.poll():
            number, figures = json.loads(self._inlet.recv_bytes())
            heard.append(Message(number, figures))
        return heard

    def end(self) -> list[Message]:
        """Ends it at once, whatever it is at; what it had sent."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
        heard = self.messages()
        self._inlet.close()
        self._outlet.close()
        return heard


def manner_of_death(exit_code: int) -> str:
    """How a process ended, in words where a signal ended it."""
    told = f"exit code {exit_code}"
    if -exit_code == signal.SIGKILL:
        return f"{told}: killed, as the system does when memory runs out"
    if -exit_code in set(signal.Signals):
        return f"{told}: {signal.Signals(-exit_code).name}, a crash in compiled code"
    return told
