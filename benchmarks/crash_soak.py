"""kill -9 anywhere: the coordinator, a worker, or both, at random moments and at named points, a hundred times.

    python benchmarks/crash_soak.py --kills 100 --output results/published/engine

Runs `evolve run` on the digits as a user would, kills it as `crash_child.py` describes, continues with `evolve resume`,
and so on until it is finished; then the next run. After every kill the file must be whole and hold every result that it
held before; in the end the history (without its clock times), the hall of fame and the winner's weights must be those
of an undisturbed run, no request may have been given to a worker after its result was on disk, and neither drafts of
files nor processes may be left. The undisturbed runs are made with 1, 2 and 4 workers. Goes on where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import psutil

import evolve
from evolve.storage.store import Store

CHILD = Path(__file__).parent / "crash_child.py"
SEARCH = ["--dataset", "digits", "--generations", "2", "--population", "6", "--rungs", "300x1,300x3,300x6"]
FLAGS = [*SEARCH, "--final-epochs", "3"]
SESSION_SECONDS = 300
ORPHAN_SECONDS = 20
Plan = list[dict[str, Any]]


def _draft(name: str) -> bool:
    return ".draft" in name or (name.startswith(".") and name.endswith(".npz"))


def plan(rng: random.Random) -> Plan:
    """The kills of one run, a session each, in an order that lets all of them happen. The coordinator of a worker that
    was killed is killed "then" seconds later, else the run would come to its end."""
    searching = [
        {"point": "commit", "victim": rng.choice(["coordinator", "both"]), "after": rng.randint(1, 4)},
        {"point": "result", "victim": rng.choice(["coordinator", "both"]), "after": rng.randint(1, 3)},
        {"point": rng.choice(["commit", "result"]), "victim": "worker", "after": rng.randint(1, 3), "then": 2.0},
        {"point": "rename", "victim": rng.choice(["coordinator", "both"]), "after": 1},
        {"point": "any", "victim": "worker", "seconds": rng.uniform(0.5, 4), "then": rng.uniform(1, 4)},
        *({"point": "any", "victim": victim, "seconds": rng.uniform(1, 9)} for victim in ("coordinator", "both")),
        {"point": "any", "victim": "worker", "seconds": rng.uniform(4, 9), "then": rng.uniform(1, 4)},
    ]
    rng.shuffle(searching)
    ending = [
        {"point": "final", "victim": rng.choice(["coordinator", "both"]), "after": rng.randint(1, 3)},
        {"point": "rename", "victim": rng.choice(["coordinator", "both"]), "after": 1},
        {"point": rng.choice(["final", "rename"]), "victim": "worker", "after": 1},
    ]
    return [*searching, *ending]


class Soak:
    """One run that is killed again and again. rows: what was killed, one for each kill. faults: what went wrong."""

    def __init__(self, folder: Path, name: str, workers: int = 2) -> None:
        self._results, self._name, self._workers = folder, name, workers
        self.run = folder / name
        self._log, self._mark = folder / f"{name}.log", folder / f"{name}.mark"
        self._seen: dict[int, str] = {}
        self.rows: list[dict[str, Any]] = []
        self.faults: list[str] = []
        for path in (self._log, self._mark):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.run, ignore_errors=True)

    def session(self, order: dict[str, Any]) -> bool:
        """Starts or continues the run with an order to kill; whether it came to its end."""
        self._mark.unlink(missing_ok=True)
        before, begun = dict(self._seen), time.monotonic()
        handed = len(self._handed())
        process = self._start({**order, "mark": str(self._mark), "log": str(self._log)})
        by_time = "seconds" in order and self._kill_at(process, order["seconds"], order["victim"], order.get("then"))
        if "then" in order and "seconds" not in order:
            self._kill_after(process, order["then"])
        try:
            _, said = process.communicate(timeout=SESSION_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.faults.append(f"{order}: no end after {SESSION_SECONDS} s")
            return True
        code = process.returncode
        killed = self._mark.exists() or by_time
        if killed:
            row = {**order, "run": self._name, "after seconds": round(time.monotonic() - begun, 1)}
            self.rows.append({**row, "results on disk": self._look()})
            print(self.rows[-1], flush=True)
        elif code != 0:
            self.faults.append(f"{order}: exit code {code}: {said[-500:]}")
        self._look()
        twice = [number for number in self._handed()[handed:] if number in before]
        if twice:
            self.faults.append(f"{order}: requests {twice} were given to workers although their results were on disk")
        return code == 0

    def _start(self, fault: dict[str, Any]) -> subprocess.Popen[str]:
        named = ["--workers", str(self._workers), "--results", str(self._results)]
        fresh = ["run", *FLAGS, "--name", self._name, *named]
        arguments = ["resume", self._name, *named] if Store.begun(self.run) else fresh
        command = [sys.executable, str(CHILD), *arguments]
        environment = {**os.environ, "FAULT": json.dumps(fault)}
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def _kill_at(self, process: subprocess.Popen[str], seconds: float, victim: str, then: float | None) -> bool:
        """Kills at that moment; False if the run had ended by then."""
        time.sleep(seconds)
        if process.poll() is not None:
            return False
        workers = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if any("spawn_main" in part for part in child.cmdline())
        ]
        if victim == "worker" and not workers:
            return False
        if victim == "worker":
            workers = [random.choice(workers)]
        if victim != "coordinator":
            for worker in workers:
                worker.send_signal(signal.SIGKILL)
        if victim == "worker" and then:
            time.sleep(then)
            victim = "coordinator"
            self.rows.append({"point": "any", "victim": victim, "run": self._name, "after a worker": then})
        if victim != "worker":
            process.kill()
            process.wait()
            _, alive = psutil.wait_procs(workers, ORPHAN_SECONDS)
            if alive:
                self.faults.append(f"{len(alive)} workers outlived their coordinator by {ORPHAN_SECONDS} s")
        return True

    def _kill_after(self, process: subprocess.Popen[str], seconds: float) -> None:
        """Kills the coordinator so many seconds after a worker was killed at a named point."""
        while process.poll() is None and not self._mark.exists():
            time.sleep(0.05)
        time.sleep(seconds)
        if process.poll() is None:
            process.kill()
            self.rows.append({"point": "any", "victim": "coordinator", "run": self._name, "after a worker": seconds})

    def _look(self) -> int:
        """Checks the file, and that all results seen before are there unchanged; how many there are."""
        if not Store.begun(self.run):
            return 0
        with Store.read(self.run) as store:
            [whole] = store._connection.execute("PRAGMA integrity_check").fetchone()
            now = {number: repr(result) for number, result in store.results().items()}
        if whole != "ok":
            self.faults.append(f"the file is damaged: {whole}")
        if any(now.get(number) != result for number, result in self._seen.items()):
            self.faults.append("a result that was on disk is lost or changed")
        self._seen = now
        return len(now)

    def _handed(self) -> list[int]:
        """Requests that were given to workers so far, in order."""
        return [int(line) for line in self._log.read_text().split()] if self._log.exists() else []

    def fingerprint(self) -> dict[str, str]:
        """What must be the same as in any other run; notes what is left over."""
        left = [path.name for path in self.run.rglob("*") if _draft(path.name)]
        if left:
            self.faults.append(f"left over: {left}")
        found = evolve.find(self._name, self._results)
        history = [{key: value for key, value in entry.items() if key != "timing"} for entry in found.history()]
        hall = [leader.to_json() for leader in found.hall_of_fame]
        weights = hashlib.sha256()
        assert found.winner is not None
        with (
            zipfile.ZipFile(found.model_path(found.winner)) as archive,
            archive.open("model.weights.h5") as file,
            h5py.File(file) as arrays,
        ):
            arrays.visititems(lambda name, item: _hash(weights, name, item))
        told = {"history": _sha(history), "hall of fame": _sha(hall), "weights": weights.hexdigest()}
        return {**told, **({"species": _sha(found.species)} if found.species else {})}


def _hash(summary: Any, name: str, item: Any) -> None:
    if isinstance(item, h5py.Dataset):
        summary.update(name.encode() + item[()].tobytes())


def _sha(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def undisturbed(folder: Path, workers: int) -> dict[str, str]:
    """What a run comes to that nobody kills."""
    run = Soak(folder, f"workers-{workers}", workers)
    if not run.session({"point": "none"}) or run.faults:
        raise SystemExit(f"the undisturbed run with {workers} workers failed: {run.faults}")
    return run.fingerprint()


def disturbed(folder: Path, name: str, orders: Plan, expected: dict[str, str], workers: int = 2) -> Soak:
    """A run that is killed as ordered and then left alone; its faults hold every difference."""
    run = Soak(folder, name, workers)
    ended = False
    for order in orders:
        ended = run.session(order)
        if ended:
            break
    while not ended and not run.faults:
        ended = run.session({"point": "none"})
    if ended:
        now = run.fingerprint()
        run.faults += [f"{what} differs" for what in expected if now[what] != expected[what]]
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("results/engine"))
    parser.add_argument("--runs", type=Path, default=Path("results/soak-runs"), help="where the runs are made")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    options.runs.mkdir(parents=True, exist_ok=True)
    file = options.output / "soak.json"
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"flags": " ".join(FLAGS)}
    for workers in (1, 2, 4):
        if f"{workers} workers" not in found:
            found[f"{workers} workers"] = undisturbed(options.runs, workers)
            file.write_text(json.dumps(found, indent=1) + "\n")
    expected = found["2 workers"]
    rows, faults, runs = found.setdefault("rows", []), found.setdefault("faults", []), found.setdefault("runs", 0)
    while len(rows) < options.kills and not faults:
        orders = plan(random.Random(f"{options.seed} run {runs}"))
        run = disturbed(options.runs, f"killed-{runs}", orders, expected)
        runs += 1
        rows += run.rows
        faults += run.faults
        victims = Counter(f"{row['point']}, {row['victim']}" for row in rows)
        same = len({json.dumps(found[f"{n} workers"]) for n in (1, 2, 4)}) == 1 and not faults
        found |= {"kills": len(rows), "runs": runs, "by point and victim": dict(victims), "one history": same}
        file.write_text(json.dumps(found, indent=1) + "\n")
        shutil.rmtree(run.run, ignore_errors=not run.faults)
    print({key: value for key, value in found.items() if key not in ("rows", "workers")})
    raise SystemExit(0 if found["one history"] else 1)


if __name__ == "__main__":
    main()
