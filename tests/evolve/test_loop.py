"""The loop on a table: one history whatever interrupts it; cache, failures and ends."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from operator import ge
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import DATA, untimed
from rich.console import Console

import evolve
from evolve.api import VERSION
from evolve.config import RunConfig
from evolve.engine.composition import births_up_to, compose_search
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.final_stage import FinalStage
from evolve.engine.interrupts import Stop
from evolve.engine.loop import Search
from evolve.engine.vetoes import Vetoes
from evolve.errors import ConfigError, RunError
from evolve.execution.executor import InProcess
from evolve.problems.tables import TableProblem
from evolve.reporting.run_text import hall_of_fame
from evolve.search.births import Births
from evolve.search.strategy import STRATEGIES, Proposal, Strategy, strategy_class
from evolve.storage.files import FILE
from evolve.storage.store import Store
from evolve.values import Candidate, Result, Status
from genomes import Step
from genomes.choices import ChoicesGenome

TABLE: dict[str, Any] = {"table": DATA / "table.json", "encoding": "choices", "population": 8, "progress": False}


def start(folder: Path, name: str, **settings: Any) -> evolve.Run:
    return evolve.run(**{**TABLE, "results": folder, "name": name, **settings})


def history(run: evolve.Run, purpose: str | None = None) -> list[dict[str, Any]]:
    hidden = {"timing"} if purpose is None else {"timing", "request"}
    entries = [entry for entry in run.history() if purpose in (None, entry["purpose"])]
    return [{key: value for key, value in entry.items() if key not in hidden} for entry in entries]


ANYWHERE = [name for name in STRATEGIES if strategy_class(name).encodings is None]  # on tables, too


@pytest.mark.parametrize("strategy", ANYWHERE)
def test_same_seed_same_history_other_seed_other_history(tmp_path: Path, strategy: str) -> None:
    a, b, c = (start(tmp_path, n, strategy=strategy, generations=4, seed=s) for n, s in (("a", 0), ("b", 0), ("c", 1)))
    assert history(a) == history(b) != history(c)
    assert len(a.candidates) == 32


@pytest.mark.parametrize("strategy", ANYWHERE)
def test_a_longer_run_and_a_continued_one_have_one_search(tmp_path: Path, strategy: str) -> None:
    straight = start(tmp_path, "straight", strategy=strategy, generations=5)
    start(tmp_path, "short", strategy=strategy, generations=2)
    longer = evolve.resume("short", generations=3, results=tmp_path, progress=False)
    assert history(longer, "search") == history(straight, "search")
    assert best_mean(longer).candidate == best_mean(straight).candidate
    assert longer.state == "finished"


def best_mean(run: evolve.Run) -> evolve.Leader:
    return max(run.hall_of_fame, key=lambda leader: leader.rescored or 0.0)


def cut(source: Path, target: Path, requests: int, lost: set[int]) -> None:
    """What a kill leaves on disk: the first requests, without the results of those in `lost`, and no later acts."""
    target.mkdir()
    old, new = sqlite3.connect(source / FILE), sqlite3.connect(target / FILE)
    old.backup(new)
    for name in ("candidate", "request", "result", "act"):
        for trigger in ("is_final", "stays"):
            new.execute(f"DROP TRIGGER {name}_{trigger}")
    new.execute("DELETE FROM result WHERE request > ?", (requests,))
    new.executemany("DELETE FROM result WHERE request = ?", [(number,) for number in lost])
    new.execute("DELETE FROM request WHERE number > ?", (requests,))
    new.execute("DELETE FROM candidate WHERE number NOT IN (SELECT candidate FROM request)")
    new.execute("DELETE FROM act WHERE number > 1")
    new.commit()
    old.close()
    new.close()


@pytest.mark.parametrize("strategy", ANYWHERE)
def test_a_run_killed_anywhere_goes_on_to_the_same_history(tmp_path: Path, strategy: str) -> None:
    whole = start(tmp_path, "whole", strategy=strategy, generations=4)
    expected, rng = history(whole), Random(1)
    for attempt in range(12):
        requests = rng.randrange(0, len(expected) + 1)
        lost = {number for number in range(max(1, requests - 7), requests + 1) if rng.random() < 0.5}
        cut(whole.folder, tmp_path / f"cut-{attempt}", requests, lost)
        resumed = evolve.resume(f"cut-{attempt}", results=tmp_path, progress=False)
        assert history(resumed) == expected
        assert resumed.test_accuracy == whole.test_accuracy


def test_resuming_a_finished_run_changes_nothing(tmp_path: Path) -> None:
    run = start(tmp_path, "a", generations=2)
    again = evolve.resume("a", results=tmp_path, progress=False)
    assert history(again) == history(run)
    assert again.test_accuracy == run.test_accuracy


def change(run: evolve.Run, statement: str, *triggers: str) -> None:
    connection = sqlite3.connect(run.folder / FILE)
    for trigger in triggers:
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_genome_that_is_not_its_row_is_refused_with_advice(tmp_path: Path) -> None:
    run = start(tmp_path, "a", generations=2)
    other = json.dumps({"kind": "choices", "digits": "00000"})
    change(run, f"UPDATE candidate SET genome = '{other}' WHERE number = 9", "candidate_is_final")
    with pytest.raises(RunError, match=r"request 9 is recorded as candidate 9, .* start a new run"):
        evolve.resume("a", results=tmp_path, progress=False)


def test_another_version_is_refused_with_advice(tmp_path: Path) -> None:
    run = start(tmp_path, "a", generations=1)
    change(run, "UPDATE meta SET value = '\"0.0.1\"' WHERE key = 'version'")
    with pytest.raises(RunError, match=f"made by evolve 0.0.1, this is {VERSION}"):
        evolve.resume("a", results=tmp_path, progress=False)


def test_another_table_is_refused(tmp_path: Path) -> None:
    table = json.loads((DATA / "table.json").read_text())
    (tmp_path / "t.json").write_text(json.dumps(table))
    start(tmp_path, "a", generations=1, table=tmp_path / "t.json")
    next(iter(table["entries"].values()))["fitness"][0] += 1
    (tmp_path / "t.json").write_text(json.dumps(table))
    with pytest.raises(RunError, match="was made with digest"):
        evolve.resume("a", results=tmp_path, progress=False)


def test_the_earlier_limit_ends_the_search(tmp_path: Path) -> None:
    assert len(start(tmp_path, "a", generations=9, evaluations=11).candidates) == 11
    assert len(start(tmp_path, "b", generations=1, evaluations=11).candidates) == 8
    timed = start(tmp_path, "c", duration=0.001, table=untimed(tmp_path))
    assert timed.state == "finished"
    assert len(timed.candidates) < 200


def test_a_timed_run_goes_on_from_where_the_clock_ended_it(tmp_path: Path) -> None:
    timed = start(tmp_path, "a", duration=0.05, population=4, seed=3, table=untimed(tmp_path))
    births = len(timed.candidates)
    assert len(evolve.resume("a", results=tmp_path, progress=False).candidates) == births
    longer = evolve.resume("a", generations=2, results=tmp_path, progress=False)
    straight = start(tmp_path, "b", evaluations=births + 8, population=4, seed=3, table=untimed(tmp_path))
    assert history(longer, "search") == history(straight, "search")


def forget(run: evolve.Run, births: int, acts: int) -> None:
    """Makes a run look as if it had been killed: with so many births, all told, and so many acts."""
    cut(run.folder, run.folder.with_name("cut"), births, set())
    connection = sqlite3.connect(run.folder.with_name("cut") / FILE)
    connection.execute("ATTACH ? AS old", (str(run.folder / FILE),))
    connection.execute("INSERT INTO act SELECT * FROM old.act WHERE number > 1 AND number <= ?", (acts,))
    connection.commit()
    connection.close()


def test_a_timed_run_that_was_killed_takes_more_generations(tmp_path: Path) -> None:
    timed = start(tmp_path, "a", duration=0.2, population=4, table=untimed(tmp_path))
    births = min(10, len(timed.candidates))
    forget(timed, births=births, acts=1)
    assert len(evolve.resume("cut", generations=2, results=tmp_path, progress=False).candidates) == births + 8


def test_a_continued_timed_run_that_was_killed_keeps_its_new_limit(tmp_path: Path) -> None:
    births = len(start(tmp_path, "a", duration=0.05, population=4, table=untimed(tmp_path)).candidates)
    longer = evolve.resume("a", generations=3, results=tmp_path, progress=False)
    forget(longer, births=births + 5, acts=4)
    assert len(evolve.resume("cut", results=tmp_path, progress=False).candidates) == births + 12


def test_more_time_for_a_finished_run_searches_on(tmp_path: Path) -> None:
    start(tmp_path, "a", generations=1, table=untimed(tmp_path))
    assert len(evolve.resume("a", duration=0.5, results=tmp_path, progress=False).candidates) > 8


@pytest.mark.parametrize("seed", range(6))
def test_the_first_of_the_hall_of_fame_is_the_winner(tmp_path: Path, seed: int) -> None:
    table = json.loads((DATA / "table.json").read_text())
    for entry in table["entries"].values():
        entry["fitness"] = [round(score) for score in entry["fitness"]]  # ties are many
    (tmp_path / "ties.json").write_text(json.dumps(table))
    run = start(tmp_path, "a", generations=2, seed=seed, table=tmp_path / "ties.json")
    assert run.hall_of_fame[0].candidate == run.winner
    longer = evolve.resume("a", generations=2, results=tmp_path, progress=False)
    assert longer.hall_of_fame[0].candidate == longer.winner
    others = [leader.rescored or 0.0 for leader in longer.hall_of_fame[1:]]
    assert others == sorted(others, reverse=True)
    assert best_mean(longer).candidate >= longer.winner  # one that is younger did not win, as its lead is too small


def test_the_test_part_is_counted_as_opened_when_it_was(tmp_path: Path) -> None:
    start(tmp_path, "a", generations=2)
    assert evolve.resume("a", results=tmp_path, progress=False).test_openings == 1


def test_data_with_an_odd_name_make_a_run_with_a_plain_one(tmp_path: Path) -> None:
    table = json.loads((DATA / "table.json").read_text()) | {"name": "../my table (200)"}
    (tmp_path / "t.json").write_text(json.dumps(table))
    run = start(tmp_path, None, generations=1, table=tmp_path / "t.json")  # type: ignore[arg-type]
    assert run.name == "my-table-200-aging-1"
    assert [known.name for known in evolve.all_runs(tmp_path)] == [run.name]


def test_a_run_that_is_being_written_can_be_read_at_any_moment(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(start, tmp_path, "a", evaluations=150, strategy="random")
        reads = 0
        while not writing.done():
            if (tmp_path / "a" / FILE).exists():
                try:
                    run = evolve.Run(tmp_path / "a")
                except RunError:
                    continue  # not a run yet: its first transaction is to come
                list(run.history())
                reads += 1
        writing.result()
    assert reads > 0


def test_a_run_that_grows_is_seen_as_it_was_read_until_it_is_refreshed(tmp_path: Path) -> None:
    def seen(run: evolve.Run) -> list[Any]:
        facts = [run.candidates, run.requests, run.results, run.acts, run.final_result, run.winner, run.state]
        return [*facts, [leader.to_json() for leader in run.hall_of_fame]]

    run = start(tmp_path, "a", generations=1)
    first, space = seen(run), run.space
    longer = evolve.resume("a", generations=3, results=tmp_path, progress=False)
    assert seen(run) == first != seen(longer)
    assert seen(run.refresh()) == seen(longer)
    assert len(run.candidates) == 32
    assert run.space is space


def test_a_run_on_a_table_goes_on_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)
    start(tmp_path, "a", generations=1, table="table.json")
    monkeypatch.chdir(tmp_path / "a")
    assert len(evolve.resume(".", generations=1, progress=False).candidates) == 16
    assert not (tmp_path / "a" / ".data").exists()


def test_the_hall_of_fame_says_so_where_an_older_one_wins_than_that_with_the_best_mean(tmp_path: Path) -> None:
    said = set()
    for seed in range(8):
        run = start(tmp_path, f"a{seed}", generations=2, leaders=6, rescorings=2, seed=seed)
        best = max(run.hall_of_fame, key=lambda leader: -1.0 if leader.rescored is None else leader.rescored)
        with (console := Console(width=400)).capture() as shown:
            console.print(hall_of_fame(run))
        said.add(told := "the first one born wins" in shown.get())
        assert told == (best.candidate != run.winner)
    assert said == {True, False}


def test_leaders_are_scored_again_and_the_winner_is_none_that_is_younger_than_the_best(tmp_path: Path) -> None:
    run = start(tmp_path, "a", generations=4, leaders=4, rescorings=2)
    rescored = [leader for leader in run.hall_of_fame if leader.rescored is not None]
    assert len(rescored) == 4
    best = max(rescored, key=lambda leader: leader.rescored or 0).candidate
    assert run.winner == run.hall_of_fame[0].candidate <= best
    assert [e["purpose"] for e in run.history()][-9:] == ["rescore"] * 8 + ["final"]
    table = json.loads((DATA / "table.json").read_text())["entries"]
    assert run.test_accuracy == table[run.candidates[run.winner].notation]["test"]


def search(problem: TableProblem, strategy: Any, births: int, population: int = 4) -> Search:
    store = Store.in_memory({"config": {"table": "table.json"}})
    dispatcher = Dispatcher(store, InProcess(problem.evaluators, problem.settings), Stop())
    settings = {"table": "table.json", "encoding": "choices", "population": population, "look_ahead": 3}
    config = RunConfig.checked(settings)
    return compose_search(config, problem, [], dispatcher, births_up_to(births), strategy=strategy)


def test_where_there_are_founders_the_first_of_them_joins_the_leaders(table_problem: TableProblem) -> None:
    strategy = strategy_class("aging")(Births(table_problem.space), 4, strategy_class("aging").Options())
    searched = search(table_problem, strategy, births=12)
    searched.run()
    finish = FinalStage(table_problem, searched.dispatcher, searched.dispatcher.store)

    def leaders(*given: int, with_first: bool = True) -> list[int]:
        return [leader.number for leader in finish.leaders(*given, with_first=with_first)]

    best = [one.candidate for one in searched.dispatcher.store.best(12)]
    assert 1 not in best[:2]
    assert leaders(2, with_first=False) == best[:2]
    assert leaders(2) == [*best[:2], 1]
    assert leaders(best.index(1) + 1) == best[: best.index(1) + 1]
    assert leaders(12) == best
    assert leaders(1) == best[:1]
    assert 7 in leaders(2, 6)  # the first one born after six small ones


def test_where_none_of_the_best_may_win_smaller_ones_are_looked_at(table_problem: TableProblem) -> None:
    strategy = strategy_class("random")(Births(table_problem.space), 4, strategy_class("random").Options())
    searched = search(table_problem, strategy, births=60)
    searched.run()
    store = searched.dispatcher.store
    best = [one.candidate for one in store.best(60)]
    asked: list[int] = []

    def vetoed(candidate: Candidate) -> str:
        asked.append(candidate.number)
        return "" if candidate.number == best[50] else "too slow"

    finish = FinalStage(
        table_problem, searched.dispatcher, store, vetoed=vetoed, hopeless=lambda one: one.number in best[40:45]
    )
    assert [one.number for one in finish.leaders(2)] == [best[50]]
    assert {*asked} == {*best[:40], *best[45:]}


def test_what_is_no_smaller_than_one_that_is_too_slow_is_hopeless(table_problem: TableProblem) -> None:
    strategy = strategy_class("random")(Births(table_problem.space), 4, strategy_class("random").Options())
    searched = search(table_problem, strategy, births=20)
    searched.run()
    store, config = searched.dispatcher.store, RunConfig.checked({"max_latency": "2ms"})
    sizes = {number: (row.parameters or 0, row.multiply_adds or 0) for number, row in store.candidates().items()}
    [slow, fast] = sorted(sizes, key=lambda number: sizes[number])[9:11]
    store.act("measured", candidate=slow, measures={"latency": 0.003, "latency_spread": 0.0001})
    store.act("measured", candidate=fast, measures={"latency": 0.001, "latency_spread": 0.0001})
    vetoes = Vetoes(config, table_problem, searched.dispatcher, store)
    finish = FinalStage(table_problem, searched.dispatcher, store)
    born = {number: finish._candidate(number) for number in sizes}
    hopeless = {number for number, candidate in born.items() if vetoes.hopeless(candidate)}
    assert hopeless == {number for number, size in sizes.items() if all(map(ge, size, sizes[slow]))}
    assert 0 < len(hopeless) < len(sizes)
    assert vetoes.vetoed(born[slow]) == (
        "an image takes 3 ms (the middle half of all times within 100 us), more than max_latency=2 ms"
    )
    assert vetoes.vetoed(born[fast]) == ""


def test_a_winner_is_trained_again_if_there_is_time_for_a_much_longer_training(table_problem: TableProblem) -> None:
    strategy = strategy_class("random")(Births(table_problem.space), 4, strategy_class("random").Options())
    searched = search(table_problem, strategy, births=4)
    searched.run()
    searched.dispatcher.executor = Slow(table_problem.evaluators, table_problem.settings)
    finish = FinalStage(table_problem, searched.dispatcher, searched.dispatcher.store)
    ranked = finish.leaders(1)

    def trained(seconds: float | None) -> int:
        return finish.train_winner(ranked, lambda: seconds)[0].repeat

    assert [trained(seconds) for seconds in (None, None, 0.1, 11.0, 15.0, None, 0.1, 15.0)] == [0, 0, 0, 0, 1, 1, 1, 2]


class Slow(InProcess):
    """An entry of a table takes ten seconds, as it says."""

    def finished(self, timeout: float) -> list[Result]:
        return [replace(result, timing={"seconds": 10.0}) for result in super().finished(timeout)]


class Stubborn(Strategy):
    """A strategy that asks for the same genomes over and over."""

    Options = strategy_class("random").Options

    def __init__(self, genomes: list[Any]) -> None:
        self._genomes, self._asked = genomes, 0
        self.told: list[tuple[Any, Any]] = []

    def ask(self, rng: Random) -> Proposal:
        self._asked += 1
        return Proposal(self._genomes[self._asked % len(self._genomes)], (), (Step("random", {}, "stubborn"),))

    def tell(self, request: Any, result: Any) -> None:
        self.told.append((request, result))

    def stop_reasons(self) -> dict[str, str]:
        return {}


def test_a_known_job_is_answered_from_the_cache(table_problem: TableProblem) -> None:
    genomes = [table_problem.space.parse(code) for code in list(table_problem.space.entries)[:2]]
    strategy = Stubborn(genomes)
    search(table_problem, strategy, births=9).run()
    evaluated = [result for _, result in strategy.told if result.cached_from is None]
    assert len(evaluated) == 2
    for request, result in strategy.told:
        twin = next(r for q, r in strategy.told if q.job_key == request.job_key and r.cached_from is None)
        assert result.objectives == twin.objectives
        if result.cached_from is not None:
            assert result.cached_from == twin.request
            assert result.spent == {}


def test_what_cannot_be_built_ends_as_invalid_and_the_search_goes_on(table_problem: TableProblem) -> None:
    known = table_problem.space.parse(next(iter(table_problem.space.entries)))
    missing = next(
        genome
        for code in range(432)
        if (genome := ChoicesGenome((code % 3, code // 3 % 3, code // 9 % 4, code // 36 % 4, code // 144))).notation()
        not in table_problem.space.entries
    )
    strategy = Stubborn([known, missing])
    search(table_problem, strategy, births=6).run()
    invalid = [result for _, result in strategy.told if result.status is Status.INVALID]
    assert len(invalid) == 3
    assert all("is not in the table" in str(result.reason) for result in invalid)


def test_if_every_founder_fails_the_run_stops_and_says_why(table_problem: TableProblem) -> None:
    loop = search(table_problem, Stubborn([ChoicesGenome((9, 9, 9, 9, 9))]), births=20)
    with pytest.raises(RunError, match=r"none of the first 4 candidates .* is not in the table"):
        loop.run()


def test_a_strategy_that_waits_for_nothing_is_a_defect(table_problem: TableProblem) -> None:
    class Idle(Stubborn):
        def ask(self, rng: Random) -> Any:
            return "wait"

    with pytest.raises(RunError, match="a defect of the strategy"):
        search(table_problem, Idle([]), births=4).run()


def test_look_ahead_bounds_what_is_untold(table_problem: TableProblem) -> None:
    kind = strategy_class("genetic")
    untold: list[int] = []

    class Watched(kind):  # type: ignore[misc, valid-type]
        def ask(self, rng: Random) -> Any:
            untold.append(loop.births - loop.stats.told)
            return super().ask(rng)

    loop = search(table_problem, Watched(Births(table_problem.space), 4, kind.Options()), births=40)
    loop.run()
    assert max(untold) == 2


def test_what_has_its_result_does_not_run(table_problem: TableProblem) -> None:
    kind = strategy_class("genetic")
    seen: set[float] = set()

    class Watched(kind):  # type: ignore[misc, valid-type]
        def ask(self, rng: Random) -> Any:
            store, opened = loop.dispatcher.store, loop.stats.running
            running = loop.stats.running_cost(loop.dispatcher.is_there)
            assert running == sum(cost for number, cost in opened.items() if store.result(number) is None)
            seen.add(sum(opened.values()) - running)
            return super().ask(rng)

    loop = search(table_problem, Watched(Births(table_problem.space), 4, kind.Options()), births=40)
    loop.run()
    assert max(seen) > 0  # some results came before they were due


def test_unknown_options_of_a_strategy_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'elite'"):
        start(tmp_path, "a", strategy="genetic", options={"elites": 2})
    assert not (tmp_path / "a").exists()


def test_two_runs_never_share_a_name(tmp_path: Path) -> None:
    start(tmp_path, "a", generations=1)
    with pytest.raises(RunError, match="already holds a run"):
        start(tmp_path, "a", generations=1)


def test_names_are_made_up_and_counted(tmp_path: Path) -> None:
    names = [start(tmp_path, None, generations=1).name for _ in range(2)]  # type: ignore[arg-type]
    assert names == ["synthetic-200-aging-1", "synthetic-200-aging-2"]
    assert [run.name for run in evolve.all_runs(tmp_path)] == names[::-1]
