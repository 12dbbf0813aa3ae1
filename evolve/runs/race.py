"""What a run knows of the networks that were trained longer, and in which order they are expected to end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from evolve.data.splits import SEARCH_PARTS
from evolve.objectives import Objective
from evolve.runs.guessing import guessing_on, over_folds, scored_images
from evolve.search.leads import (
    LOSS_SEED_ERROR,
    SEED_ERROR,
    Lead,
    Scale,
    Scores,
    image_error,
    lead,
    pooled_seed_error,
    share_carried,
    share_onward,
)
from evolve.storage.log import Log
from evolve.values import Purpose, is_reborn

SHARES = ("accuracy", "balanced_accuracy")  # measures that are shares of images


def scale_of(objective: Objective, problem: Mapping[str, Any]) -> Scale:
    """In which unit scores of an objective are compared. problem: what is known of the data, as it is stored."""
    guessing, learned = guessing_on(problem, "validation"), None
    if over_folds(problem):
        learned = math.inf
    elif guessing and objective.name in SHARES:
        learned = guessing.surely_exceeded(objective.name)
    images: float | None = scored_images(problem, "validation") if objective.name in SHARES else None
    if guessing and images is not None:
        images = guessing.effective_images(objective.name)
    seed_error = LOSS_SEED_ERROR if objective.name == "loss" else SEED_ERROR
    return Scale(images, -math.inf if learned is None else learned, seed_error)


def starts(founders: int, config: Mapping[str, Any]) -> int:
    """With how many networks a race begins: the founders, and as many others as there is room for. config: the settings
    of a run, as they are stored."""
    return max(founders, config.get("max_founders") or founders or config["population"])


@dataclass(frozen=True)
class Raced:
    """A candidate that was trained longer. request: number of that training. start: the network that it is, perhaps
    with other augmentation, of those that the race began with; None for one that was bred after it."""

    number: int
    scores: Scores
    request: int
    start: int | None

    @property
    def bred(self) -> bool:
        """Whether it was born after the race, and not as one of it with other augmentation."""
        return self.start is None


@dataclass(frozen=True)
class Standings:
    """Candidates of a race, those expected to end best first. leads: of each over the favourite, by birth number. The
    favourite is that of the first start. slope: by how much the unit of leads grows for a small growth of the
    favourite's score. carried: whether leads are carried on. over_next: the lead of the first over the
    second, if there is one."""

    order: tuple[int, ...]
    favourite: int
    leads: Mapping[int, Lead]
    slope: float
    carried: bool
    over_next: Lead | None = None

    def in_scores(self, number: int) -> float:
        """The lead of one over the favourite, in the unit of its score."""
        return self.leads[number].by / self.slope


def standings(log: Log, among: Sequence[int] | None = None, again: bool = True) -> Standings | None:
    """How a race stands; None in a run without one. One stands before the favourite only if its lead counts,
    see `Lead`. among: only these candidates, by birth number; of those none without a longer training is told. again:
    whether trainings in which leaders were scored again count; without them it is as the search left it."""
    if not log.count(Purpose.CHALLENGE):
        return None
    meta = log.meta()
    first = len(meta["founders"]) or starts(0, meta["config"])
    raced = _raced(log, first, again, _last(meta))
    found = {number: one for number, one in raced.items() if among is None or number in among}
    if not found:
        return None
    if not all(one.scores.confirmed for one in found.values()):  # what only some of them have compares nothing
        found = {number: replace(one, scores=replace(one.scores, confirmed=())) for number, one in found.items()}
    scale = scale_of(log.objectives.first, meta["problem"])
    repeated = log.rescored().values() if again else ()
    scale = replace(scale, seed_error=pooled_seed_error(repeated, scale.seed_error))
    favourite = min(found.values(), key=lambda one: (one.bred, one.start or 0, one.number))
    tried = _bred(log, first)
    carried = share_carried([one.scores for one in found.values()], scale)
    leads = {one.number: _lead(log, one, favourite, scale, tried if one.bred else 0, carried) for one in found.values()}

    def place(number: int) -> tuple[float, int]:
        return leads[number].needed - leads[number].by, number

    slope, order = scale.slope(fmean(favourite.scores.latest)), tuple(sorted(found, key=place))
    over_next = _lead(log, found[order[0]], found[order[1]], scale, 0, carried) if len(order) > 1 else None
    return Standings(order, favourite.number, leads, slope, carried > 0, over_next)


def _last(meta: Mapping[str, Any]) -> int:
    """Images that the last training of a run is to see, as far as its settings say so; 0 where they do not."""
    sizes, epochs = meta["problem"].get("sizes") or {}, meta["config"].get("final_epochs")
    images: int = sum(sizes.get(part, 0) for part in SEARCH_PARTS)
    return images * int(epochs or 0)


def _raced(log: Log, first: int, again: bool, last: int) -> dict[int, Raced]:
    """Those that were trained longer, by birth number. first: births that were chosen before anything was known. last:
    images that the last training sees."""
    rescored, found = log.rescored() if again else {}, dict[int, Raced]()
    budgets = {request.candidate: request.budget for request in log.requests(Purpose.RESCORE)}
    for request in log.requests(Purpose.CHALLENGE):
        result, brief = log.result(request.number), _brief(log, request.candidate)
        if result is None or result.fitness is None or brief is None:
            continue
        fresh = tuple(rescored.get(request.candidate, ()))
        if fresh and request.budget < budgets[request.candidate]:
            onward = share_onward(request.budget.size, budgets[request.candidate].size, last)
            scores = Scores(brief, (result.fitness,), fresh, onward)
        else:
            scores = Scores(brief, (result.fitness, *fresh))
        start = _start(log, request.candidate, first)
        found[request.candidate] = Raced(request.candidate, scores, result.cached_from or request.number, start)
    return found


def _brief(log: Log, candidate: int) -> float | None:
    births = [request for request in log.requests(Purpose.SEARCH, candidate=candidate) if request.continues is None]
    result = log.result(births[0].number) if births else None
    return result.fitness if result else None


def _start(log: Log, candidate: int, first: int) -> int | None:
    """See `Raced`."""
    row = log.born(candidate)
    if candidate <= first:
        return candidate
    return _start(log, row.parents[0], first) if is_reborn(row) else None


def _bred(log: Log, first: int) -> int:
    """How many were bred."""
    return sum(number > first and not is_reborn(row) for number, row in log.candidates().items())


def _lead(log: Log, one: Raced, favourite: Raced, scale: Scale, tried: int, carried: float) -> Lead:
    if one is favourite and not one.bred:
        return Lead(0.0, 0.0)
    hits = [log.hits(raced.request) for raced in (one, favourite)]
    apart = None
    if scale.images and hits[0] is not None and hits[1] is not None and hits[0].part == hits[1].part:
        ours, theirs = list(hits[0].each()), list(hits[1].each())
        apart = image_error(ours, theirs) * math.sqrt(len(ours) / scale.images)
    return lead(one.scores, favourite.scores, scale, apart, tried, carried)
