"""What a search was told so far, in a few figures: for displays and for predictions of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from evolve.objectives import Standing, in_order
from evolve.values import SEARCHING, Candidate, Purpose, Request, Result, Status

NEWEST = 3  # births that are remembered for displays


def is_birth(request: Request) -> bool:
    """Whether it is the first of a candidate in the search."""
    return request.purpose is Purpose.SEARCH and request.continues is None


@dataclass
class Stats:
    """Figures of the results that were told. population: how many of the last results are `recent`.

    births: first results of candidates among them; the others are promotions.
    best: the best candidate, see `in_order`, and its fitness. on_best: called whenever that is another one.
    course: births that were told when the best became another one, and its fitness; a search has few such moments.
    first: the eldest candidate with a score, and its fitness. newest: the last births that were told, the youngest
        last, with their fitness; None for a failure. challenges: longer trainings that were told.
    running: predicted cost of each request that was opened and not told, by its number. candidates: of these.
    being_born: numbers of first requests of candidates among those that run.
    begun: predicted cost of all requests, in the order of asking.
    cost: predicted, of all that was told; measured_cost and seconds: of those that ended well.
    """

    population: int
    told: int = 0
    births: int = 0
    failures: int = 0
    begun: float = 0.0
    best: tuple[Candidate, float] | None = None
    cost: float = 0.0
    measured_cost: float = 0.0
    seconds: float = 0.0
    recent: deque[Result] = field(default_factory=deque)
    course: list[tuple[int, float]] = field(default_factory=list)
    first: tuple[Candidate, float] | None = None
    newest: deque[tuple[Candidate, float | None]] = field(default_factory=lambda: deque(maxlen=NEWEST))
    challenges: int = 0
    running: dict[int, float] = field(default_factory=dict)
    candidates: dict[int, int] = field(default_factory=dict)
    being_born: set[int] = field(default_factory=set)
    on_best: Callable[[], None] = lambda: None
    _place: tuple[int, float, int] | None = None

    def begin(self, request: Request, cost: float) -> None:
        """One more request of the search, and its predicted cost in any unit."""
        self.begun += cost
        self.running[request.number] = cost
        self.candidates[request.number] = request.candidate.number
        if is_birth(request):
            self.being_born.add(request.number)

    def running_cost(self, is_there: Callable[[int], bool]) -> float:
        """Predicted cost of what was opened and has no result yet. is_there: whether a request has one, told or not."""
        return sum(cost for number, cost in self.running.items() if not is_there(number))

    def add(self, request: Request, result: Result) -> None:
        """The result of a request that was begun."""
        cost = self.running.pop(request.number)
        del self.candidates[request.number]
        self.told += 1
        if is_birth(request):
            self._born(request.candidate, result.fitness)
        self.being_born.discard(request.number)
        self.cost += cost
        self.recent.append(result)
        if len(self.recent) > self.population:
            self.recent.popleft()
        if result.status is Status.OK and "seconds" in result.timing:
            self.measured_cost += cost
            self.seconds += float(result.timing["seconds"])
        if result.fitness is None:
            self.failures += 1
            return
        if request.purpose not in SEARCHING:
            return
        self.challenges += request.purpose is Purpose.CHALLENGE
        place = in_order(Standing(request.budget.size, result.fitness), request.candidate.number)
        if self._place is None or place < self._place:
            self._place, self.best = place, (request.candidate, result.fitness)
            self.course.append((self.births, result.fitness))
            self.on_best()

    def _born(self, candidate: Candidate, fitness: float | None) -> None:
        """The first result of a candidate."""
        self.births += 1
        self.newest.append((candidate, fitness))
        if fitness is not None and (self.first is None or candidate.number < self.first[0].number):
            self.first = (candidate, fitness)
