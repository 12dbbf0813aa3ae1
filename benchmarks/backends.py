"""The three backends on a processor: digits end to end, scores of five fixed networks, speed beside Keras's `fit`.

    python benchmarks/backends.py --python jax=/path/to/python --python torch=/path/to/python --data cifar10.npz

The Pythons of JAX and PyTorch must have no TensorFlow. Rows go to `backends.jsonl` in `--output`; a script that was
interrupted goes on where it stopped. At the end a page is written beside it. In turn, for each backend:

- one run on digits, from the command to the exported model and what it says of an image;
- five fixed networks, three epochs of digits, five seeds: accuracy on validation images;
- the same networks on 1,000 images of CIFAR-10, two epochs, by this project and by Keras's own `fit`, one after the
  other in one process with one thread. Each compiles what it needs in that time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend_arm import NETWORKS
from rows import append, read
from scipy import stats

HERE = Path(__file__).resolve().parent
BACKENDS = ("tensorflow", "jax", "torch")
SMALL = "--population 4 --evaluations 8 --epochs 2 --leaders 2 --rescorings 1 --final-epochs 6 --seed 1 --name first"
Row = dict[str, Any]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], metavar="BACKEND=PYTHON", help="if not this one")
    parser.add_argument("--data", type=Path, help="CIFAR-10 as an .npz file; without it digits stand in, for the speed")
    parser.add_argument("--output", type=Path, default=Path("results/backends"))
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    return parser.parse_args()


class Arms:
    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.pythons = dict(text.split("=", 1) for text in given.python)
        given.output.mkdir(parents=True, exist_ok=True)
        self.log = given.output / "backends.jsonl"

    def python(self, backend: str, *command: str, **how: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        python = self.pythons.get(backend, sys.executable)
        done = subprocess.run([python, *command], env=environment, capture_output=True, text=True, **how)
        if done.returncode != 0:
            raise SystemExit(f"{backend}: {' '.join(command)} ended with {done.returncode}: {done.stderr[-1500:]}")
        return done

    def missing(self) -> Iterator[tuple[str, str]]:
        have = {(row["part"], row["backend"]) for row in read(self.log)}
        for part in ("run", "scores", "speed"):
            yield from ((part, one) for one in self.given.backends if (part, one) not in have)

    def run(self, backend: str) -> list[Row]:
        """From the command to what the model says of an image."""
        with tempfile.TemporaryDirectory() as folder:
            seen = "import importlib.util as u; print(u.find_spec('tensorflow') is not None)"
            has_tensorflow = self.python(backend, "-c", seen).stdout.strip() == "True"
            if has_tensorflow and backend != "tensorflow":
                raise SystemExit(f"the Python of {backend} has TensorFlow: name one that has not")
            begun = time.perf_counter()
            evolve = ("-P", "-m", "evolve.cli")
            self.python(backend, *evolve, "run", "--dataset", "digits", *SMALL.split(), cwd=folder)
            seconds = round(time.perf_counter() - begun, 1)
            shown = json.loads(self.python(backend, *evolve, "show", "first", "--json", cwd=folder).stdout)
            winner = str(shown["winner"])
            self.python(backend, *evolve, "export", "first", winner, "--output", "net.keras", cwd=folder)
            row = {"test_accuracy": shown["test_accuracy"], "seconds": seconds, "tensorflow": has_tensorflow}
            return [{**row, "exported": Path(folder, "net.keras").exists()}]

    def scores(self, backend: str) -> list[Row]:
        return self.arm(backend, "digits", "--epochs", "3", "--seeds", "5")

    def speed(self, backend: str) -> list[Row]:
        data = str(self.given.data.absolute()) if self.given.data else "digits"
        return self.arm(backend, data, "--images", "1000", "--epochs", "2", "--fit")

    def arm(self, backend: str, *flags: str) -> list[Row]:
        lines = self.python(backend, str(HERE / "backend_arm.py"), *flags).stdout.splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


def page(rows: list[Row]) -> str:
    """What came out, in Markdown."""
    return "\n\n".join([HEAD, about(), table_of_runs(rows), table_of_scores(rows), table_of_speed(rows)]) + "\n"


HEAD = """# The three backends on a processor

Made by `python benchmarks/backends.py --python jax=PYTHON --python torch=PYTHON --data cifar10.npz`, whose text says
what was done; the rows are in [backends.jsonl](backends.jsonl)."""


def about() -> str:
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}."


def table_of_runs(rows: list[Row]) -> str:
    lines = ["## Digits, end to end", "", "| backend | TensorFlow there | test accuracy | seconds | model exported |"]
    lines += ["|---|---|---|---|---|"]
    for row in of(rows, "run"):
        there, exported = ("yes" if row[name] else "no" for name in ("tensorflow", "exported"))
        lines.append(f"| {row['backend']} | {there} | {row['test_accuracy']:.2%} | {row['seconds']:.0f} | {exported} |")
    return "\n".join(lines)


def table_of_scores(rows: list[Row]) -> str:
    backends = list(dict.fromkeys(row["backend"] for row in of(rows, "scores")))
    heads = " | ".join(backends)
    text = "Validation accuracy, mean of five seeds +- their deviation; p of an analysis of variance over the backends."
    lines = [
        "## Scores of five fixed networks",
        "",
        text,
        "",
        f"| network | {heads} | p |",
        "|---" * (len(backends) + 2) + "|",
    ]
    values = []
    for network in NETWORKS:
        groups = [
            [row["accuracy"] for row in of(rows, "scores") if (row["backend"], row["network"]) == (one, network)]
            for one in backends
        ]
        p = float(stats.f_oneway(*groups).pvalue) if len(groups) > 1 else 1.0
        values.append(p)
        cells = " | ".join(f"{stats.tmean(group):.3f} +- {stats.tstd(group):.3f}" for group in groups)
        lines.append(f"| {network} | {cells} | {p:.2f} |")
    lowest = min(values) * len(values)
    verdict = "No network's scores differ by backend beyond the noise of seeds" if lowest > 0.05 else "Scores differ"
    return "\n".join([*lines, "", f"{verdict} (smallest p times the number of networks: {min(1.0, lowest):.2f})."])


def table_of_speed(rows: list[Row]) -> str:
    text = (
        "Seconds of two epochs of 1,000 images, with what is traced or compiled for them; ratio: how many times as long"
    )
    text += " `fit` takes."
    lines = [
        "## Beside Keras's own `fit`",
        "",
        text,
        "",
        "| backend | network | here | `fit` | ratio |",
        "|---|---|---|---|---|",
    ]
    for row in of(rows, "speed"):
        ours = sum(row["timing"].get(stage, 0.0) for stage in ("trace", "data", "fit"))
        lines.append(
            f"| {row['backend']} | {row['network']} | {ours:.1f} | {row['fit']:.1f} | {row['fit'] / ours:.2f} |"
        )
    return "\n".join(lines)


def of(rows: list[Row], part: str) -> list[Row]:
    return [row for row in rows if row["part"] == part]


def main() -> None:
    given = options()
    arms = Arms(given)
    for part, backend in list(arms.missing()):
        print(f"{part} with {backend}", flush=True)
        for row in getattr(arms, part)(backend):
            append(arms.log, {"part": part, **row, "backend": backend})
    (given.output / "README.md").write_text(page(read(arms.log)))
    print(page(read(arms.log)))


if __name__ == "__main__":
    main()
