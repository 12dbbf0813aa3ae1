"""One SQLite file per run: the log of candidates, requests, results and acts. It is the truth about a run.

The contract. One process writes (it holds a lock beside the file); workers never touch the file; readers open it
read-only. Every method that writes commits all its rows at once, on disk, or none. A row that is written never changes
and never goes. Writing a result twice, or a result without its request, raises `sqlite3.IntegrityError`.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from evolve.errors import RunError
from evolve.storage import rows
from evolve.storage.rows import Act, CandidateRow, RequestRow
from evolve.values import Candidate, Request, Result

SCHEMA_VERSION = 1
FILE = "run.sqlite"


class Store:
    """A run's log. Make one with `create`, `open` (to go on writing) or `read`."""

    def __init__(self, connection: sqlite3.Connection, lock: FileLock | None) -> None:
        self._connection, self._lock = connection, lock

    @classmethod
    def create(cls, folder: Path, meta: dict[str, Any]) -> Self:
        """A new log in `folder`, which must not hold one. Raises RunError if it does."""
        folder.mkdir(parents=True, exist_ok=True)
        store = cls._writer(folder)
        if store._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            store.close()
            raise RunError(f"{folder} already holds a run; choose another name or continue it with: evolve resume")
        return store._filled(meta)

    @classmethod
    def in_memory(cls, meta: dict[str, Any]) -> Self:
        """A new log that is gone with the process, for searches on tables by the thousand."""
        return cls(sqlite3.connect(":memory:", isolation_level=None), None)._filled(meta)

    def _filled(self, meta: dict[str, Any]) -> Self:
        with self._transaction():
            for statement in _statements(files("evolve.storage").joinpath("schema.sql").read_text()):
                self._connection.execute(statement)
            values = {**meta, "schema_version": SCHEMA_VERSION}.items()
            self._connection.executemany("INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in values])
        return self

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The log in `folder`, for writing. Raises RunError if there is none or another process writes it."""
        _must_exist(folder)
        store = cls._writer(folder)
        store._check_version(folder)
        return store

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The log in `folder`, read-only. Raises RunError if there is none."""
        _must_exist(folder)
        connection = sqlite3.connect(
            f"{(folder / FILE).absolute().as_uri()}?mode=ro", uri=True, timeout=30, isolation_level=None
        )
        connection.execute("PRAGMA query_only = 1")
        store = cls(connection, None)
        store._check_version(folder)
        return store

    @classmethod
    def _writer(cls, folder: Path) -> Self:
        lock = FileLock(folder / "run.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RunError(f"{folder} is in use by another process; wait for it or stop it first") from None
        connection = sqlite3.connect(folder / FILE, timeout=30, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return cls(connection, lock)

    def close(self) -> None:
        """Closes the file and gives up the lock."""
        self._connection.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(
        self,
        candidates: Iterable[Candidate] = (),
        requests: Iterable[Request] = (),
        results: Iterable[Result] = (),
    ) -> None:
        """Writes rows in one transaction. Raises ValueError for a number that is not finite."""
        with self._transaction():
            self._connection.executemany(
                "INSERT INTO candidate VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(rows.candidate_values, candidates)
            )
            self._connection.executemany(
                "INSERT INTO request VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(rows.request_values, requests)
            )
            self._connection.executemany(
                "INSERT INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(rows.result_values, results)
            )

    def act(self, kind: str, **detail: Any) -> None:
        """Notes what the user or the clock did."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO act (kind, detail, at) VALUES (?, ?, ?)", (kind, json.dumps(detail), time.time())
            )

    def meta(self) -> dict[str, Any]:
        """Settings, versions and what else was stored when the run was made."""
        return {key: json.loads(value) for key, value in self._connection.execute("SELECT key, value FROM meta")}

    def candidates(self) -> dict[int, CandidateRow]:
        """All candidates by birth number."""
        found = self._connection.execute("SELECT * FROM candidate ORDER BY number")
        return {row[0]: rows.candidate(row) for row in found}

    def requests(self) -> list[RequestRow]:
        """All requests in order."""
        return [rows.request(row) for row in self._connection.execute("SELECT * FROM request ORDER BY number")]

    def results(self) -> dict[int, Result]:
        """All results by request number."""
        found = self._connection.execute("SELECT * FROM result ORDER BY request")
        return {row[0]: rows.result(row) for row in found}

    def acts(self) -> list[Act]:
        """All acts in order."""
        found = self._connection.execute("SELECT kind, detail, at FROM act ORDER BY number")
        return [rows.act(row) for row in found]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read in the block is of one moment, whatever is written meanwhile."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _check_version(self, folder: Path) -> None:
        try:
            with readable(folder):
                found = self.meta().get("schema_version")
        except RunError:
            self.close()
            raise
        if found != SCHEMA_VERSION:
            self.close()
            raise RunError(
                f"{folder} has schema version {found}, this version of evolve reads {SCHEMA_VERSION}; "
                "use the version that made it, or start a new run"
            )


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """What is read in the block and is not as evolve writes it becomes a RunError."""
    try:
        yield
    except (sqlite3.DatabaseError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{folder / FILE} is not a run of evolve, or damaged: {error}") from None


def _must_exist(folder: Path) -> None:
    if not (folder / FILE).is_file():
        raise RunError(f"there is no run in {folder}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would commit the transaction it stands in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
