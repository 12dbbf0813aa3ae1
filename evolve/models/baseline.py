"""Baselines: a network by hand, trained as people do it by hand, to compare a search with."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evolve.config import RunConfig, times_without_unit
from evolve.display.console import Console, Watcher, make_console
from evolve.display.text import count, duration, plural
from evolve.engine.initial_population import founder as founder_of
from evolve.engine.opening import new_problem
from evolve.errors import ConfigError
from evolve.execution.builds import backend
from evolve.execution.machine import usable_cores
from evolve.models.full_training import succeeded, train_in_full
from evolve.problems.images import ImageProblem
from evolve.runs.facts import recalls
from evolve.runs.guessing import guessing_on
from evolve.settings import Given
from evolve.values import Budget, Candidate, Purpose, Request, Result
from genomes import Blueprint, InvalidGenome, candidate_key

# Founder of the article -> epochs it was trained for there and the accuracy it reached on CIFAR-10.
PUBLISHED = {"article-1": (100, 0.7935), "article-2": (75, 0.8140)}
USUAL_EPOCHS = 40
USUAL = ("article-1", "fast")  # founders, of which the first that fits is trained unless the user names another


@dataclass(frozen=True)
class Baseline:
    """What came out. path: of the JSON that holds all of it, beside the model."""

    path: Path
    report: Mapping[str, Any]


def baseline(
    founder: str | None = None,
    epochs: int | None = None,
    settings: Mapping[str, Any] | Given | None = None,
    progress: Watcher = True,
) -> Baseline:
    """Trains a founder on all images that are not for testing, every one in every epoch, and looks at the test part
    after each epoch, as the article did. That is how the article's figures were made, and no way to choose between
    networks. The accuracy reported is that after the last epoch.

    founder: a name, notation or RUN:CANDIDATE; None for the article's first net, or `fast` where that does not fit the
    images. epochs: None for as many as in the article, or 40. settings: fields of
    `RunConfig` for data, seed, name and results; its `duration` ends the training after the epoch in which the time is
    up. Raises as `evolve.run` does, and ConfigError for a founder that cannot be read or built.
    """
    given = settings if isinstance(settings, Given) else RunConfig.given(settings or {})
    config = RunConfig.checked(given if epochs is None else RunConfig.given({"final_epochs": epochs}).over(given))
    console = make_console(progress)
    for text in times_without_unit(given):
        console.note(text)
    problem = new_problem(config, console)
    assert isinstance(problem, ImageProblem)
    founder = founder or usual_founder(problem, config, console)
    request, blueprint = _request(problem, config, founder)
    genome = request.candidate.genome
    stem = founder if founder in problem.space.founders else str(request.candidate.key)[:8]
    path = config.results / "baselines" / f"{config.name or f'{problem.parts.name}-{stem}'}.json"
    job = problem.job(request, blueprint, path.stem)
    job = replace(job, parts=replace(job.parts, watch="test"), ragged=True)
    phase = f"baseline {founder}"
    console.note(_plan(config, request, founder))
    result = succeeded(train_in_full(problem, job, path.parent, phase, console, config.duration), phase)
    about = {
        "founder": founder,
        "notation": genome.notation(),
        "dataset": problem.parts.name,
        "images": request.budget.images,
        "parameters": blueprint.parameters,
        "multiply_adds": blueprint.multiply_adds,
        "seed": config.seed,
    }
    guessing = guessing_on(problem.describe(), "test")
    about |= {"test_images": guessing.images, "class_shares": guessing.shares} if guessing else {}
    report = {**about, **_figures(result, problem.parts.class_names), "published": _published(founder)}
    path.write_text(json.dumps(report, indent=1))
    return Baseline(path, report)


def usual_founder(problem: ImageProblem, config: RunConfig, console: Console) -> str:
    """The first of the usual ones that fits these images, and a word if that is not the first of all."""
    for name in USUAL[:-1]:
        try:
            problem.space.blueprint(founder_of(problem.space, name, config.results).genome)
            return name
        except InvalidGenome:
            shape = " x ".join(map(str, problem.parts.input_shape))
            console.note(f"founder {name} does not fit images of {shape}; {USUAL[-1]} is trained instead")
    return USUAL[-1]


def _plan(config: RunConfig, request: Request, founder: str) -> str:
    """What is going to be done, in words."""
    budget, parameters = request.budget, request.candidate.parameters
    at_most = f", but no epoch begins after {duration(config.duration)}" if config.duration else ""
    return (
        f"plan: founder {founder} with {count(parameters)} weights is trained on {plural(budget.images, 'image')} for "
        f"{plural(budget.epochs, 'epoch')}{at_most}"
    )


def _request(problem: ImageProblem, config: RunConfig, text: str) -> tuple[Request, Blueprint]:
    space = problem.space
    try:
        genome = founder_of(space, text, config.results).genome
        blueprint = space.blueprint(genome)
    except InvalidGenome as error:
        raise ConfigError(f"founder '{text}': {error}") from None
    images = problem.images
    budget = Budget(images, config.final_epochs or PUBLISHED.get(text, (USUAL_EPOCHS, 0.0))[0])
    key = candidate_key(genome, blueprint)
    request = Request(1, Candidate(1, genome, key, parameters=blueprint.parameters), budget, 0, Purpose.TRAIN, None)
    return replace(request, job_key=problem.job_key(request)), blueprint


def _figures(result: Result, class_names: tuple[str, ...]) -> dict[str, Any]:
    """What came out, and what it was made with."""
    return {
        "epochs": len(result.curve),
        "spent": dict(result.spent),
        "test_accuracy": result.measures["accuracy"],
        "balanced_accuracy": result.measures["balanced_accuracy"],
        "test_loss": result.measures["loss"],
        "train_accuracy": result.measures["train_accuracy"],
        "recognised": recalls(result, class_names),
        "curve": [dict(point) for point in result.curve],
        "seconds": result.timing["seconds"],
        "seconds_of_fitting": result.timing.get("fit"),
        "cores": usable_cores(),
        "backend": backend(),
        "python": platform.python_version(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _published(founder: str) -> dict[str, float] | None:
    """Epochs and accuracy of the article, for its nets."""
    return dict(zip(("epochs", "test_accuracy"), PUBLISHED[founder], strict=True)) if founder in PUBLISHED else None
