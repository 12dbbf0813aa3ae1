"""Domains: the values a gene may take, and how a value is drawn, changed and compared.

A domain is the one place that knows a gene's bounds. Every gene of every encoding (layer settings,
recipe settings, rows of a table) is a value of one of these three domains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol


class Domain(Protocol):
    """The values of one gene."""

    def problem(self, value: Any) -> str | None:
        """Why `value` is not in the domain, or None if it is."""
        ...

    def sample(self, rng: Random) -> Any:
        """A value drawn at random."""
        ...

    def vary(self, value: Any, rng: Random) -> Any:
        """A value near `value` but different from it (the same only if there is no other)."""
        ...

    def distance(self, a: Any, b: Any) -> float:
        """How far apart two values are, symmetric, in [0, 1]."""
        ...

    def read(self, text: str) -> Any:
        """The value that `text` spells. Raises ValueError if it spells none."""
        ...


@dataclass(frozen=True)
class Options:
    """One of a few named values without an order, such as a kind of padding."""

    values: tuple[Any, ...]

    def problem(self, value: Any) -> str | None:
        if value in self.values and type(value) is type(self.values[0]):
            return None
        return f"must be one of {', '.join(map(str, self.values))}, not {value!r}"

    def sample(self, rng: Random) -> Any:
        return rng.choice(self.values)

    def vary(self, value: Any, rng: Random) -> Any:
        others = [other for other in self.values if other != value]
        return rng.choice(others) if others else value

    def distance(self, a: Any, b: Any) -> float:
        return float(a != b)

    def read(self, text: str) -> Any:
        for value in self.values:
            if str(value) == text:
                return value
        raise ValueError(self.problem(text))


@dataclass(frozen=True)
class Whole:
    """A whole number in [low, high]. Draws are taken from `typical` (repeats weigh more); a change moves to the next
    smaller or larger typical value. Any other value within the bounds may be given by hand."""

    low: int
    high: int
    typical: tuple[int, ...]

    def problem(self, value: Any) -> str | None:
        if type(value) is int and self.low <= value <= self.high:
            return None
        return f"must be a whole number from {self.low} to {self.high}, not {value!r}"

    def sample(self, rng: Random) -> int:
        return rng.choice(self.typical)

    def vary(self, value: int, rng: Random) -> int:
        smaller = [other for other in self.typical if other < value]
        larger = [other for other in self.typical if other > value]
        neighbours = ([max(smaller)] if smaller else []) + ([min(larger)] if larger else [])
        return rng.choice(neighbours) if neighbours else value

    def distance(self, a: int, b: int) -> float:
        return min(1.0, abs(math.log((a + 1) / (b + 1))) / math.log((self.high + 1) / (self.low + 1)))

    def read(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise ValueError(self.problem(text)) from None


@dataclass(frozen=True)
class Real:
    """A number in [low, high], with two significant digits when drawn; `log` spreads draws over the logarithm."""

    low: float
    high: float
    log: bool = False

    def problem(self, value: Any) -> str | None:
        if type(value) is float and self.low <= value <= self.high:
            return None
        return f"must be a number from {self.low:g} to {self.high:g}, not {value!r}"

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

    def read(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise ValueError(self.problem(text)) from None

    def _place(self, value: float) -> float:
        """Where `value` lies between low (0) and high (1)."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def _value(self, place: float) -> float:
        raw = self.low * (self.high / self.low) ** place if self.log else self.low + place * (self.high - self.low)
        return min(self.high, max(self.low, float(f"{raw:.2g}")))
