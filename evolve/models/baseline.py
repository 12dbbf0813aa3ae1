"""Baselines: a network by hand, trained as people do it by hand, to compare a search with."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evolve.config import RunConfig
from evolve.config_values import times_without_unit
from evolve.display.console import Console, Watcher, make_console
from evolve.display.text import count, duration, plural
from evolve.engine.initial_population import founder as founder_of
from evolve.engine.opening import new_problem
from evolve.errors import ConfigError
from evolve.execution.builds import backend
from evolve.execution.machine import usable_cores
from evolve.models.adopt import RANGES
from evolve.models.full_training import succeeded, train_in_full
from evolve.models.own_baseline import EVALUATORS, OwnModel
from evolve.problems.images import ImageProblem
from evolve.problems.work import epochs_within
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
    """A network that was trained without a search. report: its costs, learning curve and test accuracy, from 0 to 1.
    path: of the JSON file that holds all of that, with the model beside it."""

    path: Path
    report: Mapping[str, Any]


def baseline(
    founder: str | None = None,
    epochs: int | None = None,
    settings: Mapping[str, Any] | Given | None = None,
    progress: Watcher = True,
    *,
    model: str | Path | None = None,
    pixels: str | None = None,
) -> Baseline:
    """Trains a founder, or a Keras model of the user's own as it stands, on all images that are not for testing, every
    one in every epoch, and looks at the test part after each epoch, as the article did. That is how the article's
    figures were made, and no way to choose between networks. The accuracy reported is that after the last epoch.

    founder: a name, notation or RUN:CANDIDATE; None for the article's first net, or `fast` where that does not fit the
    images. epochs: None for as many as in the article, or 40. settings: fields of `RunConfig` for data, seed, name and
    results; its `duration` ends the training after the epoch in which the time is up, and its `work` allows as many
    epochs as fit into so many units.
    model: a .keras file, instead of a founder: its layers with fresh weights, none of them frozen, its optimizer and
    loss, batches of 32. pixels: what that expects, as for `evolve.adopt`.
    Raises as `evolve.run` does, and ConfigError for a founder that cannot be read or built, or a model that is not for
    these images.
    """
    if model is not None and founder is not None:
        raise ConfigError(f"founder '{founder}' and model '{model}' do not go together; give one of them")
    if pixels is not None and model is None:
        raise ConfigError(f"pixels '{pixels}' are those of a model of yours; give model, too, or leave pixels out")
    if pixels is not None and pixels not in RANGES:
        raise ConfigError(f"pixels must be one of {', '.join(RANGES)}, not '{pixels}'")
    given = settings if isinstance(settings, Given) else RunConfig.given(settings or {})
    config = RunConfig.checked(given if epochs is None else RunConfig.given({"final_epochs": epochs}).over(given))
    console = make_console(progress)
    for text in times_without_unit(given):
        console.note(text)
    problem = new_problem(config, console)
    assert isinstance(problem, ImageProblem)
    if model is not None:
        return _of_model(OwnModel.of(model, pixels), problem, config, console)
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
    return _written(path, about, result, problem, _published(founder))


def _of_model(own: OwnModel, problem: ImageProblem, config: RunConfig, console: Console) -> Baseline:
    """Trains a Keras model as it stands."""
    own.check(problem)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", own.path.stem)
    path = config.results / "baselines" / f"{config.name or f'{problem.parts.name}-{stem}'}.json"
    job, phase = own.job(problem, config, path.stem), f"baseline {own.path.name}"
    for remark in own.costs["remarks"]:
        console.note(remark)
    console.note(_plan_in_words(own.path.name, own.costs["parameters"], job.budget, config))
    result = succeeded(train_in_full(problem, job, path.parent, phase, console, config.duration, EVALUATORS), phase)
    costs = {name: own.costs[name] for name in ("parameters", "multiply_adds", "remarks")}
    costs["pixels"] = own.costs["range"]
    about = {"founder": own.path.name, "notation": None, "dataset": problem.parts.name, "images": job.budget.images}
    return _written(path, {**about, **costs, "seed": config.seed}, result, problem, None)


def _written(
    path: Path, about: Mapping[str, Any], result: Result, problem: ImageProblem, published: Mapping[str, float] | None
) -> Baseline:
    guessing = guessing_on(problem.describe(), "test")
    shares = {"test_images": guessing.images, "class_shares": guessing.shares} if guessing else {}
    report = {**about, **shares, **_figures(result, problem.parts.class_names), "published": published}
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
    return _plan_in_words(f"founder {founder}", request.candidate.parameters, request.budget, config)


def _plan_in_words(what: str, parameters: int | None, budget: Budget, config: RunConfig) -> str:
    at_most = f", but no epoch begins after {duration(config.duration)}" if config.duration else ""
    return (
        f"plan: {what} with {count(parameters)} weights is trained on {plural(budget.images, 'image')} for "
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
    budget = Budget(images, _epochs(problem, config, blueprint, PUBLISHED.get(text, (USUAL_EPOCHS, 0.0))[0]))
    key = candidate_key(genome, blueprint)
    request = Request(1, Candidate(1, genome, key, parameters=blueprint.parameters), budget, 0, Purpose.TRAIN, None)
    return replace(request, job_key=problem.job_key(request)), blueprint


def _epochs(problem: ImageProblem, config: RunConfig, blueprint: Blueprint, usual: int) -> int:
    """As many as the settings say, or as the units of work allow, one at least."""
    if config.work is None:
        return config.final_epochs or usual
    allowed = epochs_within(config.work, lambda epochs: problem.cost(blueprint, Budget(problem.images, epochs)))
    return min(allowed, config.final_epochs or allowed)


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
