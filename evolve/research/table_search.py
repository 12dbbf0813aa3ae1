"""A search on a table that leaves nothing behind: the same parts as a run, in memory, and what came out as a value.

For experiments that search by the thousand, one process per core:

    table = load_table(Path("macro.json"))
    config = RunConfig.checked({"table": "macro.json", "encoding": "choices", "evaluations": 400, "seed": 1})
    print(search_table(config, table).test)

What is worked out of a table, such as its search space, is kept for the next search. So a table is best handed to the
processes of a pool once, by their initializer, and not with each search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from evolve.config import RunConfig
from evolve.engine.composition import births_up_to, compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.final_stage import FinalStage
from evolve.engine.initial_population import founders
from evolve.engine.interrupts import Stop
from evolve.engine.stats import Stats
from evolve.execution.executor import InProcess
from evolve.problems.table_files import Table
from evolve.problems.tables import USUAL_GENERATIONS, TableProblem
from evolve.runs.origin import origin
from evolve.search.halving import Halving
from evolve.search.strategy import Proposal
from evolve.storage.store import Store


class Point(NamedTuple):
    """Where a search stood. x: evaluations so far. selected: the score of the best so far. truth: what that one is
    worth, which no search sees; None where that is not known."""

    x: float
    selected: float
    truth: float | None


@dataclass(frozen=True)
class TableSearch:
    """What a search on a table found; scores as they are measured.

    winner: its notation. origin: where it comes from, as "mutant of 4". selected: its score in the search. rescored:
    the mean of its other trainings, by which it won; None where none was looked up. test: what it is worth. It need not
    be the best of the search, see `hall_order`.
    evaluations: candidates that were born. seconds: simulated ones, None where the table has no times.
    curve: steps at which the best of the search changed, and its end.
    """

    winner: str
    origin: str
    selected: float
    rescored: float | None
    test: float
    evaluations: int
    seconds: float | None
    curve: tuple[Point, ...]


def search_table(config: RunConfig, table: Table) -> TableSearch:
    """Searches `table` as `evolve.run` does with these settings, and writes no file.

    config: its `table` may be any path, as nothing is read from there. Raises ConfigError for settings that cannot be,
    and RunError if nothing of what was tried could be evaluated.
    """
    config.check_objectives()
    config.check_encoding()
    problem = TableProblem(config.seed, table)
    config = config.model_copy(update={"rescorings": problem.rescorings(config.rescorings)})
    begin_with = founders(problem.space, config.founders, config.results, lambda text: None)
    with Store.in_memory({"config": config.model_dump(mode="json")}) as store:
        return _search(config, problem, begin_with, store)


def _search(config: RunConfig, problem: TableProblem, begin_with: Sequence[Proposal], store: Store) -> TableSearch:
    dispatcher = Dispatcher(store, InProcess(problem.evaluators, problem.settings), Stop())
    stats, objective, curve = Stats(config.population), store.objectives.first, list[Point]()

    def note() -> None:
        assert stats.best is not None
        best, fitness = stats.best
        curve.append(Point(stats.births, objective.shown(fitness), problem.truth(best.genome)))

    stats.on_best = note
    ends = births_up_to(config.limit or USUAL_GENERATIONS * config.population)
    search = compose_search(config, problem, begin_with, dispatcher, ends, stats)
    search.run()
    if isinstance(search.strategy, Halving):
        search.close(search.strategy.promotion, lambda cost: False)
    note()
    finish = FinalStage(problem, dispatcher, store)
    request, result = finish.train_winner(finish.ranked(config, bool(begin_with)))
    winner = request.candidate
    selected, again = store.score(winner.number), store.rescored().get(winner.number)
    assert selected is not None and result.fitness is not None
    return TableSearch(
        winner=winner.genome.notation(),
        origin=origin(store.born(winner.number)),
        selected=objective.shown(selected.fitness),
        rescored=objective.shown(fmean(again)) if again else None,
        test=objective.shown(result.fitness),
        evaluations=search.births,
        seconds=None,
        curve=tuple(curve),
    )
