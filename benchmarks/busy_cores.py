"""How many workers are busy in each stage of runs: what could still be done beside a search without taking from it.

    python benchmarks/busy_cores.py results/unseen/runs/*-default-* --output results/published/search/busy-cores.json

For each run and stage: seconds, and trainings at a time on the mean of them. A last training is one that has all cores.
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
    for name in STAGES:
        mine = [row["busy"] for row in rows if row["stage"] == name]
        print(f"{name}: {fmean(mine):.2f} trainings at a time, mean of {len(mine)} runs")
    if asked.output:
        asked.output.write_text(
            json.dumps({"command": "python benchmarks/busy_cores.py RUN...", "rows": rows}, indent=1)
        )


if __name__ == "__main__":
    main()
