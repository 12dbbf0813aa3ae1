"""Strategies on a table of published scores, beside textbook regularized evolution and local search.

    python benchmarks/tables.py macro.json --seeds 200 --output results/published/tables

The table is made from the published NAS-Bench-Macro file by `evolve table convert`. Each arm runs once per
seed. The score of a network is one of its three trainings, drawn per run; a network that is asked for again
counts again.
Reported after N queries: the best score so far, and the mean of the three trainings of the network that has it.
Writes one JSON row per arm and seed, and goes on where it stopped.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, stdev

from rows import append, read

from evolve.api import VERSION
from evolve.config import RunConfig
from evolve.execution.executor import InProcess
from evolve.jobs import TableJob
from evolve.problems.table_files import Table, load_table, truth
from evolve.problems.tables import TableProblem
from evolve.research.table_search import Point, search_table
from evolve.values import Budget

CHECKPOINTS = (50, 100, 200, 400)
AGING_POPULATION = 30  # the textbook's; evolve's own arms keep its default
Query = tuple[str, float]
Arm = Callable[[Table, int, int], Sequence[Point]]


def ours(strategy: str, table: Table, seed: int, queries: int, look_ahead: int) -> tuple[Point, ...]:
    """How the best of one of evolve's own searches changed."""
    settings = {"table": "none.json", "encoding": "choices", "strategy": strategy, "evaluations": queries}
    return search_table(RunConfig.checked({**settings, "seed": seed, "look_ahead": look_ahead}), table).curve


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


def textbook(search: Callable[[TableProblem, int, int], list[Query]]) -> Arm:
    def arm(table: Table, seed: int, queries: int) -> list[Point]:
        made = search(TableProblem(seed, table), seed, queries)
        best = [max(made[: at + 1], key=lambda query: query[1]) for at in range(len(made))]
        return [Point(at, score, truth(table.entries[code])) for at, (code, score) in enumerate(best, start=1)]

    return arm


def arms(look_ahead: int) -> dict[str, Arm]:
    def own(name: str) -> Arm:
        return lambda table, seed, queries: ours(name, table, seed, queries, look_ahead)

    mine = {name: own(name) for name in ("random", "genetic", "aging", "neat")}
    books = {"regularized evolution (textbook)": regularized_evolution, "local search (textbook)": local_search}
    return {**mine, **{name: textbook(search) for name, search in books.items()}}


def row(arm: str, seed: int, curve: Sequence[Point]) -> dict[str, object]:
    """Best score so far, and what its network is worth, at each checkpoint."""
    found: dict[str, object] = {"arm": arm, "seed": seed}
    for n in CHECKPOINTS:
        last = [point for point in curve if point.x <= n][-1]
        found[str(n)] = [last.selected, last.truth]
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
                rows.append({**row(name, seed, arm(table, seed, max(CHECKPOINTS))), **settings})
                append(log, rows[-1])
        print(f"{name}: {options.seeds} seeds", flush=True)
    text = report(rows, options.seeds)
    (options.output / "README.md").write_text(
        f"# Strategies on {table.name}\n\n    python benchmarks/tables.py TABLE.json --seeds {options.seeds} "
        f"--look-ahead {options.look_ahead}\n\n{text}"
    )
    print(text)


if __name__ == "__main__":
    main()
