"""A third encoding, as small as can be, which exists in tests alone: a chain of convolutions.

A genome is the widths of 3x3 convolutions with relu, and a recipe; behind them stand the mean of each channel and a
dense layer to the classes. Its notation is `chain 8 16 | adam 0.01, batch 32`. It heeds bounds of the recipe, and no
others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Any, ClassVar

from genomes import InvalidGenome, Step, Variation
from genomes.alphabet import Alphabet
from genomes.genome import NetworkSpace
from genomes.json_value import JsonObject
from genomes.limits import Limits
from genomes.notation import check_recipe, read_recipe
from genomes.primitives import Shape
from genomes.recipe import (
    Recipe,
    clamp_recipe,
    cross_recipes,
    difference,
    mutate_recipe,
    random_recipe,
    recipe_distance,
)
from genomes.spec import ModelSpec, SpecBuilder

CHAIN = "chain"
CHAIN_SPACE = "chain_encoding:ChainSpace"
WIDTHS = (4, 8, 16, 32)
LONGEST = 5


@dataclass(frozen=True)
class ChainGenome:
    """Widths of convolutions in order, and the recipe that trains them."""

    kind: ClassVar[str] = CHAIN
    widths: tuple[int, ...]
    recipe: Recipe

    def to_json(self) -> JsonObject:
        return {"kind": self.kind, "widths": list(self.widths), "recipe": self.recipe.to_json()}

    def notation(self) -> str:
        return f"chain {' '.join(map(str, self.widths))} | {self.recipe}"


@dataclass(frozen=True)
class ChainSpace:
    """All chains that fit images of one shape and stay within the limits."""

    kind: ClassVar[str] = CHAIN
    settings: ClassVar[frozenset[str]] = frozenset({"recipe", "rungs"})
    founders: ClassVar[Mapping[str, str]] = {"short": "chain 8 16 | adam 0.01, batch 32, flip"}
    founder_groups: ClassVar[Mapping[str, tuple[str, ...]]] = {"chains": ("short",)}
    input_shape: Shape
    classes: int
    limits: Limits
    alphabet: Alphabet

    @classmethod
    def for_images(cls, input_shape: Shape, classes: int, limits: Limits, alphabet: Alphabet) -> ChainSpace:
        return cls(input_shape, classes, limits, alphabet)

    def with_limits(self, limits: Limits) -> ChainSpace:
        return replace(self, limits=limits)

    def without(self, genome: ChainGenome) -> ChainSpace:
        return self

    def random(self, rng: Random) -> Variation[ChainGenome]:
        def draw() -> Variation[ChainGenome]:
            widths = tuple(rng.choice(WIDTHS) for _ in range(rng.randint(1, LONGEST)))
            recipe = random_recipe(rng, self.alphabet.recipe)
            return Variation(ChainGenome(widths, recipe), (Step("random", {}, "random chain"),))

        return self._first_valid(draw)

    def mutate(self, genome: ChainGenome, rng: Random) -> Variation[ChainGenome]:
        operators = [self._longer, self._shorter, self._another_width, self._another_recipe]
        return self._first_valid(lambda: rng.choice(operators)(genome, rng), genome)

    def crossover(self, a: ChainGenome, b: ChainGenome, rng: Random) -> Variation[ChainGenome]:
        def draw() -> Variation[ChainGenome]:
            cut = rng.randint(1, min(len(a.widths), len(b.widths)))
            child = ChainGenome(a.widths[:cut] + b.widths[cut:], cross_recipes(a.recipe, b.recipe, rng))
            return Variation(child, (Step("crossover", {"first": cut}, f"crossover at {cut}"),))

        return self._first_valid(draw)

    def _first_valid(
        self, draw: Callable[[], Variation[ChainGenome]], parent: ChainGenome | None = None
    ) -> Variation[ChainGenome]:
        for _ in range(500):
            with suppress(InvalidGenome):
                drawn = draw()
                if drawn.genome != parent:
                    return replace(drawn, blueprint=self.blueprint(drawn.genome))
        raise InvalidGenome("no chain fits the limits of this search")

    def _longer(self, genome: ChainGenome, rng: Random) -> Variation[ChainGenome]:
        width = rng.choice(WIDTHS)
        at = len(genome.widths) + 1
        step = Step("insert", {"at": at, "to": width}, f"insert {width} at {at}")
        return Variation(replace(genome, widths=(*genome.widths, width)), (step,))

    def _shorter(self, genome: ChainGenome, rng: Random) -> Variation[ChainGenome]:
        at, width = len(genome.widths), genome.widths[-1]
        step = Step("remove", {"at": at, "from": width}, f"remove {width} at {at}")
        return Variation(replace(genome, widths=genome.widths[:-1]), (step,))

    def _another_width(self, genome: ChainGenome, rng: Random) -> Variation[ChainGenome]:
        at, width = rng.randrange(len(genome.widths)), rng.choice(WIDTHS)
        detail = {"at": at + 1, "from": genome.widths[at], "to": width}
        widths = (*genome.widths[:at], width, *genome.widths[at + 1 :])
        step = Step("change", detail, f"change {at + 1}: {genome.widths[at]} -> {width}")
        return Variation(replace(genome, widths=widths), (step,))

    def _another_recipe(self, genome: ChainGenome, rng: Random) -> Variation[ChainGenome]:
        recipe = mutate_recipe(genome.recipe, rng, self.alphabet.recipe)
        return Variation(replace(genome, recipe=recipe), (self._changed("recipe", genome.recipe, recipe),))

    def _changed(self, operator: str, before: Recipe, after: Recipe) -> Step:
        changes = difference(before, after)
        return Step(operator, changes, ", ".join(f"{name} {old} -> {new}" for name, (old, new) in changes.items()))

    def narrowed(self, genome: ChainGenome) -> Variation[ChainGenome] | None:
        for share in (1.0, 0.5, 0.25, 0.125):
            found = replace(genome, widths=tuple(max(4, round(share * width)) for width in genome.widths))
            with suppress(InvalidGenome):
                scaled = () if share == 1 else (Step("scale", {"factor": share}, f"{share:g} times as wide"),)
                return Variation(found, scaled, self.blueprint(found))
        return None

    def widened(self, genome: ChainGenome) -> Variation[ChainGenome] | None:
        return None

    def clamp(self, genome: ChainGenome) -> Variation[ChainGenome]:
        recipe = clamp_recipe(genome.recipe, self.alphabet.recipe)
        steps = () if recipe == genome.recipe else (self._changed("clamp", genome.recipe, recipe),)
        return Variation(replace(genome, recipe=recipe), steps)

    def distance(self, a: ChainGenome, b: ChainGenome) -> float:
        longest = max(len(a.widths), len(b.widths))
        pairs = list(zip(a.widths, b.widths, strict=False))
        apart = sum(min(1.0, abs(math.log(x / y)) / 3) for x, y in pairs) + longest - len(pairs)
        return 0.75 * apart / longest + 0.25 * recipe_distance(a.recipe, b.recipe)

    def blueprint(self, genome: ChainGenome) -> ModelSpec:
        if not 1 <= len(genome.widths) <= LONGEST:
            raise InvalidGenome(f"a chain has 1 to {LONGEST} convolutions, not {len(genome.widths)}")
        if problem := genome.recipe.problem(self.alphabet.recipe):
            raise InvalidGenome(problem)
        net = SpecBuilder(self.input_shape)
        for width in genome.widths:
            net.add("convolution", filters=width, kernel=3, stride=1, dilation=1, padding="same", bias=True)
            net.add("activation", function="relu")
        net.add("global_average")
        net.add("dense", units=self.classes, name="classes")
        net.add("activation", function="softmax", name="probabilities")
        return self.limits.check(net.spec(), genome.recipe.batch_size)

    def parse(self, text: str) -> ChainGenome:
        chain, _, recipe = text.partition("|")
        word, *widths = chain.split() or [""]
        if word != CHAIN or not widths or not all(width.isdecimal() for width in widths):
            raise InvalidGenome(f"'{text}' is no chain; write for example 'chain 8 16 | adam 0.01, batch 32'")
        return ChainGenome(tuple(map(self._width, map(int, widths))), read_recipe(recipe, self.alphabet))

    def read(self, data: JsonObject) -> ChainGenome:
        told: Mapping[str, Any] = data
        try:
            recipe = check_recipe(Recipe(**told["recipe"]), self.alphabet)
            return ChainGenome(tuple(map(self._width, told["widths"])), recipe)
        except (KeyError, TypeError) as error:
            raise InvalidGenome(f"not the JSON of a chain: {error}") from None

    def _width(self, width: int) -> int:
        if type(width) is int and 1 <= width <= 512:
            return width
        raise InvalidGenome(f"a width must be a whole number from 1 to 512, not {width!r}")


_: type[NetworkSpace[ChainGenome]] = ChainSpace
