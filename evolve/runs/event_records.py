"""What TensorBoard is told of a run: rows of its log as records.

All of a candidate is in the order in which its results came, so that what is written while a run goes on is word for
word what is written of it later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evolve.objectives import PUBLISHED, RECORDED, Standing, in_order
from evolve.runs.origin import origin
from evolve.runs.ranking import accuracy
from evolve.runs.trainings import done
from evolve.storage.event_files import Record, Value, entry, entry_ended, page, scalars
from evolve.storage.log import Log
from evolve.storage.rows import CandidateRow, RequestRow
from evolve.values import SEARCHING, Purpose, Result, Status

IN_FULL = (Purpose.FINAL, Purpose.TRAIN)
SCORE, RESCORED, TEST = "score", "re-scored", "test"  # tags of metrics

Training = tuple[RequestRow, Result]


@dataclass(frozen=True)
class Birth:
    """The first result of a candidate, at the step of its birth. best: the best fitness of such results up to it."""

    record: Record
    best: float | None


@dataclass(frozen=True)
class Records:
    """Makes the records of one run."""

    log: Log
    config: Mapping[str, Any]

    @classmethod
    def of(cls, log: Log) -> Records:
        """Those of the run that the log is of."""
        return cls(log, dict(log.meta()["config"]))

    def trainings(self, candidate: int) -> list[Training]:
        """Trainings of a candidate that ended, in the order in which their results came."""
        asked = [(one, self.log.result(one.number)) for one in self.log.requests(candidate=candidate)]
        ended = [(request, result) for request, result in asked if result is not None]
        return sorted(ended, key=lambda one: one[1].timing.get("order", one[0].number))

    def rank(self, candidate: int) -> tuple[bool, Standing, int]:
        """How much a candidate is worth showing, more is higher: those that were scored again or trained in full, then
        by their standing in the search, then the eldest."""
        trainings = self.trainings(candidate)
        chosen = any(request.purpose in (Purpose.RESCORE, *IN_FULL) for request, _ in trainings)
        return chosen, _standing(trainings), -candidate

    def birth(self, candidate: int, best: float | None) -> Birth | None:
        """The first result of a candidate, or None while it has none. best: the best fitness of those before it."""
        births = (one for one in self.trainings(candidate) if one[0].purpose is Purpose.SEARCH)
        first = next(((request, result) for request, result in births if request.continues is None), None)
        if first is None:
            return None
        row, fitness = self.log.born(candidate), first[1].fitness
        if fitness is not None:
            best = fitness if best is None else max(best, fitness)
        figures = self._figures(*first) | _sizes(row)
        figures |= {"failed": float(fitness is None)}
        figures |= {} if fitness is None else {SCORE: self._shown(fitness)}
        figures |= {} if best is None else {"best score so far": self._shown(best)}
        return Birth(scalars(figures, candidate, _at(first[1])), best)

    def begun(self, candidate: int) -> list[Record]:
        """What stands before the trainings of a candidate: its hyper-parameters and what it costs."""
        row, (_, first) = self.log.born(candidate), self.trainings(candidate)[0]
        at = _at(first)
        sizes = [scalars(sizes, 0, at)] if (sizes := _sizes(row)) else []
        ended = entry_ended(first.status is Status.OK, at)
        return [entry(f"candidate {candidate}", hyperparameters(row), at), *sizes, ended]

    def page(self, candidate: int) -> Record:
        """What the page of hyper-parameters is about, by any candidate: they all have the same ones."""
        name = self.log.objectives.first.name.replace("_", " ")
        metrics = {SCORE: f"score ({name})", RESCORED: f"re-scored {name}"}
        metrics |= {} if self.config.get("table") else {TEST: "on the test part"}
        row = self.log.born(candidate)
        return page(hyperparameters(row), metrics, _at(self.trainings(candidate)[0][1]))

    def training(self, trainings: list[Training], place: int) -> list[Record]:
        """The training at a place of those of a candidate: its score, what was spent and its curve by epoch; that of a
        full one stands apart, see `in_full`."""
        request, result = trainings[place]
        told = self._metric(trainings[: place + 1]) | self._figures(request, result)
        if request.purpose in SEARCHING:
            told |= {f"measures/{name}": value for name, value in result.measures.items()}
        if request.purpose in IN_FULL:
            return [scalars(told, place + 1, _at(result))]
        return [scalars(told, place + 1, _at(result)), *_curve(f"{_named(request)}/", result)]

    def in_full(self, training: Training) -> list[Record]:
        """A full training by epoch, and what it came to."""
        request, result = training
        measures = {f"at the end/{name}": value for name, value in result.measures.items()}
        ended = scalars(measures | self._figures(request, result), len(result.curve), _at(result))
        return [*_curve("", result), ended]

    def _metric(self, trainings: list[Training]) -> dict[str, float]:
        """What the last of these has made of a metric of its candidate. Of its scores that with the largest budget is
        the one that counts."""
        request, result = trainings[-1]
        if request.purpose in IN_FULL and self.config.get("encoding") != RECORDED:
            tested = accuracy(result, self.log.objectives.first) if result.status is Status.OK else None
            return {} if tested is None else {TEST: tested}
        if result.fitness is None:
            return {}
        if request.purpose is Purpose.RESCORE:
            again = [one.fitness for asked, one in trainings if asked.purpose is Purpose.RESCORE]
            scores = [fitness for fitness in again if fitness is not None]
            return {RESCORED: self._shown(sum(scores) / len(scores))}
        return {SCORE: self._shown(_standing(trainings).fitness)} if _is_score(request, result) else {}

    def _figures(self, request: RequestRow, result: Result) -> dict[str, float]:
        """What a training really had; nothing of a score that was looked up, and of one that failed."""
        spent = {"seconds": result.timing["seconds"]} if "seconds" in result.timing else {}
        if self._is_published or result.status is not Status.OK:
            return {f"budget/{name}": float(value) for name, value in spent.items()}
        told = done(request.budget, result)
        spent |= {name: told[name] for name in ("images", "epochs") if name in told}  # type: ignore[misc]
        return {f"budget/{name}": float(value) for name, value in spent.items()}

    @property
    def _is_published(self) -> bool:
        """Whether scores were looked up in a table, so that nothing was trained."""
        return bool(self.config.get("table")) and self.config.get("encoding", PUBLISHED) == PUBLISHED

    def _shown(self, fitness: float) -> float:
        return self.log.objectives.first.shown(fitness)


def hyperparameters(row: CandidateRow) -> dict[str, Value]:
    """What made a candidate what it is: where it comes from, its sizes, the genes of its recipe; of an entry of a table
    the genes that it has there."""
    genome, recipe = row.genome, row.genome.get("recipe")
    layers = genome.get("vertices") or genome.get("layers")
    values: dict[str, Value] = {"origin": re.sub(r" (of )?\d.*", "", origin(row))}
    values |= {"layers": len(layers)} if isinstance(layers, list) else {}
    values |= {name: int(size) for name, size in _sizes(row).items()}
    if isinstance(recipe, dict):
        values |= {name: value for name, value in recipe.items() if isinstance(value, bool | int | float | str)}
    if isinstance(digits := genome.get("digits"), str):
        values |= {f"gene {at}": int(digit) for at, digit in enumerate(digits, start=1)}
    return values


def _sizes(row: CandidateRow) -> dict[str, float]:
    sizes = {"parameters": row.parameters, "multiply_adds": row.multiply_adds}
    return {name: float(size) for name, size in sizes.items() if size is not None}


def _is_score(request: RequestRow, result: Result) -> bool:
    """Whether it is one of those by which candidates stand in the search."""
    counts = request.purpose in SEARCHING and (request.purpose is not Purpose.CHALLENGE or request.budget.folds == 1)
    return counts and result.fitness is not None


def _standing(trainings: list[Training]) -> Standing:
    """The best of a candidate's scores; one below all if it has none."""
    scores = [
        Standing(request.budget.size, result.fitness)
        for request, result in trainings
        if result.fitness is not None and _is_score(request, result)
    ]
    return min(scores, key=lambda one: in_order(one, 0), default=Standing(-1, 0.0))


def _curve(prefix: str, result: Result) -> Iterator[Record]:
    """A learning curve, a step for each epoch."""
    for epoch, point in enumerate(result.curve, start=1):
        told = {prefix + name: float(value) for name, value in point.items() if name != "epoch" and _is_number(value)}
        if told:
            yield scalars(told, epoch, _at(result))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _named(request: RequestRow) -> str:
    """What stands before the tags of a training's curve, so that those of equal trainings lie over each other."""
    return f"{request.purpose} {request.budget}" + (f" repeat {request.repeat}" if request.repeat else "")


def _at(result: Result) -> float:
    return float(result.timing.get("at", 0.0))
