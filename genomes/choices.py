"""The encoding of tabular benchmarks: one categorical gene per row of choices, each genome one entry of a table.

Tables let a search be studied without training anything: every network of a small space was trained once, by
somebody, and its scores published (NAS-Bench-101, Ying et al. 2019, https://arxiv.org/abs/1902.09635, began this).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import ClassVar, Self

from genomes.genome import TableSpace, Variation
from genomes.json_value import JsonObject
from genomes.primitives import InvalidGenome
from genomes.steps import Step
from genomes.table_entry import TableEntry


@dataclass(frozen=True)
class ChoicesGenome:
    """One digit per gene. The digits in a row are both its notation and its key in the table."""

    kind: ClassVar[str] = "choices"
    recipe: ClassVar[None] = None
    digits: tuple[int, ...]

    def to_json(self) -> JsonObject:
        return {"kind": self.kind, "digits": self.notation()}

    def notation(self) -> str:
        return "".join(map(str, self.digits))


def _gene_step(at: int, before: int, after: int) -> Step:
    detail = {"gene": at + 1, "from": before, "to": after}
    return Step("gene", detail, f"gene {at + 1}: {before} -> {after}")


def _crossover_step(whence: str) -> Step:
    return Step("crossover", {"genes": whence}, f"crossover: genes {whence}")


@dataclass(frozen=True)
class ChoicesSpace:
    """All entries of one table.

    table: its name.
    choices: number of options of each gene, each 1 to 10.
    entries: by code; codes that are missing are invalid.
    """

    kind: ClassVar[str] = "choices"
    settings: ClassVar[frozenset[str]] = frozenset()
    founders: ClassVar[Mapping[str, str]] = {}
    founder_groups: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    table: str
    choices: tuple[int, ...]
    entries: Mapping[str, TableEntry] = field(repr=False)

    @classmethod
    def for_table(cls, table: str, choices: tuple[int, ...], entries: Mapping[str, TableEntry]) -> Self:
        return cls(table, choices, entries)

    def without(self, genome: ChoicesGenome) -> Self:
        return self

    def random(self, rng: Random) -> Variation[ChoicesGenome]:
        code = rng.choice(self._codes)
        return Variation(self.parse(code), (Step("random", {}, "random entry"),))

    def mutate(self, genome: ChoicesGenome, rng: Random) -> Variation[ChoicesGenome]:
        """One gene takes another value, sometimes two genes do; a random entry if none of the tries is in the table."""
        for _ in range(30):
            digits, steps = list(genome.digits), []
            for _ in range(1 + (rng.random() < 0.3)):
                at = rng.choice([place for place, options in enumerate(self.choices) if options > 1])
                digits[at] = rng.choice([d for d in range(self.choices[at]) if d != digits[at]])
                steps.append(_gene_step(at, genome.digits[at], digits[at]))
            child = ChoicesGenome(tuple(digits))
            if child.notation() in self.entries and child != genome:
                return Variation(child, tuple(steps))
        return self.random(rng)

    def crossover(self, a: ChoicesGenome, b: ChoicesGenome, rng: Random) -> Variation[ChoicesGenome]:
        """Each gene from either parent; the first parent if none of the tries is in the table."""
        for _ in range(30):
            child = ChoicesGenome(tuple(rng.choice(pair) for pair in zip(a.digits, b.digits, strict=True)))
            if child.notation() in self.entries:
                return Variation(
                    child,
                    (_crossover_step("from either parent"),),
                )
        return Variation(a, (_crossover_step("of the first parent"),))

    def narrowed(self, genome: ChoicesGenome) -> Variation[ChoicesGenome] | None:
        """Nothing: an entry is in the table or not."""
        return None

    def widened(self, genome: ChoicesGenome) -> Variation[ChoicesGenome] | None:
        """Nothing, as `narrowed`."""
        return None

    def clamp(self, genome: ChoicesGenome) -> Variation[ChoicesGenome]:
        """The genome itself: an entry is in the table or not."""
        return Variation(genome, ())

    def distance(self, a: ChoicesGenome, b: ChoicesGenome) -> float:
        """Share of genes that differ."""
        return sum(x != y for x, y in zip(a.digits, b.digits, strict=True)) / len(self.choices)

    def blueprint(self, genome: ChoicesGenome) -> TableEntry:
        code = genome.notation()
        if code not in self.entries:
            raise InvalidGenome(f"'{code}' is not in the table '{self.table}'")
        return self.entries[code]

    def parse(self, text: str) -> ChoicesGenome:
        code = text.strip()
        if len(code) != len(self.choices) or not code.isdecimal():
            raise InvalidGenome(f"'{text}' must be {len(self.choices)} digits, one for each gene of '{self.table}'")
        for at, (digit, options) in enumerate(zip(code, self.choices, strict=True)):
            if int(digit) >= options:
                raise InvalidGenome(f"'{text}': gene {at + 1} must be a digit from 0 to {options - 1}, not {digit}")
        return ChoicesGenome(tuple(map(int, code)))

    def read(self, data: JsonObject) -> ChoicesGenome:
        digits = data.get("digits")
        if not isinstance(digits, str):
            raise InvalidGenome("not the JSON of an entry of a table: 'digits' is missing")
        return self.parse(digits)

    @cached_property
    def _codes(self) -> list[str]:
        return sorted(self.entries)


# Elsewhere the class is known through the registry only; here mypy holds it to the contract.
_: type[TableSpace[ChoicesGenome]] = ChoicesSpace
