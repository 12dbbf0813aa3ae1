"""Searches as the textbooks have them, as outside programs of an experiment on a table:

    python benchmarks/arms/textbook.py regularized-evolution macro.json SEED EVALUATIONS
    python benchmarks/arms/textbook.py local-search macro.json SEED EVALUATIONS

The score of a network is one of its trainings, drawn as a run of evolve with the same seed does; a network that is
asked for again counts again. Prints the JSON line that `evolve experiment` reads.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from evolve.problems.table_files import drawn, load_table, truth
from evolve.problems.tables import TableProblem

POPULATION, SAMPLE = 30, 5
Query = tuple[str, float]


class Scores:
    """Looks scores up and notes each query. Raises StopIteration when there have been so many."""

    def __init__(self, problem: TableProblem, limit: int) -> None:
        self._problem, self._limit = problem, limit
        self.queries: list[Query] = []

    def __call__(self, code: str) -> float:
        if len(self.queries) == self._limit:
            raise StopIteration
        scores = self._problem.table.entries[code]["fitness"]
        self.queries.append((code, scores[drawn(self._problem.seed, code, 0, len(scores))]))
        return self.queries[-1][1]


def regularized_evolution(problem: TableProblem, score: Scores, rng: random.Random) -> None:
    """Population 30, sample 5, one gene changed (Real et al. 2019, https://arxiv.org/abs/1802.01548)."""
    first = (problem.space.random(rng).genome.notation() for _ in range(POPULATION))
    population = [(code, score(code)) for code in first]
    while True:
        parent = max(rng.sample(population, SAMPLE), key=lambda member: member[1])[0]
        child = rng.choice(list(neighbours(problem, parent)))
        population = [*population[1:], (child, score(child))]


def local_search(problem: TableProblem, score: Scores, rng: random.Random) -> None:
    """From a random network to the first better neighbour until there is none; then from another random network
    (White et al. 2020, https://arxiv.org/abs/2005.02960)."""
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


def neighbours(problem: TableProblem, code: str) -> Iterator[str]:
    """All networks of the table that differ in one gene."""
    for at, options in enumerate(problem.table.choices):
        for digit in range(options):
            other = f"{code[:at]}{digit}{code[at + 1 :]}"
            if digit != int(code[at]) and other in problem.table.entries:
                yield other


SEARCHES: dict[str, Callable[[TableProblem, Scores, random.Random], None]] = {
    "regularized-evolution": regularized_evolution,
    "local-search": local_search,
}


def answer(problem: TableProblem, queries: list[Query]) -> dict[str, object]:
    """What `evolve experiment` reads. The curve has a point where the best changes, and the last query."""
    entries, curve, best = problem.table.entries, list[list[float]](), queries[0]
    for at, query in enumerate(queries, start=1):
        if at == 1 or query[1] > best[1]:
            best = query
            curve.append([at, best[1], truth(entries[best[0]])])
    curve.append([len(queries), best[1], truth(entries[best[0]])])
    found = {"test": truth(entries[best[0]]), "selected": best[1], "winner": best[0]}
    return {**found, "evaluations": len(queries), "openings": 1, "curve": curve}


def main() -> None:
    search, table, seed, evaluations = sys.argv[1:]
    problem = TableProblem(int(seed), load_table(Path(table)))
    score = Scores(problem, int(evaluations))
    try:
        SEARCHES[search](problem, score, random.Random(int(seed)))
    except StopIteration:
        print(json.dumps(answer(problem, score.queries)))


if __name__ == "__main__":
    main()
