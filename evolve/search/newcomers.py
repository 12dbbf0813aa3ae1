"""Those that are bred after a race: how many there are, and when the last training makes more of their time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from evolve.search.leads import Scale
from evolve.search.runners import Runner, gain_by_training, lead_of_newcomers

TRAINED_LONGER = 2  # of the best of them, that are trained longer at the end
LOOKED_AT = 8  # newcomers, after each of which it is asked whether more of them pay


@dataclass
class Newcomers:
    """planned: how many there are to be at most, None for no plan. scale: of scores. last: images x epochs of the last
    training, which gets the time of those that are not born. enough: as many as make it long enough, so that more of
    them bring nothing. born: their birth numbers."""

    planned: int | None
    scale: Scale
    last: int
    enough: float = math.inf

    def __post_init__(self) -> None:
        self.born: list[int] = []
        self._trained: set[int] = set()

    @property
    def to_look(self) -> bool:
        """Whether it is time to look whether more of them pay."""
        return self.planned is not None and bool(self.born) and len(self.born) % LOOKED_AT == 0

    def why_no_more(self, known: Mapping[int, Runner], rival: Runner | None) -> str:
        """Why no more are born, or nothing. known: candidates by birth number. rival: the most promising of all others
        that were trained longer."""
        if self.planned is None:
            return ""
        if len(self.born) >= self.planned:
            return "all that the plan has time for was born"
        return self._training_pays(known, rival, self.planned - len(self.born)) if self.to_look and rival else ""

    def next_to_train(self, known: Mapping[int, Runner]) -> Runner | None:
        """Now that no more are born: the best of them that was not trained longer, as long as few enough were."""
        left = [known[one] for one in self.born if one in known and one not in self._trained]
        best = min(left, key=lambda one: one.by_rank, default=None)
        if best is None or len(self._trained) == TRAINED_LONGER:
            return None
        self._trained.add(best.number)
        return best

    def _training_pays(self, known: Mapping[int, Runner], rival: Runner, left: int) -> str:
        """Why the last training makes more of the time of so many newcomers, or nothing."""
        if self.scale.in_full:  # all are trained in full, so nothing says what more training brings
            return ""
        longer = self.last + left * rival.first.budget.size
        gain = gain_by_training(rival, min(longer, self.enough) / min(self.last, self.enough), self.scale)
        lead = lead_of_newcomers([known[one] for one in self.born if one in known], rival, self.scale)
        what = "leads beyond luck" if lead <= 0 else "leads by more than that"
        return f"training on brings more: none of {len(self.born)} newcomers {what}" if gain > max(0.0, lead) else ""
