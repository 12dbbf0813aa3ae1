"""What `import evolve` offers: make a run and continue it. The command line calls the same."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from evolve.config import RunConfig
from evolve.display.console import Watcher, make_console
from evolve.engine.running import VERSION as VERSION
from evolve.engine.running import resume_given, run_given
from evolve.errors import ConfigError
from evolve.execution.custom_fitness import Fitness, fitness_path
from evolve.research.design import Design, arm_in_words
from evolve.research.experiment import Experiment, conduct
from evolve.research.experiment_file import read_design
from evolve.research.experiment_folder import note_page
from evolve.run_settings import ResumeSettings, RunSettings
from evolve.runs.find import find
from evolve.runs.run import Run
from evolve.settings import path_of
from evolve.trust import Trust


def run(
    *,
    progress: Watcher = True,
    fitness: Fitness | str | None = None,
    plan: str | Path | None = None,
    **settings: Unpack[RunSettings],
) -> Run:
    """Evolves networks, re-scores the leaders, trains the winner in full, and returns the run.

    settings: the fields of `RunConfig`, for example dataset="digits", generations=5, population=16, seed=1.
    progress: whether to show what happens; or a function that is called with the figures of the moment, a `Progress` or
        `Epochs`, a few times a second.
    fitness: a function of one's own, `fitness(model, data, progress) -> number`, to be maximised instead of the
        metric; see `evolve.training.fitness_evaluator`. One of a module is called in worker processes, one of the
        script or notebook itself in this process.

    plan: a file, or the folder of a run that has one: its settings are used where `settings` says nothing.

    Raises ConfigError or DataError for settings or data that cannot be used, RunError if nothing can be trained, and
    KeyboardInterrupt after Ctrl-C (once: what runs is finished; twice: at once); the run can then be resumed.
    """
    values: dict[str, Any] = dict(settings)
    if fitness is not None:
        values["fitness"] = fitness if isinstance(fitness, str) else fitness_path(fitness)
    return run_given(RunConfig.given(values), plan, progress)


def resume(
    run: str | Path,
    *,
    results: str | Path = "results",
    trust: Trust = (),
    progress: Watcher = True,
    **settings: Unpack[ResumeSettings],
) -> Run:
    """Continues a killed, stopped or finished run where it ended.

    run: a name below `results`, or a folder. settings: generations, how many more than were asked for so far; duration,
    a time for all that is still to be done, such as "10m"; the others replace those of the run.
    trust: modules of the user's own layers and fitness function, which are then imported, such as ("my_layers",).
    Raises as `run` does, and TrustError for a module that the run names and `trust` does not.
    """
    given = RunConfig.given(settings)
    if others := sorted(given.values.keys() - (taken := RunConfig.of_verb("resume"))):
        raise ConfigError(
            f"'{others[0]}' stays as it is when a run is continued; what may be given is {', '.join(taken)}"
        )
    return resume_given(find(run, Path(results)).trusting(trust), given, progress)


def experiment(
    asked: str | Path | Mapping[str, Any],
    *,
    output: str | Path | None = None,
    data: str | Path | None = None,
    results: str | Path = "results",
    progress: Watcher = True,
) -> Experiment:
    """Compares arms on data sets with several seeds at equal budget, and returns the experiment. Called again, it goes
    on where it ended, and makes only what is missing.

    asked: a TOML file, or a mapping with the same keys, see docs/experiments.md. output: its folder; by default
    NAME-experiment below `results`. data: the folder from which paths of data sets and tables start; by default that of
    the file. Raises ConfigError, DataError or RunError before anything is trained if it cannot be made as a whole, and
    KeyboardInterrupt after Ctrl-C.
    """
    from evolve.reporting.experiment_page import About, write_page  # here, as SciPy is for experiments alone

    design, console = read_design(asked, data), make_console(progress)
    folder = path_of(output) if output else path_of(results) / f"{design.name}-experiment"
    try:
        made = conduct(design, folder, console)
    except KeyboardInterrupt:
        console.note(f"stopped; nothing is lost. {_how_to_go_on(design, output, data, results)}")
        raise
    now, arms = {arm.name for arm in design.arms}, {name: arm_in_words(arm) for name, arm in made.arms.items()}
    common = arm_in_words(design.common.values) if design.common.values else ""
    about = About(
        name=design.name,
        question=design.question or None,
        budget=design.budget_in_words,
        arms=arms,
        text=design.text,
        seen=made.seen,
        settings=common,
        gone=tuple(name for name in arms if name not in now),
    )
    write_page(made.analysis, folder, about)
    note_page(folder, len(made.analysis.seeds))
    return made


def _how_to_go_on(design: Design, output: str | Path | None, data: str | Path | None, results: str | Path) -> str:
    if design.file is None:
        return "Go on by calling evolve.experiment again"
    flags = {"--output": output, "--data": data, "--results": None if str(results) == "results" else results}
    words = [word for flag, value in flags.items() if value for word in (flag, str(value))]
    return f"Continue with: evolve experiment {shlex.join([design.label, *words])}"
