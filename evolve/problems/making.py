"""From settings to a problem: data are read and split, tables loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evolve.config import RunConfig
from evolve.data.sources import Source, load
from evolve.data.splits import DATA_FOLDER, prepare, reopen
from evolve.problems.devices import gpu_sharing
from evolve.problems.images import ImageProblem
from evolve.problems.problem import Problem
from evolve.problems.table_files import load_table
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
        table = load_table(config.table)
        return TableProblem(config.seed, table, config.encoding, config.executor or "in-process")
    folder = config.results / DATA_FOLDER
    own = custom_layers(config.layers)
    parts = reopen(folder, known["digest"], known["name"]) if known else None
    if parts is None:
        before_reading()
        parts = prepare(load(Source(config.dataset, config.image_size, config.colour), count), folder)
    share = gpu_sharing(config).share if gpu else 1.0
    return ImageProblem(config, parts, gpu, own, share)
