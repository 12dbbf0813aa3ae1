"""One history: the same seed with 1, 2 and 4 workers, and with ten kill -9 of the coordinator and of workers.

    python benchmarks/kills.py --output results/published/one-history

Runs `evolve run` on the digits as a user would, in processes of their own, kills them at random moments, continues with
`evolve resume`, and compares the histories without their clock times.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

FLAGS = ["--dataset", "digits", "--generations", "4", "--population", "8", "--epochs", "2", "--final-epochs", "4"]
EVOLVE = [sys.executable, "-m", "evolve.cli"]


def start(arguments: list[str], results: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*EVOLVE, *arguments, "--results", str(results)], stdout=subprocess.DEVNULL)


def history(name: str, results: Path) -> str:
    """SHA-256 over the history without what stands under `timing`."""
    command = [*EVOLVE, "history", name, "--json", "--results", str(results)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    entries = [{k: v for k, v in json.loads(line).items() if k != "timing"} for line in lines]
    return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()


def begun(name: str, results: Path) -> bool:
    """Whether the run was there already when it was killed."""
    command = [*EVOLVE, "list", "--json", "--results", str(results)]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return name in [run["name"] for run in listed]


def killed(name: str, seed: int, kills: int, results: Path, rng: random.Random) -> list[str]:
    """Runs with kills at random moments; what was killed, in order."""
    log: list[str] = []
    process = start(["run", *FLAGS, "--seed", str(seed), "--name", name, "--workers", "2"], results)
    while process.poll() is None and len(log) < kills:
        time.sleep(rng.uniform(3.0, 7.0))
        if process.poll() is not None:
            break
        workers = psutil.Process(process.pid).children(recursive=True)
        workers = [w for w in workers if any("spawn_main" in part for part in w.cmdline())]
        if workers and len(log) % 2 == 0:
            rng.choice(workers).send_signal(signal.SIGKILL)
            log.append("worker")
        else:
            process.kill()
            process.wait()
            log.append("coordinator")
            fresh = ["run", *FLAGS, "--seed", str(seed), "--name", name, "--workers", "2"]
            again = ["resume", name, "--workers", "2"] if begun(name, results) else fresh
            process = start(again, results)
    if process.wait() != 0:
        raise SystemExit(f"the run ended with exit code {process.returncode}")
    if len(log) < kills:
        raise SystemExit(f"the run ended after {len(log)} of {kills} kills; give it more generations")
    return log


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--output", type=Path, default=Path("results/one-history"))
    options = parser.parse_args()
    results = options.output / "runs"
    shutil.rmtree(results, ignore_errors=True)
    found: dict[str, object] = {"flags": " ".join(FLAGS), "seed": options.seed}
    for workers in (1, 2, 4):
        name = f"workers-{workers}"
        arguments = ["run", *FLAGS, "--seed", str(options.seed), "--name", name, "--workers", str(workers)]
        if start(arguments, results).wait() != 0:
            raise SystemExit(f"{name} failed")
        found[name] = history(name, results)
        print(name, found[name], flush=True)
    found["killed"] = killed("killed", options.seed, options.kills, results, random.Random(options.seed))
    found["with kills"] = history("killed", results)
    print("killed", found["killed"], found["with kills"], flush=True)
    found["one history"] = len({str(found[k]) for k in ("workers-1", "workers-2", "workers-4", "with kills")}) == 1
    (options.output / "one-history.json").write_text(json.dumps(found, indent=1) + "\n")
    print("one history:", found["one history"])


if __name__ == "__main__":
    main()
