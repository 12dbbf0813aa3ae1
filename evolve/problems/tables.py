"""The problem of finding the best entry of a table of published scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from evolve.problems.table_files import Table
from evolve.values import Budget, Job, Purpose, Request, digest
from genomes import Blueprint
from genomes.choices import ChoicesSpace


@dataclass(frozen=True)
class TableProblem:
    """Find the best entry of a table."""

    seed: int
    table: Table
    executor = "in-process"
    evaluator = "evolve.problems.table_files:TableEvaluator"

    @cached_property
    def space(self) -> ChoicesSpace:
        entries = {
            code: {**entry.get("measures", {}), "cost": entry.get("cost")}
            for code, entry in self.table["entries"].items()
        }
        return ChoicesSpace(self.table["name"], tuple(self.table["choices"]), entries)

    @property
    def first_space(self) -> ChoicesSpace:
        return self.space

    @property
    def settings(self) -> dict[str, Any]:
        return {"table": self.table, "seed": self.seed}

    @property
    def rungs(self) -> tuple[Budget, ...]:
        return (Budget(1, 1),)

    def budget(self, purpose: Purpose) -> Budget:
        return Budget(1, 1)

    def saves(self, request: Request) -> bool:
        return False

    def keep_weights(self, job_keys: set[str]) -> None:
        """A table has none."""

    def job_key(self, key: str, budget: Budget, repeat: int, purpose: Purpose, start: str | None = None) -> str:
        return digest("table", self._digest, key, purpose, repeat, self.seed)

    def cost(self, blueprint: Blueprint, budget: Budget) -> float:
        return float(getattr(blueprint, "cost", None) or blueprint.multiply_adds or 1.0)

    def job(self, request: Request, blueprint: Blueprint, save: Path | None) -> Job:
        return {
            "request": request.number,
            "blueprint": blueprint.to_json(),
            "images": request.budget.images,
            "epochs": request.budget.epochs,
            "repeat": request.repeat,
            "score": "test" if request.purpose is Purpose.FINAL else "training",
        }

    def describe(self) -> dict[str, Any]:
        return {"table": self.table["name"], "digest": self._digest}

    @cached_property
    def _digest(self) -> str:
        return digest(json.dumps(self.table, sort_keys=True))

    @property
    def trainings(self) -> int:
        """Published trainings of each entry, the fewest."""
        return min(len(entry["fitness"]) for entry in self.table["entries"].values())
