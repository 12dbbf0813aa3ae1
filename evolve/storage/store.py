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

from filelock import FileLock

from evolve.errors import LogError, RunError
from evolve.storage import rows
from evolve.storage.connection import reader, writer
from evolve.storage.files import FILE, MODELS, TENSORBOARD, WEIGHTS
from evolve.storage.integrity import check_integrity
from evolve.storage.locks import take
from evolve.storage.log import REQUEST_COLUMNS, Log
from evolve.values import SEARCHING, Candidate, Fact, Request, Result

SCHEMA_VERSION = 4
WITHOUT_FOLDS, WITHOUT_FACTS = 2, 3  # of version 0.13 and earlier, of 0.14
SEEN_WITH_FOLDS = "CREATE TEMP VIEW request AS SELECT *, 1 AS folds FROM main.request;"
SEEN_WITH_FACTS = """
CREATE TEMP VIEW fact AS SELECT 0 AS number, 0 AS births, '' AS kind, '{}' AS detail FROM main.result WHERE 0;
"""
MOST_HITS = 20_000  # requests of a search whose hits are kept: 12.5 MB for 5,000 images each
ADD_HITS = "INSERT INTO hits VALUES (?, ?, ?, ?)"


class Store(Log):
    """A run's log and its writer. Make one with `create`, `open` (to go on writing) or `read`."""

    def __init__(self, connection: sqlite3.Connection, lock: FileLock | None) -> None:
        super().__init__(connection)
        self._lock = lock
        self._old = False  # of version 0.9
        self._behind: int | None = None  # the version of a file that is to be brought up to date before it is written

    @classmethod
    def create(cls, folder: Path, meta: dict[str, Any]) -> Self:
        """A new log in `folder`, which must not hold one. Raises RunError if it does."""
        folder.mkdir(parents=True, exist_ok=True)
        new = not (folder / FILE).exists()
        try:
            store = cls._writer(folder, _locked(folder))
            if _has_tables(store._connection):
                store.close()
                raise RunError(f"{folder} already holds a run; choose another name or continue it with: evolve resume")
            return store._filled(meta)
        except LogError:
            for ending in ("", "-wal", "-shm") if new else ():  # nothing was recorded: the name stays free
                (folder / f"{FILE}{ending}").unlink(missing_ok=True)
            raise

    @staticmethod
    def begun(folder: Path) -> bool:
        """Whether `folder` holds a log. One whose making was killed does not count: nothing was ever in it."""
        if not (folder / FILE).is_file():
            return False
        connection = reader(folder / FILE)
        try:
            return _has_tables(connection)
        finally:
            connection.close()

    @classmethod
    def in_memory(cls, meta: dict[str, Any]) -> Self:
        """A new log that is gone with the process, for searches on tables by the thousand."""
        return cls(sqlite3.connect(":memory:", isolation_level=None), None)._filled(meta)

    def _filled(self, meta: dict[str, Any]) -> Self:
        try:
            with self._transaction():
                for statement in _schema():
                    self._connection.execute(statement)
                values = {**meta, "schema_version": SCHEMA_VERSION}.items()
                self._connection.executemany("INSERT INTO meta VALUES (?, ?)", [(k, json.dumps(v)) for k, v in values])
        except BaseException:
            self.close()
            raise
        return self

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The log in `folder`, for writing. Raises RunError if there is none or another process writes it."""
        _must_exist(folder)
        lock = _locked(folder)
        try:
            with cls.read(folder) as known:  # a damaged file is refused before anything touches it
                check_integrity(known._connection, folder / FILE)
            store = cls._writer(folder, lock)
            store._check_version(folder)
            return store
        except BaseException:
            lock.release()
            raise

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The log in `folder`, read-only. Raises RunError if there is none."""
        _must_exist(folder)
        store = cls(reader(folder / FILE), None)
        store._check_version(folder)
        return store

    @classmethod
    def _writer(cls, folder: Path, lock: FileLock) -> Self:
        store = cls(writer(folder / FILE), lock)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            store._connection.execute(f"PRAGMA {pragma}")
        return store

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
        facts: Iterable[Fact] = (),
    ) -> None:
        """Writes rows in one transaction. Raises ValueError for a number that is not finite."""
        if self._old:
            raise RunError("a run of version 0.9 can be looked at and exported, not continued; start a new run")
        results = list(results)
        with self._transaction():
            if self._behind is not None:
                self._bring_up_to_date(self._behind)
            self._connection.executemany(
                "INSERT INTO candidate VALUES (?, ?, ?, ?, ?, ?, ?, ?)", map(rows.candidate_values, candidates)
            )
            self._connection.executemany(
                f"INSERT INTO request VALUES ({', '.join('?' * REQUEST_COLUMNS)})", map(rows.request_values, requests)
            )
            self._connection.executemany(
                "INSERT INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(rows.result_values, results)
            )
            self._connection.executemany(ADD_HITS, map(rows.hits_values, filter(self._keeps_hits, results)))
            self._connection.executemany(
                "INSERT INTO fact (births, kind, detail) VALUES (?, ?, ?)", map(rows.fact_values, facts)
            )

    def _keeps_hits(self, result: Result) -> bool:
        """Whether the hits of a result are stored: not of a copy, and not of a search beyond so many requests."""
        if result.hits is None or result.cached_from is not None or result.reused_from is not None:
            return False
        return result.request <= MOST_HITS or self.request(result.request).purpose not in SEARCHING

    def act(self, kind: str, **detail: Any) -> None:
        """Notes what the user or the clock did."""
        with self._transaction():
            self._connection.execute(
                "INSERT INTO act (kind, detail, at) VALUES (?, ?, ?)", (kind, json.dumps(detail), time.time())
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # SQLite takes some back by itself, such as on a full disk
                self._connection.execute("ROLLBACK")
            raise

    def _check_version(self, folder: Path) -> None:
        try:
            meta = self.meta()
            found = meta.get("schema_version")
        except LogError:
            self.close()
            raise
        except (sqlite3.DatabaseError, ValueError) as error:
            self.close()
            raise LogError(
                f"{folder / FILE} is not a run of evolve, or not all of one ({error}); it was left as it is. If the "
                f"run was copied or moved, {FILE}-wal belongs to it; otherwise put back a copy of {folder} from "
                "before, or start a new run"
            ) from None
        if found == 1:
            self._see_as_now()
        elif found in (WITHOUT_FOLDS, WITHOUT_FACTS):
            self._behind = found
            self._views((SEEN_WITH_FOLDS if found == WITHOUT_FOLDS else "") + SEEN_WITH_FACTS)
        elif found != SCHEMA_VERSION:
            self.close()
            raise RunError(
                f"{folder} was made by evolve {meta.get('version')} and has schema version {found}, this version "
                f"reads 1 to {SCHEMA_VERSION}; use the version that made it, or start a new run"
            )

    def _bring_up_to_date(self, found: int) -> None:
        """Adds what a file lacks that is written to; until then it is only seen as if it were there, so that the
        version that made the run can go on with one that was looked at."""
        self._behind = None
        if found == WITHOUT_FOLDS:
            self._connection.execute("DROP VIEW temp.request")
            self._connection.execute("ALTER TABLE request ADD COLUMN folds INTEGER NOT NULL DEFAULT 1")
        self._connection.execute("DROP VIEW temp.fact")
        for statement in _schema():
            if "TABLE fact" in statement or "ON fact" in statement:
                self._connection.execute(statement)
        self._connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(SCHEMA_VERSION),))

    def _see_as_now(self) -> None:
        """Lets a run of version 0.9 be read like any other; requests and results cannot be added to it."""
        self._old = True
        self._views(files("evolve.storage").joinpath("schema_1.sql").read_text())

    def _views(self, script: str) -> None:
        """Makes views that are gone with the connection; the file stays as it was."""
        [(only,)] = self._connection.execute("PRAGMA query_only")
        self._connection.execute("PRAGMA query_only = 0")
        for statement in _statements(script):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA query_only = {only}")


def _schema() -> Iterator[str]:
    """The statements that make the tables of a new file."""
    return _statements(files("evolve.storage").joinpath("schema.sql").read_text())


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _must_exist(folder: Path) -> None:
    if not (folder / FILE).is_file():
        raise RunError(f"there is no run in {folder}")
    for name in (FILE, MODELS, WEIGHTS, TENSORBOARD):  # what is written there would get out of the run
        if (folder / name).is_symlink():
            raise RunError(f"{folder / name} is a link to elsewhere; put what it leads to in its place")


def _locked(folder: Path) -> FileLock:
    """The lock of the one process that writes. Raises RunError if another one has it or it cannot be written."""
    try:
        return take(folder / "run.lock", folder)
    except OSError as error:
        raise LogError(
            f"{folder} cannot be written: {error.strerror or error}; make it writable, make room, or copy the folder "
            "to where you may write and go on there with: evolve resume FOLDER"
        ) from None


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would commit the transaction it stands in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
