"""kill -9 at every named point, in short; benchmarks/crash_soak.py does it a hundred times. One history with one worker
and with two, too: the undisturbed run has two, the other one."""

from __future__ import annotations

from pathlib import Path

import crash_soak
import pytest
from crash_soak import FLAGS, Soak, disturbed, undisturbed

ORDERS = [
    {"point": "commit", "victim": "coordinator", "after": 1},  # in the making of the run
    {"point": "commit", "victim": "worker", "after": 3, "then": 0.5},
    {"point": "rename", "victim": "both", "after": 1},  # of weights that a promotion would go on from
    {"point": "result", "victim": "both", "after": 2},
    {"point": "final", "victim": "worker", "after": 2},
]


@pytest.mark.slow
def test_a_run_that_is_killed_at_every_point_comes_to_the_same_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = ["--evaluations", "6", "--founder", "conv 8 3, relu, maxpool 2, flatten, dense 16, relu | adam 0.01"]
    monkeypatch.setattr(crash_soak, "FLAGS", [*FLAGS, *small])
    expected = undisturbed(tmp_path, workers=2)
    run: Soak = disturbed(tmp_path, "killed", ORDERS, expected, workers=1)
    assert run.faults == []
    points = {row["point"] for row in run.rows}
    assert {"commit", "result", "final", "rename"} <= points
