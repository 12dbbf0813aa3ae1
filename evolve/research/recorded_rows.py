"""What a recording writes down: the lines of a table of trainings, see `evolve.problems.recorded_files`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from evolve.engine.running import VERSION
from evolve.execution.builds import backend
from evolve.problems.images import ImageProblem
from evolve.research.machine_share import machine_facts
from evolve.research.recording_settings import PLAIN, RecordingSettings
from evolve.runs.guessing import guessing_on
from evolve.storage.json_lines import Row
from evolve.values import CHANGED, Budget, Result, Status
from genomes import Genome

FORMAT = 1
SEARCHED, UNSEEN = "validation", "selection"  # the part that a search decides on, and one that none ever sees
DIGITS = 5  # after the point, of scores
Key = tuple[str, str, str, int]  # data set, network, budget, repeat


@dataclass(frozen=True)
class Network:
    """A network to be recorded. genome: as it is trained. drawn_as: the one that its random numbers are drawn for, and
    whose augmentation it is probed with: of a twin, the other one."""

    name: str
    genome: Genome
    drawn_as: Genome


@dataclass(frozen=True)
class Training:
    """One training to be recorded. budget: as it is called; a small data set is seen more often instead."""

    dataset: str
    network: Network
    budget: Budget
    repeat: int

    @property
    def key(self) -> Key:
        return self.dataset, self.network.name, str(self.budget), self.repeat


def table_row(settings: RecordingSettings, genomes: Mapping[str, str]) -> Row:
    """The first line: what the table is. genomes: by name, in the notation."""
    return {
        "kind": "table",
        "name": settings.name,
        "format": FORMAT,
        "genomes": dict(genomes),
        "founders": list(settings.founders),
        "twins": {name: name + PLAIN for name in settings.twins},
        "budgets": dict(settings.budgets),
        "seed": settings.seed,
        "precision": settings.precision,
    }


def dataset_row(name: str, problem: ImageProblem) -> Row:
    """What is known of a data set."""
    told, parts = problem.describe(), problem.parts
    guesses = {part: guessing_on(told, part) for part in (SEARCHED, UNSEEN)}
    chance = {part: one and round(one.accuracy, DIGITS) for part, one in guesses.items()}
    facts = {"digest": parts.digest, "input_shape": list(parts.input_shape), "classes": parts.classes}
    sizes = {part: parts.sizes[part] for part in ("train", SEARCHED, UNSEEN)}
    return {"kind": "dataset", "dataset": name, **facts, "sizes": sizes, "chance": chance}


def training_row(problem: ImageProblem, training: Training, result: Result, work: float) -> Row:
    """What came of a training. work: its units."""
    blueprint = problem.space.blueprint(training.network.genome)
    dataset, network, budget, repeat = training.key
    row: Row = {"kind": "training", "dataset": dataset, "genome": network, "budget": budget, "repeat": repeat}
    row |= {"status": str(result.status), "reason": result.reason}
    if result.status is Status.OK:
        row |= _scores(result)
    return row | {
        "seconds": _seconds(result, problem.gpu),
        "wall_seconds": result.timing.get("seconds"),
        "work": work,
        "parameters": blueprint.parameters,
        "multiply_adds": blueprint.multiply_adds,
        "spent": dict(result.spent),
        "version": VERSION,
        "machine": {**machine_facts(), "backend": backend(), "device": "gpu" if problem.gpu else "cpu"},
    }


def _seconds(result: Result, gpu: bool) -> float | None:
    """What a training takes that has the machine to itself, without its probes: seconds of the processor, or, on a GPU,
    of the clock; None if it failed before that was known."""
    timing = result.timing
    if gpu:
        return round(timing["seconds"] - timing.get("probe", 0.0), 3)
    return timing.get("processor")


def _scores(result: Result) -> Row:
    measures = {name: round(value, DIGITS) for name, value in result.measures.items()}
    names = ("accuracy", "balanced_accuracy", "loss")
    changed = {name.removeprefix(CHANGED): value for name, value in measures.items() if name.startswith(CHANGED)}
    return {
        SEARCHED: {name: measures[name] for name in names},
        UNSEEN: {name: measures[f"{UNSEEN}_{name}"] for name in names},
        "train": {name: measures[f"train_{name}"] for name in ("accuracy", "loss")},
        "hits": b64encode(result.hits.bits).decode() if result.hits else None,
        "curve": [{name: round(value, DIGITS) for name, value in point.items()} for point in result.curve],
        **({"clean": measures["clean"], "changed": changed} if changed else {}),
    }
