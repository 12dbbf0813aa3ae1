"""Bad days of a run's file, each really caused: the run stops with a message that says what to do, nothing that was
recorded is lost, and the run goes on once the cause is gone. On a table, so that nothing has to be trained."""

from __future__ import annotations

import ctypes
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import TABLE_RUN, changed, command, goes_on, recorded, stops, untimed

import evolve
from evolve.storage.files import FILE
from evolve.storage.store import Store
from evolve.storage.time_spent import seconds_spent


def limited_files() -> None:
    """No file of this process may grow over 300 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))


@contextmanager
def little_room(folder: Path, how: str) -> Iterator[Callable[[], None] | None]:
    """Makes `folder` a disk of 600 kB, where that may be done, or limits the files of processes instead."""
    folder.mkdir(parents=True)
    if how == "limited files":
        yield limited_files
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk; 'limited files' stands in for it")
    try:
        yield None
        subprocess.run(["mount", "-o", "remount,size=20m", str(folder)], check=True)
        shutil.copytree(folder, f"{folder}-afterwards")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()
    Path(f"{folder}-afterwards").rename(folder)


@pytest.mark.parametrize("how", ["full disk", "limited files"])
def test_no_room_for_the_log(tmp_path: Path, how: str) -> None:
    with little_room(tmp_path / "results", how) as before:
        done = command("run", *TABLE_RUN, "--generations", "60", "--name", "day", cwd=tmp_path, before=before)
        stops(done, "what was recorded before is safe", "Make room", "go on with: evolve resume results/day")
        kept = recorded(tmp_path / "results" / "day")
        assert len(kept) > 8
    goes_on(tmp_path / "results" / "day", kept)
    assert len(recorded(tmp_path / "results" / "day")) > len(kept)


def test_no_room_for_a_new_run_leaves_its_name_free(tmp_path: Path) -> None:
    def tiny_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, 6_000))

    stops(command("run", *TABLE_RUN, "--name", "day", cwd=tmp_path, before=tiny_files), "the disk may be full")
    again = command("run", *TABLE_RUN, "--generations", "1", "--name", "day", cwd=tmp_path)
    assert again.returncode == 0, again.stderr


def without_privileges() -> None:
    """Takes from root what lets it ignore the rights of files, so that it is as any user."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability)  # PR_CAPBSET_DROP


@contextmanager
def read_only(*paths: Path) -> Iterator[None]:
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_only_folder_can_be_looked_at_and_says_why_no_more(day: Path) -> None:
    before = recorded(day)
    user: dict[str, Any] = {"cwd": day.parent.parent, "before": without_privileges}
    with read_only(*day.iterdir(), day, day.parent):
        for look in (("show", "day"), ("show", "day", "1"), ("history", "day"), ("list",)):
            done = command(*look, **user)
            assert done.returncode == 0, done.stderr
        stops(command("resume", "day", "--generations", "1", **user), "results/day", "ermission denied", "writable")
        stops(command("run", *TABLE_RUN, "--name", "new", **user), "results/new", "ermission denied")
    goes_on(day, before, "--generations", "1")


def test_a_read_only_file_in_a_folder_that_is_not(day: Path) -> None:
    before = recorded(day)
    with read_only(day / FILE):
        done = command("resume", "day", "--generations", "1", cwd=day.parent.parent, before=without_privileges)
        stops(done, "run.sqlite cannot be written", "read-only", "Make it writable")
    goes_on(day, before, "--generations", "1")


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(sys.argv[2])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(file: Path, pragma: str = "SELECT 1") -> Iterator[None]:
    """Another program holds the file until the block ends."""
    arguments = [sys.executable, "-c", HOLDER, str(file), pragma]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate()
    assert holder.returncode == 0


IMPATIENT = (
    "import sys; from evolve.storage import connection; connection.BUSY_SECONDS = 0.5; from evolve.cli import main; "
    "main()"
)


def impatient(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`evolve`, waiting half a second only for a file that is locked."""
    return subprocess.run([sys.executable, "-c", IMPATIENT, *arguments], cwd=cwd, capture_output=True, text=True)


def opened(process: subprocess.Popen[bytes], file: Path) -> None:
    """Waits until the process has opened that file, or ended."""
    watched = psutil.Process(process.pid)
    while process.poll() is None and str(file) not in [one.path for one in watched.open_files()]:
        time.sleep(0.1)
    time.sleep(0.5)


def test_a_locked_file_is_waited_for_and_a_second_resume_stops_meanwhile(day: Path) -> None:
    before = recorded(day)
    with locked(day / FILE):
        arguments = ["resume", "day", "--generations", "1"]
        process = subprocess.Popen([sys.executable, "-m", "evolve.cli", *arguments], cwd=day.parent.parent)
        opened(process, day / "run.lock")
        stops(command("resume", "day", cwd=day.parent.parent), "is in use by another process", "wait for it or stop it")
        assert process.poll() is None
    assert process.wait(60) == 0
    assert len(recorded(day)) > len(before)
    goes_on(day, before)


def test_a_file_that_stays_locked_stops_the_run(day: Path) -> None:
    before = recorded(day)
    with locked(day / FILE):
        done = impatient("resume", "day", "--generations", "1", cwd=day.parent.parent)
        stops(done, "another program has locked", "longer than 0.5 s", "Close that program", "evolve resume")
        assert command("show", "day", cwd=day.parent.parent).returncode == 0
    with locked(day / FILE, "PRAGMA locking_mode = EXCLUSIVE"):
        stops(impatient("show", "day", cwd=day.parent.parent), "another program has locked", "then try again")
    goes_on(day, before, "--generations", "1")


@pytest.mark.slow
def test_a_clock_that_was_set_back_by_a_day(tmp_path: Path) -> None:
    given: dict[str, Any] = {"table": untimed(tmp_path), "population": 8, "generations": 3, "name": "day"}
    day = evolve.run(**given, results=tmp_path / "results", progress=False).folder
    with Store.read(day) as store:
        truly = seconds_spent(store)
    later = "json_set(timing, '$.at', json_extract(timing, '$.at') + 86400)"
    changed(day, "UPDATE act SET at = at + 86400", f"UPDATE result SET timing = {later} WHERE timing LIKE '%at%'")
    goes_on(day, recorded(day), "--generations", "1")
    goes_on(day, recorded(day), "--for", "1s")
    with Store.read(day) as store:
        started = [act for act in store.acts() if act.kind == "started"]
        assert [act.at for act in started] != sorted(act.at for act in started)
        assert truly + 1 <= started[-1].detail["times"]["search"] < truly + 60
        assert truly <= seconds_spent(store) < truly + 60


def test_a_clock_that_was_set_back_before_a_run_was_killed(day: Path) -> None:
    changed(day, "UPDATE act SET at = at + 86400", "UPDATE act SET detail = json_remove(detail, '$.worked')")
    with Store.read(day) as store:
        assert 0 <= seconds_spent(store) < 60


@pytest.mark.slow
def test_a_run_that_was_moved(day: Path, tmp_path: Path) -> None:
    before = recorded(day)
    elsewhere = tmp_path / "elsewhere"
    day.parent.rename(elsewhere)
    (tmp_path / "kept").mkdir()
    assert command("show", "day", "--results", elsewhere, cwd=tmp_path).returncode == 0
    goes_on(elsewhere / "day", before, "--generations", "1")
    alone = (elsewhere / "day").rename(tmp_path / "kept" / "another-name")
    shown = json.loads(command("show", alone, "--json", cwd=tmp_path).stdout)
    assert (shown["name"], shown["state"]) == ("another-name", "finished")
    goes_on(alone, before, "--generations", "1")
