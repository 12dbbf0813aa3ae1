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
    """Pixels per side to which a folder's images are resized. Default: as they are."""
    colour: Literal["grey", "colour"] | None
    """How a folder's images are read: grey or colour. Default: as the files are."""
    table: str | Path | None
    """Table to search, published (.json) or recorded (.jsonl); nothing is trained."""
    strategy: str
    """aging, genetic, neat, codeepneat, nsga2, map-elites or random. Default: aging."""
    options: dict[str, Any]
    """Settings of the strategy itself."""
    encoding: str
    """stack or graph; for a table choices or pool. Default: stack; that of the table."""
    metric: str
    """accuracy, balanced_accuracy or loss. Default: accuracy."""
    objectives: str | list[str] | tuple[str, ...]
    """Measures to rank by instead of a metric: 'minimise loss', or several: accuracy,parameters,multiply_adds."""
    founders: list[str] | tuple[str, ...] | None
    """What the first population is made of. Default: portfolio."""
    max_founders: int | None
    """Largest number of built-in founders. Default: all that there is time for."""
    layers: dict[str, Any]
    """Kinds of layers: off, drawn more often, narrowed, or your own."""
    recipe: dict[str, Any]
    """Values of the training recipe's genes."""
    reuse: str | Path | None
    """A run, by name or folder: its results are copied where jobs are equal."""
    seed: int
    """Same seed, same history. Default: 0."""
    look_ahead: int | None
    """Most candidates in progress at once. Default: 8; 1 for a table."""
    fast: bool
    """Use results as they come: a seed then has many histories."""
    duration: str | float | None
    """Time for the whole command: 90s, 10m, 1h30m. Default: 10m, if nothing else limits it."""
    generations: int | None
    """Largest number of generations."""
    evaluations: int | None
    """Largest number of candidates."""
    work: float | None
    """Units of work for all of it, with one plan on every machine: 2e13."""
    population: int
    """Candidates in a generation. Default: 16."""
    images: int | None
    """Images of a brief training. Default: 5,000, or all if there are fewer."""
    epochs: int | None
    """Epochs of a brief training. Default: 10,000 / images, at most 10."""
    rungs: str | list[str] | tuple[str, ...]
    """Budgets, images x epochs, that the best climb: 3000x1,9000x2."""
    promote_one_in: int
    """One in this many candidates goes on to the next rung. Default: 3."""
    challengers: int
    """Starts of the race to train longer; the first one always is. Default: 4."""
    newcomers: int | None
    """Largest number of candidates that are bred after a race. Default: as many as the run has room for."""
    few_images: int
    """With fewer images, the test part aside, candidates are scored by 4-fold cross-validation. Default: 1,000."""
    twins: str | list[str] | tuple[str, ...]
    """Budgets to train with and without an augmentation where the probe leaves it open: 5000x3,5000x9."""
    leaders: int
    """How many of the best are scored again. Default: 3."""
    rescorings: int
    """How often each of them is scored again. Default: 3, or 1 on more images."""
    rescoring_images: int | None
    """Images that leaders are scored again on, if more than in the race. Default: as planned."""
    rescoring_epochs: int | None
    """Epochs that leaders are scored again with, if more than in the race. Default: as planned."""
    final_epochs: int | None
    """Epochs of the winner's full training. Default: 40; as planned with a time or work."""
    ensemble: int | None
    """Train the best N in full, to be used together. Default: the winner alone."""
    average_weights: bool
    """Average the winner's weights over the end of its training."""
    max_layers: int
    """Largest number of layers of a network. Default: 32."""
    max_parameters: str | int
    """Largest number of weights of a network, such as 100k. Default: 3,000,000."""
    max_multiply_adds: str | int | None
    """Largest number of multiply-adds per image, such as 5M. Default: 50,000,000, more for large images."""
    max_activations: str | int | None
    """Largest peak of activations of an image, at 8 bits a value, such as 256kB."""
    max_size: str | int | None
    """Largest LiteRT file with numbers of 8 bits, such as 30kB."""
    max_latency: str | float | None
    """Longest time for one image, on one core of this machine, such as 2ms."""
    max_work: int | None
    """Largest work per image: multiply-adds, and 45 for each value that a layer puts out."""
    fill: bool
    """Make networks as wide as the limits allow."""
    small_births: int | None
    """Candidates that are small networks, before all others."""
    small_work: int | None
    """Largest work per image of these small networks."""
    candidate_timeout: str | float | None
    """Longest time of a brief training. Default: estimated from its cost."""
    candidate_memory: float | None
    """Largest memory of a worker, in GiB. Default: by the machine's memory."""
    workers: int | None
    """Worker processes. Default: one per core, or four a GPU, but no more than candidates in progress at once."""
    executor: Literal["processes", "in-process"] | None
    """Where candidates are trained: processes or in-process. Default: processes; in-process for a table."""
    device: Literal["cpu", "gpu"] | None
    """Where to train: cpu or gpu. Default: a GPU, where there is one."""
    gpu_share: float | None
    """Share of a GPU's memory for each worker. Default: equal shares."""
    precision: Literal["float32", "bfloat16"] | None
    """Numbers to train with: float32 or bfloat16. Default: what is faster here."""
    name: str | None
    """Name of the run. Default: made from data and strategy."""
    results: str | Path
    """Folder for runs. Default: results."""
    tensorboard: bool
    """Write all results for TensorBoard, too, into the run's folder."""
    disk_limit: float | None
    """Largest size of the folder for runs, in GiB."""


class ResumeSettings(TypedDict, total=False):
    """Settings of `evolve.resume`."""

    duration: str | float | None
    generations: int | None
    workers: int | None
    tensorboard: bool
    disk_limit: float | None
