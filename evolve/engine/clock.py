"""The order in which results are told: by the virtual clock, or as they come.

The virtual clock: a run pretends to have a fixed number of workers that need exactly the predicted cost for each
request. A result is told when this pretended machine would have it, so the history of a run depends on its seed and
settings only, never on which real worker happened to be faster, while a long training holds up none of the short ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Says which of the requests that were begun is told next."""

    def start(self, number: int, cost: float) -> None:
        """Request `number` begins now. Its predicted cost is in any unit, as long as it is the same for all."""
        ...

    def next(self) -> int:
        """The request to tell next. It counts as told. One must have been begun."""
        ...


class VirtualClock:
    """Time, `now`, is counted in predicted cost; of two requests that end at once the one with the smaller number is
    first."""

    def __init__(self) -> None:
        self.now = 0.0
        self._ends: list[tuple[float, int]] = []

    def start(self, number: int, cost: float) -> None:
        heapq.heappush(self._ends, (self.now + cost, number))

    def next(self) -> int:
        self.now, number = heapq.heappop(self._ends)
        return number


class Arrivals:
    """Results are told as they come, so another run with the same seed may have another history.

    first: of some request numbers the one whose result came first; it waits for one.
    """

    def __init__(self, first: Callable[[list[int]], int]) -> None:
        self._first = first
        self._running: list[int] = []

    def start(self, number: int, cost: float) -> None:
        self._running.append(number)

    def next(self) -> int:
        number = self._first(self._running)
        self._running.remove(number)
        return number
