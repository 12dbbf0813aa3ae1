"""Runs whose file is damaged, half there or of another version: it is left as it is, and the message that says what to
do is true. On a table, so that nothing has to be trained."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, changed, command, goes_on, recorded, stops

from evolve.storage.files import FILE


def untouched(folder: Path) -> dict[str, str]:
    files = [path for path in folder.glob(f"{FILE}*") if path.stat().st_size and not path.name.endswith("-shm")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(
    ("statement", "words", "looked_at"),
    [
        (
            "UPDATE meta SET value = '5' WHERE key = 'schema_version'",
            ("made by evolve", "schema version 5", "use the version"),
            False,
        ),
        ("UPDATE meta SET value = '\"9.1\"' WHERE key = 'version'", ("was made by evolve 9.1", "version 9.1"), True),
    ],
)
def test_a_run_of_a_newer_version(day: Path, statement: str, words: tuple[str, ...], looked_at: bool) -> None:
    changed(day, statement)
    before = untouched(day)
    stops(command("resume", "day", cwd=day.parent.parent), *words)
    assert (command("show", "day", cwd=day.parent.parent).returncode == 0) == looked_at
    assert untouched(day) == before


def overwritten(content: bytes) -> Callable[[Path], None]:
    """Fills the third quarter of a file."""

    def damage(file: Path) -> None:
        size = file.stat().st_size
        with file.open("r+b") as stream:
            stream.seek(size // 2 // 4096 * 4096)
            stream.write((content * size)[: size // 4])

    return damage


def swapped_text(file: Path) -> None:
    """Leaves the pages whole, but no JSON in some of the rows."""
    file.write_bytes(file.read_bytes().replace(b'{"images"', b'x"images"'))


def first_page(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.write(os.urandom(4096))


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "pages overwritten": (overwritten(os.urandom(251)), ".dump"),
    "cut in half": (lambda file: os.truncate(file, file.stat().st_size // 2), ".dump"),
    "first page overwritten": (first_page, "Put back a copy"),
    "no bytes left": (lambda file: os.truncate(file, 0), "put back a copy"),
    "rows of nonsense": (swapped_text, "Put back a copy"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_left_as_it_is(day: Path, name: str) -> None:
    damage, advice = DAMAGES[name]
    shutil.copytree(day, day.parent / "copy")
    whole = recorded(day)
    damage(day / FILE)
    damaged = untouched(day)
    stops(command("show", "day", cwd=day.parent.parent), "damaged" if advice != "put back a copy" else "not a", advice)
    stops(command("resume", "day", "--generations", "1", cwd=day.parent.parent), "it was left as it is", advice)
    listed = command("list", cwd=day.parent.parent)
    assert (listed.returncode, "left out: " in listed.stderr, "copy" in listed.stdout) == (0, True, True)
    assert untouched(day) == damaged
    shutil.rmtree(day)
    (day.parent / "copy").rename(day)
    goes_on(day, whole, "--generations", "1")


def told(message: str, before: str, after: str) -> str:
    """The command in a message that stands between these words."""
    return message.partition(before)[2].partition(after)[0]


def leaf_of(file: Path, text: bytes) -> int:
    """Where the last page of rows lies that holds this text."""
    content = file.read_bytes()
    pages = [start for start in range(0, len(content), 4096) if content[start] == 13]
    return next(start for start in reversed(pages) if text in content[start : start + 4096])


@pytest.mark.skipif(not (shutil.which("sqlite3") and shutil.which("sed")), reason="the advice needs sqlite3 and sed")
@pytest.mark.parametrize(("text", "continued"), [(b'{"images"', True), (b"search", False)], ids=["results", "requests"])
def test_the_advice_for_a_damaged_file_saves_what_can_be_read(day: Path, text: bytes, continued: bool) -> None:
    whole = recorded(day)
    with (day / FILE).open("r+b") as stream:
        stream.seek(leaf_of(day / FILE, text))
        stream.write(os.urandom(4096))
    done = command("resume", day, cwd=day.parent)
    stops(done, "is damaged", "keep a copy")
    rescue = told(done.stderr, "what can be read with: ", ";")
    subprocess.run(rescue, shell=True, cwd=day.parent, check=True, capture_output=True)
    (day.parent / "rescued.sqlite").replace(day / FILE)
    for ending in ("wal", "shm"):
        (day / f"{FILE}-{ending}").unlink(missing_ok=True)
    rescued = recorded(day)
    assert rescued.items() <= whole.items()
    assert len(rescued) > len(whole) / 2
    if continued:
        assert len(rescued) < len(whole)
        goes_on(day, rescued)
        assert {n: r.objectives for n, r in recorded(day).items()} == {n: r.objectives for n, r in whole.items()}
    else:
        done = command("resume", day, cwd=day.parent)
        stops(done, "as after a rescue", "evolve run --founder day:NUMBER")
        assert command("show", day, cwd=day.parent).returncode == 0


KILLED = """
import os, signal, sys, threading, time
from pathlib import Path
import evolve

def kill_when_long():
    log = Path("results/day/run.sqlite-wal")
    while not (log.exists() and log.stat().st_size > 400_000):
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=kill_when_long, daemon=True).start()
evolve.run(table=sys.argv[1], encoding="choices", population=8, seed=1, generations=25, name="day", progress=False)
"""


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder of a run that ended by kill -9: all its results are in the write-ahead log beside the file."""
    arguments = [sys.executable, "-c", KILLED, str(DATA / "table.json")]
    assert subprocess.run(arguments, cwd=tmp_path, capture_output=True).returncode == -9
    return tmp_path / "results" / "day"


def test_a_killed_run_whose_newest_part_is_missing(killed: Path, tmp_path: Path) -> None:
    shutil.copytree(killed, tmp_path / "copy")
    before = recorded(tmp_path / "copy")
    assert len(before) > 15
    (killed / f"{FILE}-wal").unlink()
    for verb in ("show", "resume"):
        stops(command(verb, killed, cwd=tmp_path), "not all of one", "run.sqlite-wal belongs to it")
    shutil.copy(tmp_path / "copy" / f"{FILE}-wal", killed)
    goes_on(killed, before)


@pytest.mark.parametrize("where", [0.0, 0.6])
def test_a_killed_run_whose_newest_part_is_damaged(killed: Path, tmp_path: Path, where: float) -> None:
    log = killed / f"{FILE}-wal"
    with log.open("r+b") as stream:
        stream.seek(int(log.stat().st_size * where))
        stream.write(os.urandom(24))
    damaged = untouched(killed)
    if where:
        readable = recorded(killed)
        done = command("resume", killed, cwd=tmp_path)
        stops(done, "the newest results", "are damaged", "evolve resume")
        assert untouched(killed) == damaged
        program, file, pragma = shlex.split(told(done.stderr, "train it again: ", " and then"))
        assert program == "sqlite3"
        sqlite3.connect(file).execute(pragma)
        goes_on(killed, readable)
    else:
        for verb in ("show", "resume"):
            stops(command(verb, killed, cwd=tmp_path), "not all of one", "copy of", "start a new run")
        assert untouched(killed) == damaged


def test_a_whole_newest_part_is_read_to_its_end(killed: Path) -> None:
    goes_on(killed, recorded(killed))
