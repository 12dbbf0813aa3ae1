"""What a search finds out about augmentation: where mirroring swaps classes it is off, where it is free it comes on;
what the user asks for stays, and is warned about."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted import mirrors, searched

import evolve
from evolve.execution.builds import backend_name
from evolve.runs.augmentation_answers import sentences

pytest.importorskip(backend_name())


@pytest.mark.parametrize("kind", ["swaps", "free"])
def test_mirroring_is_on_where_it_is_free_and_off_where_it_swaps_classes(kind: str, tmp_path: Path) -> None:
    run = searched(tmp_path, kind)
    assert mirrors(run) is (kind == "free")
    said = next(one for one in sentences(run) if one.startswith("mirroring"))
    assert said.startswith(f"mirroring {'on' if kind == 'free' else 'off'}: mirrored images keep ")
    assert run.final_result is not None
    assert ("flip" in run.final_result.spent["augmentation"]) is (kind == "free")
    before = [(one["purpose"], one["candidate"], one["measures"]) for one in run.history()]
    again = evolve.resume(run.folder, progress=False)
    assert [(one["purpose"], one["candidate"], one["measures"]) for one in again.history()] == before


def test_what_the_user_asks_for_stays_and_is_warned_about(tmp_path: Path) -> None:
    run = searched(tmp_path, "swaps", recipe={"flip": True}, evaluations=4, final_epochs=1)
    assert mirrors(run)
    said = next(one for one in sentences(run) if one.startswith("mirroring"))
    assert said.endswith("it destroys what tells classes apart, but you have asked for it: leave flip out")


def test_where_a_network_alone_is_trained_nobody_is_asked(tmp_path: Path) -> None:
    run = searched(tmp_path, "free", evaluations=1, final_epochs=1)
    assert not mirrors(run)
    assert list(sentences(run)) == []
