"""How a trial of each kind of arm is made on images: a search, a network that is trained alone, an outside program."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evolve.config import RANDOM, RunConfig
from evolve.display.console import Console, NestedConsole
from evolve.engine.initial_population import founder
from evolve.engine.running import resume_given, run_given
from evolve.errors import ConfigError, DiskLimitError, LogError, MachineError, RunError
from evolve.problems.images import ImageProblem
from evolve.problems.work import FLOAT32, START_COST, training_work
from evolve.research.commands import (
    ANY,
    BEYOND,
    GRACE,
    IMAGES,
    LONGER,
    CommandFailed,
    Range,
    Terms,
    filled,
    placeholders,
    run_command,
)
from evolve.research.design import COMMON, OF_SHARES, Arm, Design
from evolve.research.program_images import write_images
from evolve.research.run_trial import TrialFailed, trial_of
from evolve.research.trials import Point, Trial
from evolve.runs.guessing import guessing_on
from evolve.runs.run import Run
from evolve.settings import Given
from evolve.storage.store import Store
from evolve.values import Purpose
from genomes import Genome, InvalidGenome, SearchSpace
from genomes.spec import ModelSpec

SHARES, LOSSES = (0.0, 1.0), (0.0, BEYOND)  # scores that there can be
# Of a network that is trained alone: nothing is chosen, so its one brief training is as small as can be.
BRIEFLY = {"evaluations": 1, "images": 10, "epochs": 1}
UNLIMITED = {"max_layers": 10**6, "max_parameters": 10**12, "max_multiply_adds": 10**15, "max_work": 10**15}


@dataclass(frozen=True)
class Data:
    """A data set. name: what it is called in the experiment. setting: what `dataset` of a run is. problem: of the
    default arm on it."""

    name: str
    setting: str
    problem: ImageProblem

    @property
    def digest(self) -> str:
        return self.problem.parts.digest

    @property
    def prepared(self) -> dict[str, str]:
        """By what its prepared images are found."""
        return {"digest": self.digest, "name": self.name}

    def guessing(self, measure: str) -> float | None:
        """What guessing hardly ever exceeds on the test part; None of a measure for which that is not known."""
        guesses = guessing_on(self.problem.describe(), "test")
        return guesses.bound(measure) if guesses else None


def given_of(design: Design, arm: Arm, data: str, seed: int = 0) -> Given:
    """All settings of an arm that is a run on images, but for where that lies and, of a network that is trained alone,
    which it is and, if it is not for a time, for how long."""
    given, time = design.given(arm), {n: value for n, value in design.budget.values.items() if n == "duration"}
    own = design.of_datasets.get(data, Given({}))
    if arm.settings is None:  # of a network alone, what is said of the data
        own = replace(own, values={name: value for name, value in own.values.items() if name in COMMON})
    given = (arm.settings or Given({})).over(own).over(given)
    alone = {} if arm.alone is None else {**BRIEFLY, **UNLIMITED, **time}
    return replace(given, values={**given.values, **alone, "dataset": data, "seed": seed})


def line_of(space: SearchSpace[Genome], text: str, results: Path) -> str:
    """The network that is meant to be trained alone, as a line of notation. Raises ConfigError if it stands for none,
    for several, or does not fit. results: where it is looked for if it is RUN:CANDIDATE."""
    if text not in space.founders and text in (RANDOM, *space.founder_groups):
        raise ConfigError(f"'{text}' is not one network; name one founder, or write one as a line")
    try:
        genome = founder(space, text, results).genome
        space.blueprint(genome)
    except InvalidGenome as error:
        raise ConfigError(f"the network that is to be trained alone, {text}, does not fit: {error}") from None
    return genome.notation()


@dataclass(frozen=True)
class ImageArms:
    """Makes trials on images, one at a time. runs: the folder that their runs lie in."""

    design: Design
    runs: Path
    console: Console
    stop: threading.Event = field(default_factory=threading.Event)

    def make(self, arm: Arm, data: Data, blank: Trial, default: Trial | None, title: str) -> Trial:
        """What a trial comes to. blank: what is known of it before. default: what the default arm came to with that
        data and seed. Raises TrialFailed if it comes to nothing."""
        if arm.command is not None:
            return self._command(arm.command, data, blank, default)
        given = given_of(self.design, arm, data.setting, blank.seed)
        if arm.alone is not None:
            given = replace(given, values={**given.values, **self._alone(arm.alone, given, data, default)})
            alone = trial_of(self._run(given, blank, title), blank, self.design.objective)
            return replace(alone, selected=None, curve=())  # its one brief training chose nothing
        return trial_of(self._run(given, blank, title), blank, self.design.objective)

    def _run(self, given: Given, blank: Trial, title: str) -> Run:
        """The finished run of a trial: begun, continued where it ended, or there already."""
        folder, console = self.runs / blank.folder, NestedConsole(self.console, title)
        try:
            if not Store.begun(folder):
                given = replace(given, values={**given.values, "name": blank.folder, "results": self.runs})
                return run_given(given, progress=console, measure=False)
            found = Run(folder)
            if found.state == "finished":
                return found
            trusted = found.trusting((*found.config.modules(), *found.config.own_data))
            return resume_given(trusted, Given({}), console)
        except (LogError, MachineError, DiskLimitError):
            raise
        except RunError as error:
            if Store.begun(folder) and Run(folder).state == "failed":
                raise TrialFailed(str(error)) from None
            raise

    def _alone(self, text: str, given: Given, data: Data, default: Trial | None) -> Mapping[str, Any]:
        """Which network is trained alone, and how long: for the time, or for the work that the default arm spent."""
        problem = replace(data.problem, config=RunConfig.checked(given))
        line = line_of(problem.space, text, self.runs)
        if "duration" in given.values:
            return {"founders": (line,)}
        spent, network = known(default).work, problem.space.blueprint(problem.space.parse(line))
        assert spent is not None and isinstance(network, ModelSpec)
        return {
            "founders": (line,),
            "final_epochs": epochs_for(spent, network, problem.budget(Purpose.FINAL).images),
        }

    def _command(self, command: str, data: Data, blank: Trial, default: Trial | None) -> Trial:
        seconds = round(known(default).seconds, 1)
        folder = (self.runs / blank.folder).absolute()
        images = folder.with_name(f"{folder.name}.npz")
        told = {"dataset": data.setting, IMAGES: images, "seed": blank.seed, "folder": folder}
        words = filled(command, {**told, "seconds": seconds, "evaluations": self.design.evaluations})
        terms = Terms(self.design.folder, LONGER * seconds + GRACE, self.stop, possible(blank.measure))
        try:
            if IMAGES in placeholders(command):
                write_images(data.problem.parts, images)
            return in_fitness(command_trial(words, blank, folder, terms), self.design)
        finally:
            images.unlink(missing_ok=True)  # its test part is not to lie about


def possible(measure: str) -> Range:
    """The least and the largest score that there can be, as measured."""
    return SHARES if measure in OF_SHARES else LOSSES if measure == "loss" else ANY


def in_fitness(trial: Trial, design: Design) -> Trial:
    """A trial whose scores are as they were measured, turned so that higher is better."""
    turn = design.objective.fitness

    def turned(value: float | None) -> float | None:
        return None if value is None else turn(value)

    curve = tuple(Point(point.x, turn(point.selected), turned(point.truth)) for point in trial.curve)
    scores = (turned(trial.test), turned(trial.selected), turned(trial.rescored))
    return replace(trial, curve=curve, test=scores[0], selected=scores[1], rescored=scores[2])


def known(default: Trial | None) -> Trial:
    """The default arm's trial. Raises TrialFailed if it has none."""
    if default is None or not default.ok:
        raise TrialFailed("the first arm failed with this data and seed, so what it would have spent is not known")
    return default


def epochs_for(work: float, network: ModelSpec, images: int) -> int:
    """Epochs of a full training on so many images that come next to so many units of work, together with the brief one
    before it; one at least."""
    each = FLOAT32.work(network)
    rest = work - START_COST - training_work(each, BRIEFLY["images"] * BRIEFLY["epochs"])
    return max(1, round(rest / (3.0 * each * images)))


def command_trial(words: list[str], blank: Trial, output: Path, terms: Terms) -> Trial:
    """What an outside program comes to. See `run_command`; its folder for output is emptied before."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    try:
        answer = run_command(words, output, terms)
    except CommandFailed as error:
        raise TrialFailed(str(error)) from None
    return replace(blank, **vars(answer))
