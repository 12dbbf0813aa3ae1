"""Where a candidate comes from, in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from evolve.storage.rows import CandidateRow
from genomes.steps import Step

FOUNDER = "founder "  # what its text begins with, also in runs of version 0.9, which have nothing but texts
NAME_LENGTH = 32  # a longer name of a founder is a line of notation


def origin(row: CandidateRow) -> str:
    """As "founder fast", "random", "mutant of 4" or "child of 4 and 7"."""
    match row.parents:
        case ():
            return _first(row.steps)
        case (parent,):
            return f"mutant of {parent}"
        case parents:
            return f"child of {' and '.join(map(str, parents))}"


def _first(steps: Sequence[Step]) -> str:
    if not steps or not steps[0].text.startswith(FOUNDER):
        return "random"
    name = steps[0].text.removeprefix(FOUNDER)
    return "founder" if "," in name or len(name) > NAME_LENGTH else f"{FOUNDER}{name}"
