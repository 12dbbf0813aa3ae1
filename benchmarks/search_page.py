"""Writes the page of ten minutes and of an hour from the rows beside it, which versions up to 0.9 have left.

    python benchmarks/search_page.py results/published/search

Today such comparisons are experiments: benchmarks/experiments/ten-minutes.toml and one-hour.toml.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rows import read
from scipy.stats import t

Row = dict[str, Any]
ALONE = ("founder", "hyperband")  # no search of evolve has a part in them
HAND_MADE = 0.8140  # the article's second net, 75 epochs
NAMES = {
    "default": "`evolve run --dataset cifar10.npz --for {time}`",
    "random": "random search through the same rungs (`--strategy random`)",
    "one rung": "`--strategy genetic`, one budget for all",
    "founder": "the founder `{founder}` alone for all of the time",
    "float32": "the default with `--precision float32`",
    "hyperband": "KerasTuner's Hyperband, fixed depth",
}


def page(title: str, command: str, rows: list[Row], time: str) -> str:
    """A table for each version and processor, the latest first: only rows of the same are compared, and those of arms
    `ALONE` that an earlier version made there last, if they were not made again."""
    parts = [f"## {title}", f"By a script of those versions; the same comparison today: `{command}`"]
    latest_first = sorted(rows, key=lambda row: str(row["made"]), reverse=True)
    for version, processor in dict.fromkeys((row["version"], row["processor"]) for row in latest_first):
        mine = [row for row in rows if (row["version"], row["processor"]) == (version, processor)]
        before = [row for row in rows if row["processor"] == processor and row["made"] < mine[0]["made"]]
        mine += [row for arm in ALONE if arm not in {row["arm"] for row in mine} for row in _latest(before, arm)]
        parts += [f"### Version {version}, {processor}", _table(mine, time), "\n".join(_differences(mine))]
        parts += ["What won:", "\n".join(_winners(mine))]
    return "\n\n".join(parts) + "\n"


def _latest(rows: list[Row], arm: str) -> list[Row]:
    """Those of an arm of the version that made it last."""
    found = sorted((row for row in rows if row["arm"] == arm), key=lambda row: str(row["made"]))
    return [row for row in found if row["version"] == found[-1]["version"]]


def _table(rows: list[Row], time: str) -> str:
    seeds = sorted({int(row["seed"]) for row in rows})
    head = f"| | {' | '.join(f'seed {seed}' for seed in seeds)} | mean | with test-time flips | cores busy |"
    lines = [head, "|---|" + "---|" * (len(seeds) + 3)]
    for arm, name in NAMES.items():
        mine = {int(row["seed"]): row for row in rows if row["arm"] == arm}
        if not mine:
            continue
        shown = [f"{mine[seed]['test_accuracy']:.2%}" if seed in mine else "-" for seed in seeds]
        flips = [row["with_flips"] for row in mine.values() if row.get("with_flips")]
        mean = f"{fmean(row['test_accuracy'] for row in mine.values()):.2%}"
        busy = f"{fmean(row['cores_busy'] for row in mine.values()):.2f}"
        founder = ", ".join(sorted({row.get("founder", "") for row in mine.values()}))
        made = next(iter(mine.values()))["version"]
        named = name.format(time=time, founder=founder) + ("" if made == rows[0]["version"] else f" (version {made})")
        cells = [named, *shown, mean, f"{fmean(flips):.2%}" if flips else "-", busy]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _differences(rows: list[Row]) -> list[str]:
    """Default minus each other arm, seed by seed, with a 95 % interval."""
    found = []
    scores = {(row["arm"], row["seed"]): row["test_accuracy"] for row in rows}
    for arm in NAMES:
        pairs = [scores["default", s] - scores[arm, s] for a, s in scores if a == arm and ("default", s) in scores]
        if arm == "default" or not pairs:
            continue
        text = f"default minus {arm}: {100 * fmean(pairs):+.2f} points"
        if len(pairs) > 1:
            half = t.ppf(0.975, len(pairs) - 1) * stdev(pairs) / len(pairs) ** 0.5
            text += f", 95 % interval {100 * (fmean(pairs) - half):+.2f} to {100 * (fmean(pairs) + half):+.2f}"
        found.append(f"- {text} ({len(pairs)} {'seeds' if len(pairs) > 1 else 'seed'})")
    return found


def _epochs(rows: list[Row]) -> str:
    shown = [
        f"- {row['arm']}, with version {row['version']} on {row['processor']}: {row['seconds_per_epoch']:.0f} s per "
        f"epoch; {row['published_epochs']} epochs, as in the article, take "
        f"{row['seconds_per_epoch'] * row['published_epochs'] / 60:.0f} minutes"
        for row in rows
    ]
    return "\n".join(["The article's nets, by Keras's own `fit` on all cores:\n", *shown, ""])


def _winners(rows: list[Row]) -> list[str]:
    return [
        f"- {row['arm']}, seed {row['seed']}: {row.get('candidates', 1)} "
        f"{'candidates' if row.get('candidates', 1) > 1 else 'candidate'}, {row['final_epochs']} epochs in the last "
        f"training; {'; '.join(row.get('origin', [])) or 'by itself'}\n\n      {row['winner']}\n"
        for arm in NAMES
        for row in sorted(rows, key=lambda row: int(row["seed"]))
        if row["arm"] == arm
    ]


def write(folder: Path) -> None:
    """Writes README.md into `folder` from the rows that are there."""
    ten, hour = read(folder / "ten-minutes.jsonl"), read(folder / "one-hour.jsonl")
    nets = [row for row in hour if "seconds_per_epoch" in row]
    hour = [row for row in hour if "seconds_per_epoch" not in row]
    parts = [
        "# What the search is worth\n\nTest accuracy on CIFAR-10 after a fixed time on two shared server cores, from "
        "the start of the command to its end.\nMade by `python benchmarks/search_page.py results/published/search` "
        f"from the rows in this folder. By hand, after 75 epochs: {HAND_MADE:.2%}.\n"
    ]
    if ten:
        command = "evolve experiment benchmarks/experiments/ten-minutes.toml --data FOLDER"
        parts.append(page("Ten minutes", command, ten, "10m"))
    if hour or nets:
        command = "evolve experiment benchmarks/experiments/one-hour.toml --data FOLDER"
        parts += [page("One hour", command, hour, "1h"), _epochs(nets)] if hour else [_epochs(nets)]
    (folder / "README.md").write_text("\n".join(parts))
    print("\n".join(parts))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
