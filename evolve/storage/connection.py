"""Connections to a run's file whose errors say what has happened to it and what to do: the one place for that."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from shlex import quote
from typing import Any

from evolve.errors import LogError
from evolve.storage.files import shown_path
from evolve.storage.write_ahead_log import write_ahead_log

BUSY_SECONDS = 30.0  # how long another program may hold the file before we give up

# SQLite's primary error code -> what has happened and what to do. {error} is SQLite's own word.
ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full, so {file} could not be written; what was recorded before is safe. "
    "Make room ('evolve clean' shows what may go), then go on with: evolve resume {run}",
    sqlite3.SQLITE_IOERR: "the system could not read or write {file} ({error}): the disk may be full, over a quota or "
    "broken; what was recorded before is safe. Make room or copy the folder to another disk, then go on with: "
    "evolve resume {run}",
    sqlite3.SQLITE_BUSY: "another program has locked {file} for longer than {seconds:g} s, such as a database viewer "
    "or a backup; nothing is lost. Close that program, then try again; a run goes on with: evolve resume {run}",
    sqlite3.SQLITE_READONLY: "{file} cannot be written: the file, its folder or the disk is read-only. Make it "
    "writable, or copy the folder to where you may write, then go on with: evolve resume FOLDER",
    sqlite3.SQLITE_CANTOPEN: "{file} cannot be opened ({error}): this user may not read it, or may not write beside "
    "it, which is needed after a crash. Change the rights of {folder}, or copy it to where you may write",
    sqlite3.SQLITE_CORRUPT: "{file} is damaged ({error}); it was left as it is. Put back a copy of {folder} from "
    "before, if you have one. Otherwise keep a copy of the folder, then save what can be read with: "
    "sqlite3 {path} .dump | sed s/^ROLLBACK/COMMIT/ | sqlite3 rescued.sqlite; put rescued.sqlite where it was, as "
    "{file}, delete what lies beside it as {name}-wal or {name}-shm, and go on with: evolve resume {run}",
    sqlite3.SQLITE_NOTADB: "{file} is not a run of evolve, or its beginning is damaged ({error}); it was left as it "
    "is. Put back a copy of {folder} from before, or start a new run",
}


def log_error(file: Path, code: int, error: object) -> LogError:
    """The error to raise when SQLite says `error` of `file`, with its error code."""
    path, folder = shown_path(file), shown_path(file.parent)
    words = {"file": path, "name": file.name, "folder": folder, "error": error, "seconds": BUSY_SECONDS}
    typed = {"path": quote(path), "run": quote(folder)}
    return LogError(ADVICE[code].format(**words, **typed))


def writer(file: Path) -> sqlite3.Connection:
    """A connection to `file`, without transactions of its own making. It raises LogError for whatever befalls the file;
    `sqlite3.IntegrityError` and the like, which are defects of the program, are raised as they are."""
    return _connected(file, "mode=rwc")


def reader(file: Path) -> sqlite3.Connection:
    """A connection that can only read, with errors as those of `writer`. SQLite wants to make notes beside a file that
    it reads; where it may not, a file that stands alone is whole, and is read without them."""
    connection = _connected(file, "mode=ro")
    try:
        connection.execute("PRAGMA schema_version")
    except LogError:
        connection.close()
        newest = write_ahead_log(file)
        if os.access(file.parent, os.W_OK) or (newest.exists() and newest.stat().st_size > 0):
            raise
        connection = _connected(file, "mode=ro&immutable=1")
    connection.execute("PRAGMA query_only = 1")
    return connection


def _connected(file: Path, how: str) -> _Connection:
    uri = f"{file.absolute().as_uri()}?{how}"
    try:
        made = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, factory=_Connection)
    except sqlite3.OperationalError as error:
        raise log_error(file, sqlite3.SQLITE_CANTOPEN, error) from None
    made.file = file
    return made


class _Connection(sqlite3.Connection):
    """A connection that knows its file."""

    file: Path

    def execute(self, *arguments: Any) -> Any:
        return _Cursor(self).execute(*arguments)

    def executemany(self, *arguments: Any) -> Any:
        return _Cursor(self).executemany(*arguments)


def _explaining(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(cursor: sqlite3.Cursor, *arguments: Any) -> Any:
        try:
            return method(cursor, *arguments)
        except sqlite3.DatabaseError as error:
            # Text that is no text comes without a code.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if "malformed JSON" in str(error):
                code = sqlite3.SQLITE_CORRUPT
            elif "no such" in str(error) and "meta" not in str(error):  # without that table it is no run at all
                code = sqlite3.SQLITE_NOTADB
            if isinstance(error, sqlite3.ProgrammingError) or code not in ADVICE:
                raise
            raise log_error(cursor.connection.file, code, error) from None  # type: ignore[attr-defined]

    return call


class _Cursor(sqlite3.Cursor):
    """A cursor all of whose ways to the file explain what goes wrong."""

    execute = _explaining(sqlite3.Cursor.execute)
    executemany = _explaining(sqlite3.Cursor.executemany)
    fetchone = _explaining(sqlite3.Cursor.fetchone)
    fetchall = _explaining(sqlite3.Cursor.fetchall)
    __next__ = _explaining(sqlite3.Cursor.__next__)
