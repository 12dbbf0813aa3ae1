"""One arm of throughput.py, alive in a process of its own: says when it is ready, then trains what it is told to.

    python benchmarks/arms ARM WORK.json

WORK.json holds what all arms share (see `work` in throughput.py). Each line on standard input, such as
{"numbers": [0, 1], "epochs": 3}, is answered by one line on standard output; the end of the input ends the arm.
Whatever libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path

ARMS = {
    "plain": "plain_loop:PlainLoop",
    "keras-tuner": "with_keras_tuner:WithKerasTuner",
    "optuna": "with_optuna:WithOptuna",
    "evolve": "with_evolve:WithEvolve",
}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    module, _, name = ARMS[sys.argv[1]].partition(":")
    arm = getattr(import_module(module), name)(json.loads(Path(sys.argv[2]).read_text()))
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(arm.train(**json.loads(line))), file=answers, flush=True)
    arm.close()


if __name__ == "__main__":
    main()
