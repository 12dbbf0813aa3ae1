"""Whether brief trainings rank networks as long ones do, with batches as the recipes say and with small steps.

    python benchmarks/brief_trainings.py cifar10.npz --output results/published/search

Each network is trained for the same long time on one core, and briefly with several budgets and seeds: once with the
batches that its recipe says, once with smaller ones (`in_small_steps`), as a search does it. All are scored on the
validation part. Told for each budget are Kendall's rank correlation with the long training, and by how much of the long
training's accuracy the network that would be chosen misses the best one.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from scipy.stats import kendalltau

from evolve.config import RunConfig
from evolve.display.console import make_console
from evolve.engine.initial_population import founder
from evolve.engine.opening import new_problem
from evolve.execution.executor import Executor
from evolve.execution.machine import usable_cores, usual_precision
from evolve.jobs import TrainingJob
from evolve.problems.images import ImageProblem
from evolve.problems.workers import make_executor
from evolve.values import Budget, Candidate, Purpose, Request, Status
from genomes import candidate_key
from genomes.genome import recipe_of
from genomes.recipe import PLAIN, in_small_steps
from genomes.stack.founders import FOUNDERS

FAST = FOUNDERS["fast"]
SECOND = re.compile(r", conv (\d+) 3, batchnorm, relu")  # convolution of each width
NETWORKS = {
    "fast": FAST,
    "slower": FAST.replace("sgd 0.2", "sgd 0.05"),
    "small batches": FAST.replace("sgd 0.2, batch 128", "sgd 0.1, batch 64"),
    "adam": FAST.replace("sgd 0.2", "adam 0.005"),
    "swish": FAST.replace("relu", "swish"),
    "single": SECOND.sub("", FAST),
    "residual": SECOND.sub(r", residual \1 3", FAST),
    "average": FAST.replace("global_max", "global_average"),
    "vgg": FOUNDERS["vgg"],
    "resnet": FOUNDERS["resnet"],
}
BUDGETS = ("5000x1", "15000x1", "15000x3")


Asked = tuple[dict[str, Any], TrainingJob]


def jobs(
    problem: ImageProblem, budgets: Sequence[Budget], seeds: range
) -> Iterator[tuple[dict[str, Any], TrainingJob]]:
    """What is to be trained, with what the row says of it; the long trainings last, when the workers are warm."""
    for budget in (*budgets, None):
        for small_steps in (False, True) if budget else (False,):
            for seed in seeds if budget else (0,):
                for name, text in NETWORKS.items():
                    told = {"network": name, "budget": str(budget) if budget else "long", "small_steps": small_steps}
                    yield {**told, "seed": seed}, _job(problem, text, budget, small_steps, seed)


def _job(problem: ImageProblem, text: str, budget: Budget | None, small_steps: bool, seed: int) -> TrainingJob:
    genome = founder(problem.space, text, problem.config.results).genome
    blueprint = problem.space.blueprint(genome)
    longest = Budget(problem.parts.sizes["train"], 1000)
    key = candidate_key(genome, blueprint)
    request = Request(1, Candidate(1, genome, key), budget or longest, seed, Purpose.SEARCH, None)
    job = problem.job(replace(request, job_key=problem.job_key(request)), blueprint)
    recipe = recipe_of(genome)
    recipe = in_small_steps(recipe, budget.size) if budget and small_steps else recipe
    return replace(job, may_give_up=False, seconds=None, recipe=replace(recipe, **(PLAIN if budget else {})))


def trained(executor: Executor, batch: list[Asked], seconds: float) -> list[dict[str, Any]]:
    """Rows of some jobs, as many as there are workers, that begin together."""
    for place, (told, job) in enumerate(batch):
        job = replace(job, number=place)
        executor.submit(replace(job, finish_in=seconds, to_score=5000) if told["budget"] == "long" else job)
    rows = []
    while len(rows) < len(batch):
        for result in executor.finished(0.25):
            assert result.status is Status.OK, result.reason
            told = batch[result.request][0]
            rows.append({**told, "accuracy": result.measures["accuracy"], "seconds": result.timing["seconds"]})
    return rows


def summary(rows: list[dict[str, Any]], budgets: Sequence[Budget]) -> list[str]:
    """A Markdown table: a line for each budget and kind of steps."""
    long = {row["network"]: row["accuracy"] for row in rows if row["budget"] == "long"}
    best = max(long.values())
    lines = [
        "| images x epochs | steps | seeds | rank correlation | points missed | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for budget in map(str, budgets):
        for small_steps in (False, True):
            mine = [row for row in rows if (row["budget"], row["small_steps"]) == (budget, small_steps)]
            taus, missed = [], []
            for seed in sorted({row["seed"] for row in mine}):
                scores = {row["network"]: row["accuracy"] for row in mine if row["seed"] == seed}
                taus.append(kendalltau([scores[name] for name in long], list(long.values())).statistic)
                missed.append(100 * (best - long[max(scores, key=lambda name: scores[name])]))
            steps = "small" if small_steps else "the recipe's"
            seconds = fmean(row["seconds"] for row in mine)
            found = f"{fmean(taus):.2f} | {fmean(missed):.2f} | {seconds:.0f}"
            lines.append(f"| {budget} | {steps} | {len(taus)} | {found} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="an .npz file in the layout of Keras's data sets")
    parser.add_argument("--seconds", type=float, default=240, help="of a long training")
    parser.add_argument("--seeds", type=int, default=2, help="of the brief ones")
    parser.add_argument("--budgets", nargs="+", default=BUDGETS, help="of the brief ones, images x epochs")
    parser.add_argument("--output", type=Path, default=Path("results/search"))
    parser.add_argument("--runs", type=Path, default=Path("results/brief-trainings"), help="where the parts lie")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    settings = {"dataset": str(given.dataset), "results": given.runs, "max_multiply_adds": 100_000_000}
    settings |= {"rungs": given.budgets, "name": "brief", "precision": usual_precision(gpu=False)}
    config = RunConfig.checked(settings)
    problem = new_problem(config, make_console(False))
    assert isinstance(problem, ImageProblem)
    workers = usable_cores()
    executor = make_executor(problem, workers)
    rows: list[dict[str, Any]] = []
    waiting = list(jobs(problem, config.budgets, range(given.seeds)))
    try:
        while waiting:
            rows += trained(executor, waiting[:workers], given.seconds)
            waiting = waiting[workers:]
            print(len(waiting), "to go", rows[-1], flush=True)
    finally:
        executor.close()
    table = summary(rows, config.budgets)
    command = f"python benchmarks/brief_trainings.py cifar10.npz --seconds {given.seconds:g} --seeds {given.seeds}"
    command += f" --budgets {' '.join(given.budgets)}"
    found = {"command": command, "precision": config.precision, "networks": NETWORKS, "rows": rows}
    (given.output / "brief-trainings.json").write_text(json.dumps(found, indent=1) + "\n")
    head = (
        f"# Brief trainings beside long ones\n\nMade by `{command}`: {len(NETWORKS)} networks on CIFAR-10, "
        f"{given.seconds:g} seconds of one core each for the long training, which reads "
        + ", ".join(f"{row['network']} {row['accuracy']:.3f}" for row in rows if row["budget"] == "long")
        + ".\n"
    )
    (given.output / "brief-trainings.md").write_text("\n".join([head, *table]) + "\n")
    print("\n".join(table))


if __name__ == "__main__":
    main()
