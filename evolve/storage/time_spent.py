"""How long the sessions of a run worked."""

from __future__ import annotations

from itertools import pairwise

from evolve.storage.log import OF_RUN, Log
from evolve.storage.rows import Act

SESSION_ACTS = ("started", "search ended", "finished", "stopped", "failed")


def seconds_spent(store: Log) -> float:
    """How long earlier sessions of a run worked: what each says of itself or, of one that was killed, from its start to
    the last thing that is known of it. What the user asked for between them, such as a training by hand, does not
    count. A clock that was set back between sessions does no harm."""
    acts = [act for act in store.acts() if act.kind in SESSION_ACTS]
    marks = [act.at for act in acts] + store.moments(*OF_RUN)
    starts = sorted(act.at for act in acts if act.kind == "started")  # by the clock, which may not be as they were
    known = _said_of_themselves(acts)
    return sum(
        known.get(start, max((mark for mark in marks if start <= mark < end), default=start) - start)
        for start, end in pairwise([*starts, float("inf")])
    )


def _said_of_themselves(acts: list[Act]) -> dict[float, float]:
    """Seconds of work of each session that ended by itself, by the time of its start."""
    known, start = {}, 0.0
    for act in acts:
        start = act.at if act.kind == "started" else start
        if "worked" in act.detail:
            known[start] = float(act.detail["worked"])
    return known
