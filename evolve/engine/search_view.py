"""How a search stands, for displays: who is ahead, the last births, and how the best score grew. It is worked out when
somebody looks, from what is there anyway; a search that nobody watches spends nothing on it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace

from evolve.display.progress import Favourite, Newborn
from evolve.display.search_lines import LONGEST
from evolve.engine.stats import Stats
from evolve.runs.origin import origin
from evolve.runs.race import Standings, standings
from evolve.runs.ranking import CLEARLY
from evolve.storage.log import Log
from evolve.values import Candidate, Purpose
from genomes import Genome, SearchSpace


class SearchView:
    """Of the search that `stats` is told of. space: which reads the genomes of the log.

    may_win: in a race, whether a genome is one that the race has come to; None where there is no race."""

    def __init__(self, stats: Stats, log: Log, space: SearchSpace[Genome]) -> None:
        self._stats, self._log, self._space = stats, log, space
        self.may_win: Callable[[Genome], bool] | None = None
        self._known: tuple[int, int] | None = None
        self._raced: Standings | None = None

    def favourite(self, rescored: int | None) -> Favourite | None:
        """Who wins if nothing better comes. In a race that is the first founder, until longer trainings have said who
        is expected to end best; elsewhere the best so far. rescored: how often leaders were scored again, None in the
        search."""
        if self.may_win is None:
            return self._plainly(self._stats.best)
        if self._known != (known := (self._stats.challenges, -1 if rescored is None else rescored)):
            self._known, self._raced = known, self._standings(again=rescored is not None)
        return self._of_race(self._raced) if self._raced else self._plainly(self._stats.first)

    def newborn(self) -> tuple[Newborn, ...]:
        """The last births that were told, the youngest first."""
        shown = self._log.objectives.first.shown
        return tuple(
            Newborn(one.number, None if fitness is None else shown(fitness), tuple(step.text for step in one.steps))
            for one, fitness in reversed(self._stats.newest)
        )

    def course(self) -> tuple[float, ...]:
        """The best score after at most `LONGEST` of the births, evenly from the first that has one to the last."""
        changes, shown = self._stats.course, self._log.objectives.first.shown
        if not changes:
            return ()
        first, births = changes[0][0], self._stats.births
        count = min(LONGEST, births - first + 1)
        at = [first + (births - first) * number // max(1, count - 1) for number in range(count)]
        return tuple(shown(changes[bisect_right(changes, (birth, float("inf"))) - 1][1]) for birth in at)

    def _standings(self, again: bool) -> Standings | None:
        """How the race stands among those that may win; as soon as two were scored again, among these. again: as of
        `standings`."""
        raced = sorted({request.candidate for request in self._log.requests(Purpose.CHALLENGE)})
        if again and len(scored := self._log.rescored()) > 1:
            raced = [one for one in raced if one in scored] or raced
        return standings(self._log, [one for one in raced if self._may_win(one)] or raced, again)

    def _may_win(self, candidate: int) -> bool:
        assert self.may_win is not None
        return self.may_win(self._space.read(self._log.born(candidate).genome))

    def _of_race(self, raced: Standings) -> Favourite | None:
        first, score, lead = raced.order[0], self._log.score(raced.order[0]), raced.over_next
        if score is None:
            return None
        shown = self._log.objectives.first.shown(score.fitness)
        alone = Favourite(first, origin(self._log.born(first)), shown)
        if lead is None:
            return alone
        return replace(
            alone, next=raced.order[1], lead=lead.by / raced.slope, interval=CLEARLY * lead.error / raced.slope
        )

    def _plainly(self, best: tuple[Candidate, float] | None) -> Favourite | None:
        if best is None:
            return None
        candidate, fitness = best
        return Favourite(candidate.number, origin(candidate), self._log.objectives.first.shown(fitness))
