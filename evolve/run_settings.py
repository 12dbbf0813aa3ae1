"""Keyword arguments of `evolve.run` and `evolve.resume`, with their types, for editors and mypy.

Written by `python benchmarks/settings_page.py` from the fields of `evolve.config.RunConfig`.
"""

from pathlib import Path
from typing import Any, Literal, TypedDict


class RunSettings(TypedDict, total=False):
    """Settings of `evolve.run`."""

    dataset: str | Path
    """digits, cifar10, cifar100, mnist, fashion_mnist, an .npz file or a folder of images. Default: digits."""
    image_size: int | None
    """Pixels a side that a folder's images are resized to. Default: as they are."""
    colour: Literal["grey", "colour"] | None
    """grey or colour, for a folder. Default: what they are."""
    table: str | Path | None
    """Table of scores, for the encoding choices; nothing is trained."""
    strategy: str
    """aging, genetic, neat or random. Default: aging."""
    options: dict[str, Any]
    """Settings of the strategy itself."""
    encoding: str
    """stack, or choices for a table. Default: stack."""
    metric: str
    """accuracy, balanced_accuracy or loss. Default: accuracy."""
    objectives: str | list[str] | tuple[str, ...]
    """A measure to rank by in the place of a metric: 'minimise loss'."""
    founders: list[str] | tuple[str, ...] | None
    """What the first population is made of. Default: fast, zoo, article and random."""
    max_founders: int | None
    """Built-in founders that take part at most. Default: all that there is time for."""
    layers: dict[str, Any]
    """Kinds of layers: off, drawn more often, narrowed, or your own."""
    recipe: dict[str, Any]
    """Values of the training recipe's genes."""
    reuse: str | Path | None
    """A run, by name or folder, whose results are copied where jobs are equal."""
    seed: int
    """Same seed, same history. Default: 0."""
    look_ahead: int | None
    """Candidates that may be in the making at once. Default: 8; 1 for a table."""
    fast: bool
    """Tell results as they come: a seed then has many histories."""
    duration: str | float | None
    """Time for all of it: 90s, 10m, 1h30m. Default: 10m, if nothing else limits it."""
    generations: int | None
    """Generations at most."""
    evaluations: int | None
    """Candidates at most."""
    population: int
    """Candidates in a generation. Default: 16."""
    images: int | None
    """Images of a brief training. Default: at most 10,000."""
    epochs: int | None
    """Epochs of a brief training. Default: by images."""
    rungs: str | list[str] | tuple[str, ...]
    """Budgets, images x epochs, that the best climb: 3000x1,9000x2."""
    promote_one_in: int
    """Of the candidates on a rung one in so many climbs on. Default: 3."""
    leaders: int
    """Candidates that are scored again at the end. Default: 3."""
    rescorings: int
    """How often each of them is scored again. Default: 3."""
    final_epochs: int | None
    """Epochs of the winner's full training. Default: 40, or by time."""
    average_weights: bool
    """Average the winner's weights over the end of its training."""
    max_layers: int
    """Layers of a network at most. Default: 32."""
    max_parameters: int
    """Weights of a network at most. Default: 3,000,000."""
    max_multiply_adds: int | None
    """Multiply-adds of a network for an image at most. Default: 50,000,000, more for large images."""
    max_work: int | None
    """Work for an image at most: multiply-adds, and a price for each value."""
    fill: bool
    """Make networks as wide as the limit on work allows."""
    small_births: int | None
    """How many births are small at the beginning."""
    small_work: int | None
    """Limit on the work of these."""
    candidate_timeout: str | float | None
    """Time of a brief training at most. Default: by its cost."""
    candidate_memory: float | None
    """GiB that a worker may hold. Default: by the machine's memory."""
    workers: int | None
    """Worker processes. Default: one per core, or four a GPU, but no more than look_ahead."""
    executor: Literal["processes", "in-process"] | None
    """processes or in-process: where candidates are trained. Default: processes; in-process for a table."""
    device: Literal["cpu", "gpu"] | None
    """cpu or gpu, to train on. Default: a GPU, where there is one."""
    gpu_share: float | None
    """Share of a GPU's memory for each worker. Default: the same for all workers."""
    precision: Literal["float32", "bfloat16"] | None
    """float32 or bfloat16, to train with. Default: what is faster here."""
    name: str | None
    """Name of the run. Default: made from data and strategy."""
    results: str | Path
    """Folder for runs. Default: results."""
    disk_limit: float | None
    """GiB that the folder for runs may hold."""


class ResumeSettings(TypedDict, total=False):
    """Settings of `evolve.resume`."""

    duration: str | float | None
    generations: int | None
    workers: int | None
    disk_limit: float | None
