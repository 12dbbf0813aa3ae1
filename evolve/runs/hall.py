"""The hall of fame: who is in it, and why its first one is first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from evolve.config import RunConfig
from evolve.errors import RunError
from evolve.objectives import Objective
from evolve.runs.leader import Leader, Models
from evolve.runs.origin import origin
from evolve.runs.race import standings
from evolve.runs.ranking import MeanLead, accuracy, hall_order, mean_lead
from evolve.storage.log import Log, Scored
from evolve.values import Purpose

HALL_SIZE = 10


def leaders(log: Log, run: Models, config: RunConfig, top: int | None) -> list[Leader]:
    """The `top` best candidates of a run, in the order of `hall_order`; None is all that were scored again, and ten at
    least. Raises RunError for less than one."""
    if top is not None and top < 1:
        raise RunError(f"top must be a whole number of at least 1, not {top}")
    rescored = log.rescored()
    count = max(HALL_SIZE, len(rescored)) if top is None else top
    scored = {best.candidate: best for best in log.best(count)}
    scored |= {number: known for number in rescored if (known := log.score(number))}
    raced = standings(log, list(rescored))
    control = None if raced else _control(log, config, rescored)
    found = hall_order(scored.values(), rescored, raced.order if raced else None)[:count]
    return [_leader(log, run, one, rescored.get(one.candidate, ()), one.candidate == control) for one in found]


def _control(log: Log, config: RunConfig, rescored: Iterable[int]) -> int | None:
    """The eldest of those that were scored again, if it is none of the leaders: they had to beat it. In a run without
    founders there is none."""
    if not log.meta()["founders"]:
        return None
    best = log.best(config.leaders, born_after=config.small_births or 0) or log.best(config.leaders)
    first = min(rescored, default=None)
    return None if first in [leader.candidate for leader in best] else first


def _leader(log: Log, run: Models, known: Scored, rescored: Sequence[float], is_control: bool) -> Leader:
    row, in_full = log.born(known.candidate), log.full_training(known.candidate)
    objective, tested = log.objectives.first, None if run.on_recorded_table else in_full
    shown = objective.shown
    return Leader(
        run=run,
        candidate=known.candidate,
        score=shown(known.fitness),
        trained=known.trained,
        rescored=shown(fmean(rescored)) if rescored else None,
        parameters=row.parameters,
        multiply_adds=row.multiply_adds,
        notation=row.notation,
        origin=origin(row),
        parents=row.parents,
        rescorings=tuple(map(shown, rescored)),
        retrained=_retrained(log, known.candidate) if rescored else None,
        is_control=is_control,
        test_accuracy=accuracy(tested[1], objective) if tested else None,
        test_score=tested[1].measures.get(objective.name) if tested else None,
        in_full=run.done(in_full[0].budget, in_full[1]) if in_full else None,
    )


def _retrained(log: Log, candidate: int) -> int | None:
    """Images x epochs of each training in which a candidate was scored again; None where they differ."""
    sizes = {request.budget.size for request in log.requests(Purpose.RESCORE, candidate=candidate)}
    return sizes.pop() if len(sizes) == 1 else None


@dataclass(frozen=True)
class Comparison:
    """The first of the hall of fame beside another one that was scored again, and its lead over that: below 0 if the
    other one has the better mean."""

    other: Leader
    lead: MeanLead


def comparison(found: Sequence[Leader], objective: Objective) -> Comparison | None:
    """The first of a hall of fame beside what it had to beat: a mutant beside the best that has no parents, any other
    beside the best mutant. None if there is no such one that was scored again."""
    again = [leader for leader in found if leader.rescorings]
    if not again:
        return None
    first, *others = again
    rivals = [leader for leader in others if bool(leader.parents) != bool(first.parents)]
    if not rivals:
        return None
    other = max(rivals, key=lambda one: objective.fitness(one.rescored or 0.0))
    fitness = {one.candidate: [objective.fitness(value) for value in one.rescorings] for one in again}
    return Comparison(other, mean_lead(fitness, first.candidate, other.candidate))


def better_mean(found: Sequence[Leader], objective: Objective) -> Comparison | None:
    """The first of a hall of fame beside the one with the best mean, if that is another one."""
    again = [leader for leader in found if leader.rescored is not None]
    best = max(again, key=lambda one: objective.fitness(one.rescored or 0.0), default=None)
    if best is None or best is again[0]:
        return None
    fitness = {one.candidate: [objective.fitness(value) for value in one.rescorings] for one in again}
    return Comparison(best, mean_lead(fitness, again[0].candidate, best.candidate))
