"""What benchmarks have measured, one JSON object a line, so that a script goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read(log: Path) -> list[dict[str, Any]]:
    """Rows written before; a last line that was not finished is cut off, in the file, too."""
    text = log.read_text() if log.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        log.write_text(whole)
    return [json.loads(line) for line in whole.splitlines()]


def append(log: Path, row: Mapping[str, Any]) -> None:
    """Writes one more row."""
    with log.open("a") as file:
        print(json.dumps(row), file=file, flush=True)
