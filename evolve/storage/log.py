"""What can be asked of a run's log. All answers are queries: nothing is held in memory, however long the run is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple

from evolve.errors import LogError
from evolve.objectives import Objectives, Standing
from evolve.storage import rows
from evolve.storage.queries import HISTORY, SCORED, WITH_SCORE
from evolve.storage.rows import Act, CandidateRow, RequestRow
from evolve.values import SEARCHING, Budget, Fact, Hits, Purpose, Result, Status, judged_by

REQUEST_COLUMNS = 12  # of the table request
PAGE = 500  # rows that are read at a time: a reader left open would keep SQLite from tidying up behind the writer

OF_RUN = (*SEARCHING, Purpose.TWIN, Purpose.RESCORE, Purpose.FINAL)  # by itself, not by the user
MOST_SCORES = 100  # of one candidate in the search: one for each rung, and some again


class Scored(NamedTuple):
    """A candidate by its birth number, its fitness in the search, and the images that took, repeats counted."""

    candidate: int
    fitness: float
    trained: int

    @property
    def standing(self) -> Standing:
        return Standing(self.trained, self.fitness)


def _among(column: str, values: Iterable[Purpose | Status]) -> str:
    """SQL: `column` is one of `values`, or anything if there are none."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return f"{column} IN ({listed})" if listed else "1"


class Log:
    """The rows of a run: candidates, requests, results, facts and acts.

    Results have their fitness by the run's objectives."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @cached_property
    def objectives(self) -> Objectives:
        """The objectives of the run, by its settings. Raises LogError if these are damaged."""
        try:
            return Objectives.of(dict(self.meta().get("config") or {}))
        except (TypeError, ValueError) as error:
            raise LogError(f"the run's file is damaged: its objectives cannot be read ({error})") from None

    def _result(self, row: rows.Row) -> Result:
        return judged_by(self.objectives, rows.result(row), whole=False)

    @property
    def _values(self) -> str:
        """SQL: the objectives of a result, as they were measured. With several paths SQLite copies numbers as they are
        written, and does not round them; the last one is there so that there are several."""
        paths = [f"'{one.path}'" for one in (*self.objectives.each, self.objectives.first)]
        return f"json_remove(json_extract(measures, {', '.join(paths)}), '$[{len(paths) - 1}]')"

    @cached_property
    def _scored(self) -> str:
        first = self.objectives.first
        return SCORED.format(fitness=first.fitness_sql, path=first.path)

    def meta(self) -> dict[str, Any]:
        """Settings, versions and what else was stored when the run was made."""
        return {key: json.loads(value) for key, value in self._connection.execute("SELECT key, value FROM meta")}

    def acts(self) -> list[Act]:
        """All acts in order."""
        found = self._connection.execute("SELECT number, kind, detail, at FROM act ORDER BY number")
        return [rows.act(row) for row in found]

    def facts(self, kind: str | None = None) -> list[Fact]:
        """What the strategy wanted shown, all in order or what is of one kind."""
        found = self._connection.execute("SELECT * FROM fact WHERE kind = coalesce(?, kind) ORDER BY number", (kind,))
        return [rows.fact(row) for row in found]

    def candidates(self) -> dict[int, CandidateRow]:
        """All candidates by birth number."""
        found = self._connection.execute("SELECT * FROM candidate ORDER BY number")
        return {row[0]: rows.candidate(row) for row in found}

    def candidate(self, number: int) -> CandidateRow | None:
        """The candidate of that birth number, or None."""
        row = self._connection.execute("SELECT * FROM candidate WHERE number = ?", (number,)).fetchone()
        return row and rows.candidate(row)

    def born(self, number: int) -> CandidateRow:
        """The candidate that other rows name. Raises LogError if it is not there."""
        if (row := self.candidate(number)) is None:
            raise LogError(f"the run's file is damaged: candidate {number} is named in it, but is not there")
        return row

    def requests(self, *purposes: Purpose, candidate: int | None = None) -> list[RequestRow]:
        """All requests in order, or those for some purposes, or of one candidate."""
        found = self._connection.execute(
            f"SELECT * FROM request WHERE {_among('purpose', purposes)} AND candidate = coalesce(?, candidate) "
            "ORDER BY number",
            (candidate,),
        )
        return [rows.request(row) for row in found]

    def request(self, number: int) -> RequestRow:
        """The request that other rows name. Raises LogError if it is not there."""
        row = self._connection.execute("SELECT * FROM request WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise LogError(f"the run's file is damaged: request {number} is named in it, but is not there")
        return rows.request(row)

    def request_of(self, job_key: str) -> RequestRow | None:
        """The first request with that job key, or None."""
        row = self._connection.execute(
            "SELECT * FROM request WHERE job_key = ? ORDER BY number LIMIT 1", (job_key,)
        ).fetchone()
        return row and rows.request(row)

    def results(self) -> dict[int, Result]:
        """All results by request number."""
        found = self._connection.execute("SELECT * FROM result ORDER BY request")
        return {row[0]: self._result(row) for row in found}

    def result(self, request: int) -> Result | None:
        """The result of a request, or None."""
        row = self._connection.execute("SELECT * FROM result WHERE request = ?", (request,)).fetchone()
        return row and self._result(row)

    def hits(self, request: int) -> Hits | None:
        """Which images the network of a request recognised in the part that it was scored on. None where that is not
        known: of a copy, of a result of this run or of another, and where a fitness function or a table says the score.
        """
        row = self._connection.execute("SELECT * FROM hits WHERE request = ?", (request,)).fetchone()
        return row and rows.hits(row)

    def births(self) -> Iterator[tuple[RequestRow, CandidateRow]]:
        """Search requests with their candidates, in order; those written meanwhile are among them."""
        last = 0
        while page := self._connection.execute(
            "SELECT request.*, candidate.* FROM request JOIN candidate ON candidate.number = request.candidate "
            "WHERE request.number > ? AND purpose = 'search' ORDER BY request.number LIMIT ?",
            (last, PAGE),
        ).fetchall():
            for row in page:
                yield rows.request(row[:REQUEST_COLUMNS]), rows.candidate(row[REQUEST_COLUMNS:])
            last = page[-1][0]

    def count(self, *purposes: Purpose, statuses: Iterable[Status] = ()) -> int:
        """How many requests there are: all, or those for some purposes; with `statuses`, those that ended so."""
        ended = _among("status", statuses)
        joined = "request JOIN result ON request = number" if ended != "1" else "request"
        where = f"{_among('purpose', purposes)} AND {ended}"
        return int(self._connection.execute(f"SELECT count(*) FROM {joined} WHERE {where}").fetchone()[0])

    def last(self, table: str) -> int:
        """The highest number in the table "candidate" or "request"; 0 if it is empty."""
        return int(self._connection.execute(f"SELECT coalesce(max(number), 0) FROM {table}").fetchone()[0])

    def moments(self, *purposes: Purpose) -> list[float]:
        """When results for these purposes were written, in seconds since 1970."""
        found = self._connection.execute(
            "SELECT json_extract(timing, '$.at') FROM request JOIN result ON request = number "
            f"WHERE {_among('purpose', purposes)}"
        )
        return [float(at) for (at,) in found if at is not None]

    def known(self, job_key: str) -> Result | None:
        """The first result of a job with that key, or None."""
        row = self._connection.execute(
            "SELECT result.* FROM request JOIN result ON request = number WHERE job_key = ? ORDER BY number LIMIT 1",
            (job_key,),
        ).fetchone()
        return row and self._result(row)

    def first(self, requests: list[int]) -> int | None:
        """Of these requests the one whose result was written first, or None if none has a result."""
        marks = ", ".join("?" * len(requests))
        row = self._connection.execute(
            f"SELECT request FROM result WHERE request IN ({marks}) "
            "ORDER BY json_extract(timing, '$.order'), request LIMIT 1",
            requests,
        ).fetchone()
        return row and int(row[0])

    def best(self, count: int, born_after: int = 0) -> list[Scored]:
        """The `count` best candidates of the search: those with the largest budget first, of these the highest fitness,
        of equals the one born first. born_after: a birth number; only those with a higher one."""
        found: dict[int, Scored] = {}
        for row in self._connection.execute(self._scored, (None, None, born_after, count * MOST_SCORES)):
            found.setdefault(row[0], Scored(row[0], float(row[1]), row[2]))
        return list(found.values())[:count]

    def score(self, candidate: int) -> Scored | None:
        """A candidate's fitness in the search, at its largest budget, or None."""
        row = self._connection.execute(self._scored, (candidate, candidate, 0, 1)).fetchone()
        return row and Scored(row[0], float(row[1]), row[2])

    def exceeding(self, accuracy: float, balanced: float) -> tuple[int, int]:
        """How many candidates have an accuracy in the search, and how many of them a better balanced one than this, or
        a better one where that is all there is, at any of their budgets."""
        above = "coalesce(json_extract(measures, '$.balanced_accuracy') > ?, json_extract(measures, '$.accuracy') > ?)"
        row = self._connection.execute(
            f"SELECT count(DISTINCT candidate), count(DISTINCT CASE WHEN {above} THEN candidate END) "
            f"FROM request JOIN result ON request = number WHERE {_among('purpose', SEARCHING)} AND status = 'ok' "
            "AND json_type(measures, '$.accuracy') IN ('real', 'integer')",
            (balanced, accuracy),
        ).fetchone()
        return int(row[0]), int(row[1])

    def scored(self) -> int:
        """How many candidates have a score of the search."""
        scored = f"SELECT count(DISTINCT candidate) {WITH_SCORE.format(path=self.objectives.first.path)}"
        return int(self._connection.execute(scored).fetchone()[0])

    def budgets(self, *purposes: Purpose) -> list[Budget]:
        """The different budgets of requests for some purposes, the smallest first."""
        found = self._connection.execute(
            f"SELECT DISTINCT images, epochs, folds FROM request WHERE {_among('purpose', purposes)}"
        )
        return sorted(Budget(*row) for row in found)

    def numbers(self, purpose: Purpose) -> dict[tuple[int, str], int]:
        """Number of each request for a purpose, by its candidate and its job key."""
        return {(request.candidate, str(request.job_key)): request.number for request in self.requests(purpose)}

    def rescored(self) -> dict[int, list[float]]:
        """Fitness of each training that scored a candidate again, by birth number."""
        scores: dict[int, list[float]] = {}
        for request in self.requests(Purpose.RESCORE):
            result = self.result(request.number)
            if result is not None and result.fitness is not None:
                scores.setdefault(request.candidate, []).append(result.fitness)
        return scores

    def trained(self) -> Iterator[tuple[int, int, float]]:
        """Of each candidate with trainings of the run itself that ended and are no copies: its birth number, how many
        there are, and the images that these saw, repeats counted, or were asked to see where that is not known."""
        seen = "coalesce(json_extract(spent, '$.images') * json_extract(spent, '$.epochs'), images * epochs) * folds"
        found = self._connection.execute(
            f"SELECT candidate, count(*), sum({seen}) FROM request JOIN result ON request = number "
            f"WHERE {_among('purpose', OF_RUN)} AND status != '{Status.INVALID.value}' "
            "AND cached_from IS NULL AND reused_from IS NULL GROUP BY candidate ORDER BY candidate"
        )
        return ((int(number), int(count), float(images)) for number, count, images in found.fetchall())

    def full_training(self, candidate: int) -> tuple[RequestRow, Result] | None:
        """The last full training of a candidate that ended well, by the run or asked for by the user."""
        for request in reversed(self.requests(Purpose.FINAL, Purpose.TRAIN, candidate=candidate)):
            result = self.result(request.number)
            if result is not None and result.status is Status.OK:
                return request, result
        return None

    def history(self, last: int | None = None, candidate: int | None = None) -> Iterator[str]:
        """JSON objects, one per request in order: the `last` of them, or those of one candidate."""
        history = HISTORY.format(values=f"CASE status WHEN 'ok' THEN {self._values} ELSE '[]' END")
        before = 0
        if last is not None:
            skipped = "SELECT number FROM request ORDER BY number DESC LIMIT 1 OFFSET ?"
            before = (self._connection.execute(skipped, (last,)).fetchone() or (0,))[0]
        only = "" if candidate is None else f"AND candidate.number = {candidate:d}"
        while page := self._connection.execute(
            f"{history} WHERE request.number > ? {only} ORDER BY request.number LIMIT ?", (before, PAGE)
        ).fetchall():
            yield from (line for line, _ in page)
            before = page[-1][1]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read in the block is of one moment, whatever is written meanwhile."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")
