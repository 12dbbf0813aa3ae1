"""Which random changes of images a data set bears: asked once in a search, and then the same for all of its networks.

Mirrored cats are cats, mirrored letters are none, and a brief training cannot tell the one from the other: either
change costs it accuracy. But a network that was trained without any knows what changed images mean to it. It is shown
validation images that are all changed in one way, and what is left of its accuracy above guessing says which of three
holds: the change destroys what tells classes apart, the images survive it, or that is open.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evolve.values import CHANGED, CLEAN, LEAST, Budget, Probe, Result
from genomes.json_value import Json

Verdict = Literal["destroys", "survives", "open"]
# Of the accuracy above guessing, at most and at least, what is left. On recorded data sets, with networks that have
# learned something, mirrored letters and words keep up to 0.4, moved ones up to 0.35, mirrored photographs of animals
# and vehicles 1.0, and what is moved by two pixels elsewhere 0.65 to 1.0: see `benchmarks/policies.py`.
DESTROYS, SURVIVES = 0.5, 0.6
CLEARLY = 2.0  # standard errors on either side of what is left
ABOVE = 4.0  # standard errors by which a network must be better than guessing for its answer to count


@dataclass(frozen=True)
class Kept:
    """What is left of a network's accuracy above guessing on images that are all changed in one way: 1 if the change
    costs nothing, 0 if nothing but guessing is left. error: standard error over images, as if both scores were of
    different images, which makes it too large rather than too small. least: what the class that suffers most keeps of
    its recall, at most."""

    group: str
    share: float
    error: float
    least: float = 1.0

    @property
    def verdict(self) -> Verdict:
        if self.share + CLEARLY * self.error < DESTROYS:
            return "destroys"
        survives = self.share - CLEARLY * self.error > SURVIVES and self.least >= DESTROYS
        return "survives" if survives else "open"


def kept(measures: Mapping[str, float], chance: float, images: float) -> list[Kept]:
    """What is left, by group; nothing where the network is not clearly better than guessing.

    measures: of its result. chance: balanced accuracy of guessing. images: how many were shown, see
    `Guessing.effective_probes`.
    """
    clean = measures.get(CLEAN)
    if clean is None or clean - chance < ABOVE * _error(chance, images):
        return []
    found = []
    for name, changed in measures.items():
        if name.startswith(CHANGED):
            share = (changed - chance) / (clean - chance)
            error = math.hypot(_error(changed, images), share * _error(clean, images)) / (clean - chance)
            group = name.removeprefix(CHANGED)
            found.append(Kept(group, share, error, measures.get(f"{LEAST}{group}", 1.0)))
    return found


def _error(share: float, images: float) -> float:
    """Standard error of a share of so many images."""
    return math.sqrt(share * (1 - share) / images)


@dataclass(frozen=True)
class Question:
    """What is asked of a data set. probes: ways to change images. genes: by group those of its augmentation, as it is
    switched on. off: the same genes, and those of groups that no start has, switched off. chance: balanced
    accuracy of guessing. images: how many of it are shown. twins: two budgets, of the same images with different
    epochs, that twins are trained with where a probe leaves it open; nothing if there is no time for that.
    last_epochs: of the last training."""

    probes: tuple[Probe, ...]
    genes: Mapping[str, Mapping[str, Json]]
    off: Mapping[str, Json]
    chance: float
    images: float
    twins: tuple[Budget, ...] = ()
    last_epochs: int = 1

    def kept(self, result: Result) -> list[Kept]:
        """What is left of the accuracy of the network that was asked."""
        return kept(result.measures, self.chance, self.images)

    def decided(self, answer: Sequence[Kept], won: Container[str] = ()) -> dict[str, Json]:
        """The genes of augmentation of all networks from now on: those of groups that survive, or that twins have
        `won`, are on, and all others are off, as they are where there is no answer."""
        on = [one.group for one in answer if one.verdict == "survives" or one.group in won]
        return {**self.off, **{name: value for group in on for name, value in self.genes.get(group, {}).items()}}
