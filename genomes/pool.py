"""The encoding of recorded tables: each genome is one entry of a pool of networks that were trained beforehand.

Nothing can be made that is not in the pool, so variation looks for what is near: a mutant is the nearest entry that was
not born yet, and a child of two the one that is nearest to both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import ClassVar, Self

from genomes.genome import Genome, SearchSpace, Variation
from genomes.json_value import JsonObject
from genomes.primitives import InvalidGenome
from genomes.steps import Step
from genomes.suggestions import nearest
from genomes.table_entry import TableEntry


@dataclass(frozen=True)
class PoolGenome:
    """An entry by its name, which is its notation."""

    kind: ClassVar[str] = "pool"
    recipe: ClassVar[None] = None
    name: str

    def to_json(self) -> JsonObject:
        return {"kind": self.kind, "name": self.name}

    def notation(self) -> str:
        return self.name


@dataclass(frozen=True)
class PoolSpace:
    """The entries of one recorded table.

    table: its name. entries: by name. genomes: the network of each entry. networks: the space of those, which says how
    different two are.
    first: names of the entries that searches begin with.
    born: names of the entries that are not drawn any more.
    distances: those that are known, by pairs of names in order; shared with the space `without` an entry.
    """

    kind: ClassVar[str] = "pool"
    settings: ClassVar[frozenset[str]] = frozenset({"rungs"})
    table: str
    entries: Mapping[str, TableEntry] = field(repr=False)
    genomes: Mapping[str, Genome] = field(repr=False)
    networks: SearchSpace[Genome] = field(repr=False)
    first: tuple[str, ...] = ()
    born: frozenset[str] = field(default=frozenset(), repr=False)
    distances: dict[tuple[str, str], float] = field(default_factory=dict, repr=False, compare=False)

    @property
    def founders(self) -> Mapping[str, str]:
        return {name: name for name in self.first}

    @property
    def founder_groups(self) -> Mapping[str, tuple[str, ...]]:
        return {"recorded": self.first} if self.first else {}

    def without(self, genome: PoolGenome) -> Self:
        return replace(self, born=self.born | {genome.name})

    def random(self, rng: Random) -> Variation[PoolGenome]:
        if not self._left:
            raise InvalidGenome(f"all entries of the table '{self.table}' were born")
        return Variation(PoolGenome(rng.choice(self._left)), (Step("random", {}, "random entry"),))

    def mutate(self, genome: PoolGenome, rng: Random) -> Variation[PoolGenome]:
        """The nearest other entry that was not born yet. Raises InvalidGenome if there is none."""
        name, distance = self._nearest([genome.name])
        detail: JsonObject = {"from": genome.name, "to": name, "distance": round(distance, 3)}
        return Variation(PoolGenome(name), (Step("nearest", detail, f"nearest to {genome.name}: {name}"),))

    def crossover(self, a: PoolGenome, b: PoolGenome, rng: Random) -> Variation[PoolGenome]:
        """The entry that was not born yet, and is neither of them, whose distance from the farther one is the smallest.
        Raises InvalidGenome if there is none."""
        name, _ = self._nearest([a.name, b.name])
        detail: JsonObject = {"from": [a.name, b.name], "to": name}
        return Variation(
            PoolGenome(name), (Step("crossover", detail, f"crossover: {name} is near {a.name} and {b.name}"),)
        )

    def _nearest(self, names: Sequence[str]) -> tuple[str, float]:
        """The entry left that is nearest to all of these, and its distance from the farthest of them. Of equals the one
        that is nearer to the others, too, then the first by name."""

        def place(name: str) -> tuple[float, float, str]:
            apart = [self._distance(name, other) for other in names]
            return max(apart), sum(apart), name

        others = [name for name in self._left if name not in names]
        if not others:
            raise InvalidGenome(f"all other entries of the table '{self.table}' were born")
        distance, _, name = min(map(place, others))
        return name, distance

    def narrowed(self, genome: PoolGenome) -> Variation[PoolGenome] | None:
        """Nothing: an entry is in the table or not."""
        return None

    def widened(self, genome: PoolGenome) -> Variation[PoolGenome] | None:
        """Nothing, as `narrowed`."""
        return None

    def clamp(self, genome: PoolGenome) -> Variation[PoolGenome]:
        """The genome itself: an entry is in the table or not."""
        return Variation(genome, ())

    def distance(self, a: PoolGenome, b: PoolGenome) -> float:
        """That of their networks."""
        return self._distance(a.name, b.name)

    def _distance(self, a: str, b: str) -> float:
        pair = (a, b) if a < b else (b, a)
        if pair not in self.distances:
            one, other = (self.genomes[name] for name in pair)
            self.distances[pair] = self.networks.distance(one, other)
        return self.distances[pair]

    def blueprint(self, genome: PoolGenome) -> TableEntry:
        return self.entries[self.parse(genome.name).name]

    def parse(self, text: str) -> PoolGenome:
        if (name := text.strip()) not in self.entries:
            raise InvalidGenome(f"'{name}' is not an entry of the table '{self.table}'{nearest(name, self.entries)}")
        return PoolGenome(name)

    def read(self, data: JsonObject) -> PoolGenome:
        name = data.get("name")
        if not isinstance(name, str):
            raise InvalidGenome("not the JSON of an entry of a recorded table: 'name' is missing")
        return self.parse(name)

    @cached_property
    def _left(self) -> list[str]:
        return sorted(self.entries.keys() - self.born)


_: type[SearchSpace[PoolGenome]] = PoolSpace
