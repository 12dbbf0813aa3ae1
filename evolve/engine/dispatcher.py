"""The dispatcher: writes every request and result down, gives jobs to the executor, and answers what is known already.

Rows are committed in groups: new requests when something has to be waited for, results as many as have come together.
Nothing is given to a worker before its request is on disk, and no result is used before it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from evolve.engine.interrupts import Stop, Stopped
from evolve.engine.measures import Measures
from evolve.execution.executor import Executor, Message
from evolve.jobs import Job, MeasureJob, TrainingJob
from evolve.storage.store import Store
from evolve.values import Candidate, Purpose, Request, Result, Status, judged_by
from genomes import Blueprint
from genomes.spec import ModelSpec

POLL_SECONDS = 0.25
MOST_TRIES = 2  # to make weights again


@dataclass(frozen=True)
class _Opening:
    """A request that is not begun yet. written: whether it is on disk. result: of one that needs no job."""

    request: Request
    job: Job | None
    written: bool
    result: Result | None


class Dispatcher:
    """Requests and results of one run on disk; in memory is only what is on its way.

    written: results that were written by this process.
    on_poll: called whenever it waits, for a display to be refreshed.
    again: given the key of weights and a number, the job that leaves them, or None; see `Ancestors`. A training whose
        beginning is gone waits until it is made again; nobody else sees that.
    elsewhere: given a job key, the result of an equal job of another run, or None.
    measures: what is known of what networks cost where they are used.
    on_message, on_result: to be set by whoever shows what running jobs report of their progress, and their ends.
    """

    def __init__(
        self,
        store: Store,
        executor: Executor,
        stop: Stop,
        on_poll: Callable[[], None] = lambda: None,
        again: Callable[[str, int], Job | None] = lambda weights, number: None,
        elsewhere: Callable[[str], Result | None] = lambda key: None,
    ) -> None:
        self.store, self.executor, self._stop, self._on_poll = store, executor, stop, on_poll
        self._again, self._elsewhere = again, elsewhere
        self.on_message: Callable[[Message], None] = lambda message: None
        self.on_result: Callable[[int], None] = lambda number: None
        self.written = 0
        self._jobs: dict[int, Job] = {}  # given to the executor; those that are made again have numbers below 0
        self._waiting: dict[str, list[Job]] = {}  # for weights, by their key
        self._made_again: dict[str, int] = {}
        self._reruns = 0
        self._next_number = store.last("request") + 1
        self._before = store.count(statuses=Status)
        self.measures = Measures(store.objectives)
        self._to_train: dict[int, Job] = {}  # when what the network costs is measured
        self._openings: list[_Opening] = []
        self._arrived: dict[int, Result] = {}
        self._flying: dict[str, list[int]] = {}
        self._key: dict[int, str] = {}

    def is_there(self, number: int) -> bool:
        """Whether the result of a request that was opened is there, though nobody has asked for it."""
        return number in self._arrived

    @property
    def weights_in_use(self) -> set[str]:
        """Keys of weights that a job begins with, is going to leave, or waits for."""
        waiting = [job for jobs in self._waiting.values() for job in jobs]
        jobs = [job for job in (*self._jobs.values(), *waiting) if isinstance(job, TrainingJob)]
        begun = {job.begins.weights for job in jobs if job.begins is not None}
        return begun | {job.key for job in jobs} | self._waiting.keys()

    def number(self) -> int:
        """The next request number."""
        self._next_number += 1
        return self._next_number - 1

    def open(
        self,
        request: Request,
        job: Job | None,
        written: bool = False,
        result: Result | None = None,
        blueprint: Blueprint | None = None,
    ) -> None:
        """Sees to it that a request is written down, its candidate with it if it is a birth, and gets its result:
        known, from an equal job, or from the executor.

        job: None for a candidate that cannot be built; `result` says why. written: whether an earlier session wrote it.
        blueprint: the network, whose costs may be an objective.
        """
        if written and self.store.result(request.number):
            return
        self._openings.append(_Opening(request, job, written, result))
        if blueprint is not None:
            self.measures.expect(request, blueprint)

    def result(self, number: int) -> Result:
        """The result of a request that was opened; waits for it. Raises Stopped if the user asks to stop first."""
        while True:
            if (arrived := self._arrived.pop(number, None)) is not None:
                return arrived
            if (known := self.store.result(number)) is not None:
                return known
            self._go_on()

    def first(self, numbers: list[int]) -> int:
        """Of these requests the one whose result came first; waits for one. Raises Stopped as `result` does."""
        while (first := self.store.first(numbers)) is None:
            self._go_on()
        return first

    def _go_on(self) -> None:
        """Begins what was opened, or else waits for a result."""
        if self._openings:
            self._begin_all()
        else:
            self._wait()

    def _begin_all(self) -> None:
        openings, self._openings = self._openings, []
        new = [opening.request for opening in openings if not opening.written]
        born = [request.candidate for request in new if request.purpose is Purpose.SEARCH and not request.continues]
        self._write(born, new, [opening.result for opening in openings if opening.result and not opening.written])
        for opening in openings:
            self._begin(opening.request, opening.job)

    def _begin(self, request: Request, job: Job | None) -> None:
        key = request.job_key
        if key is None or job is None:
            return
        if key in self._flying:
            self.measures.forget(request.number)
            self._flying[key].append(request.number)
        elif (known := self.store.known(key)) is not None:
            self.measures.forget(request.number)
            self._write([], [], [_copy(request.number, known)])
        elif (found := self._from_elsewhere(job, key)) is not None:
            copied = replace(found, request=request.number, cached_from=None, spent={}, timing={})
            self._write([], [], [judged_by(self.store.objectives, self.measures.beside(copied))])
        else:
            self._flying[key] = [request.number]
            self._key[request.number] = key
            self._measure_first(job)

    def _measure_first(self, job: Job) -> None:
        """Gives a job to the executor; one whose network is to be measured waits for that, so that nothing that was
        trained ever waits."""
        measuring = None
        if isinstance(job, TrainingJob):
            measuring = self.measures.job(job.number, job.spec, job.recipe.pixels, self.store.objectives.measured)
        if measuring is not None:
            self._to_train[job.number] = job
        self._submit(measuring or job)

    def _from_elsewhere(self, job: Job, key: str) -> Result | None:
        """What another run has, unless a model would be left, or what a network costs here is to be measured."""
        return None if _leaves_a_model(job) or self.store.objectives.measured else self._elsewhere(key)

    def _wait(self) -> None:
        self._stop_if_asked()
        self._listen()

    def _listen(self) -> None:
        """Waits a moment for results and messages."""
        arrived = self.executor.finished(POLL_SECONDS)
        for message in self.executor.messages():
            self.on_message(message)
        self._receive(arrived)
        self._on_poll()

    def _stop_if_asked(self) -> None:
        if self._stop.level == 0:
            return
        self.executor.drop_waiting()
        self._on_poll()
        while self._stop.level == 1 and self.executor.running:
            self._listen()
        self.executor.close()
        raise Stopped

    def _submit(self, job: Job) -> None:
        self._jobs[job.number] = job
        self.executor.submit(job)

    def _receive(self, arrived: list[Result]) -> None:
        """Writes results, and with each the copies for equal jobs that waited for it."""
        results = []
        for result in self._told(arrived):
            first, *others = self._flying.pop(self._key.pop(result.request))
            results += [result, *(_copy(number, replace(result, request=first)) for number in others)]
        if results:
            self._write([], [], results)

    def _told(self, arrived: list[Result]) -> Iterator[Result]:
        """Results of requests. Trainings whose weights are missing wait for them to be made again."""
        for result in arrived:
            job = self._jobs.pop(result.request)
            if result.status is Status.WEIGHTS_MISSING:
                if self._stop.level == 0:  # else it is asked for again when the run is continued
                    yield from self._wait_for(str(result.reason), job)
            elif isinstance(job, MeasureJob):
                yield from self._measured(job, result)
            elif job.number < 0:
                yield from self._made(job.key, result)
            else:
                yield judged_by(self.store.objectives, self.measures.beside(result))
            if isinstance(job, TrainingJob) and job.begins is not None and result.status is Status.OK:
                self._made_again.pop(job.begins.weights, None)

    def _measured(self, job: MeasureJob, result: Result) -> Iterator[Result]:
        """What a measuring came to: the training that waited for it begins; one whose network cannot be measured has
        failed."""
        self.measures.take(job, result)
        training = self._to_train.pop(job.number, None)
        if training is None or self._stop.level:  # it is asked for again when the run is continued
            return
        if result.status is Status.OK:
            self._submit(training)
        else:
            reason = f"what it costs could not be measured: {self.measures.failure(job.spec, job.pixels)}"
            yield Result(job.number, Status.FAILED, reason=reason)

    def measures_of(self, spec: ModelSpec, pixels: str, names: tuple[str, ...]) -> tuple[Mapping[str, float], str]:
        """What a network costs where it is used, see `evolve.objectives.MEASURED`, and why not if it cannot be
        measured; waits for it. Raises Stopped if the user asks to stop first."""
        self._reruns += 1
        if job := self.measures.job(-self._reruns, spec, pixels, names):
            self._submit(job)
            while job.number in self._jobs:
                self._wait()
        return self.measures.of(spec, pixels), self.measures.failure(spec, pixels)

    def _wait_for(self, weights: str, job: Job) -> Iterator[Result]:
        """Has the weights made again that a job begins with, unless that is under way; says so if that cannot be."""
        if weights in self._waiting:
            self._waiting[weights].append(job)
            return
        self._waiting[weights] = [job]
        tries = self._made_again[weights] = self._made_again.get(weights, 0) + 1
        self._reruns += 1
        again = self._again(weights, -self._reruns) if tries <= MOST_TRIES else None
        if again is None:
            yield from self._given_up(
                weights, "they cannot be made again" if tries > MOST_TRIES else "nobody left them"
            )
        else:
            self._submit(again)

    def _made(self, weights: str, result: Result) -> Iterator[Result]:
        """Now that weights are there again, what waited for them goes on."""
        if result.status is Status.OK:
            for job in self._waiting.pop(weights):
                if self._stop.level == 0:
                    self._submit(job)
        else:
            why = f"making them again ended as '{result.status}': {result.reason}"
            yield from self._given_up(weights, why, result.status)

    def _given_up(self, weights: str, why: str, status: Status = Status.FAILED) -> Iterator[Result]:
        for job in self._waiting.pop(weights):
            if job.number < 0:
                yield from self._given_up(job.key, why, status)
            else:
                reason = f"the weights {weights[:8]} that it begins with are missing, and {why}"
                yield Result(job.number, status, reason=reason)

    def _write(self, candidates: list[Candidate], requests: list[Request], results: list[Result]) -> None:
        """On disk first, then known. Each result gets its place in the order of writing, and the time."""
        at = round(time.time(), 3)
        begin = self._before + self.written
        stamped = [
            replace(result, timing={**result.timing, "at": at, "order": begin + place})
            for place, result in enumerate(results, start=1)
        ]
        self.store.add(candidates, requests, stamped)
        self.written += len(stamped)
        self._arrived |= {result.request: replace(result, hits=None) for result in stamped}  # as they will be read
        for result in stamped:
            self.on_result(result.request)


def _leaves_a_model(job: Job) -> bool:
    """Whether a result without the training would lack something."""
    return isinstance(job, TrainingJob) and job.model is not None


def _copy(number: int, original: Result) -> Result:
    """The result of an equal job, told again for another request: nothing was spent."""
    first = original.cached_from or original.request
    return replace(original, request=number, cached_from=first, spent={}, timing={}, hits=None)
