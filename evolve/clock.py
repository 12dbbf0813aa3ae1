"""The virtual clock: the rule for the order in which results are told.

A run pretends to have a fixed number of workers that need exactly the predicted cost for each request. A result is told
when this pretended machine would have it, so the history of a run depends on its seed and settings only, never on which
real worker happened to be faster, while a long training holds up none of the short ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Decides when to ask and which result is told next."""

    @property
    def free(self) -> bool:
        """Whether the next request may be asked for."""
        ...

    @property
    def idle(self) -> bool:
        """Whether nothing runs."""
        ...

    def start(self, number: int, cost: float) -> None:
        """Request `number`, of that predicted cost, begins now. Raises ValueError if it may not."""
        ...

    def next(self) -> int:
        """The request to tell next."""
        ...

    def finish(self) -> None:
        """The request of `next` has been told."""
        ...


class VirtualClock:
    """`slots` pretended workers. Costs are in any unit, as long as it is the same for all."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.now = 0.0
        self._running: list[tuple[float, int]] = []

    @property
    def free(self) -> bool:
        """Whether a pretended worker is idle, so that the next request may be asked for."""
        return len(self._running) < self.slots

    @property
    def idle(self) -> bool:
        """Whether nothing runs."""
        return not self._running

    def start(self, number: int, cost: float) -> None:
        """Request `number` begins now. Raises ValueError if no slot is free."""
        if not self.free:
            raise ValueError(f"all {self.slots} slots are taken; finish one before starting request {number}")
        heapq.heappush(self._running, (self.now + cost, number))

    def next(self) -> int:
        """The request to tell next: the first to finish, of two at once the one with the smaller number."""
        return self._running[0][1]

    def finish(self) -> None:
        """The request of `next` has been told: time moves on to its end and its slot is free."""
        self.now, _ = heapq.heappop(self._running)


class ArrivalClock:
    """Results are told as they come: no time is lost, but another run with the same seed may have another history.

    slots: requests at a time. first: of some request numbers the one whose result came first; it waits for one.
    """

    def __init__(self, slots: int, first: Callable[[list[int]], int]) -> None:
        self.slots, self._first = slots, first
        self._running: list[int] = []
        self._next = 0

    @property
    def free(self) -> bool:
        return len(self._running) < self.slots

    @property
    def idle(self) -> bool:
        return not self._running

    def start(self, number: int, cost: float) -> None:
        if not self.free:
            raise ValueError(f"all {self.slots} slots are taken; finish one before starting request {number}")
        self._running.append(number)

    def next(self) -> int:
        self._next = self._first(self._running)
        return self._next

    def finish(self) -> None:
        self._running.remove(self._next)
