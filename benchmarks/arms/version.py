"""Another version of evolve for a given time, with the settings that it has by itself.

    python benchmarks/arms/version.py CLONE IMAGES SECONDS SEED FOLDER

CLONE is a clone of this project at that version, whose libraries are those of this Python. Prints the JSON line that
`evolve experiment` reads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

NAME = "other"


def main() -> None:
    clone, images, seconds, seed, folder = sys.argv[1:]
    command = [sys.executable, "-m", "evolve.cli"]
    where = {"env": {**os.environ, "PYTHONPATH": str(Path(clone).resolve())}, "cwd": folder, "check": True}
    limits = ["--for", f"{round(float(seconds))}s", "--seed", seed, "--name", NAME, "--precision", "float32"]
    subprocess.run([*command, "run", "--dataset", images, *limits], stdout=sys.stderr, **where)
    shown = subprocess.run([*command, "show", NAME, "--json"], capture_output=True, text=True, **where)
    told = json.loads(shown.stdout)
    print(json.dumps({"test": told["test_accuracy"], "evaluations": told["evaluations"], "openings": 1}))


if __name__ == "__main__":
    main()
