"""The figures of throughput.py from its rows, and their tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

CATEGORIES = ("build and trace", "data", "training", "validation", "storage")
Row = dict[str, Any]
Figures = dict[str, Any]


def figures(rows: Sequence[Row], epochs: int, arms: Sequence[str], cores: int) -> dict[str, Figures]:
    """The figures of each arm that has rows of this budget."""
    starts = {arm: median(row["start-up"] for row in rows if row["arm"] == arm and "start-up" in row) for arm in arms}
    found: dict[str, Figures] = {}
    for arm in arms:
        blocks = {row["block"]: row for row in rows if row["arm"] == arm and row.get("epochs") == epochs}
        plain = {row["block"]: row for row in rows if row["arm"] == "plain" and row.get("epochs") == epochs}
        found[arm] = {**_figures(list(blocks.values()), starts[arm], cores), **_ratios(blocks, plain)}
    return found


def _figures(blocks: Sequence[Row], start_up: float, cores: int) -> Figures:
    workers, seconds = blocks[0]["workers"], sum(row["seconds"] for row in blocks)
    scores = [score for row in blocks for score in row["scores"]]
    right = [score for score in scores if score is not None]
    return {
        "networks": len(scores),
        "failed": len(scores) - len(right),
        "mean accuracy": round(sum(right) / max(len(right), 1), 4),
        "seconds": round(seconds, 1),
        "start-up seconds": round(start_up, 2),
        "candidates per hour": round(3600 * len(scores) / seconds, 1),
        "candidates per hour with start-up": round(3600 * len(scores) / (seconds + start_up), 1),
        "peak memory MB": round(max(row["memory"] for row in blocks) / 1e6),
        "workers": workers,
        "workers busy": round(sum(row["busy"] for row in blocks) / (workers * seconds), 4),
        "cores busy": round(sum(row["processor"] for row in blocks) / (cores * seconds), 4),
        "share of time": _shares(blocks, start_up, workers * (seconds + start_up), workers),
        "seconds of the evaluator": _timed(blocks),
        "cores used by idle arms": round(sum(row["idle arms"] for row in blocks) / (cores * seconds), 4),
        "cores used elsewhere": round(sum(row["elsewhere"] for row in blocks) / (cores * seconds), 4),
    }


def _shares(blocks: Sequence[Row], start_up: float, whole: float, workers: int) -> dict[str, float]:
    """Shares of the time of all workers, start-up included."""
    seconds = {name: sum(row["laps"].get(name, 0.0) for row in blocks) for name in CATEGORIES}
    shares = {name: value / whole for name, value in {"start-up": workers * start_up, **seconds}.items()}
    return {name: round(share, 4) for name, share in {**shares, "other": 1 - sum(shares.values())}.items()}


def _timed(blocks: Sequence[Row]) -> dict[str, float]:
    """Seconds by evolve's own names."""
    names = {name for row in blocks for name in row.get("timed", {})}
    return {name: round(sum(row["timed"].get(name, 0.0) for row in blocks), 2) for name in sorted(names)}


def _ratios(blocks: dict[int, Row], plain: dict[int, Row]) -> Figures:
    """How much faster than the plain loop, over all and in the slowest and fastest block; nothing without it."""
    if not plain:
        return {}
    ratios = [plain[block]["seconds"] / blocks[block]["seconds"] for block in blocks]
    whole = sum(row["seconds"] for row in plain.values()) / sum(row["seconds"] for row in blocks.values())
    return {"ratio": round(whole, 2), "ratios of blocks": [round(min(ratios), 2), round(max(ratios), 2)]}


def tables(budgets: dict[int, dict[str, Figures]]) -> str:
    """Two tables for each budget."""
    return "\n".join(_tables(epochs, found) for epochs, found in budgets.items())


def _tables(epochs: int, found: dict[str, Figures]) -> str:
    count = next(iter(found.values()))["networks"]
    speed = (
        "arm",
        "candidates per hour",
        "with start-up",
        "of the plain loop (by block)",
        "peak memory, MB",
        "workers busy",
        "cores busy",
        "cores used elsewhere",
        "mean accuracy",
        "failed",
    )
    shares = ("arm", "start-up, s", "start-up", *CATEGORIES, "other")
    parts = [
        f"## {epochs} epoch{'s' if epochs > 1 else ''}, {count} networks\n",
        _table(speed, [_speed(arm, row) for arm, row in found.items()]),
        "Share of the time of all workers; other is cleaning up, waiting, and what a library does of its own.\n",
        _table(shares, [_share(arm, row) for arm, row in found.items()]),
    ]
    timed = found.get("evolve", {}).get("seconds of the evaluator", {})
    if timed and "trace" not in timed:
        parts.append("evolve's evaluator does not time tracing by itself: it is part of training here.\n")
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _speed(arm: str, row: Figures) -> list[str]:
    low, high = row.get("ratios of blocks", (0, 0))
    return [
        arm,
        f"{row['candidates per hour']:.0f}",
        f"{row['candidates per hour with start-up']:.0f}",
        f"{row['ratio']:.2f} ({low:.2f} to {high:.2f})" if "ratio" in row else "not measured",
        f"{row['peak memory MB']}",
        f"{row['workers busy']:.0%} of {row['workers']}",
        f"{row['cores busy']:.0%}",
        f"{row['cores used elsewhere']:.0%}",
        f"{row['mean accuracy']:.3f}",
        f"{row['failed']}",
    ]


def _share(arm: str, row: Figures) -> list[str]:
    shares = row["share of time"]
    return [arm, f"{row['start-up seconds']:.1f}", *(f"{share:.1%}" for share in shares.values())]
