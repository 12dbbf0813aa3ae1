"""From settings to a problem: data are read and split, tables loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from evolve.config import RunConfig
from evolve.data.scratch import scratch_folder
from evolve.data.sources import Source, load
from evolve.data.splits import DATA_FOLDER, prepare, reopen
from evolve.errors import ConfigError, RunError
from evolve.execution.custom_fitness import fitness_version
from evolve.execution.isolated import call_isolated
from evolve.objectives import PUBLISHED, RECORDED
from evolve.problems.devices import gpu_sharing
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem
from evolve.problems.recorded_problem import RecordedProblem
from evolve.problems.recorded_tables import RecordedTable
from evolve.problems.table_files import Table, open_table
from evolve.problems.tables import TableProblem
from evolve.training.custom_layer_facts import custom_layers
from evolve.values import Counter


def make_problem(
    config: RunConfig,
    gpu: bool,
    known: Mapping[str, Any] | None = None,
    count: Counter = lambda what, done, total: None,
    before_reading: Callable[[], None] = lambda: None,
) -> Problem:
    """The problem that the settings name. Reads and prepares its data; raises DataError.

    known: what an earlier session stored of it. Data with its digest that lie prepared are used, wherever they came
    from. `before_reading` is called if there are none, and may refuse. `count` follows the reading of many files.
    """
    if config.table is not None:
        return table_problem(config, open_table(config.table))
    folder = config.results / DATA_FOLDER
    own = custom_layers(config.layers)
    fitness = _fitness_version(config.fitness) if config.fitness else None
    parts = reopen(folder, known["digest"], known["name"]) if known else None
    if parts is None:
        before_reading()
        with scratch_folder(folder) as scratch:
            parts = prepare(load(Source(config.dataset, config.image_size, config.colour), count, scratch), folder)
    share = gpu_sharing(config).share if gpu else 1.0
    return ImageProblem(config, parts, gpu, own, share, fitness)


def table_problem(config: RunConfig, table: Table | RecordedTable) -> TableProblem | RecordedProblem:
    """The problem of searching a table. Raises ConfigError if the settings do not go with it."""
    what, encoding = ("published scores", PUBLISHED) if isinstance(table, Table) else ("our own trainings", RECORDED)
    if (wrong := config.encoding) != encoding:
        right = config.assigned("encoding", encoding)
        raise ConfigError(f"'{table.name}' is a table of {what}, not for the encoding '{wrong}'; use {right}")
    if isinstance(table, Table):
        problem: TableProblem | RecordedProblem = TableProblem(config.seed, table, executor=_executor(config))
    else:
        problem = RecordedProblem(config, table.dataset(_dataset(config, table)), _executor(config))
    if problem.simulates_time and config.fast and config.duration:
        both = f"{config.spelled('fast')} and {config.spelled('duration')}"
        raise ConfigError(f"{both} do not go together where time is simulated, as by this table; give one of them")
    return problem


def _executor(config: RunConfig) -> str:
    return config.executor or "in-process"


def _dataset(config: RunConfig, table: RecordedTable) -> str:
    """The data set of a recorded table that is searched: the one that is named, or the only one."""
    listed = ", ".join(table.datasets)
    if "dataset" in config.model_fields_set:
        if config.dataset not in table.datasets:
            given = config.assigned("dataset", config.dataset)
            raise ConfigError(f"{given} is not in the table '{table.name}'; it has {listed}")
        return config.dataset
    if len(table.datasets) > 1:
        raise ConfigError(f"the table '{table.name}' has several data sets, {listed}; give {config.spelled('dataset')}")
    return listed


def _fitness_version(path: str) -> str:
    """See `fitness_version`. What this process has not imported is looked at in one of its own: the user's module may
    bring Keras, or end the process."""
    if path.partition(":")[0] in sys.modules:
        return fitness_version(path)
    try:
        return str(call_isolated("evolve.execution.custom_fitness:fitness_version", {"path": path}))
    except RunError as error:
        raise ConfigError(f"the fitness function {path} cannot be imported: {error}") from None
