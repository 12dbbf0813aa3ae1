"""A run as people look at it: its hall of fame, its networks, its models, what it came to."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from evolve.drawing.network_svg import Subject, draw_beside, draw_network
from evolve.errors import LogError, RunError
from evolve.execution.keras_settings import settings_of_trainings
from evolve.objectives import PUBLISHED
from evolve.problems.spaces import recorded_genome, recorded_space
from evolve.problems.work import units_of
from evolve.runs.frame import data_frame
from evolve.runs.hall import leaders
from evolve.runs.leader import Leader
from evolve.runs.notebook import run_html, run_text
from evolve.runs.ranking import accuracy
from evolve.runs.recorded_run import RecordedRun
from evolve.runs.tensorboard_folder import TensorBoardFolder, write_whole
from evolve.runs.trainings import done
from evolve.settings import path_of
from evolve.storage.event_files import require
from evolve.storage.files import TENSORBOARD, model_path
from evolve.storage.locks import hold
from evolve.storage.model_file import load_model
from evolve.storage.rows import Act
from evolve.trust import Trust, names_of, require_modules
from evolve.values import SEARCHING, Budget, Purpose, Result, Spent, Status, adoption
from genomes import Genome, SearchSpace
from genomes.genome import recipe_of
from genomes.pool import PoolSpace
from genomes.spec import ModelSpec

OPENINGS = ("ensemble", "inspected")  # acts that open the test part
BEST = "best"  # names a candidate wherever one is asked for


@dataclass(frozen=True)
class Run(RecordedRun):
    """The run in `folder`, with its hall of fame and its models. See `RecordedRun` for what it is read from."""

    def __str__(self) -> str:
        """The run in a few lines, for `print`."""
        return run_text(self.summary(), self.hall_of_fame)

    def _repr_html_(self) -> str:
        """The run in a notebook."""
        return run_html(self.summary(), [leader.to_json() for leader in self.hall_of_fame])

    def to_dataframe(self) -> Any:
        """All candidates as a pandas DataFrame, one row each, see `evolve.runs.frame`. Raises RunError without pandas,
        which is installed by: pip install pandas."""
        with self.log() as log:
            return data_frame(log, self.done)

    def to_tensorboard(self, output: str | Path | None = None) -> TensorBoardFolder:
        """Writes all of the run for TensorBoard, see `evolve.runs.tensorboard_folder`, in the place of what was written
        of it before. output: the folder; by default `tensorboard` in that of the run.

        Raises ConfigError without the extra `tensorboard`, and RunError if the folder holds anything else, cannot be
        written, or is being written by a run that goes on."""
        require("to_tensorboard")
        folder = path_of(output).absolute() if output else self.folder / TENSORBOARD
        if folder == self.folder / TENSORBOARD:
            with hold(self.folder / "run.lock", self.folder), self.log() as log:
                return write_whole(log, folder)
        with self.log() as log:
            return write_whole(log, folder)

    @cached_property
    def space(self) -> SearchSpace[Genome]:
        """The search space. Raises RunError if it cannot be read, or the table of a run on one is gone."""
        return recorded_space(self.config, self.problem, f"run '{self.name}'")

    def genome(self, candidate: int) -> Genome:
        """The genome of a candidate. Raises RunError if it cannot be read or built."""
        known = self.candidate(candidate).genome
        return recorded_genome(self.space, known, f"candidate {candidate} of run '{self.name}'")

    def network(self, candidate: int) -> ModelSpec | None:
        """The network of a candidate; None if it has none, as an entry of a table, or could not be built."""
        if self.config.table is not None or self.candidate(candidate).key is None:
            return None
        blueprint = self.space.blueprint(self.genome(candidate))
        return blueprint if isinstance(blueprint, ModelSpec) else None

    def picture(self, candidate: int, beside: int | None = None) -> str:
        """The network of a candidate as SVG, or beside that of another one, with what differs marked, see
        `evolve.drawing`. Raises RunError for one that has no network, as an entry of a table."""
        if beside is None:
            return draw_network(self._pictured(candidate, f" of {self.name}"))
        return draw_beside(self._pictured(beside), self._pictured(candidate))

    def _pictured(self, candidate: int, of: str = "") -> Subject:
        spec = self.network(candidate)
        if spec is None:
            raise RunError(
                f"candidate {candidate} of run '{self.name}' has no network to draw: "
                + ("it is an entry of a table" if self.config.table is not None else "it could not be built")
            )
        return Subject(f"candidate {candidate}{of}", spec, self.genome(candidate).recipe)

    def recorded_network(self, candidate: int) -> str | None:
        """The network, in the notation, that a candidate of a table of trainings stands for; None for any other run."""
        if not isinstance(self.space, PoolSpace):
            return None
        return self.space.genomes[self.candidate(candidate).notation].notation()

    def check_modules(self, scoring: bool) -> None:
        """Raises TrustError if its settings name a module that the user did not."""
        require_modules(self.config.modules(scoring), self.trust, f"run '{self.name}'")

    def trusting(self, trust: Trust) -> Run:
        """This run, with more that the user named."""
        return replace(self, trust=(*self.trust, *names_of(trust)))

    def number(self, candidate: int | str) -> int:
        """Birth number of a candidate that is named by it, or by "best": the winner, or which is ahead before one has
        won. Raises RunError for any other name, and if none has a score yet."""
        if candidate != BEST:
            if not str(candidate).isdecimal():
                raise RunError(f"candidate must be a birth number or '{BEST}', not '{candidate}'")
            return int(candidate)
        if self.winner is not None:
            return self.winner
        if not self.hall_of_fame:
            raise RunError(f"run '{self.name}' has no candidate with a score yet, so none is the best")
        return self.hall_of_fame[0].candidate

    def model_path(self, candidate: int) -> Path:
        """Where the fully trained model of a candidate lies, if it was trained."""
        return model_path(self.folder, candidate)

    def model(self, candidate: int, trust: Trust = ()) -> Any:
        """The trained Keras model: raw images (batch, height, width, channels) -> class probabilities.

        trust: modules of the user's own layers, to be imported; without it TrustError. Raises RunError if the
        candidate was not trained in full; then `build` gives its network untrained.
        """
        path = self.model_path(candidate)
        if not path.exists():
            raise RunError(
                f"candidate {candidate} of run '{self.name}' was not trained in full, so there is no model "
                f"of it; train it with: evolve train {self.words} {candidate}"
            )
        return load_model(path, self.trusting(trust).trust)

    def build(self, candidate: int, trust: Trust = ()) -> Any:
        """The Keras model of a candidate, untrained. trust: as for `model`."""
        self.trusting(trust).check_modules(scoring=False)
        if self.config.table is not None:
            raise RunError("an entry of a table has no network to build")
        from genomes.decode import decode

        genome, known = self.genome(candidate), self.problem
        spec = self.space.blueprint(genome)
        assert isinstance(spec, ModelSpec)
        pixels = known["pixels"][recipe_of(genome).pixels] if "pixels" in known else known  # 0.1 knew one way only
        with settings_of_trainings():
            return decode(spec, pixels)

    @cached_property
    def hall_of_fame(self) -> list[Leader]:
        """The best candidates: all that were scored again, and ten at least, see `leaders`."""
        return self.leaders()

    def leaders(self, top: int | None = None) -> list[Leader]:
        """The `top` best candidates: re-scored ones by their mean on the selection part, then the others by their
        score. The one that won is first, see `hall_order`. None is as many as the hall of fame has."""
        with self.log() as log:
            return leaders(log, self, self.config, top)

    @cached_property
    def final_result(self) -> Result | None:
        """The result of the winner's full training, or None until it was trained."""
        with self.log() as log:
            return log.result(self._finished.detail["request"]) if self._finished else None

    @cached_property
    def in_full(self) -> Spent | None:
        """What the winner's full training really did, or None until it was trained."""
        if self._finished is None or self.final_result is None:
            return None
        with self.log() as log:
            budgets = {request.number: request.budget for request in log.requests(Purpose.FINAL)}
        budget = budgets.get(self._finished.detail["request"])  # gone, where a damaged file was rescued
        return self.done(budget, self.final_result) if budget else None

    def done(self, budget: Budget, result: Result) -> Spent | None:
        """What a training of this run really did, see `evolve.runs.trainings`; None where a published score was looked
        up, or where it did not end well."""
        if self.config.encoding == PUBLISHED or result.status is not Status.OK:
            return None
        return done(budget, result)

    @property
    def winner(self) -> int | None:
        """Birth number of the candidate that was trained in full last, or None."""
        return int(self._finished.detail["winner"]) if self._finished else None

    @property
    def _finished(self) -> Act | None:
        """The last time that a winner was trained."""
        last = next((act for act in reversed(self.acts) if act.kind == "finished"), None)
        if last is not None and not {"winner", "request"} <= last.detail.keys():
            raise LogError(f"{self.folder}: the run's file is damaged: its end does not say what was trained")
        return last

    @property
    def test_accuracy(self) -> float | None:
        """The winner's accuracy on the test part, or None until it was trained in full, and on a recorded table, which
        has none. With a fitness function of the user's own, what that returned. See `test_is_clean`."""
        if self.on_recorded_table or self.final_result is None:
            return None
        return accuracy(self.final_result, self.objective)

    @property
    def test_score(self) -> float | None:
        """What candidates are ranked by, of the winner on the test part; None where `test_accuracy` is."""
        if self.on_recorded_table or self.final_result is None:
            return None
        return self.final_result.measures.get(self.objective.name)

    @property
    def test_is_clean(self) -> bool | None:
        """Whether nothing that the winner began with can have seen images of the test part: False where it begins with
        weights of an adopted model. None as long as there is no winner."""
        return None if self.winner is None else adoption(self.candidate(self.winner)) is None

    @property
    def test_openings(self) -> int:
        """How often the test part was looked at: trainings that were scored on it, or tried to be, ensembles, and looks
        into models. A table of trainings has no test part."""
        if self.on_recorded_table:
            return 0
        with self.log() as log:
            trained = log.count(Purpose.FINAL, Purpose.TRAIN, statuses=Status)
        return trained + sum(act.kind in OPENINGS for act in self.acts)

    @cached_property
    def work(self) -> float | None:
        """Units of work of the trainings of the run itself: for each that ended, what it came to, or what was asked for
        if that is not known; copies cost nothing. None for a table, for a fitness function, which trains as it likes,
        and where candidates cannot be read any more."""
        if self.config.table is not None or self.config.fitness is not None:
            return None
        total = 0.0
        with self.log() as log, suppress(RunError):
            for number, count, images in log.trained():
                whose = f"candidate {number} of run '{self.name}'"
                spec = self.space.blueprint(recorded_genome(self.space, log.born(number).genome, whose))
                assert isinstance(spec, ModelSpec)
                total += units_of(spec, images, count)
            return total
        return None

    def summary(self, work: bool = True) -> dict[str, Any]:
        """The run in a few figures, as JSON. best: the score of the candidate that stands best in the search; which one
        won, after leaders were scored again, says the hall of fame. in_full: what its full training really did. work:
        see there; it takes a look at each candidate, and may be left out."""
        with self.log() as log:
            evaluations = log.count(*SEARCHING, statuses=Status)
            failures = evaluations - log.count(*SEARCHING, statuses=[Status.OK])
            best = [log.objectives.first.shown(one.fitness) for one in log.best(1)]
        return {
            "name": self.name,
            "state": self.state,
            "dataset": self.problem.get("name") or self.problem.get("table"),
            "strategy": self.config.strategy,
            "seed": self.config.seed,
            "evaluations": evaluations,
            "failures": failures,
            "best": best[0] if best else None,
            "test_accuracy": self.test_accuracy,
            "test_score": self.test_score,
            "test_is_clean": self.test_is_clean,
            "error": self.error,
            "in_full": self.in_full,
            **({"work": self.work} if work else {}),
            "created": self.meta["created"],
            "versions": {"evolve": self.meta["version"], **self.meta.get("libraries", {})},
        }
