"""What earlier sessions of a run wrote down, to be compared with what is asked for now."""

from __future__ import annotations

from evolve.errors import RunError
from evolve.search.strategy import Facts
from evolve.storage.log import Log
from evolve.storage.rows import RequestRow
from evolve.values import Purpose, Request, Schedule

CUT = "race cut short"  # an act


class Replay:
    """Rows of the requests of a search so far, in order.

    active: whether the next request is recorded. cut: after how many requests of the search a race was cut short; None
    if it was not. ended: whether the search ended before.
    """

    def __init__(self, log: Log) -> None:
        self._rows = log.births()
        self._known = log.count(Purpose.SEARCH)
        self._beside = {purpose: log.numbers(purpose) for purpose in (Purpose.CLOSING, Purpose.CHALLENGE, Purpose.TWIN)}
        self._left = {key for purpose in (Purpose.CHALLENGE, Purpose.TWIN) for key in self._beside[purpose].items()}
        self._taken, self._facts = 0, len(log.facts())
        acts = log.acts()
        self.cut = next((int(act.detail["requests"]) for act in acts if act.kind == CUT), None)
        self.ended = any(act.kind == "search ended" for act in acts)

    @property
    def active(self) -> bool:
        return self._taken < self._known

    @property
    def examining(self) -> bool:
        """Whether longer trainings, or those of twins, are recorded that were not asked for yet."""
        return bool(self._left)

    def new(self, facts: Facts) -> Facts:
        """Of what a strategy tells now, what no earlier session wrote down."""
        told = min(len(facts), self._facts)
        self._facts -= told
        return facts[told:]

    def beside(self, asked: Request) -> int | None:
        """The number under which a request was written that is neither a birth nor a promotion of one, or None."""
        key = (asked.candidate.number, asked.job_key or "")
        number = self._beside[asked.purpose].get(key)
        self._left.discard((key, number or 0))
        return number

    def number(self, asked: Request) -> int | None:
        """The number under which the next request was written, or None if there is none. Raises RunError if the row is
        not what is asked for now."""
        if not self.active:
            return None
        request, row = next(self._rows)
        self._taken += 1
        candidate = asked.candidate
        if _facts(asked) != _recorded(request) or (candidate.genome.to_json(), candidate.parents) != (
            row.genome,
            row.parents,
        ):
            raise RunError(
                f"request {request.number} is recorded as candidate {row.number}, '{row.notation}', with "
                f"{request.budget}; now it would be candidate {candidate.number}, '{candidate.genome.notation()}', "
                f"with {asked.budget}: the code or a library has changed; continue with the versions that "
                "'evolve show --json' names, or start a new run"
            )
        return request.number


def _facts(asked: Request) -> tuple[object, ...]:
    goes_on = (asked.continues.request, asked.continues.schedule) if asked.continues else (None, Schedule.NEW)
    return asked.candidate.number, asked.budget, *goes_on, asked.inherits, asked.spans


def _recorded(row: RequestRow) -> tuple[object, ...]:
    return row.candidate, row.budget, row.continues, row.schedule, row.inherits, row.spans
