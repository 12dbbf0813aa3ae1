"""Trains on a GPU, for real: on a machine that has one, with JAX and PyTorch, without TensorFlow and without a network.

    python benchmarks/gpu_check.py --pack FOLDER --data cifar10.npz    here: all that is needed, below 60 MB
    python3 FOLDER/benchmarks/gpu_check.py                             there: at most eight minutes
    python benchmarks/gpu_check.py --cpu --data cifar10.npz            the same, small, on a processor

There, the packed wheels are installed into a folder beside the script, and nothing else is changed. In turn, for each
backend: two fixed networks on digits, one of them twice, which must agree to the last bit; one on 10,000 images of
CIFAR-10 with both precisions; a candidate that exhausts its share of the GPU; candidates an hour with 8, 4, 2 and 1
workers, and the share of the time that the GPU computed; at the end one run of three minutes. Each row is printed and
written to `gpu_check.jsonl`, in the folder that OUT names or the current one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BACKENDS = ("torch", "jax")
STARTING, ENDING = 30.0, 8.0  # seconds that workers take to start, and to finish what they are at
Row = dict[str, Any]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, metavar="FOLDER", help="make the folder that is carried to the GPU")
    parser.add_argument("--data", type=Path, help="CIFAR-10 as an .npz file, for --pack and --cpu")
    parser.add_argument("--python", default="3.12", help="version of Python there, for --pack")
    parser.add_argument("--cpu", action="store_true", help="without a GPU, small")
    parser.add_argument("--minutes", type=float, default=7.5, help="for all of it")
    parser.add_argument("--run", type=float, default=3.0, help="minutes of the run at the end")
    parser.add_argument("--stages", nargs="+", default=list(STAGES), choices=list(STAGES))
    parser.add_argument("--backends", nargs="+", default=list(BACKENDS), choices=BACKENDS)
    parser.add_argument("--interpreter", nargs="*", default=[], metavar="BACKEND=PYTHON", help="if not this one")
    given = parser.parse_args()
    if given.data is None and (given.pack or given.cpu):
        parser.error("--pack and --cpu need --data, CIFAR-10 as an .npz file")
    return given


def few(data: Path, path: Path) -> Path:
    """A thousand of the images, for a processor."""
    import numpy as np

    with np.load(data) as all_of_it:
        part = {name: all_of_it[name][:800] for name in ("x_train", "y_train")}
        np.savez(path, **part, **{name: all_of_it[name][:200] for name in ("x_test", "y_test")})
    return path


class Check:
    """Runs stages as long as there is time, and writes rows."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given, self.ends = given, time.monotonic() + 60 * given.minutes
        self.out = Path(os.environ.get("OUT") or ".") / "gpu_check.jsonl"
        self.rows: list[Row] = []
        self.interpreters = dict(text.split("=", 1) for text in given.interpreter)
        packed = ROOT / "cifar15k.npz"
        self.cifar = packed if packed.exists() else few(given.data, self.out.with_name("few.npz"))

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()

    def row(self, **figures: Any) -> None:
        self.rows.append({"at": round(self.given.minutes * 60 - self.left, 1), **figures})
        with self.out.open("a") as file:
            print(json.dumps(self.rows[-1]), file=file)
        print(figures, flush=True)

    @property
    def device(self) -> list[str]:
        return [] if self.given.cpu else ["--gpu"]

    def for_each_backend(self, ask: Callable[[str], None]) -> None:
        """At the same time: they take little of the GPU and of the cores."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(ask, self.given.backends))

    def train(self, backend: str, dataset: str, *flags: str) -> list[Row]:
        """Rows of `backend_arm.py`."""
        return self.call(backend, 90, str(HERE / "backend_arm.py"), dataset, *self.device, *flags)

    def environment(self, backend: str) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(ROOT / "site"), os.environ.get("PYTHONPATH", "")]))
        hidden = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"} if self.given.cpu else {}
        return {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": path, **hidden}

    def call(self, backend: str, seconds: float, *command: str) -> list[Row]:
        """The JSON lines that a command prints; fewer if it ends before it is done or the time is up."""
        python = self.interpreters.get(backend, sys.executable)
        begun = time.monotonic()
        process = subprocess.Popen(
            [python, *command],
            env=self.environment(backend),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            out, errors = process.communicate(timeout=max(5.0, min(seconds, self.left)))
        except subprocess.TimeoutExpired:  # what it started ends with it
            process.kill()
            out, errors = process.communicate()
            errors += f"\nended after {time.monotonic() - begun:.0f} s"
        if process.returncode != 0:
            print(f"{backend} {' '.join(command[1:4])}: exit code {process.returncode}: {errors[-1500:]}", flush=True)
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def facts(check: Check) -> None:
    fields = "name,driver_version,memory.total,compute_cap"
    command = ["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"]
    found = subprocess.run(command, capture_output=True, text=True).stdout if shutil.which(command[0]) else "none"
    check.row(stage="facts", gpu=found.strip(), python=platform.python_version(), cores=os.cpu_count())


def digits(check: Check) -> None:
    """Correct, and repeatable to the last bit in another process."""

    def ask(backend: str) -> None:
        rows = check.train(backend, "digits", "--epochs", "3", "--networks", "fast", "densenet")
        again = check.train(backend, "digits", "--epochs", "3", "--networks", "fast")
        known = {row["network"]: row["weights"] for row in rows}
        same = bool(again) and all(known.get(row["network"]) == row["weights"] for row in again)
        scores = {row["network"]: row["accuracy"] for row in rows}
        check.row(stage="digits", backend=backend, accuracy=scores, repeatable=same)

    check.for_each_backend(ask)


def cifar(check: Check) -> None:
    """10,000 images, with both precisions, and once more in the same process: the first training of a process loads
    what the GPU's libraries need."""
    size = ("--images", "300" if check.given.cpu else "10000", "--epochs", "1", "--seeds", "2")

    def ask(backend: str) -> None:
        for precision in ("float32", "bfloat16"):
            networks = ("fast", "whitened") if check.given.cpu else ("fast-wide", "whitened-wide")
            how = (*size, "--networks", *networks, "--precision", precision)
            for row in check.train(backend, str(check.cifar), *how):
                told = {key: row[key] for key in ("network", "seed", "accuracy", "status", "reason")}
                stages = {stage: row["timing"].get(stage) for stage in ("build", "trace", "data", "fit", "score")}
                peak = row["timing"].get("gpu_peak_bytes")
                check.row(stage="cifar", backend=backend, precision=precision, **told, **stages, gpu_peak=peak)

    check.for_each_backend(ask)


TOO_LARGE = "conv 256 3, relu, conv 256 3, relu, conv 256 3, relu, global_average | adam 0.001, batch 1024"


def memory(check: Check) -> None:
    """A candidate that exhausts its share of the GPU is a result, and the next one trains."""

    def ask(backend: str) -> None:
        how = ("--images", "2048", "--epochs", "1", "--share", "0.02", "--networks", TOO_LARGE, "fast")
        rows = check.train(backend, str(check.cifar), *how)
        told = [(row["status"], row["reason"], row["timing"].get("gpu_peak_bytes")) for row in rows]
        check.row(stage="memory", backend=backend, results=told)

    if not check.given.cpu:
        check.for_each_backend(ask)


def workers(check: Check) -> None:
    """Candidates an hour; what is left of the time, but for the run, is shared by the backends."""
    counts = ("2", "1") if check.given.cpu else ("8", "4", "2", "1")
    size = ["--images", "256"] if check.given.cpu else []
    for waiting, backend in zip(range(len(check.given.backends), 0, -1), check.given.backends, strict=True):
        time_for_it = (check.left - 60 * check.given.run - 20) / waiting
        seconds = max(5.0, (time_for_it - STARTING) / len(counts) - ENDING)
        how = (str(check.cifar), "--workers", *counts, "--seconds", f"{seconds:.0f}", *size, *check.device)
        for row in check.call(backend, time_for_it, str(HERE / "worker_arm.py"), *how):
            check.row(stage="workers", **row)


def whole_run(check: Check) -> None:
    """One run as a user starts it, with the backend and the number of workers that trained most candidates an hour."""
    seen = [row for row in check.rows if row["stage"] == "workers" and row["done"]]
    best = max(seen, key=lambda row: row["an_hour"], default={"backend": check.given.backends[0], "workers": 1})
    results = check.out.absolute().parent / "run"
    seconds = round(max(30.0, min(60 * check.given.run, check.left - 15)))
    flags = ["--dataset", str(check.cifar), "--for", f"{seconds}s", "--results", str(results)]
    flags += ["--workers", str(best["workers"]), "--name", "gpu"]
    python = check.interpreters.get(best["backend"], sys.executable)
    environment = check.environment(best["backend"])
    begun = time.monotonic()
    command = [python, "-P", "-m", "evolve.cli"]
    ran = subprocess.run([*command, "run", *flags], env=environment, capture_output=True, text=True)
    took = round(time.monotonic() - begun, 1)
    shown = subprocess.run(
        [*command, "show", "gpu", "--results", str(results), "--json"], env=environment, capture_output=True, text=True
    )
    print(ran.stdout[-3000:], ran.stderr[-1500:], flush=True)
    told = json.loads(shown.stdout) if shown.returncode == 0 else shown.stderr[-500:]
    check.row(
        stage="run", backend=best["backend"], workers=best["workers"], code=ran.returncode, seconds=took, shown=told
    )


STAGES: dict[str, Callable[[Check], None]] = {
    "facts": facts,
    "digits": digits,
    "cifar": cifar,
    "memory": memory,
    "workers": workers,
    "run": whole_run,
}


def install() -> None:
    """The packed wheels into a folder of their own."""
    wheels, site = ROOT / "wheels", ROOT / "site"
    if wheels.exists() and not site.exists():
        how = ["--no-index", "--no-deps", "--no-compile", "--no-cache-dir", "--target", str(site)]
        command = [sys.executable, "-m", "pip", "install", "-q", *how, *map(str, sorted(wheels.iterdir()))]
        subprocess.run(command, check=True)


def main() -> None:
    given = options()
    if given.pack:
        from gpu_pack import pack  # it stays here

        pack(given.pack, given.data, given.python)
        return
    check = Check(given)
    install()
    for name in given.stages:
        if check.left > 10:
            STAGES[name](check)


if __name__ == "__main__":
    main()
