"""One founder trained alone for a given time, on all images that are not for testing, its schedule ending with it:
what the search has to beat.

    python benchmarks/arms/one_founder.py cifar10.npz FOUNDER SECONDS SEED FOLDER
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

BEGUN = time.monotonic()


def main() -> None:
    from evolve.config import RunConfig
    from evolve.display.console import make_console
    from evolve.engine.initial_population import founder as founder_of
    from evolve.engine.opening import new_problem
    from evolve.execution.machine import usual_precision
    from evolve.models.full_training import succeeded, train_in_full
    from evolve.problems.images import ImageProblem
    from evolve.values import Candidate, Purpose, Request
    from genomes import candidate_key

    dataset, text, seconds, seed, folder = sys.argv[1:]
    config = RunConfig.checked(
        {
            "dataset": dataset,
            "seed": int(seed),
            "results": folder,
            "max_multiply_adds": 1_000_000_000,
            "name": "founder",
            "precision": usual_precision(gpu=False),
        }
    )
    console = make_console(False)
    problem = new_problem(config, console)
    assert isinstance(problem, ImageProblem)
    genome = founder_of(problem.space, text, config.results).genome
    blueprint = problem.space.blueprint(genome)
    key, budget = candidate_key(genome, blueprint), problem.budget(Purpose.TRAIN)
    request = Request(1, Candidate(1, genome, key), budget, 0, Purpose.TRAIN, None)
    request = replace(request, job_key=problem.job_key(request))
    left = BEGUN + float(seconds) - 1.5 - time.monotonic()
    job = replace(problem.job(request, blueprint, f"founder-{seed}"), finish_in=left)
    result = succeeded(train_in_full(problem, job, Path(folder), text, console), text)
    print(
        json.dumps(
            {
                "test_accuracy": result.measures["accuracy"],
                "with_flips": result.measures.get("accuracy_with_flips"),
                "founder": text,
                "winner": genome.notation(),
                "multiply_adds": blueprint.multiply_adds,
                "final_epochs": result.spent["epochs"],
            }
        )
    )


if __name__ == "__main__":
    main()
