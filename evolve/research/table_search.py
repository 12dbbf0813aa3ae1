"""A search on a table that leaves nothing behind: the same parts as a run, in memory, and what came out as a value.

For experiments that search by the thousand, one process per core:

    table = load_table(Path("macro.json"))
    config = RunConfig.checked({"table": "macro.json", "encoding": "choices", "evaluations": 400, "seed": 1})
    print(search_table(config, table).test)

What is worked out of a table, such as its search space, is kept for the next search. So a table is best handed to the
processes of a pool once, by their initializer, and not with each search.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from evolve.config import RunConfig
from evolve.engine.composition import compose_search
from evolve.engine.config_checks import check_settings
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.final_stage import FinalStage
from evolve.engine.initial_population import founders
from evolve.engine.interrupts import Stop
from evolve.engine.pace import Pace, simulated_clock, stop_conditions
from evolve.engine.stats import Stats
from evolve.execution.executor import InProcess
from evolve.planning.plan import Stages
from evolve.problems.making import table_problem
from evolve.problems.recorded_problem import RecordedProblem
from evolve.problems.recorded_tables import RecordedTable
from evolve.problems.table_files import Table
from evolve.problems.tables import USUAL_GENERATIONS, TableProblem
from evolve.research.trials import Point
from evolve.runs.origin import origin
from evolve.search.halving import Halving
from evolve.search.strategy import Proposal
from evolve.storage.store import Store


@dataclass(frozen=True)
class TableSearch:
    """What a search on a table found; scores as they are measured.

    winner: its notation. origin: where it comes from, as "mutant of 4". selected: its score in the search. rescored:
    the mean of its other trainings, by which it won; None where none was looked up. test: what it is worth. It need not
    be the best of the search, see `hall_order`.
    evaluations: candidates that were born. seconds: simulated ones, until the search ended; None where the table has no
    times.
    curve: steps at which the best of the search changed, and its end, by evaluations. curve_in_seconds: the same by
    simulated seconds.
    """

    winner: str
    origin: str
    selected: float
    rescored: float | None
    test: float
    evaluations: int
    seconds: float | None
    curve: tuple[Point, ...]
    curve_in_seconds: tuple[Point, ...] | None


def search_table(config: RunConfig, table: Table | RecordedTable) -> TableSearch:
    """Searches `table` as `evolve.run` does with these settings, and writes no file.

    config: its `table` may be any path, as nothing is read from there; of a recorded table it is one of JSON Lines.
    Raises ConfigError for settings that cannot be, and RunError if nothing of what was tried could be evaluated.
    """
    check_settings(config)
    problem = table_problem(config, table)
    update: dict[str, object] = {"rescorings": problem.rescorings(config.rescorings)}
    if config.limit is None and config.duration is None:
        update["generations"] = USUAL_GENERATIONS
    config = config.model_copy(update=update)
    begin_with = founders(problem.space, config.founders, config.results, lambda text: None)
    if config.founders is None:
        begin_with = begin_with[: config.max_founders]
    with Store.in_memory({"config": config.model_dump(mode="json")}) as store:
        return _search(config, problem, begin_with, store)


def _search(
    config: RunConfig, problem: TableProblem | RecordedProblem, begin_with: Sequence[Proposal], store: Store
) -> TableSearch:
    dispatcher = Dispatcher(store, InProcess(problem.evaluators, problem.settings), Stop())
    stats, objective, clock = Stats(config.population), store.objectives.first, simulated_clock(problem, config)
    curve: list[tuple[int, float, tuple[float, float | None]]] = []

    def note() -> None:
        if stats.best is not None:
            best, fitness = stats.best
            scores = (objective.shown(fitness), problem.truth(best.genome, objective.name))
            curve.append((stats.births, clock.now if clock else 0.0, scores))

    stats.on_best = note
    times = Stages(config.duration, 0.0, 0.0) if config.duration else None
    conditions = stop_conditions(config.limit, times, None, clock, time.monotonic())
    pace = Pace(stats, dispatcher, problem, config, 1, conditions)
    search = compose_search(config, problem, begin_with, dispatcher, pace.over, stats, clock=clock)
    search.run()
    seconds = clock.now if clock else None
    if isinstance(search.strategy, Halving):
        search.close(search.strategy.due, pace.late)
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
        seconds=seconds,
        curve=tuple(Point(float(births), *scores) for births, _, scores in curve),
        curve_in_seconds=tuple(Point(at, *scores) for _, at, scores in curve) if clock else None,
    )
