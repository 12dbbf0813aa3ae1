"""The end of a run: leaders are scored again with fresh seeds on images the search never saw, the winner is trained in
full, and the test part is opened for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import NoReturn

from evolve.config import RunConfig
from evolve.display.text import plural
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.vetoes import NOTED
from evolve.errors import RunError
from evolve.jobs import TrainingJob
from evolve.problems.problem import Problem
from evolve.problems.work import passes_within
from evolve.runs.race import Standings, standings
from evolve.runs.ranking import hall_order
from evolve.storage.files import model_name
from evolve.storage.log import Log
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status, worst_reason
from genomes import Genome

LOOKED_AT = 40  # candidates at most that are measured, in the hope that some are within limits
MUCH_LONGER = 1.2  # times as long, for which it pays to train a winner again
BACKSTOP = 2.0  # a last training that takes that many times as long as it may has gone wrong


class NoneTrained(RunError):
    """The training in full of all that may win failed."""


@dataclass(frozen=True)
class FinalStage:
    """Requests for the end of a run. Those that an earlier session wrote are found again, others are new.

    vetoed: why a candidate may not win, as what it costs where it is used is beyond a limit; "" if it may. hopeless:
    whether that is to be expected, as a smaller one is beyond it.
    most_epochs: of a last training that has units of work, if the user has set how many it may have. may_win: whether a
    genome is one that all of the search has come to, whatever its score is."""

    problem: Problem
    dispatcher: Dispatcher
    log: Log
    most_epochs: int | None = None
    may_win: Callable[[Genome], bool] = lambda genome: True
    vetoed: Callable[[Candidate], str] = lambda candidate: ""
    hopeless: Callable[[Candidate], bool] = lambda candidate: False

    def ranked(
        self,
        config: RunConfig,
        with_first: bool,
        before_rescoring: Callable[[list[Candidate]], None] = lambda leaders: None,
    ) -> list[Candidate]:
        """All that may win, best first: leaders that are scored again. A candidate that is alone is not: there is
        nothing to choose from, and so no luck in its score; nor are those of a table that has one training of each.
        with_first: as for `leaders`."""
        leaders = self.leaders(config.leaders, config.small_births or 0, with_first)
        repeats = self.problem.rescorings(config.rescorings)
        if self.log.last("candidate") == 1 or not repeats:
            return leaders
        before_rescoring(leaders)
        return self.rescore(leaders, repeats)

    def leaders(self, count: int, small: int = 0, with_first: bool = False) -> list[Candidate]:
        """The `count` best of the search; of those born after the first `small`, if there are any.

        with_first: whether several of them are joined by the first one born, the first founder, say: others have to be
        better than that, see `hall_order`."""
        most = self.log.last("candidate")
        best = [one.candidate for one in self.log.best(most, born_after=small) or self.log.best(most)]
        found = [one for one in map(self._candidate, best) if self.may_win(one.genome)] or [*map(self._candidate, best)]
        raced = standings(self.log, [one.number for one in found], again=False)
        if raced and (leaders := self._of_race(raced, count)):
            return leaders
        leaders = self._first(found, count) or self._first(list(map(self._candidate, best)), count)
        if found and not leaders:
            self._say_vetoes(found)
        first = min(found, key=lambda one: one.number, default=None)
        if with_first and count > 1 and first and first not in leaders and not self.vetoed(first):
            leaders.append(first)
        return leaders

    def _of_race(self, raced: Standings, count: int) -> list[Candidate]:
        """The most promising of a race; the favourite among them if newcomers are, which have to beat it."""
        leaders = self._first(list(map(self._candidate, raced.order)), count)
        numbers = [one.number for one in leaders]
        if count > 1 and raced.favourite not in numbers and any(raced.leads[one].tried for one in numbers):
            favourite = self._candidate(raced.favourite)
            leaders += [] if self.vetoed(favourite) else [favourite]
        return leaders

    def _first(self, found: list[Candidate], count: int) -> list[Candidate]:
        """The first so many that may win, among the first `LOOKED_AT`. If none of these may, as many are looked at of
        the others, those that are not hopeless."""
        best, others = found[:LOOKED_AT], (one for one in found[LOOKED_AT:] if not self.hopeless(one))
        for looked_at in (best, islice(others, LOOKED_AT)):
            if allowed := list(islice((one for one in looked_at if not self.vetoed(one)), count)):
                return allowed
        return []

    def _say_vetoes(self, found: list[Candidate]) -> NoReturn:
        """Raises RunError saying why none may win."""
        reasons = [f"candidate {one.number}: {self.vetoed(one)}" for one in found[:5]]
        measured = {act.detail["candidate"] for act in self.log.acts() if act.kind == NOTED}
        born = plural(self.log.last("candidate"), "candidate")
        raise RunError(
            f"no candidate is within the limits that are measured; {'; '.join(reasons)}; {len(measured)} of {born} "
            "were measured; search further with: evolve resume, or start a run with smaller networks "
            "(--max-parameters, --max-multiply-adds) or a larger limit"
        )

    def _candidate(self, number: int) -> Candidate:
        row = self.log.born(number)
        genome = self.problem.space.read(row.genome)
        return Candidate(number, genome, row.key, row.parents, row.steps, row.parameters, row.multiply_adds)

    def rescored(self, leaders: list[Candidate]) -> int:
        """How often these were scored again by an earlier session."""
        rows = [row for leader in leaders for row in self.log.requests(Purpose.RESCORE, candidate=leader.number)]
        return sum(self.log.result(row.number) is not None for row in rows)

    def rescore(self, leaders: list[Candidate], repeats: int) -> list[Candidate]:
        """Scores leaders on the selection part. Returns all candidates that ever were, those of before the run
        was continued among them; the one that won is first, see `hall_order`. Raises RunError if there are none."""
        budget = self.problem.budget(Purpose.RESCORE)
        requests = [
            self._request(leader, Purpose.RESCORE, budget, repeat)
            for leader in leaders
            for repeat in range(1, repeats + 1)
        ]
        results = self._perform(requests)
        rescored = self.log.rescored()
        if not rescored:
            raise RunError(f"no leader could be scored again; the most frequent reason: {worst_reason(results)}")

        scored = [known for number in rescored if (known := self.log.score(number))]
        numbers = [number for number in rescored if self.may_win(self._candidate(number).genome)] or list(rescored)
        numbers = [number for number in numbers if not self.vetoed(self._candidate(number))]
        if not numbers:
            self._say_vetoes(leaders)
        rescored = {number: rescored[number] for number in numbers}
        scored = [one for one in scored if one.candidate in rescored]
        raced = standings(self.log, numbers)
        order = raced.order if raced else None
        return [self._candidate(one.candidate) for one in hall_order(scored, rescored, order)]

    def train_winner(
        self, ranked: list[Candidate], finish_in: Callable[[], float | None] = lambda: None, work: float | None = None
    ) -> tuple[Request, Result]:
        """Trains the first of `ranked` in full; the next one if that fails.

        finish_in: seconds that a training has that begins now; None for as many epochs as the settings say. One that
        was trained before, when the run had less time, is trained again. work: units that are left, of which the
        training has all, one epoch at least; None for no limit. Raises NoneTrained if all fail.
        """
        results = []
        for candidate in ranked:
            seconds = finish_in()
            repeat = self._final_repeat(candidate, seconds)
            budget, seen = self.final_length(candidate, work)
            request = self._request(candidate, Purpose.FINAL, budget, repeat, seconds, seen)
            [result] = self._perform([request])
            if result.status is Status.OK:
                return request, result
            results.append(result)
            work = None if work is None else work - self.cost([candidate], budget)
        raise NoneTrained(f"no leader could be trained in full; the most frequent reason: {worst_reason(results)}")

    def cost(self, candidates: list[Candidate], budget: Budget) -> float:
        """Predicted cost of a training of each of them."""
        blueprint = self.problem.space.blueprint
        return sum(self.problem.cost(blueprint(one.genome), budget) for one in candidates)

    def final_length(self, candidate: Candidate, work: float | None) -> tuple[Budget, int | None]:
        """The budget of a last training, and how many images it sees if it ends within the last epoch: what the work
        that is left allows, but no more epochs than the user has set; or what the one before had, where a run that had
        units of work goes on without them."""
        usual = self.problem.budget(Purpose.FINAL)
        if work is None:
            before = self.log.requests(Purpose.FINAL)
            return (before[-1].budget if before else usual), None
        passes = passes_within(work, lambda epochs: self.cost([candidate], replace(usual, epochs=epochs)))
        if self.most_epochs is not None and passes >= self.most_epochs:
            return replace(usual, epochs=self.most_epochs), None
        return replace(usual, epochs=math.ceil(passes)), int(passes * usual.images)

    def _final_repeat(self, candidate: Candidate, finish_in: float | None) -> int:
        """The number of a candidate's last training in full: of the one it had, or of another one if there is time for
        a much longer one now."""
        rows = self.log.requests(Purpose.FINAL, candidate=candidate.number)
        if not rows:
            return 0
        repeat, result = rows[-1].repeat, self.log.result(rows[-1].number)
        if finish_in is None or result is None or result.status is not Status.OK:
            return repeat
        seconds = float(result.timing.get("seconds", math.inf))
        return repeat + (MUCH_LONGER * seconds < finish_in)

    def _request(
        self,
        candidate: Candidate,
        purpose: Purpose,
        budget: Budget,
        repeat: int,
        finish_in: float | None = None,
        seen: int | None = None,
    ) -> Request:
        assert candidate.key is not None
        asked = Request(0, candidate, budget, repeat, purpose, None)
        asked = replace(asked, job_key=self.problem.job_key(asked))
        rows = self.log.requests(purpose, candidate=candidate.number)
        number = next((row.number for row in rows if row.job_key == asked.job_key), None)
        request = replace(asked, number=number or self.dispatcher.number())
        model = model_name(candidate.number) if purpose is Purpose.FINAL else None
        blueprint = self.problem.space.blueprint(candidate.genome)
        job = self.problem.job(request, blueprint, model)
        if seen is not None and isinstance(job, TrainingJob):
            job = replace(job, seen=seen)
        if finish_in is not None and isinstance(job, TrainingJob):
            job = replace(job, finish_in=finish_in, seconds=BACKSTOP * (60 + finish_in))
        self.dispatcher.open(request, job, written=number is not None, blueprint=blueprint)
        return request

    def _perform(self, requests: list[Request]) -> list[Result]:
        return [self.dispatcher.result(request.number) for request in requests]
