"""What a worker is given: jobs, with their resources, durations and the streams of their random numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Self

from evolve.values import Budget, Probe, Purpose, digest
from genomes.recipe import Recipe
from genomes.spec import ModelSpec

OPENING_THE_TEST_PART = (Purpose.FINAL, Purpose.TRAIN)
AVERAGED = 0.15  # of the steps, those at the end, over which weights are averaged


@dataclass(frozen=True)
class Seeds:
    """Seeds of the random streams of one training, each from 0 to 2^32 - 1, so that one stream can be changed or left
    out without a change of the others.

    weights: starting weights. order: of the images, the same for all candidates of a run. augmentation, dropout: what
    is changed at random while training. folds: which images are left out, the same for all candidates of a run.
    """

    weights: int
    order: int
    augmentation: int
    dropout: int
    folds: int = 0


def seeds(run_seed: int, candidate: str, budget: Budget, repeat: int, purpose: Purpose) -> Seeds:
    """The streams of a training. candidate: the candidate's key. They depend on nothing else: not on versions, devices
    or what is measured."""
    training = (run_seed, budget, repeat, purpose.kind)

    def drawn(stream: str, *of: object) -> int:
        return int(digest("stream", stream, *of)[:8], 16)

    streams = {name: drawn(name, candidate, *training) for name in ("weights", "augmentation", "dropout")}
    return Seeds(order=drawn("order", *training), folds=drawn("folds", *training), **streams)


@dataclass(frozen=True)
class Resources:
    """What a job needs while it is worked on, and what a worker is started for.

    cores: threads that it computes with; None for all there are, and for being worked on alone. memory: bytes, None for
    what a worker may hold. gpu: share of one GPU, from 0 to 1.
    """

    cores: int | None = 1
    memory: int | None = None
    gpu: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.gpu <= 1.0:
            raise ValueError(f"gpu must be a share from 0 to 1, not {self.gpu}")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker needs to know to evaluate one request.

    kind: of job; it says which evaluator takes it.
    number: of the request. key: SHA-256 of all that decides the outcome.
    seconds: how long it may be worked on, None for as long as it takes. Times are durations, never readings of a clock,
        which say nothing on another machine.
    """

    kind: ClassVar[str] = ""

    number: int
    key: str = ""
    seconds: float | None = None
    resources: Resources = Resources()

    def after(self, gone: float, worked: float) -> Self:
        """What is left of it. gone: seconds since it was submitted; worked: those in which workers that died were at
        it."""
        return self if self.seconds is None else replace(self, seconds=max(1.0, self.seconds - worked))


@dataclass(frozen=True, kw_only=True)
class TableJob(Job):
    """Look an entry up. code: of the entry. test: whether its test score is asked for, or one of its trainings."""

    kind: ClassVar[str] = "table"

    code: str
    budget: Budget
    repeat: int = 0
    test: bool = False


@dataclass(frozen=True)
class PartsUsed:
    """Which images a training uses. data: digest of the data set. train: parts to train on. score: the part to score
    on, or "folds" of those to train on. watch: one that is scored after each epoch, or None. test: the random key by
    which alone the test part is found; None where it may not be opened."""

    data: str
    train: tuple[str, ...]
    score: str
    watch: str | None = None
    test: str | None = None

    def __post_init__(self) -> None:
        if "test" in self.train:
            raise ValueError("networks are never trained on the test part")
        if "test" in (self.score, self.watch) and self.test is None:
            raise ValueError("the test part is opened with its key only")


class Takes(StrEnum):
    """What a training takes of another one."""

    WEIGHTS = "weights"  # all of them, to be trained under a schedule of their own
    EVERYTHING = "everything"  # all that it needs to go on as if there had been no interruption
    WHAT_FITS = "what fits"  # tensors that are equal in name and shape


@dataclass(frozen=True)
class Beginning:
    """Where a training begins that does not begin from scratch. weights: the key that weights are kept under."""

    weights: str
    takes: Takes


@dataclass(frozen=True, kw_only=True)
class TrainingJob(Job):
    """Train a network and score it.

    spec, recipe, budget, seeds: what is trained, how, on how many images and epochs, with which random streams.
    begins: the weights it begins with; None for fresh ones.
    spans: epochs that the schedule of the learning rate spans, if this is a part of a longer training; None for
        those of the budget.
    purpose: a job for a search that holds the key of the test part is refused.
    model: name to save the trained model under, None to forget it. keeps_weights: whether its weights are kept, under
        its key, for another training to go on from.
    ragged: whether a last batch that is smaller is trained on, as Keras does, or left out, which is faster.
    finish_in: seconds in which the training is to end, scoring of `to_score` images included. It then has as many steps
        as fit, and its schedule is stretched or shortened to end with them.
    stop_in: seconds after which no epoch begins.
    seen: images, repeats counted, after which it ends, with its schedule, within the last epoch; those that no batch is
        filled with count, too. None for whole epochs.
    may_give_up: whether it ends as soon as it is clear that nothing is learned.
    averaging: whether the mean of the weights over the end of the training is taken.
    also: a part that it is scored on beside the one of `parts`, or None. probes: ways in which images of that one are
        changed, to be scored, too.
    """

    kind: ClassVar[str] = "training"

    spec: ModelSpec
    recipe: Recipe
    budget: Budget
    seeds: Seeds
    parts: PartsUsed
    purpose: Purpose
    begins: Beginning | None = None
    spans: int | None = None
    model: str | None = None
    keeps_weights: bool = False
    ragged: bool = False
    finish_in: float | None = None
    stop_in: float | None = None
    seen: int | None = None
    to_score: int = 0
    may_give_up: bool = False
    averaging: bool = False
    also: str | None = None
    probes: tuple[Probe, ...] = ()

    def __post_init__(self) -> None:
        if self.parts.test is not None and self.purpose not in OPENING_THE_TEST_PART:
            raise ValueError(f"a job for '{self.purpose}' may not open the test part")
        if self.also == "test":
            raise ValueError("the test part is scored by itself, not beside another one")

    def after(self, gone: float, worked: float) -> Self:
        def left(seconds: float | None) -> float | None:
            return None if seconds is None else max(0.0, seconds - gone)

        return replace(super().after(gone, worked), finish_in=left(self.finish_in), stop_in=left(self.stop_in))


@dataclass(frozen=True, kw_only=True)
class KerasModelJob(Job):
    """Train a Keras model of the user's own as it stands, with fresh weights, and score it.

    model: its configuration as a `.keras` file has it, JSON without any code. classes: how many it tells apart.
    pixels: scale and offset that bring raw pixels into the range that it expects. budget, parts: on what it is trained
    and scored. seed: of Keras. name: to save it under. stop_in: seconds after which no epoch begins.
    """

    kind: ClassVar[str] = "keras-model"

    model: str
    classes: int
    pixels: tuple[float, float]
    budget: Budget
    parts: PartsUsed
    seed: int
    name: str
    stop_in: float | None = None


@dataclass(frozen=True, kw_only=True)
class MeasureJob(Job):
    """Measure what a network costs, untrained. pixels: how these are normalised, as of a recipe. names: of measures,
    see `evolve.objectives.MEASURED`."""

    kind: ClassVar[str] = "measure"

    spec: ModelSpec
    pixels: str
    names: tuple[str, ...]
