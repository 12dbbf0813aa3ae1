"""What lies on disk, what of it may go, and a limit on it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import DATA, command

from evolve.errors import RunError
from evolve.runs.disk import check_disk, delete, disposables, size_of, whole_run
from evolve.runs.find import find
from evolve.storage.store import Store


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with a run on a table, prepared images that nobody uses, and things left half-written."""
    arguments = ("--table", DATA / "table.json", "--encoding", "choices", "--generations", "1", "--name", "kept")
    done = command("run", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results"
    unused = folder / ".data" / "0123456789abcdef"
    unused.mkdir(parents=True)
    (unused / "train_images.npy").write_bytes(bytes(5000))
    in_use = folder / ".data" / "fedcba9876543210"
    in_use.mkdir()
    (in_use / "train_images.npy").write_bytes(bytes(300))
    old, young = folder / ".data" / "aaaa.draft", folder / ".data" / "bbbb.draft"
    for draft in (old, young):
        draft.mkdir()
        (draft / "half.npy").write_bytes(bytes(700))
    long_ago = time.time() - 100_000
    for path in (old / "half.npy", old):
        os.utime(path, (long_ago, long_ago))
    os.utime(unused, (long_ago, long_ago))
    return folder


def test_what_nobody_needs_is_found_with_its_size_and_the_rest_is_let_lie(results: Path) -> None:
    things = disposables(results)
    assert [(thing.path.name, thing.size) for thing in things] == [("0123456789abcdef", 5000), ("aaaa.draft", 700)]
    before = size_of(results)
    assert delete(things) == 5700
    assert size_of(results) == before - 5700
    assert disposables(results) == []
    assert find("kept", results).state == "finished"


def test_images_that_are_still_being_read_are_let_lie(results: Path) -> None:
    reading = results / ".data" / "reading.cccc"
    reading.mkdir()
    (reading / "images.npy").write_bytes(bytes(100))
    long_ago = time.time() - 100_000
    os.utime(reading, (long_ago, long_ago))
    assert reading not in [thing.path for thing in disposables(results)]
    os.utime(reading / "images.npy", (long_ago, long_ago))
    assert reading in [thing.path for thing in disposables(results)]


def test_a_run_in_use_cannot_go(results: Path) -> None:
    run = find("kept", results)
    with Store.open(run.folder), pytest.raises(RunError, match="in use by another process"):
        whole_run(run)
    delete([whole_run(run)])
    assert not run.folder.exists()


def test_the_disk_limit_is_kept_and_says_what_to_do(results: Path) -> None:
    check_disk(results, None)
    check_disk(results, 1.0)
    check_disk(results / "none", 1e-9)
    with pytest.raises(RunError, match=r"more than disk_limit = 1e-06; see what may go with: evolve clean"):
        check_disk(results, 1e-6)


def test_clean_shows_first_and_deletes_only_when_told(results: Path) -> None:
    shown = command("clean", cwd=results.parent)
    assert "5.0 kB" in shown.stdout
    assert "prepared images that no run here uses" in shown.stdout
    assert "nothing was deleted; --yes deletes without asking" in shown.stdout
    assert len(disposables(results)) == 2
    done = command("clean", "--yes", cwd=results.parent)
    assert "freed 5.7 kB" in done.stdout
    assert "nothing to delete" in command("clean", cwd=results.parent).stdout
    assert "all of run 'kept'" in command("clean", "kept", cwd=results.parent).stdout
    assert command("clean", "kept", "--yes", cwd=results.parent).returncode == 0
    assert command("show", "kept", cwd=results.parent).returncode == 2


def test_a_run_stops_at_the_disk_limit_before_it_begins(results: Path) -> None:
    done = command("run", "--disk-limit", "0.000001", cwd=results.parent)
    assert done.returncode == 2
    assert "disk_limit" in done.stderr
