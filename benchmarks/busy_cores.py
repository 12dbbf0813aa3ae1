"""How many workers are busy in each stage of runs: what could still be done beside a search without taking from it.

    python benchmarks/busy_cores.py results/unseen/runs/*-default-* --output results/published/search/busy-cores.json

For each run and stage: seconds, and trainings at a time on the mean of them. A last training is one that has all cores.
Of each run also the share of its time, all workers together, in which workers had nothing to do before the last
training: what a favourite could gain at the most that is trained on meanwhile, without taking from its challengers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import evolve
from evolve.values import SEARCHING, Purpose

WORKERS = 2  # of these runs
STAGES = {"search": (*SEARCHING, Purpose.TWIN), "scoring again": (Purpose.RESCORE,), "last training": (Purpose.FINAL,)}


def stages(folder: Path) -> Iterator[tuple[str, float, float]]:
    """Name, seconds, and trainings at a time of each stage of a run that was not interrupted."""
    with evolve.Run(folder).log() as log:
        begun = log.acts()[0].at
        for name, purposes in STAGES.items():
            results = [log.result(request.number) for request in log.requests(*purposes)]
            timed = [one.timing for one in results if one is not None and "seconds" in one.timing]
            if timed:
                seconds = max(one["at"] for one in timed) - begun
                yield name, seconds, sum(one["seconds"] for one in timed) / seconds
                begun += seconds


def idle_share(rows: list[dict[str, Any]]) -> float:
    """Share of the time of all workers in which they had nothing to do before the last training. rows: of one run."""
    before = [row for row in rows if row["stage"] != "last training"]
    idle = sum((WORKERS - row["busy"]) * row["seconds"] for row in before)
    return float(idle / WORKERS / sum(row["seconds"] for row in rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for folder in asked.runs:
        for name, seconds, busy in stages(folder):
            rows.append({"run": folder.name, "stage": name, "seconds": round(seconds, 1), "busy": round(busy, 2)})
            print(f"{folder.name:30} {name:14} {seconds:6.0f} s, {busy:.2f} at a time")
    idle = {
        run: idle_share([row for row in rows if row["run"] == run]) for run in dict.fromkeys(row["run"] for row in rows)
    }
    print(f"idle before the last training: {fmean(idle.values()):.1%} of the time, at most {max(idle.values()):.1%}")
    for name in STAGES:
        mine = [row["busy"] for row in rows if row["stage"] == name]
        print(f"{name}: {fmean(mine):.2f} trainings at a time, mean of {len(mine)} runs")
    if asked.output:
        asked.output.write_text(
            json.dumps({"command": "python benchmarks/busy_cores.py RUN...", "rows": rows}, indent=1)
        )


if __name__ == "__main__":
    main()
