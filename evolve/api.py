"""What `import evolve` offers: make a run and continue it. The command line calls the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from evolve.config import RunConfig
from evolve.errors import ConfigError, RunError
from evolve.execution.devices import default_memory, gpu_visible
from evolve.problem import DISTRIBUTIONS, Problem, TableProblem, backend_name, make_problem
from evolve.reporting.console import Console, make_console
from evolve.run_view import Run, find
from evolve.search.strategy import Proposal, strategy_class
from evolve.session import Session, seconds_spent
from evolve.storage.store import FILE, Store
from evolve.values import Purpose
from genomes import InvalidGenome

VERSION = version("evolve-convnets")
T = TypeVar("T")


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
    strategy_class(config.strategy).Options.checked(config.options, where="options: ")
    if config.name and (config.results / config.name / FILE).exists():
        raise RunError(
            f"{config.results / config.name} already holds a run; choose another --name, or continue it with: "
            f"evolve resume {config.name}"
        )
    console.note("preparing data")
    problem = _prepared(lambda: make_problem(config, config.table is None and gpu_visible()))
    config = _settled(config, problem)
    folder = config.results / str(config.name)
    founders = _founders(config, problem, console)
    _check_limits(problem)
    meta = {
        "version": VERSION,
        "libraries": _libraries(),
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
        "config": config.model_dump(mode="json"),
        "problem": problem.describe(),
        "founders": [founder.genome.notation() for founder in founders],
    }
    with _prepared(lambda: Store.create(folder, meta)) as store:
        console.note(f"run '{config.name}' in {folder}")
        Session(config, problem, founders, store, folder, console).go(config.limit, config.duration)
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
    given = RunConfig.checked(
        {
            k: v
            for k, v in {"workers": workers, "duration": duration, "generations": generations}.items()
            if v is not None
        }
    )
    config = found.config.model_copy(
        update={
            "results": found.folder.absolute().parent,
            "name": found.name,
            "workers": given.workers or found.config.workers,
        }
    )
    console = make_console(progress)
    _check_backend(config)
    gpu = found.problem.get("device") == "gpu" and gpu_visible()
    problem = _prepared(lambda: make_problem(config, gpu, found.problem))
    _same_problem(found, problem)
    for library, before in found.meta["libraries"].items():
        if before != (now := _libraries()[library]):
            console.note(f"{library} was {before} when this run was made and is {now} now")
    founders = _founders(config, problem, make_console(False))
    with Store.open(found.folder) as store:
        limit, seconds = _limits(store, config, given)
        Session(config, problem, founders, store, found.folder, console).go(limit, seconds)
    return Run(found.folder)


def _limits(store: Store, config: RunConfig, given: RunConfig) -> tuple[int | None, float | None]:
    """Births and seconds of work after which a continued run ends its search: as the last session had it, or where
    the search ended, and what is added. None is no limit."""
    limit, seconds = config.limit, config.duration
    for act in store.acts():
        if act.kind == "started":
            limit, seconds = act.detail["limit"], act.detail["seconds"]
        elif act.kind == "search ended":
            limit, seconds = act.detail["births"], None
    if given.generations:
        births = sum(row.purpose is Purpose.SEARCH for row in store.requests()) if limit is None else limit
        limit, seconds = births + given.generations * config.population, None
    if given.duration:
        limit, seconds = limit if given.generations else None, seconds_spent(store) + given.duration
    return limit, seconds


def _settled(config: RunConfig, problem: Problem) -> RunConfig:
    """The settings with a name, absolute paths, and what depends on the machine decided once for all."""
    update: dict[str, Any] = {"name": config.name or _free_name(config, problem)}
    if config.dataset.endswith(".npz"):
        update["dataset"] = str(Path(config.dataset).absolute())
    if config.table is not None:
        update["table"] = config.table.absolute()
    if config.candidate_memory is None:
        update["candidate_memory"] = default_memory()
    if isinstance(problem, TableProblem):
        update["rescorings"] = max(1, min(config.rescorings, problem.trainings - 1))
    return config.model_copy(update=update)


def _prepared(make: Callable[[], T]) -> T:
    """What `make` returns; a file or folder that cannot be used becomes a RunError."""
    try:
        return make()
    except OSError as error:
        raise RunError(f"cannot use {error.filename or 'a file'}: {error.strerror or error}") from None


def _check_limits(problem: Problem) -> None:
    """Raises ConfigError if no genome fits the limits."""
    try:
        problem.space.random(Random(0))
    except InvalidGenome as error:
        raise ConfigError(f"{error}; raise that limit") from None


def _libraries() -> dict[str, str]:
    """Versions of the libraries that a search's decisions depend on."""
    return {name: version(name) for name in ("deap", "neat-python", "numpy", "scikit-learn")}


def _check_backend(config: RunConfig) -> None:
    """Raises ConfigError if networks cannot be trained here."""
    name = backend_name()
    if config.table is not None:
        return
    if name not in DISTRIBUTIONS:
        raise ConfigError(f"KERAS_BACKEND must be one of {', '.join(DISTRIBUTIONS)}, not '{name}'")
    if find_spec(name) is None:
        raise ConfigError(
            f"the Keras backend '{name}' is not installed; install the extra of that name with: "
            f"pip install -e '.[{name}]', or set KERAS_BACKEND to tensorflow, jax or torch"
        )


def _free_name(config: RunConfig, problem: Problem) -> str:
    described = problem.describe()
    words = f"{described.get('name') or described.get('table')}-{config.strategy}"
    stem = re.sub(r"[^A-Za-z0-9]+", "-", words).strip("-")
    number = 1
    while (config.results / f"{stem}-{number}").exists():
        number += 1
    return f"{stem}-{number}"


def _founders(config: RunConfig, problem: Problem, console: Console) -> list[Proposal]:
    """The founders given, or the search space's own; those that do not fit are named and left out. Raises ConfigError
    for one that cannot be read, and if none of those given fits."""
    named, unfit = problem.space.founders()
    if not config.founders:
        if unfit:
            console.note(f"built-in founders that do not fit these images are left out: {', '.join(unfit)}")
        return [Proposal(genome, (), (f"founder {name}",)) for name, genome in named.items()]
    founders = []
    for text in config.founders:
        genome = named.get(text)
        reason = unfit.get(text)
        if genome is None and reason is None:
            genome, reason = _founder(text, problem, [*named, *unfit])
        if genome is not None and reason is None:
            founders.append(Proposal(genome, (), (f"founder {text}",)))
        else:
            console.note(f"founder {text} left out: {reason}")
    if not founders:
        raise ConfigError(f"none of the founders given fits; the last one: {reason}")
    return founders


def _founder(text: str, problem: Problem, names: list[str]) -> tuple[Any, str | None]:
    """The genome that a notation stands for, and why it does not fit, if so. Raises ConfigError if it is none."""
    try:
        genome = problem.space.parse(text)
    except InvalidGenome as error:
        close = get_close_matches(text, names, n=1)
        hint = f"; or did you mean the founder '{close[0]}'?" if close else ""
        raise ConfigError(f"founder '{text}': {error}{hint}") from None
    try:
        problem.space.blueprint(genome)
    except InvalidGenome as error:
        return genome, str(error)
    return genome, None


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
