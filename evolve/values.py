"""The immutable values that a run is made of: candidates, budgets, requests, results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from evolve.objectives import Objectives
from genomes import Genome, Step
from genomes.recipe import Recipe

Counter = Callable[[str, int, int], None]
"""Told what is read, how many of it are done, and how many there are."""


class Status(StrEnum):
    """How a request ended."""

    OK = "ok"
    INVALID = "invalid"
    FAILED = "failed"
    DIVERGED = "diverged"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"
    WEIGHTS_MISSING = "weights missing"  # of the training that is to go on; made again, never told
    WORKER_DIED = "worker died"  # over the job, which is tried again; never told


class Purpose(StrEnum):
    """What a request is for."""

    SEARCH = "search"
    CLOSING = "closing"  # a promotion that was due when no more were born
    CHALLENGE = "challenge"  # a longer training of the favourite, or of one that is compared with it
    TWIN = "twin"  # of two candidates that differ in one group of augmentation
    RESCORE = "rescore"
    FINAL = "final"
    TRAIN = "train"  # a full training that the user asked for

    @property
    def kind(self) -> Purpose:
        """What a training is like that is for this: at the end of a search as in it."""
        return Purpose.SEARCH if self is Purpose.CLOSING else self


SEARCHING = (Purpose.SEARCH, Purpose.CLOSING, Purpose.CHALLENGE)


LONGER = 3  # times the epochs of a brief training


@dataclass(frozen=True)
class Budget:
    """How much training: number of images and epochs over them. folds: how many such trainings one score takes, each
    of them without a fold of the images, on which it is scored; 1 for a training that is scored on a part of its own.
    Ordered by the images seen."""

    images: int
    epochs: int
    folds: int = 1

    @classmethod
    def read(cls, text: str) -> Budget:
        """The budget that '3000x2' means: images and epochs; '300x40x4' has folds, too. Raises ValueError for anything
        else."""
        numbers = text.split("x")
        if len(numbers) not in (2, 3) or not all(number.isdecimal() and int(number) for number in numbers):
            raise ValueError(f"must be images x epochs, such as 5000x3, not '{text}'")
        return cls(*map(int, numbers))

    @property
    def size(self) -> int:
        """Images seen in training, repeats counted."""
        return self.images * self.epochs * self.folds

    @property
    def longer(self) -> Budget:
        """The same images with as many more epochs as tell where a network goes; those of folds are enough as they
        are."""
        return self if self.folds > 1 else Budget(self.images, LONGER * self.epochs)

    def with_more(self, images: int | None, epochs: int | None) -> Budget:
        """On at least that many images, for at least that many epochs, where they are said."""
        return replace(self, images=max(self.images, images or 0), epochs=max(self.epochs, epochs or 0))

    def __lt__(self, other: Budget) -> bool:
        return self.size < other.size

    def __str__(self) -> str:
        return f"{self.images}x{self.epochs}" + (f"x{self.folds}" if self.folds > 1 else "")


@dataclass(frozen=True)
class Candidate:
    """A genome that was born in a run.

    number: birth number, from 1.
    key: SHA-256 of network and recipe; None if the genome cannot be built.
    parents: birth numbers of the candidates it descends from.
    steps: what made it, in order.
    """

    number: int
    genome: Genome
    key: str | None
    parents: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()
    parameters: int | None = None
    multiply_adds: int | None = None


class Born(Protocol):
    """What is told of a birth: of a `Candidate`, or of its row."""

    @property
    def parents(self) -> tuple[int, ...]: ...
    @property
    def steps(self) -> tuple[Step, ...]: ...


def is_reborn(candidate: Born) -> bool:
    """Whether it is its parent but for augmentation, which was decided after that was born."""
    return bool(candidate.parents) and {step.operator for step in candidate.steps} - {"adopt"} == {"augmentation"}


def adoption(candidate: Born) -> Step | None:
    """The step that says with which weights of an adopted model all trainings of a candidate begin; None if it begins
    from scratch."""
    return next((step for step in candidate.steps if step.operator == "adopt"), None)


def adopted_weights(candidate: Born) -> str | None:
    """The key of these weights."""
    step = adoption(candidate)
    return str(step.detail["weights"]) if step else None


class Schedule(StrEnum):
    """Under which schedule of the learning rate the training of a request goes on."""

    NEW = "new"  # one of its own; of the earlier training it takes the weights alone
    SAME = "same"  # that of the earlier training, as if there had been no interruption


@dataclass(frozen=True)
class Continuation:
    """An earlier request of the same candidate whose training goes on. request: its number. weights: the key that its
    weights are kept under, its job key."""

    request: int
    weights: str
    schedule: Schedule = Schedule.NEW


PROBED = 2000  # images at most, of a part whose images are changed
CLEAN, CHANGED = "clean", "changed_"  # measures: balanced accuracy on these as they are; before a group, changed
LEAST = "least_"  # before a group: what the class that suffers most keeps at most of its recall above guessing


@dataclass(frozen=True)
class Probe:
    """Score images that are all changed in one way. group: of augmentation, see `AUGMENTATION_GROUPS`. recipe: whose
    augmentation is that way, with its strength. seed: of the strengths that are drawn, the same for all networks."""

    group: str
    recipe: Recipe
    seed: int


@dataclass(frozen=True)
class Request:
    """One evaluation that was asked for.

    number: from 1, in the order of asking.
    repeat: 0 for the search; other numbers are other seeds.
    continues: the training that goes on with it, or None for a birth.
    inherits: the key of weights that a birth takes what fits from: those of another candidate, or of an adopted file.
    spans: epochs that its schedule spans, if another request is to go on with the same schedule; None for its own.
    job_key: SHA-256 of all that decides the score; None if the genome cannot be built.
    probes: ways in which images of the scored part are changed, to be scored, too.
    """

    number: int
    candidate: Candidate
    budget: Budget
    repeat: int
    purpose: Purpose
    job_key: str | None
    continues: Continuation | None = None
    inherits: str | None = None
    spans: int | None = None
    probes: tuple[Probe, ...] = ()

    def __post_init__(self) -> None:
        if self.continues and self.inherits:
            raise ValueError("a request goes on with its own training or inherits from another one, not both")
        if self.spans is not None and self.spans < self.budget.epochs:
            raise ValueError(f"spans must be at least the {self.budget.epochs} epochs of the budget, not {self.spans}")

    def continued(self, schedule: Schedule = Schedule.NEW) -> Continuation:
        """What another request has to say to go on with this one. Raises ValueError if it has no weights, or nothing is
        left of its schedule."""
        if self.job_key is None:
            raise ValueError(f"request {self.number} cannot be built, so there is nothing to go on with")
        if schedule is Schedule.SAME and self.spans is None:
            raise ValueError(f"the schedule of request {self.number} ends with it; say that it spans more epochs")
        return Continuation(self.number, self.job_key, schedule)


@dataclass(frozen=True)
class Fact:
    """Something that a strategy wants shown.

    births: how many had been born by then. kind: "species", the only one so far. detail: JSON; of species as in
    `evolve.search.speciation`.
    """

    births: int
    kind: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class Hits:
    """Which images of a part were recognised, in its order: what tells whether two networks err on the same images.

    part: digest of the part. count: its images. bits: one each, packed from the most significant down.
    """

    part: str
    count: int
    bits: bytes

    def each(self) -> list[bool]:
        """Whether each image was recognised."""
        return [bool(self.bits[at // 8] >> (7 - at % 8) & 1) for at in range(self.count)]


Spent = Mapping[str, int | float | str]
"""What a training really did, by name: `images` it was given, `epochs` over them, `steps`, images `seen` in them,
repeats counted, `batch` (images in a step), `learning_rate` (the largest), `schedule` and the `schedule_steps` that it
stretched over, `augmentation` in the notation, `precision`; of several trainings over folds, these of the first
and how many `folds`. In runs of earlier versions images and epochs alone."""


@dataclass(frozen=True)
class Result:
    """How a request ended.

    measures: figures by name, all finite; curve: one entry per epoch.
    spent: what was really done, of a training `images`, `epochs` (perhaps not whole), `steps` and what else `Spent`
        names; nothing for a copy of another result.
    cached_from: number of the request whose result this repeats, or None. reused_from: the run whose result it is.
    timing: figures of the clock on the wall; the only part that differs between two runs with one seed.
    objectives: fitness by each objective of the run, higher is better; derived from the measures when a result is
        read, so that workers know nothing of it. Empty unless the status is OK.
    violation: by how much what was measured is beyond limits, see `Objectives.violation`; derived likewise.
    hits: of the part that was scored; kept in a table of their own and read from there.
    """

    request: int
    status: Status
    measures: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[Mapping[str, float], ...] = ()
    spent: Spent = field(default_factory=dict)
    reason: str | None = None
    cached_from: int | None = None
    reused_from: str | None = None
    timing: Mapping[str, float] = field(default_factory=dict)
    objectives: tuple[float, ...] = ()
    violation: float = 0.0
    hits: Hits | None = field(default=None, repr=False)

    @property
    def fitness(self) -> float | None:
        """The first objective, or None if there is none."""
        return self.objectives[0] if self.objectives else None


def judged_by(objectives: Objectives, result: Result, whole: bool = True) -> Result:
    """A result with its fitness by these objectives; one that lacks what they need is a failure.

    whole: whether what a network costs is needed, too, and not just what its training tells. A result that is read back
    may lack it, as a training that the user asked for does.
    """
    if not whole and not objectives.vector(result.measures):
        objectives = objectives.trained
    if result.status is not Status.OK:
        return replace(result, objectives=())
    if vector := objectives.vector(result.measures):
        return replace(result, objectives=vector, violation=objectives.violation(result.measures))
    names = ", ".join(one.name for one in objectives.each)
    reason = f"its measures lack a finite value for {names}: {dict(result.measures)!s:.200}"
    return Result(result.request, Status.FAILED, spent=result.spent, reason=reason, timing=result.timing)


def digest(*parts: object) -> str:
    """SHA-256 over the texts of `parts`."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def worst_reason(results: Iterable[Result]) -> str:
    """The most frequent reason of failure."""
    reasons = [f"{result.status}: {result.reason}" for result in results if result.status is not Status.OK]
    return max(set(reasons), key=reasons.count) if reasons else "no result"
