"""How long a report of a large run takes, and how large it is.

    python benchmarks/large_report.py --output results/published/pictures

The run searches a table of made-up scores, so that its ten thousand candidates are born within a minute or two; the
report of it has all that one of images has, but for networks.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np

import evolve
from evolve import figures

GENES, VALUES, TRAININGS = 9, 3, 3


def table(path: Path) -> Path:
    """A table in which each gene counts, and pairs of genes do, too."""
    rng = np.random.default_rng(0)
    alone, pairs = rng.normal(size=(GENES, VALUES)), rng.normal(size=(GENES, GENES, VALUES, VALUES)) / 3
    entries = {}
    for digits in product(range(VALUES), repeat=GENES):
        worth = sum(alone[at, digit] for at, digit in enumerate(digits))
        worth += sum(pairs[a, a + 1, digits[a], digits[a + 1]] for a in range(GENES - 1))
        scores = 90 + worth / 3 + 0.3 * rng.normal(size=TRAININGS)
        size = 1000 * (1 + sum(digits))
        measures = {"parameters": size, "multiply_adds": size * (1 + digits[0])}
        entries["".join(map(str, digits))] = {"fitness": scores.round(3).tolist(), "measures": measures}
    path.write_text(json.dumps({"name": "made-up", "choices": [VALUES] * GENES, "entries": entries}))
    return path


def timed(what: str, seconds: dict[str, float], begun: float) -> None:
    seconds[what] = round(time.perf_counter() - begun, 2)
    print(f"{what}: {seconds[what]} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        here, begun = Path(folder), time.perf_counter()
        settings = {"strategy": "neat", "population": 100, "evaluations": asked.candidates, "progress": False}
        run = evolve.run(table=table(here / "made-up.json"), results=here, name="large", **settings)  # type: ignore[typeddict-item]
        timed("search", seconds, begun)
        for name in figures.__all__:
            if name not in ("table", "curves"):
                begun = time.perf_counter()
                getattr(figures, name)(run)
                timed(f"figure {name}", seconds, begun)
        begun = time.perf_counter()
        path = evolve.report(run.folder, output=here / "large.html", progress=False)
        timed("report", seconds, begun)
        size = path.stat().st_size
    print(f"report of {asked.candidates:,} candidates: {size / 1e6:.1f} MB")
    if asked.output:
        asked.output.mkdir(parents=True, exist_ok=True)
        made = {
            "command": "python benchmarks/large_report.py --output results/published/pictures",
            "candidates": asked.candidates,
            "bytes": size,
            "seconds": seconds,
        }
        (asked.output / "large-report.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
