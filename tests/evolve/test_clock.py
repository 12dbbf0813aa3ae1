"""The virtual clock: the order of results depends on predicted costs only, and keeps real workers busy."""

from __future__ import annotations

import heapq
from random import Random

import pytest

from evolve.engine.clock import VirtualClock


def told(costs: list[float], slots: int) -> list[int]:
    """The order in which requests of these costs are told when each free slot takes the next one."""
    clock, order, asked = VirtualClock(), list[int](), 0
    while len(order) < len(costs):
        while asked < min(len(costs), len(order) + slots):
            clock.start(asked, costs[asked])
            asked += 1
        order.append(clock.next())
    return order


def test_short_ones_overtake_a_long_one() -> None:
    assert told([9.0, 1.0, 1.0, 1.0, 1.0], slots=2) == [1, 2, 3, 4, 0]


def test_one_slot_is_the_order_of_asking() -> None:
    assert told([3.0, 1.0, 2.0], slots=1) == [0, 1, 2]


def test_ties_go_to_the_smaller_number() -> None:
    assert told([2.0, 2.0, 2.0, 2.0], slots=4) == [0, 1, 2, 3]


def busy_share(workers: int, slots: int, requests_per_worker: int = 60) -> float:
    """Share of the time in which real workers are busy, if results are told by the virtual clock, real durations are
    the predicted costs give or take a fifth, and costs are 1, 3 and 9."""
    rng, requests = Random(workers), workers * requests_per_worker
    costs = [rng.choice((1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0, 3.0, 9.0)) for _ in range(requests)]
    real = [cost * rng.uniform(0.8, 1.2) for cost in costs]
    clock, free = VirtualClock(), [0.0] * workers
    heapq.heapify(free)
    ends: dict[int, float] = {}
    now, asked, told = 0.0, 0, 0
    while told < requests:
        while asked < min(requests, told + slots):
            clock.start(asked, costs[asked])
            begin = max(now, heapq.heappop(free))
            ends[asked] = begin + real[asked]
            heapq.heappush(free, ends[asked])
            asked += 1
        now = max(now, ends[clock.next()])
        told += 1
    return sum(real) / (workers * max(ends.values()))


@pytest.mark.parametrize(("workers", "slots"), [(2, 8), (4, 8), (16, 32), (64, 128)])
def test_workers_are_kept_busy(workers: int, slots: int) -> None:
    assert busy_share(workers, slots) > 0.9
