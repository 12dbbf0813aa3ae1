"""Whether a run's file is whole, asked before anything is written to it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from shlex import quote

from evolve.errors import LogError
from evolve.storage.connection import log_error
from evolve.storage.rows import unreadable
from evolve.storage.write_ahead_log import is_wholly_readable, write_ahead_log

# What cannot be missing from a run, however it ended; results can, they are made again.
GAPS = (
    "SELECT max(number) - count(*) FROM candidate",
    "SELECT max(number) - count(*) FROM request",
    "SELECT count(*) FROM candidate WHERE number NOT IN (SELECT candidate FROM request)",
    "SELECT count(*) FROM pragma_foreign_key_check",
)
# Table -> its number, and what in it is JSON.
JSON = {
    "candidate": ("number", ("genome", "parents", "steps")),
    "result": ("request", ("measures", "curve", "spent", "timing")),
    "act": ("number", ("detail",)),
}


def check_integrity(connection: sqlite3.Connection, file: Path) -> None:
    """Raises LogError if anything is damaged or missing, also where nothing is read until something is written."""
    if not is_wholly_readable(newest := write_ahead_log(file)):
        raise LogError(
            f"the newest results, in {newest}, are damaged; they were left as they are. Put back a copy of "
            f"{file.parent} from before, if you have one. To give up what cannot be read and train it again: "
            f"sqlite3 {quote(str(file))} 'PRAGMA wal_checkpoint(TRUNCATE)' and then: "
            f"evolve resume {quote(str(file.parent))}"
        )
    [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise log_error(file, sqlite3.SQLITE_CORRUPT, " ".join(found.split()))
    for table, (number, columns) in JSON.items():
        valid = " AND ".join(f"json_valid({column})" for column in columns)
        row = connection.execute(f"SELECT {number} FROM {table} WHERE NOT ({valid}) LIMIT 1").fetchone()
        if row is not None:
            raise unreadable(row[0], table, "it is no JSON")
    missing = sum(connection.execute(gap).fetchone()[0] or 0 for gap in GAPS)
    if missing:
        raise LogError(
            f"{file} lacks {missing} rows or more, as after a rescue of a damaged file, so the run cannot be "
            "continued; what is left can be looked at, and a new run can begin with its best: "
            f"evolve run --founder {quote(f'{file.parent.name}:NUMBER')}"
        )
