"""kill -9 at every named point, in short; benchmarks/crash_soak.py does it a hundred times. One history with one worker
and with two, too: the undisturbed run has one, the other two."""

from __future__ import annotations

import sys
from pathlib import Path

from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

from crash_soak import Soak, disturbed, undisturbed

ORDERS = [
    {"point": "commit", "victim": "coordinator", "after": 1},  # in the making of the run
    {"point": "commit", "victim": "worker", "after": 3, "then": 0.5},
    {"point": "rename", "victim": "both", "after": 1},  # of weights that a promotion would go on from
    {"point": "result", "victim": "both", "after": 2},
    {"point": "any", "victim": "coordinator", "seconds": 6.0},
    {"point": "final", "victim": "worker", "after": 2},
]


def test_a_run_that_is_killed_at_every_point_comes_to_the_same_end(tmp_path: Path) -> None:
    expected = undisturbed(tmp_path, workers=1)
    run: Soak = disturbed(tmp_path, "killed", ORDERS, expected)
    assert run.faults == []
    points = {row["point"] for row in run.rows}
    assert {"commit", "result", "final", "rename"} <= points
