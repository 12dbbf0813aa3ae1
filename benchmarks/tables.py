"""Strategies on a table of published scores, beside textbook regularized evolution and local search.

    python benchmarks/tables.py macro.json --seeds 200 --output results/published/tables

The table is made from the published NAS-Bench-Macro file (see evolve/problems/table_files.py). Each arm runs once per
seed. The score of a network is one of its three trainings, drawn per run; a network that is asked for again
counts again.
Reported after N queries: the best score so far, and the mean of the three trainings of the network that has it.
Writes one JSON row per arm and seed, and goes on where it stopped.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean, stdev

from rows import append, read

from evolve.api import VERSION
from evolve.config import RunConfig
from evolve.engine.composition import births_up_to, compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.interrupts import Stop
from evolve.execution.executor import InProcess
from evolve.jobs import TableJob
from evolve.problems.table_files import Table, load_table
from evolve.problems.tables import TableProblem
from evolve.search.strategy import Births, strategy_class
from evolve.storage.store import Store
from evolve.values import Budget, Request, Result

CHECKPOINTS = (50, 100, 200, 400)
POPULATION = 16  # evolve's default; the textbook arms keep their own 30
AGING_POPULATION = 30
Query = tuple[str, float]


def ours(name: str, problem: TableProblem, seed: int, queries: int, look_ahead: int) -> list[Query]:
    """Code and score of each query of one of evolve's own strategies, in the order in which they were told."""
    kind, queries_made = strategy_class(name), []

    class Noting(kind):  # type: ignore[misc, valid-type]
        def tell(self, request: Request, result: Result) -> None:
            queries_made.append((request.candidate.genome.notation(), result.measures["score"]))
            super().tell(request, result)

    store = Store.in_memory({"config": {"table": "table.json"}})
    settings = {"table": "table.json", "encoding": "choices", "population": POPULATION, "seed": seed}
    config = RunConfig.checked({**settings, "look_ahead": look_ahead})
    dispatcher = Dispatcher(store, InProcess(problem.evaluators, problem.settings), Stop())
    strategy = Noting(Births(problem.space), POPULATION, kind.Options())
    compose_search(config, problem, [], dispatcher, births_up_to(queries), strategy=strategy).run()
    store.close()
    return queries_made


class Scores:
    """Looks scores up as a run of evolve with the same seed does, and notes each query."""

    def __init__(self, problem: TableProblem, limit: int) -> None:
        self._executor = InProcess(problem.evaluators, problem.settings)
        self._limit = limit
        self.queries: list[Query] = []

    def __call__(self, code: str) -> float:
        if len(self.queries) == self._limit:
            raise StopIteration
        self._executor.submit(TableJob(number=1, code=code, budget=Budget(1, 1)))
        [result] = self._executor.finished(0)
        self.queries.append((code, result.measures["score"]))
        return float(result.measures["score"])


def regularized_evolution(problem: TableProblem, seed: int, queries: int) -> list[Query]:
    """Population 30, sample 5, one gene changed (Real et al. 2019, https://arxiv.org/abs/1802.01548)."""
    rng, score, space = random.Random(seed), Scores(problem, queries), problem.space
    population = [
        (code, score(code)) for code in (space.random(rng).genome.notation() for _ in range(AGING_POPULATION))
    ]
    while len(score.queries) < queries:
        parent = max(rng.sample(population, 5), key=lambda member: member[1])[0]
        child = rng.choice(list(neighbours(problem, parent)))
        population = [*population[1:], (child, score(child))]
    return score.queries


def local_search(problem: TableProblem, seed: int, queries: int) -> list[Query]:
    """From a random network to the first better neighbour until there is none; then from another random network
    (White et al. 2020, https://arxiv.org/abs/2005.02960)."""
    rng, score = random.Random(seed), Scores(problem, queries)
    try:
        while True:
            code = problem.space.random(rng).genome.notation()
            best, moved = score(code), True
            while moved:
                moved = False
                around = list(neighbours(problem, code))
                rng.shuffle(around)
                for other in around:
                    value = score(other)
                    if value > best:
                        code, best, moved = other, value, True
                        break
    except StopIteration:
        return score.queries


def neighbours(problem: TableProblem, code: str) -> Iterator[str]:
    """All networks of the table that differ in one gene."""
    for at, options in enumerate(problem.space.choices):
        for digit in range(options):
            other = f"{code[:at]}{digit}{code[at + 1 :]}"
            if digit != int(code[at]) and other in problem.space.entries:
                yield other


def arms(look_ahead: int) -> dict[str, Callable[[TableProblem, int, int], list[Query]]]:
    def arm(name: str) -> Callable[[TableProblem, int, int], list[Query]]:
        return lambda problem, seed, queries: ours(name, problem, seed, queries, look_ahead)

    mine = {name: arm(name) for name in ("random", "genetic", "aging", "neat")}
    return {**mine, "regularized evolution (textbook)": regularized_evolution, "local search (textbook)": local_search}


def row(arm: str, seed: int, queries: list[Query], table: Table) -> dict[str, object]:
    """Best score so far, and the mean of its network's trainings, at each checkpoint."""
    found: dict[str, object] = {"arm": arm, "seed": seed}
    for n in CHECKPOINTS:
        code, score = max(queries[:n], key=lambda query: query[1])
        found[str(n)] = [score, fmean(table["entries"][code]["fitness"])]
    return found


def report(rows: list[dict[str, object]], seeds: int) -> str:
    """A Markdown table: score, in brackets the mean of three, each with its standard error."""
    head = "| arm | " + " | ".join(f"{n} queries" for n in CHECKPOINTS) + " |\n|---|" + "---|" * len(CHECKPOINTS)
    lines = [
        f"Mean over {seeds} seeds; in brackets the mean of three trainings of the network chosen, ± standard error.\n",
        head,
    ]
    for arm in dict.fromkeys(str(r["arm"]) for r in rows):
        cells = []
        for n in CHECKPOINTS:
            pairs = [r[str(n)] for r in rows if r["arm"] == arm]
            scores, means = zip(*pairs, strict=True)  # type: ignore[arg-type]
            error = stdev(means) / len(means) ** 0.5 if len(means) > 1 else 0.0
            cells.append(f"{fmean(scores):.2f} ({fmean(means):.2f} ± {error:.2f})")
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--look-ahead", type=int, default=1, help="evolve's own on tables, which answer at once")
    parser.add_argument("--output", type=Path, default=Path("results/tables"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    log = options.output / "rows.jsonl"
    settings = {"look_ahead": options.look_ahead, "version": VERSION}
    rows = [r for r in read(log) if all(r.get(k) == v for k, v in settings.items()) and r["seed"] < options.seeds]
    done = {(r["arm"], r["seed"]) for r in rows}
    table = load_table(options.table)
    for name, arm in arms(options.look_ahead).items():
        for seed in range(options.seeds):
            if (name, seed) not in done:
                queries = arm(TableProblem(seed, table), seed, max(CHECKPOINTS))
                rows.append({**row(name, seed, queries, table), **settings})
                append(log, rows[-1])
        print(f"{name}: {options.seeds} seeds", flush=True)
    text = report(rows, options.seeds)
    (options.output / "README.md").write_text(
        f"# Strategies on {table['name']}\n\n    python benchmarks/tables.py TABLE.json --seeds {options.seeds} "
        f"--look-ahead {options.look_ahead}\n\n{text}"
    )
    print(text)


if __name__ == "__main__":
    main()
