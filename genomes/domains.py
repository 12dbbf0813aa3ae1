"""Domains: the values a gene may take, and how a value is drawn, changed and compared.

A domain is the one place that knows a gene's bounds. Every gene of layers and recipes is a value of one of these four
domains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import median_low
from typing import Any, Protocol, TypeAlias, TypeVar

Value: TypeAlias = bool | int | float | str
"""What a gene may be."""
V = TypeVar("V", bound=Value)


class TypedDomain(Protocol[V]):
    """The values of one gene, all of one type."""

    def problem(self, value: object) -> str | None:
        """Why `value` is not in the domain, or None if it is."""
        ...

    def clamp(self, value: V) -> V:
        """The value of the domain that is nearest to `value`, which is of its kind; the first of named ones that have
        no order."""
        ...

    def sample(self, rng: Random) -> V:
        """A value drawn at random."""
        ...

    def vary(self, value: V, rng: Random) -> V:
        """A value near `value` but different from it (the same only if there is no other)."""
        ...

    def distance(self, a: V, b: V) -> float:
        """How far apart two values are, symmetric, in [0, 1]."""
        ...

    @property
    def middle(self) -> V:
        """The middle of what is typical of it, where it is not off; off if it always is."""
        ...

    def read(self, text: str) -> V:
        """The value that `text` spells. Raises ValueError if it spells none."""
        ...

    def bounded(self, values: Sequence[Value]) -> Domain:
        """This domain with other bounds. Raises ValueError, in words that follow 'must be', if they cannot be."""
        ...


Domain: TypeAlias = TypedDomain[Any]
"""A domain among others: of which type its values are, only the gene knows."""


@dataclass(frozen=True)
class Options:
    """One of a few named values without an order, such as a kind of padding. Those that are `rare` may be given by
    hand, but no draw and no change leads to them."""

    values: tuple[Value, ...]
    rare: tuple[Value, ...] = ()

    @property
    def all(self) -> tuple[Value, ...]:
        """All that may be given."""
        return (*self.values, *self.rare)

    def problem(self, value: object) -> str | None:
        if value in self.all and type(value) is type(self.values[0]):
            return None
        return f"must be one of {', '.join(map(_text, self.all))}, not {_text(value)}"

    def clamp(self, value: Value) -> Value:
        return value if self.problem(value) is None else self.values[0]

    def sample(self, rng: Random) -> Value:
        return rng.choice(self.values)

    def vary(self, value: Value, rng: Random) -> Value:
        others = [other for other in self.values if other != value]
        return rng.choice(others) if others else value

    def distance(self, a: Value, b: Value) -> float:
        return float(a != b)

    @property
    def middle(self) -> Value:
        on = [value for value in self.values if value is not False] or self.values
        return on[len(on) // 2]

    def read(self, text: str) -> Value:
        for value in self.all:
            if str(value) == text:
                return value
        raise ValueError(self.problem(text))

    def bounded(self, values: Sequence[Value]) -> Options:
        if values and all(self.problem(value) is None for value in values):
            return Options(tuple(values))
        raise ValueError(f"some of {', '.join(map(_text, self.all))}")


@dataclass(frozen=True)
class Whole:
    """A whole number in [low, high]. Draws are taken from `typical` (repeats weigh more); a change moves to the next
    smaller or larger typical value; where it `doubles`, of one twice as large as all of these or more, to half of it or
    twice. Any other value within the bounds may be given by hand. `floor` is the least that makes sense, however far
    the bounds are moved."""

    low: int
    high: int
    typical: tuple[int, ...]
    floor: int = 1
    doubles: bool = False

    def problem(self, value: object) -> str | None:
        if type(value) is int and self.low <= value <= self.high:
            return None
        allowed = f"a whole number from {self.low} to {self.high}" if self.low < self.high else str(self.low)
        return f"must be {allowed}, not {_text(value)}"

    def clamp(self, value: int) -> int:
        return min(self.high, max(self.low, value))

    def sample(self, rng: Random) -> int:
        return rng.choice(self.typical)

    def vary(self, value: int, rng: Random) -> int:
        beyond = self.doubles and value >= 2 * max(self.typical)
        others = (value // 2, 2 * value) if beyond else self.typical
        smaller = [other for other in others if other < value]
        larger = [other for other in others if value < other <= self.high]
        neighbours = ([max(smaller)] if smaller else []) + ([min(larger)] if larger else [])
        return rng.choice(neighbours) if neighbours else value

    def distance(self, a: int, b: int) -> float:
        if a == b:
            return 0.0
        if self.low < 0:
            return min(1.0, abs(a - b) / (self.high - self.low))
        return min(1.0, abs(math.log((a + 1) / (b + 1))) / math.log((self.high + 1) / (self.low + 1)))

    @property
    def middle(self) -> int:
        return median_low(sorted({value for value in self.typical if value} or {0}))

    def read(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise ValueError(self.problem(text)) from None

    def bounded(self, values: Sequence[Value]) -> Whole:
        whole = tuple(value for value in values if type(value) is int and value >= self.floor)
        if whole and len(whole) == len(values):
            return replace(self, low=min(whole), high=max(whole), typical=whole)
        raise ValueError(f"whole numbers of at least {self.floor}")


@dataclass(frozen=True)
class Real:
    """A number in [low, high], with two significant digits when drawn; `log` spreads draws over the logarithm. `floor`
    and `ceiling` are what the bounds may be moved to."""

    low: float
    high: float
    log: bool = False
    floor: float = 0.0
    ceiling: float = math.inf

    def problem(self, value: object) -> str | None:
        if type(value) is float and self.low <= value <= self.high:
            return None
        allowed = f"a number from {self.low:g} to {self.high:g}" if self.low < self.high else f"{self.low:g}"
        return f"must be {allowed}, not {_text(value)}"

    def clamp(self, value: float) -> float:
        return min(self.high, max(self.low, value))

    def sample(self, rng: Random) -> float:
        return self._value(rng.random())

    def vary(self, value: float, rng: Random) -> float:
        for _ in range(8):
            place = self._place(value) + rng.gauss(0.0, 0.15)
            moved = self._value(min(1.0, max(0.0, place)))
            if moved != value:
                return moved
        return self.sample(rng)

    def distance(self, a: float, b: float) -> float:
        return min(1.0, abs(self._place(a) - self._place(b)))

    @property
    def middle(self) -> float:
        return self._value(0.5)

    def read(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise ValueError(self.problem(text)) from None

    def bounded(self, values: Sequence[Value]) -> Real:
        numbers = [float(value) for value in values if type(value) in (int, float)]
        fits = numbers and len(numbers) == len(values) <= 2
        if fits and self.floor <= min(numbers) and max(numbers) <= self.ceiling and (min(numbers) > 0 or not self.log):
            return replace(self, low=min(numbers), high=max(numbers))
        least = "above 0" if self.log and self.floor == 0 else f"of at least {self.floor:g}"
        most = "" if self.ceiling == math.inf else f" and at most {self.ceiling:g}"
        raise ValueError(f"one number, or the smallest and the largest, {least}{most}")

    def _place(self, value: float) -> float:
        """Where `value` lies between low (0) and high (1)."""
        if self.low == self.high:
            return 0.0
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def _value(self, place: float) -> float:
        raw = self.low * (self.high / self.low) ** place if self.log else self.low + place * (self.high - self.low)
        return min(self.high, max(self.low, float(f"{raw:.2g}")))


@dataclass(frozen=True)
class Switched:
    """Off, which is 0, or a number of `domain`. Half of all draws are off; every fourth change turns it on or off."""

    domain: Real

    def problem(self, value: object) -> str | None:
        if type(value) is float and value == 0.0:
            return None
        problem = self.domain.problem(value)
        return problem and problem.replace("must be ", "must be 0 (off) or ", 1)

    def clamp(self, value: float) -> float:
        """What is off stays off, and what is on stays on."""
        return self.domain.clamp(value) if value else 0.0

    def sample(self, rng: Random) -> float:
        return self.domain.sample(rng) if rng.random() < 0.5 else 0.0

    def vary(self, value: float, rng: Random) -> float:
        if value == 0.0:
            return self.domain.sample(rng)
        return 0.0 if rng.random() < 0.25 else self.domain.vary(value, rng)

    def distance(self, a: float, b: float) -> float:
        if a == 0.0 or b == 0.0:
            return float(a != b)
        return 0.5 * self.domain.distance(a, b)

    @property
    def middle(self) -> float:
        return self.domain.middle

    def read(self, text: str) -> float:
        return self.domain.read(text)

    def bounded(self, values: Sequence[Value]) -> Domain:
        """Bounds that begin with 0 leave it off or on; without 0 it is always on; 0 alone is always off."""
        if any(type(value) not in (int, float) for value in values):
            return self.domain.bounded(values)
        numbers = [float(value) for value in values if value != 0]
        if not numbers:
            return Options((0.0,))
        inner = self.domain.bounded(numbers)
        return Switched(inner) if len(numbers) < len(values) else inner


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else f"'{value}'"
