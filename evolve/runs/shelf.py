"""What of all that a run ever scored is worth a look under a limit: its front, the best of each size, the best that
fits. These are queries of the store; nothing is trained for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from evolve.errors import ConfigError, RunError, nearest
from evolve.objectives import COSTS, MEASURED, Direction
from evolve.runs.origin import origin
from evolve.runs.run import Run
from evolve.values import Purpose, Status
from genomes.json_value import Json
from genomes.spec import ModelSpec

SCORE, RESCORED = "score", "rescored"
WORTH = ("accuracy", SCORE, "fitness")  # how people name what candidates are ranked by


@dataclass(frozen=True)
class Item:
    """A candidate with what is known of it: its score in the search, its mean when it was scored again, if it was, both
    as measured, its costs, see `COSTS`, and what else was an objective; None where one is not known. objectives: of its
    score, each better when it is higher."""

    candidate: int
    score: float
    rescored: float | None
    costs: Mapping[str, float | None]
    origin: str
    notation: str
    in_full: bool
    objectives: tuple[float, ...] = ()

    def value(self, name: str) -> float | None:
        """A cost, or what it is worth: `score`, or `rescored`."""
        if name == SCORE:
            return self.score
        return self.rescored if name == RESCORED else self.costs.get(name)

    def to_json(self) -> dict[str, Json]:
        told: dict[str, Json] = {"candidate": self.candidate, "score": self.score, "rescored": self.rescored}
        costs: dict[str, Json] = dict(self.costs)
        return {**told, **costs, "origin": self.origin, "notation": self.notation, "in_full": self.in_full}


def items(run: Run, names: Iterable[str] = ()) -> list[Item]:
    """All candidates of a run that were scored in its search, each by its first training, so that all had the same.
    names: of costs that are asked for; "activations" takes time, as each network is built again.
    """
    activations = "activations" in names
    found: list[Item] = []
    measured: dict[int, dict[str, float]] = {}
    for act in run.acts:
        if act.kind == "measured":
            measured.setdefault(act.detail["candidate"], {}).update(act.detail["measures"])
    with run.log() as log:
        rescored, trained = log.rescored(), {one.candidate for one in log.requests(Purpose.FINAL, Purpose.TRAIN)}
        rows, shown = log.candidates(), log.objectives.first.shown
        measured_too = {*MEASURED, *(one.name for one in log.objectives.each[1:])}
        for request in log.requests(Purpose.SEARCH):
            result = log.result(request.number) if request.continues is None else None
            if result is None or result.status is not Status.OK or result.fitness is None:
                continue
            row, again = rows[request.candidate], rescored.get(request.candidate)
            mean = shown(fmean(again)) if again else None
            costs: dict[str, float | None] = {"parameters": row.parameters, "multiply_adds": row.multiply_adds}
            costs |= {name: value for name, value in result.measures.items() if name in measured_too}
            costs |= measured.get(row.number, {})
            found.append(
                Item(
                    candidate=row.number,
                    score=shown(result.fitness),
                    rescored=mean,
                    costs={**costs, **({"activations": _activations(run, row.number)} if activations else {})},
                    origin=origin(row),
                    notation=row.notation,
                    in_full=row.number in trained,
                    objectives=result.objectives,
                )
            )
    return found


def unsteadiness(run: Run) -> float | None:
    """The largest spread of the times of one network (from their first to their third quarter), as a share of their
    median: much where the machine had other work. None for a run that measured none."""
    figures = [act.detail["measures"] for act in run.acts if act.kind == "measured"]
    with run.log() as log:
        if "latency" in log.objectives.measured:
            results = [log.result(request.number) for request in log.requests(Purpose.SEARCH)]
            figures += [result.measures for result in results if result is not None]
    both = [(one.get("latency"), one.get("latency_spread")) for one in figures]
    return max((spread / latency for latency, spread in both if latency and spread is not None), default=None)


def _activations(run: Run, candidate: int) -> int | None:
    spec = run.network(candidate)
    return spec.activations if isinstance(spec, ModelSpec) else None


def within(found: Iterable[Item], limits: Mapping[str, float]) -> list[Item]:
    """Those that are within all limits, by the names of costs. What is not known is not within."""

    def fits(item: Item) -> bool:
        values = [(item.costs.get(name), limit) for name, limit in limits.items()]
        return all(value is not None and value <= limit for value, limit in values)

    return [item for item in found if fits(item)]


def front(run: Run, found: Sequence[Item], names: Sequence[str]) -> list[Item]:
    """Those that no other one is better than in all of these, or as good and better in one; ranked by the first. names:
    of costs, or `score`."""
    known = [item for item in found if all(item.value(name) is not None for name in names)]
    best = _undominated(known, [[_turned(run, name, item.value(name)) for name in names] for item in known])
    return sorted(best, key=lambda item: (-_turned(run, names[0], item.value(names[0])), item.candidate))


def front_of_objectives(run: Run) -> list[Item]:
    """Those that no other one is better than in all objectives of the run, or as good and better in one; ranked by the
    first. What is beyond a measured limit is not among them."""
    with run.log() as log:
        limits = dict(log.objectives.limits)
    known = [item for item in items(run) if item.objectives and not beyond(item, limits)]
    best = _undominated(known, [item.objectives for item in known])
    return sorted(best, key=lambda item: (-item.objectives[0], item.candidate))


def beyond(item: Item, limits: Mapping[str, float]) -> bool:
    """Whether a cost is known to be above its limit."""
    return any((item.costs.get(name) or 0) > limit for name, limit in limits.items())


def _undominated(found: Sequence[Item], turned: Sequence[Sequence[float]]) -> list[Item]:
    """Those that no other one is better than. turned: their values, each better when it is higher."""
    import moocore

    if not found:
        return []
    kept = moocore.is_nondominated(np.array(turned), maximise=True)
    return [item for item, keep in zip(found, kept, strict=True) if keep]


def _turned(run: Run, name: str, value: float | None) -> float:
    assert value is not None
    if name in (SCORE, RESCORED):
        return run.objective.fitness(value)
    return -value if {**COSTS, **MEASURED}[name] is Direction.MINIMISE else value


def ordered(run: Run, found: Iterable[Item], name: str) -> list[Item]:
    """Those of which it is known, the best by one measure first: the smallest cost, or the highest worth."""
    known = [item for item in found if item.value(name) is not None]
    return sorted(known, key=lambda item: (-_turned(run, name, item.value(name)), item.candidate))


def cells(run: Run, found: Sequence[Item], by: Sequence[str]) -> dict[tuple[int, ...], Item]:
    """The best of each cell over some costs, each of which is cut where it doubles: cell -> the best in it, cells in
    their order."""
    best: dict[tuple[int, ...], Item] = {}
    for item in found:
        values = [item.costs.get(name) for name in by]
        if any(value is None for value in values):
            continue
        cell = tuple(math.floor(math.log2(max(1.0, float(value or 0)))) for value in values)
        if cell not in best or _worth(run, item) > _worth(run, best[cell]):
            best[cell] = item
    return dict(sorted(best.items()))


def picked(run: Run, limits: Mapping[str, float], found: Sequence[Item] | None = None) -> list[Item]:
    """All that fit, best first: those that were scored again by that mean, then the others by their score. Raises
    RunError if nothing fits, naming the nearest."""
    for name, limit in limits.items():
        if name not in {**COSTS, **MEASURED}:
            raise ConfigError(f"'{name}' is no cost of a network{nearest(name, [*COSTS, *MEASURED])}")
        if not limit > 0:
            raise ConfigError(f"the limit of {name.replace('_', '-')} must be above 0, not {limit:g}")
    every = items(run, limits) if found is None else found
    fitting = within(every, limits)
    if not fitting:
        raise RunError(f"nothing of run '{run.name}' is within {_said(limits)}{_nearest_of(every, limits)}")
    return sorted(fitting, key=lambda one: (one.rescored is None, -_worth(run, one), one.candidate))


def _worth(run: Run, item: Item) -> float:
    return run.objective.fitness(item.score if item.rescored is None else item.rescored)


def _nearest_of(found: Sequence[Item], limits: Mapping[str, float]) -> str:
    """The one that misses the limits by least, in words."""

    def beyond(item: Item) -> float:
        values = [(item.costs.get(name), limit) for name, limit in limits.items()]
        return sum(max(0.0, math.log(value / limit)) if value else math.inf for value, limit in values)

    known = [item for item in found if math.isfinite(beyond(item))]
    if not known:
        return ", and of none is it known"
    item = min(known, key=lambda one: (beyond(one), one.candidate))
    costs = {name: item.costs[name] or 0 for name in limits}
    return f"; the nearest is candidate {item.candidate} with {_said(costs)}"


def _said(limits: Mapping[str, float]) -> str:
    return " and ".join(f"{value:,.6g} {name.replace('_', '-')}" for name, value in limits.items())


def cost_names(names: Iterable[str]) -> list[str]:
    """Names of costs, or of what candidates are worth, as they are stored. Raises ConfigError for another one."""
    known = {**{name: name for name in (*COSTS, *MEASURED)}, **dict.fromkeys(WORTH, SCORE), RESCORED: RESCORED}
    found = []
    for name in names:
        spelled = name.strip().replace("-", "_")
        if spelled not in known:
            raise ConfigError(f"'{name}' is no measure of a candidate{nearest(spelled, known)}")
        found.append(known[spelled])
    return found
