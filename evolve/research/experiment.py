"""An experiment: arms on data sets with seeds, each a trial that is made once and written down, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from evolve.config import RunConfig
from evolve.display.console import Console
from evolve.display.progress import StageWatch
from evolve.display.text import duration, plural, score
from evolve.errors import ConfigError
from evolve.research.arms import Data, ImageArms
from evolve.research.design import ALONE, COMMAND, Arm, Design
from evolve.research.experiment_folder import (
    ROWS,
    RUNS,
    arms_of,
    asked_for,
    check_same,
    check_versions,
    note_asked,
    opened,
    seen_before,
)
from evolve.research.image_data import image_data
from evolve.research.machine_share import Measurement, machine_facts, versions
from evolve.research.run_trial import TrialFailed
from evolve.research.table_arms import TableData, table_arms, table_data
from evolve.research.trials import Key, Trial, append_trial, folder_name, in_order, read_trials, write_trials
from evolve.runs.run import Run
from evolve.storage.store import Store

if TYPE_CHECKING:
    from evolve.research.analysis import Analysis

LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Experiment:
    """A finished experiment. trials: all that were ever asked for in its folder, by data set, seed and arm, as who
    leaves out what did not please finds differences that are none; the failed ones are among them, and a later call
    tries those again. arms: those of all these trials, as JSON, by name. seen: numbers of seeds with which its page was
    written before."""

    folder: Path
    design: Design
    trials: tuple[Trial, ...]
    arms: Mapping[str, Mapping[str, Any]]
    seen: tuple[int, ...] = ()

    @property
    def page(self) -> Path:
        """Where its page is."""
        return self.folder / "page.md"

    @cached_property
    def analysis(self) -> Analysis:
        """What the trials show."""
        from evolve.research.analysis import analyse  # here, as SciPy is for experiments alone

        alone = {name: arm[ALONE] for name, arm in self.arms.items() if ALONE in arm}
        programs = [name for name, arm in self.arms.items() if COMMAND in arm]
        design, tables = self.design, bool(self.design.tables)
        return analyse(self.trials, design.default.name, design.target, alone, programs, tables)


def conduct(design: Design, folder: Path, console: Console) -> Experiment:
    """Makes all trials that are missing in a folder, and returns the experiment.

    Raises ConfigError, DataError or RunError before anything is trained if it cannot be made as a whole, and
    KeyboardInterrupt after Ctrl-C; a later call with the same design goes on.
    """
    with opened(folder):
        data = table_data(design) if design.tables else image_data(design, folder / RUNS, console)
        asked = asked_for(design, {one.name: one.digest for one in data})
        check_same(folder, asked)
        runner = _Runner(design, folder, console, data)
        if runner.missing:
            check_versions(folder, runner.made_with(), runner.versions)
        note_asked(folder, asked)
        runner.run()
    trials = tuple(in_order(runner.known.values(), runner.keys))
    seen = seen_before(folder, len({trial.seed for trial in trials}))
    return Experiment(folder, design, trials, arms_of(folder), seen)


@dataclass(frozen=True)
class _Cell:
    """A data set, an arm and a seed: a trial that is asked for."""

    data: Data | TableData
    arm: Arm
    seed: int

    @property
    def key(self) -> tuple[str, str, int]:
        return self.data.name, self.arm.name, self.seed


class _Runner:
    """Makes the trials that are missing."""

    def __init__(self, design: Design, folder: Path, console: Console, data: Sequence[Data | TableData]) -> None:
        self._design, self._console = design, console
        self._data, self._rows, self._runs = data, folder / ROWS, folder / RUNS
        cells = [_Cell(one, arm, seed) for one, seed, arm in product(data, design.seeds, design.arms)]
        self.keys = [one.key for one in cells]
        _check_folders(design, self.keys)
        self.known = {trial.key: trial for trial in read_trials(self._rows)}
        self.versions = versions(trained=not design.tables)
        missing = (one for one in cells if one.key not in self.known or not self.known[one.key].ok)
        # All with the first seed come first, so that what is ended early says something about every data set.
        self.missing = sorted(missing, key=lambda one: design.seeds.index(one.seed))

    def made_with(self) -> Iterator[Mapping[str, str]]:
        """Versions of what is there: of trials, and of runs that are to be continued."""
        yield from (trial.versions for trial in self.known.values() if trial.ok)
        for cell in self.missing:
            folder = self._runs / folder_name(*cell.key)
            if cell.arm.command is None and Store.begun(folder):
                run = Run(folder)
                yield {"evolve": run.meta["version"], "backend": run.problem.get("backend", "")}

    def run(self) -> None:
        """Makes it, writing each row down at once; in the end all rows stand in their order."""
        self._console.note(self._plan())
        for warning in self._warnings():
            self._console.note(warning)
        machine = machine_facts()
        for trial in self._on_tables() if self._design.tables else self._on_images():
            made = datetime.now(UTC).isoformat(timespec="seconds")
            self.known[trial.key] = replace(trial, machine=machine, versions=self.versions, made=made)
            append_trial(self._rows, self.known[trial.key])
        write_trials(self._rows, in_order(self.known.values(), self.keys))

    def _plan(self) -> str:
        design, there = self._design, len(self.keys) - len(self.missing)
        counted = {"arm": design.arms, "table" if design.tables else "data set": self._data, "seed": design.seeds}
        counts = " x ".join(plural(len(each), what) for what, each in counted.items())
        known = f"; {there:,} of them are there" if there else ""
        trials = f"{plural(len(self.keys), 'trial')} ({counts}), {design.budget_in_words} each"
        return f"experiment '{design.name}': {trials}{known}"

    def _warnings(self) -> Iterator[str]:
        """What keeps it from showing anything, however long it takes."""
        from evolve.research.statistics import fewest_pairs  # here, as SciPy is for experiments alone

        design, pairs = self._design, len(self._design.seeds) * len(self._data)
        if len(design.arms) > 1 and pairs < (fewest := fewest_pairs(len(design.arms) - 1)):
            compared = plural(len(design.arms) - 1, "comparison")
            shown = f"it takes {fewest} for {compared}"
            yield f"{plural(pairs, 'pair')} of trials cannot show a difference, however large: {shown}"
        population = RunConfig.checked(design.given(design.default)).population
        if design.evaluations is not None and design.evaluations <= population:
            yield (
                f"a budget of {plural(design.evaluations, 'evaluation')} ends before a population of {population} is "
                "complete, so strategies that breed do the same as random search"
            )
        epochs, alone = design.common.values.get("final_epochs"), [arm.name for arm in design.arms if arm.alone]
        if epochs is not None and alone and not design.tables:
            yield (
                f"what searches find is trained for {plural(epochs, 'epoch')} at the end, {alone[0]} for "
                "all that the first arm spends: without final_epochs in [settings] they compare better"
            )
        for data in self._data:
            size = data.size if isinstance(data, TableData) else None
            if size is not None and design.evaluations is not None and design.evaluations >= size:
                yield f"the table has {plural(size, 'network')} for {data.name}, so each search sees all of them"
            founders = data.founders if isinstance(data, TableData) else 0
            if design.evaluations is not None and design.evaluations <= founders:
                asked, tried = plural(design.evaluations, "evaluation"), plural(founders, "founder")
                yield (
                    f"a budget of {asked} ends before the {tried} of {data.name} are all tried, so searches with the "
                    "same founders do the same"
                )

    def _blank(self, cell: _Cell) -> Trial:
        """What is known of a trial before it is made."""
        data, arm, seed = cell.key
        measure = self._design.objective.name
        return Trial(data, arm, seed, measure=measure, unit=self._design.unit, guessing=cell.data.guessing(measure))

    def _on_images(self) -> Iterator[Trial]:
        arms = ImageArms(self._design, self._runs, self._console)
        for place, cell in enumerate(self.missing, start=1):
            assert isinstance(cell.data, Data)
            blank, default = self._blank(cell), (cell.data.name, self._design.default.name, cell.seed)
            title = f"trial {place} of {len(self.missing)}, {_called(blank)}"
            self._console.note(title + self._left(self.missing[place - 1 :]))
            measured = Measurement()
            try:
                trial = arms.make(cell.arm, cell.data, blank, self.known.get(default), title)
            except TrialFailed as error:
                trial = replace(blank, status="failed", reason=str(error))
            trial = measured.of(trial)
            self._console.note(f"      {outcome(trial)}")
            yield trial

    def _left(self, cells: Sequence[_Cell]) -> str:
        """How long these trials take, if they are as those that are there."""
        if not (there := [trial for trial in self.known.values() if trial.ok]):
            return ""
        usual = fmean(trial.seconds for trial in there)
        of_arms = {arm: [trial.seconds for trial in there if trial.arm == arm] for arm in {t.arm for t in there}}
        seconds = sum(fmean(of_arms.get(one.arm.name, [usual])) for one in cells)
        return f" (about {duration(seconds)} left)"

    def _on_tables(self) -> Iterator[Trial]:
        if not self.missing:
            return
        tables = {one.name: one for one in self._data if isinstance(one, TableData)}
        watch = StageWatch("searching tables", len(self.missing), what="trials")
        made = table_arms(self._design, self._runs, [*tables.values()], len(self.missing))
        with made as arms, self._console.live(watch.now):
            blanks = [(cell, self._blank(cell)) for cell in self.missing]
            begun = [(blank, arms.begin(cell.arm, tables[blank.dataset], blank)) for cell, blank in blanks]
            for place, (blank, future) in enumerate(begun):
                while not future.done():
                    wait([future], LOOK_SECONDS)
                    self._console.refresh()
                watch.finish(place)
                try:
                    yield future.result()
                except TrialFailed as error:
                    yield replace(blank, status="failed", reason=str(error))


def _check_folders(design: Design, keys: Sequence[Key]) -> None:
    """Raises ConfigError if two trials would have one folder, also where capitals are not told apart."""
    known: dict[str, Key] = {}
    for key in keys:
        other = known.setdefault(folder_name(*key).lower(), key)
        if other != key:
            both = " and ".join(f"arm '{arm}' on '{dataset}'" for dataset, arm, _ in (other, key))
            raise ConfigError(f"{design.label}: {both} would share the folder {folder_name(*key)}; rename one of them")


def _called(trial: Trial) -> str:
    return f"{trial.arm} on {trial.dataset}, seed {trial.seed}"


def outcome(trial: Trial) -> str:
    """What a trial came to, in a line."""
    if not trial.ok:
        return f"failed: {trial.reason}"
    return f"{trial.measure} {score(trial.test)} after {duration(trial.seconds)}"
