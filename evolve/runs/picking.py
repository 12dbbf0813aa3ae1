"""The best of a run within limits, from what is known of its candidates; nothing is trained or measured for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from evolve.display.quantities import shown_cost
from evolve.errors import ConfigError, RunError, nearest
from evolve.objectives import COSTS, MEASURED
from evolve.runs.run import Run
from evolve.runs.shelf import Item, best_first, items, spread_of, within


def check_limits(limits: Mapping[str, float]) -> None:
    """Raises ConfigError for a limit of what is no cost, or of none at all."""
    for name, limit in limits.items():
        if name not in {**COSTS, **MEASURED}:
            raise ConfigError(f"'{name}' is no cost of a network{nearest(name, [*COSTS, *MEASURED])}")
        if not limit > 0:
            raise ConfigError(f"the limit of {name.replace('_', '-')} must be above 0, not {limit:g}")


def picked(run: Run, limits: Mapping[str, float], found: Sequence[Item] | None = None, looked: str = "") -> list[Item]:
    """All that fit, see `best_first`. found: candidates of the run, all by default. looked: how many of these were
    measured, in words. Raises RunError if nothing fits, naming the nearest."""
    check_limits(limits)
    every = items(run, limits) if found is None else found
    if not every:
        raise RunError(f"no candidate of run '{run.name}' was scored, so there is none to pick")
    if not (fitting := within(every, limits)):
        what = f"nothing of run '{run.name}' is within {_said(limits)}"
        raise RunError(f"{what}{f'; {looked}' if looked else ''}{_nearest_of(every, limits)}")
    return best_first(run, fitting)


def _nearest_of(found: Sequence[Item], limits: Mapping[str, float]) -> str:
    """The one that misses the limits by least, in words."""

    def beyond(item: Item) -> float:
        values = [(item.costs.get(name), limit) for name, limit in limits.items()]
        return sum(max(0.0, math.log(value / limit)) if value else math.inf for value, limit in values)

    known = [item for item in found if math.isfinite(beyond(item))]
    if not known:
        return ", and of none is it known"
    item = min(known, key=lambda one: (beyond(one), one.candidate))
    share = spread_of(item.costs) if "latency" in limits else None
    doubt = f", whose times spread by {share:.0%} of their median" if share is not None else ""
    costs = _said({name: item.costs[name] or 0 for name in limits})
    return f"; the nearest is candidate {item.candidate} with {costs}{doubt}"


def _said(limits: Mapping[str, float]) -> str:
    return " and ".join(shown_cost(name, value) for name, value in limits.items())
