"""kill -9 at every named point, in short; benchmarks/crash_soak.py does it a hundred times. One history with one worker
and with two, too: the undisturbed run has two, the other one."""

from __future__ import annotations

from pathlib import Path

import crash_soak
import pytest
from crash_soak import FLAGS, Soak, disturbed, undisturbed

SMALL = ["--evaluations", "6", "--founder", "conv 8 3, relu, maxpool 2, flatten, dense 16, relu | adam 0.01"]
BRIEF = ["--dataset", "digits", "--population", "4", "--images", "300", "--epochs", "1", "--final-epochs", "3"]
GRAPHS = [*BRIEF, "--encoding", "graph"]
RUNS = {
    "stack": [*FLAGS, *SMALL],
    "graph": [*FLAGS, *SMALL, "--encoding", "graph"],
    "neat": [*GRAPHS, "--strategy", "neat", "--evaluations", "10", "--founders", "minimal,random"],
    "codeepneat": [*GRAPHS, "--strategy", "codeepneat", "--evaluations", "10", *SMALL[2:]],
}
ORDERS = [
    {"point": "commit", "victim": "coordinator", "after": 1},  # in the making of the run
    {"point": "commit", "victim": "worker", "after": 3, "then": 0.5},
    {"point": "rename", "victim": "both", "after": 1},  # of weights that a promotion would go on from
    {"point": "result", "victim": "both", "after": 2},
    {"point": "final", "victim": "worker", "after": 2},
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", RUNS)
def test_a_run_that_is_killed_at_every_point_comes_to_the_same_end(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crash_soak, "FLAGS", RUNS[kind])
    expected = undisturbed(tmp_path, workers=2)
    assert ("species" in expected) == (kind in ("neat", "codeepneat"))
    # Without rungs nothing is renamed but the winner's weights, and then the run is over.
    orders = ORDERS if "--rungs" in RUNS[kind] else [*ORDERS[:2], ORDERS[3], ORDERS[2], ORDERS[4]]
    run: Soak = disturbed(tmp_path, "killed", orders, expected, workers=1)
    assert run.faults == []
    points = {row["point"] for row in run.rows}
    assert {"commit", "result", "final", "rename"} <= points
