"""What of all that a run ever scored is worth a look: its front, the best of each size. These are queries of the store;
nothing is trained for them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from evolve.errors import ConfigError, nearest
from evolve.objectives import COSTS, FITNESS, MEASURED, Standing, in_order
from evolve.runs.augmentation_answers import asked
from evolve.runs.origin import origin
from evolve.runs.run import Run
from evolve.values import Purpose, Status
from genomes.json_value import Json
from genomes.recipe import AUGMENTATION_GROUPS
from genomes.spec import ModelSpec

SCORE, RESCORED = "score", "rescored"
SPREAD = "latency_spread"  # of the times of one network, from their first to their third quarter


@dataclass(frozen=True)
class Item:
    """A candidate with what is known of it, as measured; None where something is not known.

    score: of its first training in the search, of which all had the same. longer: of the largest budget that it had
    there, if that was larger; trained: that budget, images x epochs. rescored: mean of fresh trainings on the selection
    part; rescorings: how many. costs: see `COSTS` and `MEASURED`, and what else was an objective. objectives: of its
    score, each better when it is higher.
    """

    candidate: int
    score: float
    rescored: float | None
    costs: Mapping[str, float | None]
    origin: str
    notation: str
    in_full: bool
    objectives: tuple[float, ...] = ()
    longer: float | None = None
    trained: int = 0
    rescorings: int = 0

    def value(self, name: str) -> float | None:
        """A cost, or what it is worth: `score`, or `rescored`."""
        if name == SCORE:
            return self.score
        return self.rescored if name == RESCORED else self.costs.get(name)

    def to_json(self) -> dict[str, Json]:
        scores = ("candidate", "score", "longer", "trained", "rescored", "rescorings")
        told: dict[str, Json] = {name: getattr(self, name) for name in scores}
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
        best = {one.candidate: one for one in log.best(log.last("candidate"))}
        measured_too = {*MEASURED, SPREAD, *(one.name for one in log.objectives.each[1:])}
        for request in log.requests(Purpose.SEARCH):
            result = log.result(request.number) if request.continues is None else None
            if result is None or result.status is not Status.OK or result.fitness is None:
                continue
            row, again = rows[request.candidate], rescored.get(request.candidate, [])
            standing = best[request.candidate]
            costs: dict[str, float | None] = {"parameters": row.parameters, "multiply_adds": row.multiply_adds}
            costs |= {name: value for name, value in result.measures.items() if name in measured_too}
            costs |= measured.get(row.number, {})
            found.append(
                Item(
                    candidate=row.number,
                    score=shown(result.fitness),
                    rescored=shown(fmean(again)) if again else None,
                    costs={**costs, **({"activations": _activations(run, row.number)} if activations else {})},
                    origin=origin(row),
                    notation=row.notation,
                    in_full=row.number in trained,
                    objectives=result.objectives,
                    longer=shown(standing.fitness) if standing.trained > request.budget.size else None,
                    trained=standing.trained,
                    rescorings=len(again),
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
    return max((share for one in figures if (share := spread_of(one)) is not None), default=None)


def spread_of(costs: Mapping[str, float | None]) -> float | None:
    """The spread of the times of one network as a share of their median, from what was measured of it; None if no times
    were."""
    latency, spread = costs.get("latency"), costs.get(SPREAD)
    return spread / latency if latency and spread is not None else None


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
    of costs, `score`, which is of a training that all had alike, or `rescored`."""
    known = [item for item in found if all(item.value(name) is not None for name in names)]
    best = _undominated(known, [[_turned(run, name, item.value(name)) for name in names] for item in known])
    return sorted(best, key=lambda item: (-_turned(run, names[0], item.value(names[0])), item.candidate))


def front_of_objectives(run: Run) -> list[Item]:
    """Those that no other one is better than in all objectives of the run, or as good and better in one; ranked by the
    first. What is beyond a measured limit is not among them."""
    limits = dict(run.objectives.limits)
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
    kept = moocore.is_nondominated(np.array(turned), maximise=True, keep_weakly=True)
    return [item for item, keep in zip(found, kept, strict=True) if keep]


def _turned(run: Run, name: str, value: float | None) -> float:
    assert value is not None
    if name in (SCORE, RESCORED):
        return run.objective.fitness(value)
    if name in {**COSTS, **MEASURED}:
        return -value
    return next(one for one in run.objectives.each if one.name == name).fitness(value)


def ordered(run: Run, found: Iterable[Item], name: str) -> list[Item]:
    """Those of which it is known, the best by one measure first: the smallest cost, or the highest worth."""
    known = [item for item in found if item.value(name) is not None]
    return sorted(known, key=lambda item: (-_turned(run, name, item.value(name)), item.candidate))


def by_standing(run: Run, found: Iterable[Item]) -> list[Item]:
    """Best first, as they stand in the search: a score from a larger budget counts more than any from a smaller one."""

    def place(item: Item) -> tuple[float, ...]:
        score = item.score if item.longer is None else item.longer
        return in_order(Standing(item.trained, run.objective.fitness(score)), item.candidate)

    return sorted(found, key=place)


def best_first(run: Run, found: Sequence[Item]) -> list[Item]:
    """Best first: the winner of the run; then, of twins that differ in augmentation alone, the one that is augmented as
    the winner, as the run decided for all, before the others. Likes are compared with likes: as they stand in the
    search; where the first by that, or a twin of it, was scored again, those that were come before the others, by their
    mean of as many fresh trainings. Else nobody knows whether what was not scored again is better."""
    standing = by_standing(run, found)
    twins = _twins(run, standing)
    most = max((item.rescorings for item in found), default=0)
    scored_again = {twins[one.candidate][0] for one in standing if one.rescorings == most}
    if most and twins[standing[0].candidate][0] in scored_again:
        again = [item for item in standing if item.rescorings == most]
        others = [item for item in standing if item.rescorings < most]
        standing = [*sorted(again, key=lambda one: -_turned(run, RESCORED, one.rescored)), *others]
    place: dict[str, int] = {}  # of a network that of its first twin
    for at, one in enumerate(standing):
        place.setdefault(twins[one.candidate][0], at)

    def key(one: Item) -> tuple[bool, int, bool]:
        network, augmented = twins[one.candidate]
        return one.candidate != run.winner, place[network], not augmented

    return sorted(standing, key=key)


def _twins(run: Run, found: Iterable[Item]) -> dict[int, tuple[str, bool]]:
    """Of each candidate what it is but for its augmentation, as text, and whether it is augmented as the winner. Where
    the run did not ask what images bear, each one is different. Genomes are read as they are stored: layers of a
    stranger are not needed for that."""
    if run.winner is None or asked(run) is None:
        return {one.candidate: (str(one.candidate), True) for one in found}
    genes = [name for names in AUGMENTATION_GROUPS.values() for name in names]

    def parts(number: int) -> tuple[str, list[Json]]:
        genome = run.candidate(number).genome
        recipe = genome.get("recipe") or {}
        rest = {name: value for name, value in recipe.items() if name not in genes}
        return json.dumps({**genome, "recipe": rest}, sort_keys=True), [recipe.get(name) for name in genes]

    _, wanted = parts(run.winner)
    told = {one.candidate: parts(one.candidate) for one in found}
    return {number: (network, augmentation == wanted) for number, (network, augmentation) in told.items()}


def cells(run: Run, found: Iterable[Item], by: Sequence[str]) -> dict[tuple[int, ...], Item]:
    """The best of each cell over some costs, each of which is cut where it doubles: cell -> the best in it, cells in
    their order. What a cost is not known of is in none."""
    inside: dict[tuple[int, ...], list[Item]] = {}
    for item in found:
        values = [value for name in by if (value := item.costs.get(name)) is not None]
        if len(values) == len(by):
            inside.setdefault(tuple(math.floor(math.log2(value)) if value else 0 for value in values), []).append(item)
    return {cell: best_first(run, inside[cell])[0] for cell in sorted(inside)}


def unknown(found: Iterable[Item], names: Iterable[str]) -> int:
    """Of how many of them one of these measures, at least, is not known."""
    wanted = list(names)
    return sum(any(item.value(name) is None for name in wanted) for item in found)


def measure_names(run: Run, names: Iterable[str]) -> list[str]:
    """Names of measures of a run's candidates, as they are stored; `score` for what they are ranked by. Raises
    ConfigError for another one."""
    first, *others = (one.name for one in run.objectives.each)
    known = list(dict.fromkeys([SCORE, RESCORED, first, *others, *COSTS, *MEASURED]))
    found = []
    for name in names:
        spelled = name.strip().replace("-", "_")
        if spelled not in (*known, FITNESS):
            ranked = f"run '{run.name}' ranks by {first}"
            raise ConfigError(f"'{name}' is no measure of a candidate: {ranked}{nearest(spelled, known)}")
        found.append(SCORE if spelled in (first, FITNESS) else spelled)
    return found
