"""Random search: every candidate is drawn from nothing. The control that any other strategy has to beat
(Li and Talwalkar 2019, "Random Search and Reproducibility for Neural Architecture Search",
https://arxiv.org/abs/1902.07638)."""

from __future__ import annotations

from random import Random
from typing import ClassVar

from evolve.search.births import Births
from evolve.search.strategy import Answer, Proposal, Strategy
from evolve.settings import Settings
from evolve.values import Request, Result


class RandomSearch(Strategy):
    """Founders first, then random genomes, none of them twice."""

    takes_updates: ClassVar[bool] = True
    several_objectives: ClassVar[bool] = True  # it heeds none

    class Options(Settings):
        """Random search has no settings."""

    def __init__(self, births: Births, population: int, options: Options) -> None:
        self._births = births

    def ask(self, rng: Random) -> Proposal | Answer:
        births = self._births
        return (births.newcomer(rng) if births.founders_left else births.random(rng)) or "done"

    def tell(self, request: Request, result: Result) -> None:
        """Nothing is learned from a result."""

    def stop_reasons(self) -> dict[str, str]:
        return self._births.stop_reasons()
