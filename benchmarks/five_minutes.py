"""`evolve run --for 5m` on several data sets, as people run it: what comes of it, how long it takes, and what decided.

    python benchmarks/five_minutes.py --data FOLDER --output results/published/search

FOLDER holds cifar10.npz and tasks/. Goes on where it was ended; a line for each data set goes into five-minutes.jsonl,
and a page of all of them into five-minutes.md. Times are those of a whole command on this machine, so nothing else
should run there.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import rows

import evolve
from evolve.execution.machine import processor
from evolve.reporting.hall_of_fame_text import decision
from evolve.runs.augmentation_answers import sentences

DATASETS = {
    "language": "tasks/language.npz",
    "gutenberg": "tasks/gutenberg.npz",
    "addnist": "tasks/addnist.npz",
    "signs": "tasks/signs",
    "spoken": "tasks/spoken.npz",
    "cifar10": "cifar10.npz",
}
MORE = {"signs": ["--image-size", "32"]}
EVOLVE = [sys.executable, "-m", "evolve.cli"]


def measured(name: str, data: Path, results: Path) -> dict[str, Any]:
    """What five minutes on a data set come to."""
    given = ["--dataset", str(data / DATASETS[name]), *MORE.get(name, [])]
    shutil.rmtree(results / name, ignore_errors=True)  # of one that was ended
    begun = time.monotonic()
    subprocess.run(
        [*EVOLVE, "run", *given, "--for", "5m", "--name", name, "--results", str(results)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds, run = time.monotonic() - begun, evolve.Run(results / name)
    said = [*sentences(run), decision(run)]
    typed = " ".join(["evolve run --dataset", DATASETS[name], *MORE.get(name, []), "--for 5m"])
    return {
        "dataset": name,
        "command": typed,
        "test_accuracy": run.test_accuracy,
        "seconds": round(seconds, 1),
        "candidates": run.summary()["evaluations"],
        "said": said,
        "version": evolve.__version__,
        "processor": processor(),
    }


def page(made: list[dict[str, Any]]) -> str:
    """All rows as Markdown."""
    lines = [
        "# Five minutes",
        "",
        "As people run it, once for each data set, on " + ", ".join(sorted({row["processor"] for row in made})) + ".",
        "Made by `python benchmarks/five_minutes.py --data FOLDER --output results/published/search`.",
        "",
        "| command | test accuracy | seconds | what decided |",
        "|---|---|---|---|",
    ]
    for row in made:
        cells = (f"`{row['command']}`", f"{row['test_accuracy']:.2%}", f"{row['seconds']:.0f}", "; ".join(row["said"]))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=Path("results/five-minutes"))
    asked = parser.parse_args()
    file = asked.output / "five-minutes.jsonl"
    known = {row["dataset"] for row in rows.read(file)}
    for name in DATASETS:
        if name not in known:
            rows.append(file, measured(name, asked.data, asked.results))
            print(rows.read(file)[-1], flush=True)
    (asked.output / "five-minutes.md").write_text(page(list(rows.read(file))))


if __name__ == "__main__":
    main()
