"""The ledger: writes every request and result down, gives jobs to the executor, and answers what is known already."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from evolve.execution.executor import Executor
from evolve.storage.store import Store
from evolve.values import Candidate, Job, Request, Result, Status

POLL_SECONDS = 0.25


class Stopped(Exception):
    """The user asked to stop; all that was finished is on disk."""


class Stop:
    """What the user asked for. level: 0 to go on, 1 to finish what runs and stop, 2 or more to stop now."""

    def __init__(self) -> None:
        self.level = 0


class Ledger:
    """Requests and results of one run, in memory and on disk.

    results: all known results by request number.
    on_poll: called whenever it waits, for a display to be refreshed.
    """

    def __init__(
        self, store: Store, executor: Executor, stop: Stop, on_poll: Callable[[], None] = lambda: None
    ) -> None:
        self._store, self.executor, self._stop, self._on_poll = store, executor, stop, on_poll
        self.results = store.results()
        rows = store.requests()
        self._next_number = len(rows) + 1
        self._done: dict[str, int] = {}
        for row in rows:
            if row.job_key and row.number in self.results:
                self._done.setdefault(row.job_key, row.number)
        self._flying: dict[str, list[int]] = {}
        self._key: dict[int, str] = {}

    def number(self) -> int:
        """The next request number."""
        self._next_number += 1
        return self._next_number - 1

    def write(
        self, candidates: Iterable[Candidate], requests: Iterable[Request], results: Iterable[Result] = ()
    ) -> None:
        """Commits new rows together."""
        results = list(results)
        self._store.add(candidates, requests, results)
        self.results |= {result.request: result for result in results}

    def begin(self, request: Request, job: Job | None) -> None:
        """Sees to it that a written request gets its result: known, from an equal job, or from the executor."""
        key = request.job_key
        if request.number in self.results or key is None or job is None:
            return
        if key in self._done:
            self._record([self._copy(request.number, self._done[key])])
        elif key in self._flying:
            self._flying[key].append(request.number)
        else:
            self._flying[key] = [request.number]
            self._key[request.number] = key
            self.executor.submit(job)

    def result(self, number: int) -> Result:
        """The result of a request that was begun; waits for it. Raises Stopped if the user asks to stop first."""
        while number not in self.results:
            self._stop_if_asked()
            self._receive(self.executor.finished(POLL_SECONDS))
            self._on_poll()
        return self.results[number]

    def _stop_if_asked(self) -> None:
        if self._stop.level == 0:
            return
        self.executor.drop_waiting()
        self._on_poll()
        while self._stop.level == 1 and self.executor.running:
            self._receive(self.executor.finished(POLL_SECONDS))
            self._on_poll()
        self.executor.close()
        raise Stopped

    def _receive(self, arrived: list[Result]) -> None:
        for result in arrived:
            key = self._key.pop(result.request)
            first, *others = self._flying.pop(key)
            self._done.setdefault(key, first)
            self._record([result])
            self._record([self._copy(number, first) for number in others])

    def _copy(self, number: int, original: int) -> Result:
        """The result of an equal job, told again for another request: nothing was spent."""
        return replace(self.results[original], request=number, cached_from=original, spent={}, timing={})

    def _record(self, results: list[Result]) -> None:
        """On disk first, then known."""
        if results:
            at = round(time.time(), 3)
            self.write((), (), [replace(result, timing={**result.timing, "at": at}) for result in results])


def worst_reason(results: Iterable[Result]) -> str:
    """The most frequent reason of failure."""
    reasons = [f"{result.status}: {result.reason}" for result in results if result.status is not Status.OK]
    return max(set(reasons), key=reasons.count) if reasons else "no result"
