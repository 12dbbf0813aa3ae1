"""A run as people look at it: its hall of fame, its history, its models. Reads the store and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from evolve.config import RunConfig
from evolve.errors import RunError
from evolve.image_problem import recorded_genome, recorded_space
from evolve.storage.rows import Act, CandidateRow, Log, RequestRow, checked
from evolve.storage.store import Store, readable
from evolve.training.model_file import load_model
from evolve.trust import Trust, names_of, require_modules
from evolve.values import Purpose, Result, Status
from genomes.stack import StackGenome, StackSpace

HALL_SIZE = 10


@dataclass(frozen=True)
class Leader:
    """One entry of the hall of fame.

    candidate: birth number. score: fitness in the search, on the validation part.
    rescored: mean of fresh trainings on the selection part, or None. parents: birth numbers.
    test_accuracy: of its last full training, or None if it had none.
    """

    run: Run = field(repr=False)
    candidate: int
    score: float
    rescored: float | None
    parameters: int | None
    multiply_adds: int | None
    notation: str
    parents: tuple[int, ...]
    test_accuracy: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "run"}

    def model(self, trust: Trust = ()) -> Any:
        """The trained Keras model: raw images (batch, height, width, channels) -> class probabilities.

        trust: modules of the user's own layers, to be imported; without it TrustError. Raises RunError if this
        candidate was not trained in full; then `build` gives its network untrained.
        """
        path = self.run.model_path(self.candidate)
        if not path.exists():
            raise RunError(
                f"candidate {self.candidate} of run '{self.run.name}' was not trained in full, so there is no model "
                f"of it; train it with: evolve train {self.run.name} {self.candidate}"
            )
        return load_model(path, self.run.trusting(trust).trust)

    def build(self, trust: Trust = ()) -> Any:
        """The Keras model of this candidate, untrained. trust: as for `model`."""
        self.run.trusting(trust).check_modules(scoring=False)
        if self.run.config.encoding != "stack":
            raise RunError("an entry of a table has no network to build")
        from genomes.decode import decode

        genome = self.run.genome(self.candidate)
        known = self.run.problem
        pixels = known["pixels"][genome.recipe.pixels] if "pixels" in known else known  # version 0.1 knew one way only
        return decode(self.run.space.blueprint(genome), pixels)


@dataclass(frozen=True)
class Run:
    """The run in `folder`, as it was when first looked at. trust: what the user named; see `evolve.trust`."""

    folder: Path
    trust: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        with Store.read(self.folder):
            pass

    @property
    def name(self) -> str:
        return self.folder.absolute().name

    @cached_property
    def _log(self) -> Log:
        with Store.read(self.folder) as store, store.snapshot(), readable(self.folder):
            return checked((store.meta(), store.candidates(), store.requests(), store.results(), store.acts()))

    @property
    def meta(self) -> dict[str, Any]:
        """What was stored when the run was made: settings, versions, data."""
        return self._log[0]

    @property
    def config(self) -> RunConfig:
        return RunConfig.checked(self.meta["config"], where=f"{self.folder}: ")

    @property
    def problem(self) -> dict[str, Any]:
        """What the run is about: data set or table, sizes, backend."""
        return dict(self.meta["problem"])

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, for a run on images."""
        return tuple(self.problem.get("class_names", ()))

    @property
    def candidates(self) -> dict[int, CandidateRow]:
        return self._log[1]

    @property
    def requests(self) -> list[RequestRow]:
        return self._log[2]

    @property
    def results(self) -> dict[int, Result]:
        return self._log[3]

    @property
    def acts(self) -> list[Act]:
        return self._log[4]

    @cached_property
    def space(self) -> StackSpace:
        """The search space, for a run on images. Raises RunError if it cannot be read."""
        return recorded_space(self.config, self.problem, f"run '{self.name}'")

    def genome(self, candidate: int) -> StackGenome:
        """The genome of a candidate of a run on images. Raises RunError if it cannot be read or built."""
        known = self.candidates[candidate].genome
        return recorded_genome(self.space, known, f"candidate {candidate} of run '{self.name}'")

    def check_modules(self, scoring: bool) -> None:
        """Raises TrustError if its settings name a module that the user did not."""
        require_modules(self.config.modules(scoring), self.trust, f"run '{self.name}'")

    def trusting(self, trust: Trust) -> Run:
        """This run, with more that the user named."""
        return replace(self, trust=(*self.trust, *names_of(trust)))

    def no_candidate(self, number: int) -> str:
        """Says that there is no candidate of that number."""
        return f"run '{self.name}' has candidates 1 to {len(self.candidates)}, not {number}"

    def model_path(self, candidate: int) -> Path:
        """Where the fully trained model of a candidate lies, if it was trained."""
        return model_path(self.folder, candidate)

    @cached_property
    def hall_of_fame(self) -> list[Leader]:
        """The best candidates: re-scored ones by their mean on the selection part, then the others by their score."""
        rescored: dict[int, list[float]] = {}
        for request in self.requests:
            result = self.results.get(request.number)
            if request.purpose is Purpose.RESCORE and result is not None and result.fitness is not None:
                rescored.setdefault(request.candidate, []).append(result.fitness)
        leaders = [self._leader(number, score, rescored.get(number)) for number, score in self.scores.items()]
        leaders.sort(key=lambda leader: rank(leader.rescored, leader.score, leader.candidate))
        return leaders[: max(HALL_SIZE, len(rescored))]

    @cached_property
    def scores(self) -> dict[int, float]:
        """Fitness in the search of each candidate that has one, by birth number."""
        searched = ((r.candidate, self.results.get(r.number)) for r in self.requests if r.purpose is Purpose.SEARCH)
        return {number: result.fitness for number, result in searched if result and result.fitness is not None}

    def _leader(self, number: int, score: float, rescored: list[float] | None) -> Leader:
        row = self.candidates[number]
        mean = fmean(rescored) if rescored else None
        trained = self.full_training(number)
        test = accuracy(trained[1]) if trained else None
        return Leader(self, number, score, mean, row.parameters, row.multiply_adds, row.notation, row.parents, test)

    def full_training(self, candidate: int) -> tuple[RequestRow, Result] | None:
        """The last full training of a candidate that ended well, by the run or asked for by the user."""
        done = [
            (request, self.results[request.number])
            for request in self.requests
            if request.candidate == candidate
            and request.purpose in (Purpose.FINAL, Purpose.TRAIN)
            and request.number in self.results
        ]
        good = [pair for pair in done if pair[1].status is Status.OK]
        return good[-1] if good else None

    def shown(self, fitness: float | None) -> float | None:
        """A fitness as people read it: a loss is maximised with its sign turned."""
        is_loss = self.config.metric == "loss" and self.config.fitness is None
        return -fitness if is_loss and fitness is not None else fitness

    @property
    def final_result(self) -> Result | None:
        """The result of the winner's full training, or None until it was trained."""
        return self.results[self._finished.detail["request"]] if self._finished else None

    @property
    def winner(self) -> int | None:
        """Birth number of the candidate that was trained in full last, or None."""
        return int(self._finished.detail["winner"]) if self._finished else None

    @property
    def _finished(self) -> Act | None:
        """The last time that a winner was trained."""
        return next((act for act in reversed(self.acts) if act.kind == "finished"), None)

    @property
    def test_accuracy(self) -> float | None:
        """The winner's accuracy on the test part, or None until it was trained in full. With a fitness function of the
        user's own, what that returned."""
        return accuracy(self.final_result) if self.final_result else None

    @property
    def test_openings(self) -> int:
        """How many trainings were scored on the test part, or tried to be."""
        trained = sum(r.purpose in (Purpose.FINAL, Purpose.TRAIN) and r.number in self.results for r in self.requests)
        return trained + sum(act.kind == "ensemble" for act in self.acts)

    @property
    def unrepeatable(self) -> int:
        """Results that depend on the machine: over the time or the memory limit. Such a run repeats from what is
        recorded, but another run with its seed may go another way."""
        statuses = (Status.TIMEOUT, Status.OUT_OF_MEMORY)
        return sum(result.status in statuses for result in self.results.values())

    @property
    def state(self) -> str:
        """finished, stopped (by the user), failed (nothing could be trained) or unfinished (it runs, or was killed)."""
        kinds = [act.kind for act in self.acts if act.kind in ("started", "finished", "stopped", "failed")]
        return kinds[-1] if kinds and kinds[-1] != "started" else "unfinished"

    def history(self) -> Iterator[dict[str, Any]]:
        """One JSON object per request, in order. All that is not under `timing` is the same for the same seed."""
        for request in self.requests:
            candidate, result = self.candidates[request.candidate], self.results.get(request.number)
            yield {
                "request": request.number,
                "purpose": request.purpose.value,
                "candidate": request.candidate,
                "notation": candidate.notation,
                "parents": candidate.parents,
                "origin": candidate.origin,
                "images": request.budget.images,
                "epochs": request.budget.epochs,
                "repeat": request.repeat,
                "start_from": request.start_from,
                "status": result.status.value if result else None,
                "objectives": result.objectives if result else (),
                "measures": result.measures if result else {},
                "curve": result.curve if result else (),
                "spent": result.spent if result else {},
                "reason": result.reason if result else None,
                "cached_from": result.cached_from if result else None,
                "timing": result.timing if result else {},
            }

    def summary(self) -> dict[str, Any]:
        """The run in a few figures, as JSON."""
        told = [r for r in self.requests if r.purpose is Purpose.SEARCH and r.number in self.results]
        best = self.hall_of_fame[0].score if self.hall_of_fame else None
        return {
            "name": self.name,
            "state": self.state,
            "dataset": self.problem.get("name") or self.problem.get("table"),
            "strategy": self.config.strategy,
            "seed": self.config.seed,
            "evaluations": len(told),
            "failures": sum(self.results[r.number].status is not Status.OK for r in told),
            "best": best,
            "test_accuracy": self.test_accuracy,
            "created": self.meta["created"],
            "versions": {"evolve": self.meta["version"], **self.meta.get("libraries", {})},
        }


def accuracy(result: Result) -> float | None:
    """The accuracy of a result, or its fitness where there is no accuracy."""
    return result.measures.get("accuracy", result.fitness)


def recalls(result: Result, class_names: Sequence[str]) -> dict[str, float]:
    """Share of each class's test images that was recognised after a full training, by class name."""
    shares = {name: result.measures.get(f"recall_{number}") for number, name in enumerate(class_names)}
    return {name: value for name, value in shares.items() if value is not None}


def rank(rescored: float | None, score: float, number: int) -> tuple[float, ...]:
    """Sorts candidates best first: by re-scored mean, those without one behind; then by score; then by birth."""
    return (float(rescored is None), -(rescored or 0.0), -score, float(number))


def model_path(folder: Path, candidate: int) -> Path:
    """Where a run keeps the fully trained model of a candidate."""
    return folder / "models" / f"candidate-{candidate}.keras"
