"""What ten_minutes.py and one_hour.py have in common: arms that have a fixed time, each from a cold start in a process
of its own, one after the other; one JSON row per arm and seed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rows import append, read

import evolve
from evolve.api import VERSION
from evolve.execution.machine import CPU_FACTS, usual_precision

Row = dict[str, Any]
HERE = Path(__file__).parent


def options(doc: str) -> argparse.Namespace:
    """The command line of both scripts."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="an .npz file in the layout of Keras's data sets")
    parser.add_argument("--arms", nargs="+", help="only these")
    parser.add_argument("--seeds", type=int, nargs="+", help="only these")
    parser.add_argument("--founder", default="fast-wide", help="what is trained alone: the best for the time")
    parser.add_argument("--output", type=Path, default=Path("results/search"))
    parser.add_argument("--runs", type=Path, default=Path("results/timed-runs"), help="where the runs are made")
    parser.add_argument("--peers", default=sys.executable, help="the Python that has keras-tuner")
    found = parser.parse_args()
    found.output.mkdir(parents=True, exist_ok=True)
    return found


def measured(log: Path, arm: str, seed: int, work: Callable[[], Row], founder: str) -> Row:
    """The row of an arm and seed: as this version wrote it before on such a processor, or made now, with what the
    machine did meanwhile. founder: the one that is trained alone, where that is the arm."""
    known = {"arm": arm, "seed": seed, "version": VERSION, "processor": _processor()}
    known |= {"founder": founder} if arm == "founder" else {}
    for row in read(log):
        if known.items() <= row.items():
            return row
    print(f"{datetime.now(UTC):%H:%M} {arm}, seed {seed}", flush=True)
    busy, begun = _busy(), time.monotonic()
    made = work()
    seconds = time.monotonic() - begun
    row = {**known, **made, "wall_seconds": round(seconds, 1)}
    row |= {"cores_busy": round((_busy() - busy) / seconds, 2), "cores": psutil.cpu_count()}
    row["made"] = datetime.now(UTC).isoformat(timespec="seconds")
    append(log, row)
    print(f"  {row.get('test_accuracy', row.get('seconds_per_epoch'))} after {seconds:.0f} s", flush=True)
    return row


def _processor() -> str:
    """What the system says of it, in numbers too, as a name such as "AMD EPYC" stands for slow and fast ones, and what
    it multiplies fast."""
    lines = CPU_FACTS.read_text().splitlines() if CPU_FACTS.exists() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    name = facts.get("model name", platform.processor())
    numbers = f" (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else ""
    return f"{name}{numbers}, {usual_precision(gpu=False)}"


def _busy() -> float:
    """Seconds of work of all cores since the machine was started."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


def evolved(name: str, settings: Mapping[str, Any], runs: Path) -> Row:
    """A run from the command line, and what came out of it."""
    flags = [part for key, value in settings.items() for part in (f"--{key}", str(value))]
    command = [sys.executable, "-m", "evolve.cli", "run", *flags, "--name", name, "--results", str(runs)]
    shutil.rmtree(runs / name, ignore_errors=True)  # interrupted, or made by another version
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    run = evolve.find(name, runs)
    assert run.winner is not None and run.final_result is not None
    winner = run.candidate(run.winner)
    first, last = run.acts[0].at, next(act.at for act in reversed(run.acts) if act.kind == "finished")
    return {
        "test_accuracy": run.test_accuracy,
        "with_flips": run.final_result.measures.get("accuracy_with_flips"),
        "plan": run.meta["plan"],
        "precision": run.config.precision,
        "candidates": len(run.candidates),
        "evaluations": run.summary()["evaluations"],
        "winner": winner.notation,
        "origin": [step.text for step in winner.steps],
        "parents": list(winner.parents),
        "multiply_adds": winner.multiply_adds,
        "parameters": winner.parameters,
        "final_epochs": run.final_result.spent["epochs"],
        "search_to_end_seconds": round(last - first, 1),
    }


def child(python: str, script: str, *arguments: str) -> Row:
    """What a script in benchmarks/arms prints last, as JSON. It runs in a process of its own."""
    path = HERE / "arms" / script
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [python, str(path), *arguments], check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))
