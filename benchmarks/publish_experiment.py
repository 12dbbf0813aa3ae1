"""An experiment as evidence: its page, its pictures, and the scores of all trials in a small file.

    python benchmarks/publish_experiment.py results/macro-experiment results/published/experiment/macro

scores.json has, by data set and arm, in the order of `seeds`: [selected, re-scored, test] of each trial, null for what
is not known, and for a trial that is missing. From it all figures of the page but curves and times follow.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from evolve.research.trials import Trial, read_trials

DIGITS = 6  # of a score, which is more than any interval supports


def scores(trials: list[Trial]) -> dict[str, object]:
    """See the module's text."""
    found: dict[str, dict[str, list[list[float | None] | None]]] = {}
    seeds = sorted({trial.seed for trial in trials})
    for trial in trials:
        of_arm = found.setdefault(trial.dataset, {}).setdefault(trial.arm, [None] * len(seeds))
        of_arm[seeds.index(trial.seed)] = [_rounded(value) for value in (trial.selected, trial.rescored, trial.test)]
    return {"seeds": seeds, "measure": trials[0].measure, "scores": found}


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{DIGITS}g}")


def main() -> None:
    folder, target = map(Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    for path in (folder / "page.md", *folder.glob("*.svg")):
        shutil.copy(path, target / path.name)
    text = json.dumps(scores(read_trials(folder / "rows.jsonl")))
    (target / "scores.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()
