"""Whether this code searches as that of a git ref does: the same births, parents, budgets, statuses and scores.

    python benchmarks/same_history.py --against a3c7c60

Runs both on this machine, one after the other, and compares a digest of each history; keys and texts do not count. On
the committed table: every strategy, three seeds, look-ahead 1 and 8. On digits, small: aging with rungs and promotions,
genetic, neat, random, growing, a plan from a file, and a run that is killed and resumed. Ends with exit code 1 if any
digest differs. `--only table` takes the seconds of the first part alone, `--digests FILE` writes what was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "data" / "table.json"
STRATEGIES = ("aging", "genetic", "neat", "random")
NETS = (
    "conv 8 3, relu, global_average | adam 0.01, batch 32",
    "conv 6 3, maxpool 2, flatten | sgd 0.1, batch 32, flip",
)
DIGITS: dict[str, Any] = {
    "dataset": "digits",
    "founders": (*NETS, "random"),
    "images": 200,
    "epochs": 1,
    "evaluations": 8,
    "population": 4,
    "look_ahead": 2,
    "final_epochs": 2,
    "leaders": 2,
    "rescorings": 2,
    "max_parameters": 20_000,
    "precision": "float32",
    "candidate_memory": 4.0,
    "seed": 3,
}
RUNGS = {"images": None, "epochs": None, "rungs": ("100x1", "200x2", "400x3"), "promote_one_in": 2}
ON_DIGITS: dict[str, dict[str, Any]] = {
    "aging with rungs": {"strategy": "aging", "evaluations": 12, **RUNGS},
    "genetic": {"strategy": "genetic"},
    "neat": {"strategy": "neat"},
    "random": {"strategy": "random", "average_weights": True},
    "growing": {"small_births": 5, "small_work": 400_000, "max_work": 1_500_000, "fill": True},
    "a plan": {},
    "killed and resumed": {"strategy": "aging", "evaluations": 12, **RUNGS},
}
PLAN = {
    "settings": {
        "population": 4,
        "max_founders": 4,
        "look_ahead": 2,
        "rungs": ["100x1", "200x2"],
        "promote_one_in": 2,
        "max_work": 1_500_000,
        "fill": True,
        "leaders": 2,
        "rescorings": 2,
        "final_epochs": 2,
        "evaluations": 8,
    }
}
KILLED_AFTER = 6  # results


def digest(history: Iterable[Mapping[str, Any]]) -> str:
    """Of all that a search decides: birth, notation, parents, budget, purpose, what it goes on from, status, scores.
    Requests stand in the order of asking; scores to the last bit."""
    summary = hashlib.sha256()
    for entry in history:
        names = ("request", "candidate", "notation", "parents", "images", "epochs", "repeat", "purpose", "status")
        told = [entry[name] for name in names]
        told += [entry.get("start_from", entry.get("continues")), entry["objectives"]]
        summary.update(json.dumps(told).encode() + b"\n")
    return summary.hexdigest()


def on_table(folder: Path, strategy: str, seed: int, look_ahead: int) -> str:
    """The digest of one run on the table."""
    import evolve

    run = evolve.run(
        table=TABLE,
        encoding="choices",
        strategy=strategy,
        seed=seed,
        look_ahead=look_ahead,
        population=8,
        evaluations=48,
        results=folder,
        name=f"{strategy}-{seed}-{look_ahead}",
        progress=False,
    )
    return digest(run.history())


def table_digests(folder: Path) -> dict[str, str]:
    """Digests of all runs on the table, by name."""
    return {
        f"table, {strategy}, seed {seed}, look-ahead {ahead}": on_table(folder, strategy, seed, ahead)
        for strategy in STRATEGIES
        for seed in (0, 1, 2)
        for ahead in (1, 8)
    }


def on_digits(folder: Path, name: str) -> str:
    """The digest of one run on digits."""
    import evolve

    settings = {**DIGITS, **ON_DIGITS[name], "results": folder, "name": name.replace(" ", "-"), "progress": False}
    if name == "a plan":
        path = folder / "a-plan.json"
        path.write_text(json.dumps(PLAN))
        decided = {*PLAN["settings"], "images", "epochs"}
        settings = {"plan": path, **{key: value for key, value in settings.items() if key not in decided}}
    if name == "killed and resumed":
        _run_and_kill(folder, settings)
        return digest(evolve.resume(settings["name"], results=folder, progress=False).history())
    return digest(evolve.run(**settings).history())


def _run_and_kill(folder: Path, settings: dict[str, Any]) -> None:
    """Begins a run in a process of its own and kills it, workers and all, when it has some results."""
    import evolve

    code = f"import evolve; from pathlib import Path, PosixPath; evolve.run(**{settings!r})"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    while process.poll() is None:
        time.sleep(0.2)
        try:
            done = sum(entry["status"] is not None for entry in evolve.find(settings["name"], folder).history())
        except (evolve.EvolveError, OSError):  # it is not there yet
            continue
        if done >= KILLED_AFTER:
            os.killpg(process.pid, 9)
    if process.wait() != -9:
        raise SystemExit(f"the run ended with {process.returncode} before it could be killed")


def run_here(only: str, file: Path) -> None:
    """Writes the digests of the `evolve` below the current folder, one line each as it comes."""
    import evolve

    assert Path(evolve.__file__).is_relative_to(Path.cwd()), f"{evolve.__file__} is not the code to be looked at"
    with tempfile.TemporaryDirectory() as temporary, file.open("w") as out:
        folder = Path(temporary)
        if only != "digits":
            for name, found in table_digests(folder).items():
                print(json.dumps([name, found]), file=out, flush=True)
        if only != "table":
            for name in ON_DIGITS:
                print(json.dumps([f"digits, {name}", on_digits(folder, name)]), file=out, flush=True)


def of_tree(tree: Path, only: str) -> dict[str, str]:
    """The digests of the code below `tree`, in a process of its own."""
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as file:
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        command = [sys.executable, __file__, "--here", file.name, "--only", only]
        subprocess.run(command, env=environment, check=True, cwd=tree)
        return dict(json.loads(line) for line in file.read().splitlines())


def of_ref(ref: str, only: str) -> dict[str, str]:
    """The digests of the code of a git ref, in a tree of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        packed = subprocess.run(["git", "archive", ref], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", temporary], input=packed, check=True)
        return of_tree(Path(temporary), only)


def main() -> None:
    """See the text of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", metavar="REF", help="a commit, tag or branch")
    parser.add_argument("--only", choices=("all", "table", "digits"), default="all")
    parser.add_argument("--digests", type=Path, metavar="FILE", help="write the digests of this code as JSON")
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        run_here(chosen.only, chosen.here)
        return
    ours = of_tree(ROOT, chosen.only)
    if chosen.digests:
        chosen.digests.write_text(json.dumps(ours, indent=1) + "\n")
    if chosen.against is None:
        print(json.dumps(ours, indent=1))
        return
    theirs = of_ref(chosen.against, chosen.only)
    for name, found in ours.items():
        same = found == theirs.get(name)
        print(f"{'same     ' if same else 'DIFFERENT'}  {found[:16]}  {str(theirs.get(name))[:16]}  {name}")
    differing = [name for name in ours if ours[name] != theirs.get(name)]
    print(f"{len(ours) - len(differing)} of {len(ours)} histories are those of {chosen.against}")
    raise SystemExit(bool(differing or ours.keys() != theirs.keys()))


if __name__ == "__main__":
    main()
