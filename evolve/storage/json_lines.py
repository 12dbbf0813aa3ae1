"""Files of JSON Lines (https://jsonlines.org), an object a line, that grow while something long goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class BrokenLine(ValueError):
    """A line that is no JSON object. number: its own, from 1."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number} is not a JSON object")
        self.number = number


def read_rows(path: Path) -> list[Row]:
    """The objects of a file; none if it is not there. A last line that was not written to its end is cut off, in the
    file, too, so that the next one is whole. Raises BrokenLine for any other line that is none."""
    data = path.read_bytes() if path.exists() else b""
    lines = data.split(b"\n")
    last = lines.pop()
    rows = [_row(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
    if last.strip():
        _end_last_line(path, len(data) - len(last), last, rows)
    return rows


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Writes one more line, so that it is on disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _row(line: bytes, number: int) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        raise BrokenLine(number) from None
    if not isinstance(row, dict):
        raise BrokenLine(number)
    return row


def _end_last_line(path: Path, begins: int, line: bytes, rows: list[Row]) -> None:
    """Of a last line without an end: one that is whole gets its end, any other is cut off."""
    try:
        rows.append(_row(line, 0))
    except BrokenLine:
        with path.open("r+b") as file:
            file.truncate(begins)
    else:
        with path.open("ab") as file:
            file.write(b"\n")
