"""What figures know of the births of a run, read once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from evolve.errors import RunError
from evolve.runs.origin import origin
from evolve.runs.run import Run
from evolve.storage.rows import CandidateRow, RequestRow
from evolve.values import Purpose, Result, is_reborn

KINDS = ("founder", "random", "mutant", "child", "other augmentation")


@dataclass(frozen=True)
class Birth:
    """A candidate with the first training that it had in the search, so that all had the same.

    score: of that, as measured; None if it failed. fitness: the same, higher is better. size: images x epochs. seconds:
    from the begin of the run to the result, without pauses between sessions; None for a table.
    """

    row: CandidateRow
    request: RequestRow
    result: Result
    score: float | None
    seconds: float | None

    @property
    def number(self) -> int:
        return self.row.number

    @property
    def fitness(self) -> float | None:
        return self.result.fitness

    @property
    def origin(self) -> str:
        """As "mutant of 4"."""
        return origin(self.row)

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        if is_reborn(self.row):
            return KINDS[4]
        if not self.row.parents:
            return KINDS[1] if self.origin == "random" else KINDS[0]
        return KINDS[2] if len(self.row.parents) == 1 else KINDS[3]

    @property
    def change(self) -> str:
        """What its steps did, in words."""
        return "; ".join(step.text for step in self.row.steps)


def births(run: Run) -> list[Birth]:
    """All of a run whose first training has ended, by birth number. Raises RunError if there is none."""
    with run.log() as log:
        rows, results, shown = log.candidates(), log.results(), log.objectives.first.shown
        elapsed, found = None if run.config.table else _clock(run), dict[int, Birth]()
        for request in log.requests(Purpose.SEARCH):
            result = results.get(request.number)
            if result is None or request.candidate in found:
                continue
            score = None if result.fitness is None else shown(result.fitness)
            row, at = rows[request.candidate], result.timing.get("at")
            seconds = elapsed(at) if elapsed and at is not None else None
            found[row.number] = Birth(row, request, result, score, seconds)
    if not found:
        raise RunError(f"run '{run.name}' has no result yet, so there is nothing to draw")
    return [found[number] for number in sorted(found)]


def scored(run: Run) -> list[Birth]:
    """Those of `births` that have a score. Raises RunError if there is none."""
    found = [birth for birth in births(run) if birth.score is not None]
    if not found:
        raise RunError(f"no candidate of run '{run.name}' has a score yet, so there is nothing to draw")
    return found


def rescored(run: Run) -> Mapping[int, Sequence[float]]:
    """Scores of fresh trainings, as measured, by birth number."""
    with run.log() as log:
        shown = log.objectives.first.shown
        return {number: [shown(value) for value in values] for number, values in log.rescored().items()}


def _clock(run: Run) -> Callable[[float], float]:
    """From a time on the clock to seconds since the run began, of which pauses between sessions are no part."""
    starts = [act.at for act in run.acts if act.kind == "started"] or [0.0]
    with run.log() as log:
        marks = sorted([act.at for act in run.acts] + log.moments())
    ends = [max((mark for mark in marks if start <= mark < after), default=start) for start, after in pairwise(starts)]
    worked = [end - start for start, end in zip(starts, ends, strict=False)]
    before = [0.0, *accumulate(worked)]

    def elapsed(at: float) -> float:
        session = max(0, bisect_right(starts, at) - 1)
        return max(0.0, before[session] + at - starts[session])

    return elapsed
