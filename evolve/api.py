"""What `import evolve` offers: make a run, continue it, look at it. The command line calls nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evolve.config import RunConfig
from evolve.errors import ConfigError, RunError
from evolve.execution.devices import gpu_visible
from evolve.problem import Problem, backend_name, make_problem
from evolve.reporting.console import Console, make_console
from evolve.run_view import Run, find
from evolve.search.strategy import Proposal, strategy_class
from evolve.session import Session, seconds_spent
from evolve.storage.store import Store
from genomes import InvalidGenome

VERSION = version("evolve-convnets")


def run(*, progress: bool = True, **settings: Any) -> Run:
    """Evolves networks, re-scores the leaders, trains the winner in full, and returns the run.

    settings: the fields of `RunConfig`, for example dataset="digits", generations=5, population=16, seed=1.
    progress: whether to show what happens.

    Raises ConfigError or DataError for settings or data that cannot be used, RunError if nothing can be trained, and
    KeyboardInterrupt after Ctrl-C (once: what runs is finished; twice: at once); the run can then be resumed.
    """
    config = RunConfig.checked(settings)
    console = make_console(progress)
    _check_backend(config)
    gpu = config.table is None and gpu_visible()
    console.note("preparing data")
    problem = make_problem(config, gpu)
    config = config.model_copy(update={"name": config.name or _free_name(config, problem)})
    folder = config.results / str(config.name)
    founders = _founders(config, problem, console)
    strategy_class(config.strategy).Options.checked(config.options, where="options: ")
    meta = {
        "version": VERSION,
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
        "config": config.model_dump(mode="json"),
        "problem": problem.describe(),
        "founders": [founder.genome.notation() for founder in founders],
    }
    with Store.create(folder, meta) as store:
        console.note(f"run '{config.name}' in {folder}")
        Session(config, problem, founders, store, folder, console).go(config.limit)
    return Run(folder)


def resume(
    run: str | Path,
    *,
    generations: int | None = None,
    results: str | Path = "results",
    workers: int | None = None,
    duration: str | float | None = None,
    progress: bool = True,
) -> Run:
    """Continues a killed, stopped or finished run where it ended.

    run: a name below `results`, or a folder. generations: how many more than were asked for so far.
    duration: a time limit for this continuation, such as "10m". Raises as `run` does.
    """
    found = find(run, Path(results))
    made_by = found.meta["version"]
    if made_by != VERSION:
        raise RunError(
            f"run '{found.name}' was made by evolve {made_by}, this is {VERSION}, and another version may search "
            f"differently; continue it with version {made_by}, or start a new run"
        )
    extra = {"workers": workers, "duration": duration, "generations": generations}
    given = RunConfig.checked({name: value for name, value in extra.items() if value is not None})
    config = found.config.model_copy(update={"results": found.folder.parent, "name": found.name})
    console = make_console(progress)
    _check_backend(config)
    gpu = found.problem.get("device") == "gpu" and gpu_visible()
    problem = make_problem(config, gpu, found.problem["digest"])
    _same_problem(found, problem)
    founders = _founders(config, problem, make_console(False))
    with Store.open(found.folder) as store:
        limit = _limit(store, config, given)
        duration = None if given.generations else config.duration
        if given.duration:
            duration = seconds_spent(store) + given.duration
        config = config.model_copy(update={"workers": given.workers or config.workers, "duration": duration})
        Session(config, problem, founders, store, found.folder, console).go(limit)
    return Run(found.folder)


def _limit(store: Store, config: RunConfig, given: RunConfig) -> int:
    """Births after which a continued run ends its search: where it ended, or was about to, and what is added."""
    limit = config.limit
    for act in store.acts():
        if act.kind == "started":
            limit = int(act.detail["limit"])
        elif act.kind == "search ended" and not given.duration:
            limit = int(act.detail["births"])
    return limit + (given.generations or 0) * config.population


def _check_backend(config: RunConfig) -> None:
    """Raises ConfigError if networks cannot be trained here."""
    if config.table is None and find_spec(backend_name()) is None:
        raise ConfigError(
            f"the Keras backend '{backend_name()}' is not installed; install the extra of that name with: "
            f"pip install -e '.[{backend_name()}]', or set KERAS_BACKEND to tensorflow, jax or torch"
        )


def _free_name(config: RunConfig, problem: Problem) -> str:
    described = problem.describe()
    stem = f"{described.get('name') or described.get('table')}-{config.strategy}"
    number = 1
    while (config.results / f"{stem}-{number}").exists():
        number += 1
    return f"{stem}-{number}"


def _founders(config: RunConfig, problem: Problem, console: Console) -> list[Proposal]:
    """The founders given, or the search space's own; those that do not fit are named and left out."""
    named, unfit = problem.space.founders()
    founders = []
    for text in config.founders or (*named, *unfit):
        try:
            genome = named.get(text)
            if genome is None and text not in unfit:
                genome = problem.space.parse(text)
        except InvalidGenome as error:
            raise ConfigError(f"founder '{text}': {error}") from None
        try:
            if genome is None:
                raise InvalidGenome(unfit[text])
            problem.space.blueprint(genome)
            founders.append(Proposal(genome, (), (f"founder {text}",)))
        except InvalidGenome as error:
            console.note(f"founder {text} left out: {error}")
    return founders


def _same_problem(found: Run, problem: Problem) -> None:
    """Raises RunError if data, table or backend are not what the run was made with."""
    now = problem.describe()
    for name, before in found.problem.items():
        if isinstance(now.get(name), tuple):
            now[name] = list(now[name])
        if now.get(name) != before:
            raise RunError(
                f"run '{found.name}' was made with {name} {before}, now it would be {now.get(name)}; "
                "scores would not compare; restore what it was made with, or start a new run"
            )
