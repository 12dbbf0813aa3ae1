"""The training in full at the end of a run: it asks for what it needs, and is followed epoch by epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import evolve
from evolve.display.progress import Epochs
from evolve.engine.final_stage import FinalStage, NoneTrained
from evolve.execution.builds import backend_name

pytest.importorskip(backend_name())

SETTINGS: dict[str, Any] = {
    "evaluations": 2,
    "population": 2,
    "images": 96,
    "epochs": 1,
    "final_epochs": 3,
    "leaders": 2,
    "rescorings": 2,
    "founders": ["conv 8 3, relu, flatten", "random"],
    "workers": 1,
}


@pytest.mark.slow
def test_where_only_some_of_several_can_be_trained_in_full_those_are_used(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second training fails; a run whose first fails has no winner."""
    trained = FinalStage.train_winner
    fails_from = 2

    def fails(self: FinalStage, *arguments: Any, **more: Any) -> Any:
        asked.append(1)
        if len(asked) >= fails_from:
            raise NoneTrained("no leader could be trained in full; the most frequent reason: out of memory")
        return trained(self, *arguments, **more)

    monkeypatch.setattr(FinalStage, "train_winner", fails)
    asked: list[int] = []
    run = evolve.run(dataset=tiny_npz, results=tmp_path, ensemble=2, progress=False, **SETTINGS)
    assert len(asked) == 2
    assert run.winner is not None
    assert [one.candidate for one in run.hall_of_fame if one.in_full] == [run.winner]
    fails_from, asked = 1, []
    with pytest.raises(evolve.RunError, match="out of memory"):
        evolve.run(dataset=tiny_npz, results=tmp_path, ensemble=2, progress=False, **SETTINGS)


@pytest.mark.slow
def test_a_long_one_has_a_worker_with_all_cores_and_its_epochs_are_seen(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evolve.problems.images.LONG", 0.0)
    seen: list[Any] = []
    run = evolve.run(dataset=tiny_npz, results=tmp_path, progress=seen.append, **SETTINGS)
    *before, final = [entry["timing"]["worker"] for entry in run.history()]
    assert len(set(before)) == 1
    assert final not in before
    last = seen[-1]
    assert isinstance(last, Epochs)
    assert (last.phase, last.epoch, last.epochs) == (f"training candidate {run.winner} in full", 3, 3)
    assert {"accuracy", "loss"} <= last.figures.keys()
    assert last.share == 1.0
    rescoring = [now for now in seen if now.phase.startswith("re-scoring 2 leaders")]
    assert {now.trainings[1] for now in rescoring} == {4}
    shares = [now.share for now in rescoring]
    assert shares == sorted(shares)
    assert shares[0] < 1 / 2
    assert [path.suffix for path in (run.folder / "models").iterdir()] == [".keras"]
