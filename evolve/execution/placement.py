"""Where a new worker goes, and which idle ones have to make room for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evolve.jobs import Resources

TOLERANCE = 1e-6  # of shares of a GPU: three thirds fit


@dataclass(frozen=True)
class Place:
    """What a worker is for. serves: the resources of its jobs. gpu: the id of its GPU, or None."""

    serves: Resources
    gpu: str | None = None


@dataclass(frozen=True)
class Opening:
    """A place for a new worker. ending: positions of the idle workers that have to end before it is started."""

    place: Place
    ending: tuple[int, ...] = ()


@dataclass(frozen=True)
class Floor:
    """The room there is. capacity: workers in all. gpus: ids of GPUs."""

    capacity: int
    gpus: tuple[str, ...] = ()

    def opening(self, needs: Resources, busy: Sequence[Place], idle: Sequence[Place]) -> Opening | None:
        """Where a worker for jobs of these needs can start; None if a busy one has to end first.

        If it needs a GPU, that is the one where the fewest have to end, and of those the one with the largest free
        share. A worker for all cores has the machine alone. idle: the longest idle first; it is they who end first.
        """
        if not can_begin(needs, busy):
            return None
        found = [
            (len(ending), _taken(gpu, [*busy, *idle]), Opening(Place(needs, gpu), ending))
            for gpu in (self.gpus if needs.gpu else (None,))
            if (ending := self._ending(needs, gpu, busy, idle)) is not None
        ]
        return min(found, key=lambda one: one[:2])[2] if found else None

    def _ending(
        self, needs: Resources, gpu: str | None, busy: Sequence[Place], idle: Sequence[Place]
    ) -> tuple[int, ...] | None:
        """Positions of the idle workers that make room on this GPU, or where there is none. None if they cannot."""
        if needs.cores is None:
            return tuple(range(len(idle)))
        staying, ending = list(range(len(idle))), list[int]()

        def taken() -> float:
            return _taken(gpu, [*busy, *(idle[at] for at in staying)])

        for at in range(len(idle)):
            if gpu is not None and idle[at].gpu == gpu and taken() + needs.gpu > 1 + TOLERANCE:
                staying.remove(at)
                ending.append(at)
        for at in range(len(idle)):
            if len(busy) + len(staying) >= self.capacity and at in staying:
                staying.remove(at)
                ending.append(at)
        if len(busy) + len(staying) >= self.capacity or (gpu is not None and taken() + needs.gpu > 1 + TOLERANCE):
            return None
        return tuple(ending)


def can_begin(needs: Resources, busy: Sequence[Place]) -> bool:
    """Whether a job may begin beside those: one that needs all cores is worked on alone."""
    return not busy or (needs.cores is not None and all(place.serves.cores is not None for place in busy))


def _taken(gpu: str | None, places: Sequence[Place]) -> float:
    """The share of a GPU that workers have."""
    return sum(place.serves.gpu for place in places if gpu is not None and place.gpu == gpu)
