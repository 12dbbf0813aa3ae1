"""A run as people look at it: its hall of fame, its history, its models. Reads the store and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from evolve.config import RunConfig
from evolve.errors import EvolveError, RunError, nearest
from evolve.image_problem import image_space
from evolve.storage.rows import Act, CandidateRow, RequestRow
from evolve.storage.store import FILE, Store
from evolve.training.model_file import load_model
from evolve.values import Purpose, Result, Status
from genomes.alphabet import is_own
from genomes.stack import StackSpace

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
        names = (
            "candidate",
            "score",
            "rescored",
            "parameters",
            "multiply_adds",
            "notation",
            "parents",
            "test_accuracy",
        )
        return {name: getattr(self, name) for name in names}

    def model(self) -> Any:
        """The trained Keras model: raw images (batch, height, width, channels) -> class probabilities.

        Raises RunError if this candidate was not trained in full; then `build` gives its network untrained.
        """
        path = self.run.model_path(self.candidate)
        if not path.exists():
            raise RunError(
                f"candidate {self.candidate} of run '{self.run.name}' was not trained in full, so there is no model "
                f"of it; train it with: evolve train {self.run.name} {self.candidate}"
            )
        return load_model(path, self.run.own_classes)

    def build(self) -> Any:
        """The Keras model of this candidate, untrained."""
        if self.run.config.encoding != "stack":
            raise RunError("an entry of a table has no network to build")
        from genomes.decode import decode

        genome = self.run.space.read(self.run.candidates[self.candidate].genome)
        known = self.run.problem
        pixels = known["pixels"][genome.recipe.pixels] if "pixels" in known else known  # version 0.1 knew one way only
        return decode(self.run.space.blueprint(genome), pixels)


@dataclass(frozen=True)
class Run:
    """The run in `folder`, as it was when first looked at."""

    folder: Path

    def __post_init__(self) -> None:
        with Store.read(self.folder):
            pass

    @property
    def name(self) -> str:
        return self.folder.absolute().name

    @cached_property
    def _log(self) -> tuple[dict[str, Any], dict[int, CandidateRow], list[RequestRow], dict[int, Result], list[Act]]:
        with Store.read(self.folder) as store, store.snapshot():
            return store.meta(), store.candidates(), store.requests(), store.results(), store.acts()

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
        """The search space, for a run on images."""
        known = self.problem
        return image_space(self.config, tuple(known["input_shape"]), len(known["class_names"]), known.get("own_layers"))

    @property
    def own_classes(self) -> list[str]:
        """Dotted paths of the layers of the user's own that its networks may have."""
        return [change["class"] for change in self.config.layers.values() if is_own(change)]

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
        scores: dict[int, float] = {}
        for request in self.requests:
            result = self.results.get(request.number)
            if result is None or result.fitness is None:
                continue
            if request.purpose is Purpose.SEARCH:
                scores[request.candidate] = result.fitness
            elif request.purpose is Purpose.RESCORE:
                rescored.setdefault(request.candidate, []).append(result.fitness)
        leaders = [self._leader(number, score, rescored.get(number)) for number, score in scores.items()]
        leaders.sort(key=lambda leader: rank(leader.rescored, leader.score, leader.candidate))
        return leaders[: max(HALL_SIZE, len(rescored))]

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
        negated = fitness is not None and self.config.metric == "loss" and self.config.fitness is None
        return -fitness if negated and fitness is not None else fitness

    def recalls(self, result: Result) -> dict[str, float]:
        """Share of each class's test images that was recognised after a full training, by class name."""
        names = self.problem.get("class_names", ())
        shares = {name: result.measures.get(f"recall_{number}") for number, name in enumerate(names)}
        return {name: value for name, value in shares.items() if value is not None}

    @property
    def final_result(self) -> Result | None:
        """The result of the winner's full training, or None until it was trained."""
        finished = [act for act in self.acts if act.kind == "finished"]
        return self.results[finished[-1].detail["request"]] if finished else None

    def family(self, candidate: int) -> list[dict[str, Any]]:
        """A candidate and all its ancestors, youngest first: candidate, parents, origin, notation, score."""
        scores = {
            request.candidate: self.results[request.number].fitness
            for request in self.requests
            if request.purpose is Purpose.SEARCH and request.number in self.results
        }
        members: set[int] = set()
        waiting = [candidate]
        while waiting:
            number = waiting.pop()
            if number not in members:
                members.add(number)
                waiting += self.candidates[number].parents
        rows = [self.candidates[number] for number in sorted(members, reverse=True)]
        return [
            {
                "candidate": row.number,
                "parents": row.parents,
                "origin": row.origin,
                "notation": row.notation,
                "score": scores.get(row.number),
            }
            for row in rows
        ]

    @property
    def winner(self) -> int | None:
        """Birth number of the candidate that was trained in full last, or None."""
        finished = [act for act in self.acts if act.kind == "finished"]
        return int(finished[-1].detail["winner"]) if finished else None

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


def rank(rescored: float | None, score: float, number: int) -> tuple[float, ...]:
    """Sorts candidates best first: by re-scored mean, those without one behind; then by score; then by birth."""
    return (float(rescored is None), -(rescored or 0.0), -score, float(number))


def model_path(folder: Path, candidate: int) -> Path:
    """Where a run keeps the fully trained model of a candidate."""
    return folder / "models" / f"candidate-{candidate}.keras"


def find(run: str | Path, results: str | Path = "results") -> Run:
    """The run named `run` in the folder `results`, or in the folder `run`. Raises RunError if there is none."""
    results = Path(results)
    for folder in (results / run, Path(run)):
        if (folder / FILE).is_file():
            return Run(folder)
    names = [path.parent.name for path in results.glob(f"*/{FILE}")]
    hint = nearest(str(run), names) if names else f"; there are no runs in {results} yet, make one with: evolve run"
    raise RunError(f"there is no run '{run}' in {results}{hint}")


def all_runs(
    results: str | Path = "results", on_problem: Callable[[EvolveError], None] = lambda problem: None
) -> list[Run]:
    """All runs in a folder, newest first. What cannot be read is left out and given to `on_problem`."""
    runs = []
    for path in Path(results).glob(f"*/{FILE}"):
        try:
            run = Run(path.parent)
            _ = run.config
            runs.append(run)
        except EvolveError as problem:
            on_problem(problem)
    return sorted(runs, key=lambda run: (run.meta["created"], run.name), reverse=True)
