"""An entry of a table of published scores, as an evaluator gets it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from genomes.json_value import JsonObject


@dataclass(frozen=True)
class TableEntry:
    """One entry of a table: what is known of it without asking for its score."""

    table: str
    code: str
    parameters: int | None = None
    multiply_adds: int | None = None
    cost: float | None = None

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self.table} {self.code}".encode()).hexdigest()

    def to_json(self) -> JsonObject:
        return {"table": self.table, "code": self.code}
