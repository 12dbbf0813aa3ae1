"""Where a candidate comes from, in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from evolve.values import Born, is_reborn
from genomes.json_value import Json
from genomes.steps import Step

FOUNDER = "founder "  # what its text begins with, also in runs of version 0.9, which have nothing but texts
NAME_LENGTH = 32  # a longer name of a founder is a line of notation


def origin(row: Born) -> str:
    """As "founder fast", "random", "mutant of 4", "child of 4 and 7", or "4 with augmentation"."""
    if is_reborn(row):
        on = any(value for change in row.steps[0].detail.values() for value in _now(change))
        return f"{row.parents[0]} with{'' if on else 'out'} augmentation"
    match row.parents:
        case ():
            return _first(row.steps)
        case (parent,):
            return f"mutant of {parent}"
        case parents:
            return f"child of {' and '.join(map(str, parents))}"


def _now(change: Json) -> Sequence[Json]:
    """The value of a gene after a change, of its values before and after."""
    return change[-1:] if isinstance(change, list) else ()


def _first(steps: Sequence[Step]) -> str:
    if not steps or not steps[0].text.startswith(FOUNDER):
        return "random"
    name = steps[0].text.removeprefix(FOUNDER)
    return "founder" if "," in name or len(name) > NAME_LENGTH else f"{FOUNDER}{name}"
