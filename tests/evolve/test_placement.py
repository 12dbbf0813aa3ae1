"""Room for workers: whatever they are for, capacity and GPUs suffice, and none waits for what can make room."""

from __future__ import annotations

from random import Random

import pytest

from evolve.execution.placement import Floor, Opening, Place
from evolve.jobs import Resources

ONE, ALL = Resources(), Resources(cores=None)
HALF, WHOLE = Resources(gpu=0.5), Resources(gpu=1.0)


def test_idle_workers_of_another_kind_make_room_the_longest_idle_first() -> None:
    floor = Floor(2)
    assert floor.opening(ONE, [], []) == Opening(Place(ONE))
    assert floor.opening(ONE, [Place(ONE)], [Place(ALL)]) == Opening(Place(ONE), (0,))
    assert floor.opening(ONE, [], [Place(ALL), Place(WHOLE, "0")]) == Opening(Place(ONE), (0,))
    assert floor.opening(ONE, [Place(ONE), Place(ONE)], []) is None


def test_what_needs_all_cores_has_the_machine_alone() -> None:
    floor = Floor(4)
    assert floor.opening(ALL, [], [Place(ONE), Place(ONE)]) == Opening(Place(ALL), (0, 1))
    assert floor.opening(ALL, [Place(ONE)], []) is None
    assert floor.opening(ONE, [Place(ALL)], []) is None


def test_workers_are_spread_over_gpus_and_end_where_it_costs_least() -> None:
    floor = Floor(4, ("0", "1"))
    assert floor.opening(HALF, [Place(HALF, "0")], []) == Opening(Place(HALF, "1"))
    assert floor.opening(HALF, [Place(WHOLE, "0"), Place(HALF, "1")], []) == Opening(Place(HALF, "1"))
    assert floor.opening(HALF, [Place(WHOLE, "0"), Place(WHOLE, "1")], []) is None
    sharing = [Place(HALF, "0"), Place(HALF, "0"), Place(HALF, "1")]
    assert floor.opening(WHOLE, [], sharing) == Opening(Place(WHOLE, "1"), (2,))
    assert floor.opening(WHOLE, sharing[:1], sharing[1:]) == Opening(Place(WHOLE, "1"), (1,))
    assert floor.opening(ONE, [], sharing) == Opening(Place(ONE))


@pytest.mark.parametrize("seed", range(50))
def test_room_is_never_exceeded_and_always_found_once_nothing_is_busy(seed: int) -> None:
    rng = Random(seed)
    gpus = tuple("012"[: rng.randrange(4)])
    floor = Floor(rng.randrange(1, 9), gpus)
    busy: list[Place] = []
    idle: list[Place] = []
    for _ in range(200):
        needs = Resources(rng.choice([1, 1, 1, None]), gpu=rng.choice([0.0, 0.25, 1 / 3, 0.5, 1.0]) if gpus else 0.0)
        opening = floor.opening(needs, busy, idle)
        assert busy or opening
        if opening:
            idle = [place for at, place in enumerate(idle) if at not in opening.ending]
            busy.append(opening.place)
        assert len(busy) + len(idle) <= floor.capacity
        assert len(busy) == 1 or all(place.serves.cores for place in busy)
        for gpu in gpus:
            assert sum(place.serves.gpu for place in [*busy, *idle] if place.gpu == gpu) < 1.00001
        while busy and rng.random() < 0.5:
            idle.append(busy.pop(rng.randrange(len(busy))))
