"""What a search sees of a recorded table, what its networks are worth, and which starts are chosen by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from recorded_effects import kept_of

from evolve.problems.recorded_tables import RecordedDataset

BRIEF, LONGER, THIRD, TRUTH = "5000x1", "5000x3", "20000x1", "15000x8"
MOVED = "-moved"  # after the name of a start that moves images, and does not mirror them


@dataclass
class Draw:
    """What one search sees of a data set: one repeat of each training, on validation images drawn with replacement."""

    data: RecordedDataset
    seed: int

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        count = self.data.sizes["validation"]
        self.images = self.rng.integers(0, count, count)
        self.again = self.rng.integers(0, count, count)
        self.drawn: dict[tuple[str, str], int] = {}

    def score(self, network: str, budget: str, again: bool = False) -> float:
        """Its accuracy. again: of another repeat, on other images."""
        count = len(self.data.repeats(network, budget))
        repeat = self.drawn.setdefault((network, budget), int(self.rng.integers(count)))
        hits = self.data.hits(network, budget, (repeat + again) % count)
        return 0.0 if hits is None else float(hits[self.again if again else self.images].mean())

    def verdicts(self, network: str) -> dict[str, str]:
        """What a network that was trained longer says of each group of augmentation; nothing if it cannot tell."""
        self.score(network, LONGER)  # draws which of its trainings is asked
        training = self.data.training(network, LONGER, self.drawn[network, LONGER])
        return {one.group: one.verdict for one in kept_of(self.data, training)} if training else {}


def plain(data: RecordedDataset, start: str) -> str:
    """The same start without augmentation."""
    return data.twins.get(start, start)


def worth(data: RecordedDataset, network: str) -> float:
    """What a network comes to at the largest budget; nothing where that diverged."""
    return data.mean(network, TRUTH) or 0.0


def best(data: RecordedDataset) -> float:
    return max(worth(data, network) for network in data.genomes)


def right(data: RecordedDataset, start: str) -> float:
    """What a start is worth with what is right for it: with its augmentation, moved alone, or without."""
    return max(worth(data, one) for one in (start, start + MOVED, plain(data, start)) if one in data.genomes)


def portfolio(others: Sequence[RecordedDataset], starts: Iterable[str]) -> list[str]:
    """Starts in order: each is the one that with those before it loses least, on the mean of the data sets; of equals
    the one that loses least alone."""
    order: list[str] = []
    left = list(starts)
    while left:

        def loss(start: str) -> tuple[float, float]:
            together = (best(one) - max(right(one, name) for name in (*order, start)) for one in others)
            return round(fmean(together), 6), fmean(best(one) - right(one, start) for one in others)

        order.append(min(left, key=loss))
        left.remove(order[-1])
    return order
