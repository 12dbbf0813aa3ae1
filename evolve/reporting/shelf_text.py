"""Fronts, shelves and what was picked of a run, as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.text import Text

from evolve.display.quantities import shown_size, shown_time
from evolve.display.table import Column, FoldingTable
from evolve.display.text import count, plural, score
from evolve.objectives import MEASURED, Direction
from evolve.runs.run import Run
from evolve.runs.shelf import SPREAD, Item, front_of_objectives, spread_of
from evolve.values import Purpose

COSTS = {
    "parameters": "weights",
    "multiply_adds": "multiply-adds",
    "activations": "activations",
    "latency": "ms an image",
    "size": "size",
    "size_int8": "size, 8 bits",
}


BUSY = 0.3  # spread of times, in shares of their median, from which on a machine had other work
MOST = 12  # candidates of a front that a hall of fame shows


def front(run: Run) -> list[RenderableType]:
    """The front of a run with several objectives; nothing for any other one."""
    names = [one.name for one in run.objectives.each]
    if len(names) == 1 or not (found := front_of_objectives(run)):
        return []
    named = ", ".join(name.replace("_", "-") for name in names)
    head = f"the front: {plural(len(found), 'candidate')} that none is better than in all of {named}"
    if len(found) > MOST:
        head += f"; {MOST} of them here, all with: --json"
    every = max(1, (len(found) - 1) / (MOST - 1))
    shown = [found[round(place * every)] for place in range(min(MOST, len(found)))]
    return [
        Text(head),
        table(shown, tuple(dict.fromkeys((*names[1:], "parameters", "multiply_adds")))),
        legend(run, shown),
        Text(),
    ]


def table(found: Sequence[Item], by: Sequence[str] = ("parameters", "multiply_adds")) -> RenderableType:
    """A row for each candidate: what it is worth, and what it costs."""
    longer, by = any(item.longer is not None for item in found), [name for name in by if name != SPREAD]
    columns = [Column("candidate"), Column("score"), *[Column("longer")] * longer, Column("re-scored", spare=1)]
    columns += [Column(COSTS.get(name, name.replace("_", " "))) for name in by]
    rows = FoldingTable((*columns, Column("origin", left=True, folds=True, spare=2)))
    for item in found:
        costs = [_shown(name, item.costs) for name in by]
        scores = [item.score, *[item.longer] * longer, item.rescored]
        rows.add_row(str(item.candidate), *map(score, scores), *costs, item.origin)
    return rows


def legend(run: Run, found: Sequence[Item]) -> Text:
    """Which scores a table shows."""
    objective = run.objective
    better = "" if objective.direction is Direction.MAXIMISE else ", lower is better"
    name = "" if objective.name in ("score", "fitness") else f" {objective.name.replace('_', ' ')}{better},"
    with run.log() as log:
        budgets = log.budgets(Purpose.SEARCH)
    after = f" after {budgets[0].images:,} x {budgets[0].epochs}" if budgets and run.config.table is None else ""
    said = f"score:{name} of the first training{after}, alike for all"
    said += "; longer: at the largest budget of the search" if any(one.longer is not None for one in found) else ""
    said += "; re-scored: mean of fresh trainings" if any(one.rescored is not None for one in found) else ""
    timed = any(one.costs.get("latency") is not None for one in found)
    said += "; ms: of one image on one core of this machine, ± half of how far times spread" if timed else ""
    return Text(said)


def nothing(run: Run, found: Sequence[Item], names: Sequence[str], limits: Mapping[str, float]) -> str:
    """Why a table has no rows. found: all that were scored. names: of measures that had to be known of them."""
    if not found:
        return f"no candidate of run '{run.name}' was scored"
    for name in names:
        if all(item.value(name) is None for item in found):
            how = "; evolve pick measures it" if name in MEASURED and run.config.table is None else ""
            return f"of no candidate of run '{run.name}' is {name.replace('_', '-')} known{how}"
    if limits:
        return f"nothing of run '{run.name}' is within these limits"
    return f"of no candidate of run '{run.name}' are all of {', '.join(names)} known".replace("_", "-")


def measured(item: Item, looked: str) -> Iterator[str]:
    """What a pick is worth knowing of what was measured. looked: how many were, in words."""
    latency, share = item.costs.get("latency"), spread_of(item.costs)
    if latency is not None:
        doubt = "" if share is None else f", the middle half of all times within {shown_time(share * latency)}"
        yield f"an image takes {shown_time(latency)} on one core of this machine{doubt}"
        if share is not None and share > BUSY:
            yield f"the machine had other work: times spread by {share:.0%} of their median, so that is a rough figure"
    if looked:
        yield looked


def _shown(name: str, costs: Mapping[str, float | None]) -> str:
    """A cost as people read it: milliseconds with half of their spread, sizes, counts."""
    value = costs.get(name)
    if value is None:
        return "-"
    if name not in COSTS:
        return score(value)
    if name == "latency":
        share = spread_of(costs)
        return f"{1000 * value:.3g}" + (f" ±{share / 2:.0%}" if share is not None else "")
    return shown_size(int(value)) if name in ("size", "size_int8", "activations") else count(int(value))
