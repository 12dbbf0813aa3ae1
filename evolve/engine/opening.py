"""What must hold before anything is trained: a backend, data, an alphabet and limits that something fits."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from random import Random
from typing import Any, TypeVar

from evolve.config import RunConfig
from evolve.display.console import Console
from evolve.engine.config_checks import check_settings
from evolve.errors import ConfigError, RunError
from evolve.execution.builds import BUILDS, backend_name
from evolve.execution.keras_settings import OF_TRAININGS, keras_json, overruled
from evolve.execution.machine import gpu_missing
from evolve.objectives import Objectives
from evolve.problems.devices import trains_on_gpu
from evolve.problems.images import ImageProblem
from evolve.problems.making import make_problem
from evolve.problems.problem import Problem
from evolve.problems.spaces import without_estimates
from evolve.runs.run import Run
from evolve.trust import require
from genomes import InvalidGenome
from genomes.alphabet import alphabet
from genomes.layer_space import LayerSpace
from genomes.limits import TooLarge

T = TypeVar("T")
UNEVEN = 10  # times as many images of one class as of another, from which on that is told


def new_problem(config: RunConfig, console: Console, known: Mapping[str, Any] | None = None) -> Problem:
    """The problem that the settings name, its data read and split. Raises ConfigError, DataError or RunError.

    known: digest and name of its data, if they have been prepared already.
    """
    check_backend(config)
    if config.table is None and (instead := overruled()):
        given = ", ".join(f"{name} {value}" for name, value in instead.items())
        used = ", ".join(str(OF_TRAININGS[name]) for name in instead)
        console.note(f"{keras_json()} says {given}; networks are trained with {used} all the same")
    check_settings(config)
    check_measuring(config)
    try:
        alphabet(config.layers, config.recipe)
    except InvalidGenome as error:
        raise ConfigError(str(error)) from None
    console.note("preparing data")
    gpu = trains_on_gpu(config)
    with console.counting() as count:
        problem = usable(lambda: make_problem(config, gpu, known, count))
    if isinstance(problem, ImageProblem):
        for remark in (*problem.parts.remarks, *_unevenness(problem)):
            console.note(remark)
    try:
        problem.space.random(Random(0))
    except InvalidGenome as error:
        raise ConfigError(f"{_beyond_reach(problem) or error}{_smallest(problem)}; raise that limit") from None
    return problem


def _unevenness(problem: ImageProblem) -> Iterator[str]:
    """What is to be said where some classes have far more images than others, and each image counts alike."""
    counts, names, config = problem.parts.class_counts, problem.parts.class_names, problem.config
    if not counts or config.metric == "balanced_accuracy" or max(counts) <= UNEVEN * min(counts):
        return
    most, least = counts.index(max(counts)), counts.index(min(counts))
    helps = f"{config.assigned('metric', 'balanced_accuracy')} counts each class alike"
    yield (
        f"classes are uneven: of {sum(counts):,} training images {counts[most]:,} are of {names[most]!r} and "
        f"{counts[least]:,} of {names[least]!r}; {helps}"
    )


def check_measuring(config: RunConfig) -> None:
    """Raises ConfigError if sizes or latencies are wanted where TensorFlow is not at work, which writes the files."""
    measured = Objectives.of(config.model_dump()).measured
    wanted = [name for name in ("max_size", "max_latency") if getattr(config, name)] or ["objectives"] * bool(measured)
    if wanted and config.table is None and (name := backend_name()) != "tensorflow":
        raise ConfigError(
            f"{config.spelled(wanted[0])} is measured with LiteRT files, which the backend '{name}' does not write; "
            "set KERAS_BACKEND to tensorflow, or leave it out"
        )


def _beyond_reach(problem: Problem) -> str:
    """The limit that not even the smallest network is within, of several that a random one is beyond, in words."""
    if isinstance(problem, ImageProblem) and isinstance(problem.space, LayerSpace):
        try:
            # what training takes depends on the batch, of which the smallest network has none
            replace(problem.space.limits, max_memory=None).check(problem.space.smallest, batch_size=1)
        except TooLarge as error:
            return str(error)
    return ""


def _smallest(problem: Problem) -> str:
    """The smallest network that there is for these images, in words."""
    if not isinstance(problem, ImageProblem) or not isinstance(problem.space, LayerSpace):
        return ""
    least = problem.space.smallest
    return (
        f"; the smallest network for these images has {least.parameters:,} weights, {least.multiply_adds:,} "
        f"multiply-adds, {least.activations:,} bytes of activations and a file of about {least.likely_size:,} bytes"
    )


def known_problem(found: Run, config: RunConfig, console: Console, scoring: bool = True) -> Problem:
    """The problem of a run that exists. Raises TrustError if that needs a module or data that only the run names, and
    RunError if data, table, backend or version are not what it was made with.

    scoring: whether anything will be scored; if not, a fitness function of the user's own need not be there.
    """
    found.check_modules(scoring)
    config = config if scoring else config.model_copy(update={"fitness": None})
    made_by, this = found.meta["version"], version("evolve-convnets")
    if scoring and made_by != this:
        raise RunError(
            f"run '{found.name}' was made by evolve {made_by}, this is {this}, and another version may search "
            f"differently; continue it with version {made_by}, or start a new run"
        )
    config = config if made_by == this else without_estimates(config)
    check_backend(config)
    gpu = scoring and found.problem.get("device") == "gpu" and gpu_missing() is None

    def before_reading() -> None:
        require(config.own_data, found.trust, f"run '{found.name}'", "read", "its prepared copy is missing")

    with console.counting() as count:
        problem = usable(lambda: make_problem(config, gpu, found.problem, count, before_reading))
    now = json.loads(json.dumps(problem.describe()))  # as it was stored
    for name, before in found.problem.items():
        if name in ("fitness", "backend", "device", "folds") and not scoring:
            continue
        if now.get(name) != before:
            was, would = _short(before), _short(now.get(name))
            raise RunError(
                f"run '{found.name}' was made with {name} {was}, now it would be {would}; "
                "scores would not compare; restore what it was made with, or start a new run"
            )
    return problem


def image_problem_of(found: Run, console: Console, scoring: bool = True) -> ImageProblem:
    """The problem of a run on images, as `known_problem`. Raises RunError for a run on a table."""
    config = found.config.model_copy(update={"results": found.folder.absolute().parent, "name": found.name})
    if config.table is not None:
        raise RunError(f"run '{found.name}' searched a table; its entries have no networks to train")
    problem = known_problem(found, config, console, scoring)
    assert isinstance(problem, ImageProblem)
    return problem


def usable(make: Callable[[], T]) -> T:
    """What `make` returns; a file or folder that cannot be used becomes a RunError."""
    try:
        return make()
    except OSError as error:
        raise RunError(f"cannot use {error.filename or 'a file'}: {error.strerror or error}") from None


def check_backend(config: RunConfig) -> None:
    """Raises ConfigError if networks cannot be trained here."""
    name = backend_name()
    if config.table is not None:
        return
    where = "KERAS_BACKEND" if os.environ.get("KERAS_BACKEND") else f"backend in {keras_json()}"
    if name not in BUILDS:
        raise ConfigError(f"{where} must be one of {', '.join(BUILDS)}, not '{name}'")
    if find_spec(name) is None:
        raise ConfigError(
            f"the Keras backend '{name}' is not installed; install the extra of that name with: "
            f"pip install -e '.[{name}]', or set KERAS_BACKEND to tensorflow, jax or torch"
        )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 100 else f"{text[:97]}..."
