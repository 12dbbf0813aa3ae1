"""Quantities as people write them: times, counts and sizes, with their units."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

MICRO = dict.fromkeys(("us", "\N{MICRO SIGN}s", "\N{GREEK SMALL LETTER MU}s"), 1e-6)
TIMES = {**MICRO, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
COUNTS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
SIZES = {"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "kib": 1_024, "mib": 1_048_576}
NUMBER = r"(\d+(?:\.\d+)?)"


def seconds(value: Any) -> Any:
    """Seconds of a duration such as 90, '90s', '2ms', '10m', '1.5h' or '1h30m'. Raises ValueError for anything else."""
    if isinstance(value, str):
        parts = re.findall(rf"{NUMBER}\s*({'|'.join(MICRO)}|ms|[smhd]?)", value)
        whole = "".join(number + unit for number, unit in parts) == value.replace(" ", "")
        if not parts or not whole or not all(unit for _, unit in parts[:-1]):
            raise ValueError("not a duration")
        return sum(float(number) * TIMES[unit or "s"] for number, unit in parts)
    return value


def latency(value: Any) -> Any:
    """Seconds of a short time such as '2ms' or '500us', or a number of them. Raises ValueError for text without a unit,
    or with minutes, by which one may mean milliseconds, and for anything else."""
    if isinstance(value, str) and not re.fullmatch(rf"{NUMBER}\s*({'|'.join(MICRO)}|ms|s)", value.strip()):
        raise ValueError("not a time with a unit")
    return seconds(value)


def count(value: Any) -> Any:
    """The count that is written as 100000, '100k', '5M' or '1.5M'. Raises ValueError for anything else."""
    return _times(value, COUNTS, "not a count")


def size(value: Any) -> Any:
    """Bytes of a size such as 30000, '30kB', '1.5MB' or '256KiB'. Raises ValueError for anything else."""
    return _times(value, SIZES, "not a size")


def _times(value: Any, units: dict[str, int], what: str) -> Any:
    if not isinstance(value, str):
        return value
    found = re.fullmatch(rf"{NUMBER}\s*([A-Za-z]*)", value.strip().replace("_", ""))
    if found is None or found[2].lower() not in units:
        raise ValueError(what)
    number = float(found[1]) * units[found[2].lower()]
    if number != int(number):
        raise ValueError("not a whole number")
    return int(number)


def shown_size(value: int) -> str:
    """A size as it is written: 30 kB, 1.5 MB."""
    for unit, of in (("MB", 1_000_000), ("kB", 1_000)):
        if value >= of:
            return f"{value / of:.4g} {unit}"
    return f"{value} bytes"


def shown_time(value: float) -> str:
    """A short time as it is written: 1.5 ms, 240 us."""
    return f"{1e6 * value:.3g} us" if value < 0.001 else f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def shown_cost(name: str, value: float) -> str:
    """A cost of a network with its name, as in a sentence: 5,000 parameters, 2 ms latency, 30 kB size-int8."""
    units = {"latency": shown_time, "size": _bytes, "size_int8": _bytes, "activations": _bytes}
    return f"{units.get(name, _whole)(value)} {name.replace('_', '-')}"


def _bytes(value: float) -> str:
    return shown_size(int(value))


def _whole(value: float) -> str:
    return f"{value:,.0f}"


Seconds = Annotated[
    float, BeforeValidator(seconds, json_schema_input_type=str | float), Field(gt=0, allow_inf_nan=False)
]
Latency = Annotated[
    float, BeforeValidator(latency, json_schema_input_type=str | float), Field(gt=0, allow_inf_nan=False)
]
Count = Annotated[int, BeforeValidator(count, json_schema_input_type=str | int)]
Size = Annotated[int, BeforeValidator(size, json_schema_input_type=str | int)]
