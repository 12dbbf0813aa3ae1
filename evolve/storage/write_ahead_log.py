"""The newest part of a run's file: SQLite's write-ahead log, which lies beside it while a run works and after a crash.

SQLite reads it up to the first damaged entry and forgets the rest without a word. Its format: sqlite.org/fileformat2.
"""

from __future__ import annotations

import struct
from pathlib import Path

HEADER, ENTRY = struct.Struct(">8I"), struct.Struct(">6I")
Sums = tuple[int, int]


def write_ahead_log(file: Path) -> Path:
    """Where the write-ahead log of a run's file lies, if there is one."""
    return file.with_name(f"{file.name}-wal")


def is_wholly_readable(log: Path) -> bool:
    """Whether SQLite will read all that was committed to the write-ahead log `log`. What a killed process left half
    written does not count."""
    content = log.read_bytes() if log.exists() else b""
    if len(content) <= HEADER.size:
        return True
    magic, _, page, _, *salts, first, second = HEADER.unpack_from(content)
    order = ">" if magic & 1 else "<"
    sums = _checksum(content[:24], order, (0, 0))
    if sums != (first, second):
        return False
    whole = True
    for start in range(HEADER.size, len(content) - page - ENTRY.size + 1, page + ENTRY.size):
        _, commits, *found, first, second = ENTRY.unpack_from(content, start)
        if whole and found == salts:
            body = start + ENTRY.size
            sums = _checksum(content[start : start + 8] + content[body : body + page], order, sums)
            whole = sums == (first, second)
        else:
            whole = False
            if commits and found == salts:  # entries of an earlier log have other salts
                return False
    return True


def _checksum(content: bytes, order: str, sums: Sums) -> Sums:
    first, second = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
