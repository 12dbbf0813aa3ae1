"""Baselines: a network by hand, trained as people do it by hand, to compare a search with."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evolve.backend import backend
from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.execution.devices import usable_cores
from evolve.founders import founder
from evolve.full_training import succeeded, train_in_full
from evolve.image_problem import ImageProblem
from evolve.preparing import new_problem
from evolve.reporting.console import Console, make_console
from evolve.training.parts import SEARCH_PARTS
from evolve.values import Budget, Candidate, Purpose, Request
from genomes import InvalidGenome, SearchSpace, candidate_key

# Founder of the article -> epochs it was trained for there and the accuracy it reached on CIFAR-10.
PUBLISHED = {"article-1": (100, 0.7935), "article-2": (75, 0.8140)}
USUAL_EPOCHS = 40


@dataclass(frozen=True)
class Baseline:
    """What came out. path: of the JSON that holds all of it, beside the model."""

    path: Path
    report: Mapping[str, Any]


def run_baseline(founder: str, epochs: int | None, settings: Mapping[str, Any], progress: bool = True) -> Baseline:
    """Trains a founder as `train_baseline` says.

    founder: a name, notation or RUN:CANDIDATE. epochs: None for as many as in the article, or 40. settings: fields of
    `RunConfig` for data, seed, name, results and duration. Raises as `evolve.run` does.
    """
    config = RunConfig.checked({**settings, "final_epochs": epochs} if epochs is not None else settings)
    console = make_console(progress)
    problem = new_problem(config, console)
    assert isinstance(problem, ImageProblem)
    return train_baseline(problem, config, founder, epochs, console)


def train_baseline(
    problem: ImageProblem, config: RunConfig, text: str, epochs: int | None, console: Console
) -> Baseline:
    """Trains a founder on all images that are not for testing, every one in every epoch, and looks at the test part
    after each epoch, as the article did. That is how the article's figures were made, and no way to choose between
    networks. The accuracy reported is that after the last epoch.

    config: its `duration` ends the training after the epoch in which the time is up. Raises ConfigError for a founder
    that cannot be read or built.
    """
    try:
        genome = founder(problem.space, text, config.results).genome
        space: SearchSpace = problem.space
        blueprint = space.blueprint(genome)
    except InvalidGenome as error:
        raise ConfigError(f"founder '{text}': {error}") from None
    count = sum(problem.parts.sizes[part] for part in SEARCH_PARTS)
    budget = Budget(count, epochs or PUBLISHED.get(text, (USUAL_EPOCHS, 0.0))[0])
    key = candidate_key(genome, blueprint)
    candidate = Candidate(1, genome, key)
    job_key = problem.job_key(key, budget, 0, Purpose.TRAIN)
    request = Request(1, candidate, budget, 0, Purpose.TRAIN, job_key)
    folder = config.results / "baselines"
    name = config.name or f"{problem.parts.name}-{text if text in problem.space.founders()[0] else key[:8]}"
    job = problem.job(request, blueprint, folder / f"{name}.keras") | {"watch": "test", "ragged": True}
    result = succeeded(train_in_full(problem, job, f"baseline {text}", console, config.duration), f"baseline {text}")
    published = dict(zip(("epochs", "test_accuracy"), PUBLISHED[text], strict=True)) if text in PUBLISHED else None
    report = {
        "founder": text,
        "notation": genome.notation(),
        "dataset": problem.parts.name,
        "images": count,
        "epochs": len(result.curve),
        "test_accuracy": result.measures["accuracy"],
        "test_loss": result.measures["loss"],
        "train_accuracy": result.measures["train_accuracy"],
        "parameters": blueprint.parameters,
        "multiply_adds": blueprint.multiply_adds,
        "published": published,
        "curve": [dict(point) for point in result.curve],
        "seconds": result.timing["seconds"],
        "seconds_of_fitting": result.timing.get("fit"),
        "seed": config.seed,
        "cores": usable_cores(),
        "backend": backend(),
        "python": platform.python_version(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(report, indent=1))
    return Baseline(path, report)
