"""The store: all or nothing, never changed, one writer, any number of readers."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from conftest import scored

from evolve.errors import LogError, RunError
from evolve.execution.border import result_from_json, result_to_json
from evolve.storage.files import FILE
from evolve.storage.store import Store
from evolve.values import Budget, Candidate, Hits, Purpose, Request, Result, Schedule, Status
from genomes import Step
from genomes.stack.space import StackSpace

SPACE = StackSpace((8, 8, 1), 10)
STEPS = (
    Step("insert", {"at": 2, "to": "relu"}, "insert relu at 2"),
    Step("recipe", {"from": {"flip": True}, "to": {"flip": False}}, "recipe flip True -> False"),
    Step("swap", {"at": 1, "from": ("a", "b"), "to": [None, 1.5]}, "swap 'a' and \"b\"; \u00fc"),
)


def candidate(number: int) -> Candidate:
    genome = SPACE.random(Random(number)).genome
    return Candidate(number, genome, f"key {number}", (1,) if number > 1 else (), STEPS, 10, 20)


def request(number: int) -> Request:
    return Request(number, candidate(number), Budget(100, 3), 0, Purpose.SEARCH, f"job {number}")


RESULT = Result(
    request=1,
    status=Status.OK,
    measures={"loss": 1 / 3, "accuracy": 0.1 + 0.2},
    curve=({"epoch": 1, "loss": 2.5},),
    spent={"images": 100, "epochs": 3},
    timing={"seconds": 1.5},
    objectives=(0.1 + 0.2,),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path / "run", {"config": {"seed": 0}})
    made.add([candidate(1)], [request(1)])
    return made


def test_rows_come_back_as_they_were_written(store: Store, tmp_path: Path) -> None:
    store.add(results=[RESULT])
    store.act("stopped", by="test")
    with Store.read(tmp_path / "run") as reader:
        row = reader.candidates()[1]
        assert SPACE.read(row.genome) == candidate(1).genome
        assert (row.parents, row.steps, row.key) == ((), STEPS, "key 1")
        [asked] = reader.requests()
        assert (asked.number, asked.candidate, asked.budget, asked.job_key) == (1, 1, Budget(100, 3), "job 1")
        assert reader.results() == {1: RESULT}
        assert [(act.kind, act.detail) for act in reader.acts()] == [("stopped", {"by": "test"})]
        assert reader.meta()["config"] == {"seed": 0}
        [told] = [json.loads(line) for line in reader.history()]
        assert told["steps"] == [step.to_json() for step in STEPS]


@pytest.mark.parametrize("name", ["candidate", "request", "result", "act"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET rowid = rowid + 1", "DELETE FROM {0}"])
def test_finished_rows_never_change(store: Store, tmp_path: Path, name: str, statement: str) -> None:
    store.add(results=[RESULT])
    store.act("stopped")
    store.close()
    connection = sqlite3.connect(tmp_path / "run" / FILE)
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(statement.format(name))
    connection.close()


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.add([candidate(2)], [request(2), request(1)])
    assert list(store.candidates()) == [1]
    with pytest.raises(ValueError, match="nan"):
        store.add([candidate(2)], [request(2)], [Result(2, Status.OK, {"accuracy": float("nan")})])
    assert list(store.candidates()) == [1]


def test_a_result_needs_its_request_and_is_written_once(store: Store) -> None:
    store.add(results=[RESULT])
    with pytest.raises(sqlite3.IntegrityError):
        store.add(results=[RESULT])
    with pytest.raises(sqlite3.IntegrityError):
        store.add(results=[Result(9, Status.FAILED, reason="no such request")])


@pytest.mark.parametrize(
    "result",
    [
        Result(1, Status.OK),
        Result(1, Status.WEIGHTS_MISSING),
        Result(1, Status.WORKER_DIED),
        Result(1, Status.FAILED, {"loss": float("inf")}),
    ],
)
def test_ok_has_measures_and_all_are_finite(store: Store, result: Result) -> None:
    with pytest.raises(ValueError, match="request 1"):
        store.add(results=[result])


def test_there_is_one_writer(store: Store, tmp_path: Path) -> None:
    script = (
        f"from evolve.storage.store import Store; from pathlib import Path; Store.open(Path({str(tmp_path / 'run')!r}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "in use by another process" in done.stderr
    store.close()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_reader_sees_what_is_written_meanwhile_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    with Store.read(tmp_path / "run") as reader:
        assert reader.results() == {}
        store.add(results=[RESULT])
        assert list(reader.results()) == [1]
        with pytest.raises(LogError, match="read-only"):
            reader.act("stopped")


def test_what_is_on_disk_survives_kill_9(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from evolve.storage.store import Store
store = Store.create(Path({str(tmp_path / "run")!r}), {{}})
for n in range(50):
    store.act("started", n=n)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == -9
    with Store.open(tmp_path / "run") as store:
        assert [act.detail["n"] for act in store.acts()] == list(range(50))


def test_other_schema_versions_are_refused_with_advice(store: Store, tmp_path: Path) -> None:
    store.close()
    connection = sqlite3.connect(tmp_path / "run" / FILE)
    connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    connection.commit()
    connection.close()
    with pytest.raises(RunError, match="schema version 99"):
        Store.open(tmp_path / "run")


def test_a_file_that_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not a database at all, but long enough to look like one" * 50)
    with pytest.raises(RunError, match="is not a run of evolve"):
        Store.read(tmp_path)
    with pytest.raises(RunError, match="there is no run"):
        Store.read(tmp_path / "elsewhere")


def test_a_second_run_never_overwrites_the_first(store: Store, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="in use by another process"):
        Store.create(tmp_path / "run", {})
    store.close()
    with pytest.raises(RunError, match="already holds a run"):
        Store.create(tmp_path / "run", {})


def test_a_run_killed_before_its_first_row_can_be_made_again(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / FILE).touch()
    Store.create(tmp_path / "run", {"config": {}}).close()
    with Store.read(tmp_path / "run") as store:
        assert store.meta()["config"] == {}


def test_the_log_is_readable_without_this_project(store: Store, tmp_path: Path) -> None:
    store.add(results=[RESULT])
    store.close()
    connection = sqlite3.connect(tmp_path / "run" / FILE)
    [(measures,)] = connection.execute("SELECT measures FROM result").fetchall()
    assert json.loads(measures) == {"loss": 1 / 3, "accuracy": 0.1 + 0.2}
    connection.close()


def test_questions_are_answered_as_if_all_rows_had_been_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evolve.storage.log.PAGE", 3)
    scores = {1: 0.3, 2: 0.9, 3: None, 4: 0.5, 5: 0.9, 6: 0.1, 7: None, 8: 0.2}
    store.add([candidate(n) for n in range(2, 9)], [request(n) for n in range(2, 9)])
    again = Request(9, candidate(2), Budget(100, 3), 1, Purpose.RESCORE, "again")
    store.add(requests=[again])
    order = {request: place for place, request in enumerate([3, 1, 2, 8, 5, 6, 4, 7], start=1)}
    for number, score in scores.items():
        status = Status.OK if score is not None else Status.FAILED
        measures = {} if score is None else {"accuracy": score}
        store.add(results=[Result(number, status, measures, timing={"order": order[number]})])
    store.add(results=[scored(9, 0.7, timing={"order": 9})])
    assert [(asked.number, born.number) for asked, born in store.births()] == [(n, n) for n in range(1, 9)]
    assert store.best(3) == [(2, 0.9, 300), (5, 0.9, 300), (4, 0.5, 300)]
    assert (store.score(4), store.score(3), store.score(99)) == ((4, 0.5, 300), None, None)
    assert store.rescored() == {2: [0.7]}
    assert (store.first([4, 5, 8]), store.first([99])) == (8, None)
    known = store.known("job 6")
    assert known is not None and known.request == 6
    assert store.known("job 99") is None
    assert (store.last("request"), store.last("candidate")) == (9, 8)
    assert (store.count(), store.count(Purpose.RESCORE), store.count(Purpose.SEARCH, statuses=[Status.OK])) == (9, 1, 6)
    assert store.moments(Purpose.SEARCH) == []
    assert [json.loads(line)["request"] for line in store.history()] == list(range(1, 10))
    assert [json.loads(line)["request"] for line in store.history(last=4)] == [6, 7, 8, 9]
    assert [json.loads(line)["request"] for line in store.history(candidate=2)] == [2, 9]
    assert [asked.number for asked in store.requests(candidate=2)] == [2, 9]
    assert [asked.number for asked in store.requests(Purpose.SEARCH, candidate=2)] == [2]


@pytest.mark.parametrize(
    ("config", "best", "shown"),
    [({}, [2, 3, 1], 0.7), ({"metric": "loss"}, [1, 3, 2], 0.2), ({"objectives": ["minimise spread"]}, [3, 2, 1], 0.0)],
)
def test_objectives_are_derived_from_measures_when_they_are_read(
    tmp_path: Path, config: dict[str, object], best: list[int], shown: float
) -> None:
    measures = {1: (0.5, 0.2, 3.0), 2: (0.7, 0.9, 1.5), 3: (0.6, 1 / 3, 0.0)}
    with Store.create(tmp_path / "run", {"config": config}) as store:
        store.add([candidate(n) for n in measures], [request(n) for n in measures])
        for number, (accuracy, loss, spread) in measures.items():
            told = {"accuracy": accuracy, "loss": loss, "spread": spread}
            store.add(results=[Result(number, Status.OK, told, objectives=(99.0,))])
        first = store.objectives.first
        assert [one.candidate for one in store.best(3)] == best
        assert first.shown(store.best(1)[0].fitness) == shown
        fitness = {number: result.fitness for number, result in store.results().items()}
        assert max(fitness, key=lambda number: fitness[number] or 0.0) == best[0]
        values = [json.loads(line)["objectives"] for line in store.history()]
        assert values == [[told[("accuracy", "loss", "spread").index(first.name)]] for told in measures.values()]


def test_hits_have_a_table_of_their_own(store: Store, tmp_path: Path) -> None:
    recognised = [number % 3 == 0 for number in range(21)]
    bits = sum(hit << (23 - at) for at, hit in enumerate(recognised)).to_bytes(3, "big")
    hits = Hits("digest of validation", 21, bits)
    store.add([candidate(2), candidate(3)], [request(2), request(3)])
    store.add(results=[replace(RESULT, hits=hits), scored(2, 0.5), scored(3, 0.5, hits=hits, cached_from=1)])
    assert store.results()[1] == RESULT
    assert store.hits(1) == hits
    assert hits.each() == recognised
    assert (store.hits(2), store.hits(3), store.hits(99)) == (None, None, None)
    told = json.loads(json.dumps(result_to_json(replace(RESULT, hits=hits))))
    assert result_from_json(told) == replace(RESULT, hits=hits, objectives=())


def test_hits_are_kept_of_so_many_results_of_a_search(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evolve.storage.store.MOST_HITS", 2)
    hits = Hits("digest", 8, b"a")
    store.add([candidate(n) for n in range(2, 6)], [request(n) for n in range(2, 6)])
    for number in range(1, 5):
        store.add(results=[scored(number, 0.5, hits=hits)])
    again = replace(request(6), candidate=candidate(1), purpose=Purpose.RESCORE)
    store.add((), [again], [scored(6, 0.5, hits=hits)])
    assert [store.hits(number) is not None for number in range(1, 7)] == [True, True, False, False, False, True]


def test_a_larger_budget_ranks_first(store: Store) -> None:
    store.add([candidate(n) for n in (2, 3)], [request(n) for n in (2, 3)])
    up = Request(4, candidate(2), Budget(300, 3), 0, Purpose.SEARCH, "up", request(2).continued())
    closing = Request(
        5,
        candidate(3),
        Budget(300, 3),
        0,
        Purpose.CLOSING,
        "closing",
        replace(request(3), spans=9).continued(Schedule.SAME),
    )
    store.add(requests=[up, closing])
    for number, fitness in ((2, 0.5), (3, 0.9), (4, 0.2), (5, 0.3)):
        store.add(results=[scored(number, fitness)])
    store.add(results=[scored(1, 0.99)])
    assert store.best(3) == [(3, 0.3, 900), (2, 0.2, 900), (1, 0.99, 300)]
    assert store.score(2) == (2, 0.2, 900)
    assert store.numbers(Purpose.CLOSING) == {(3, "closing"): 5}
    assert [row.continues for row in store.requests()] == [None, None, None, 2, 3]
    assert store.request(5).schedule is Schedule.SAME
    inheriting = Request(6, candidate(4), Budget(100, 3), 0, Purpose.SEARCH, "heir", inherits="job 1", spans=9)
    store.add([candidate(4)], [inheriting])
    row = store.request_of("heir")
    assert row is not None
    assert (row.continues, row.inherits, row.spans) == (None, "job 1", 9)
