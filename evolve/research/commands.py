"""Outside programs as arms: their command, what they are given, how long they may take, and what they answer.

The command stands in the user's own file and is run as it stands there, as that of a Makefile is. Its last line is a
JSON object: `test`, a number as it is measured, so a loss as a loss; and as far as it knows them `selected`,
`rescored`, `evaluations`, `openings`, `winner` and `curve`, a list of [x, score].
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, TypeGuard

import psutil

from evolve.display.text import duration
from evolve.errors import ConfigError
from evolve.execution import watched
from evolve.research.trials import Point

IMAGES = "images"  # the placeholder of a file that is written only for programs that ask for it
SAMPLE = {
    **{"dataset": "digits", IMAGES: "i.npz", "table": "t.json"},
    **{"seed": 0, "seconds": 1.0, "evaluations": 1, "folder": "f"},
}
LONGER, GRACE = 1.5, 60.0  # times the seconds that it is told, and seconds beside, after which it is ended
ON_TABLES = 600.0  # seconds that it may take on a table, where it is told no time
LOOK_SECONDS = 0.1
END_SECONDS = 10.0  # in which children that were killed are gone
BEYOND = 1e15  # numbers of which nobody means that they are scores
Range = tuple[float, float]
ANY: Range = (-BEYOND, BEYOND)
SAID = 300  # characters of what a program said last that stand in a reason


class CommandFailed(Exception):
    """A program that came to no answer; the message says why."""


class CommandStopped(Exception):
    """A program that was ended because the user stopped the experiment."""


@dataclass(frozen=True)
class Answer:
    """What a program said of its trial; see the module's text. What it did not say is None."""

    test: float
    selected: float | None = None
    rescored: float | None = None
    evaluations: int | None = None
    openings: int | None = None
    winner: str | None = None
    curve: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Terms:
    """How a program is run. folder: where. seconds: after which it is ended, with its children. stop: set if the user
    wants no more. scores: the least and the largest that it can come to."""

    folder: Path
    seconds: float
    stop: threading.Event
    scores: Range = ANY


def check_words(command: str, folder: Path, on_table: bool, counted: bool) -> None:
    """Raises ConfigError for a command that cannot be run: it is not read as words, its program is not there, or a
    placeholder has no value. folder: where it runs. on_table: whether tables are searched. counted: whether the budget
    is a number of evaluations."""
    missing = {"table": not on_table, IMAGES: on_table, "seconds": on_table, "evaluations": not counted}
    known = [name for name in SAMPLE if not missing.get(name, False)]
    try:
        words, named = shlex.split(command), placeholders(command)
    except ValueError as error:
        raise ConfigError(f"command cannot be read ({error}): {command}") from None
    if unknown := [name for name in named if name not in known]:
        raise ConfigError(
            f"command: {{{unknown[0]}}} has no value here; what is replaced is "
            + ", ".join(f"{{{name}}}" for name in known)
            + "; braces that are to stay are doubled"
        )
    try:
        filled(command, SAMPLE)
    except (ValueError, LookupError) as error:
        raise ConfigError(f"command cannot be filled in ({error}): {command}") from None
    if _program(words[0], folder) is None:
        raise ConfigError(f"command: there is no program '{words[0]}', neither on the path nor in {folder}")


def _program(word: str, folder: Path) -> str | None:
    """The file of a program, looked for as a shell does that stands in `folder`."""
    if os.sep in word:
        found = folder / word
        return str(found) if os.access(found, os.X_OK) and found.is_file() else None
    return shutil.which(word, path=_path())


def _path() -> str:
    """Where programs are looked for: `python` is the one that runs this."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def placeholders(command: str) -> list[str]:
    """The names in its braces. Raises ValueError if it cannot be read."""
    found = (name for word in shlex.split(command) for _, name, _, _ in Formatter().parse(word))
    return [name for name in found if name is not None]


def filled(command: str, values: Mapping[str, object]) -> list[str]:
    """The words of a command, its placeholders replaced; a value stays one word, whatever is in it."""
    return [word.format_map(values) for word in shlex.split(command)]


def run_command(words: list[str], output: Path, terms: Terms) -> Answer:
    """What a program answers. Raises CommandFailed if it does not, and CommandStopped when it is to stop. output: a
    folder for what it prints."""
    folder = terms.folder
    printed, complaints = output / "stdout.txt", output / "stderr.txt"
    with printed.open("wb") as out, complaints.open("wb") as errors:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", watched.__file__, _program(words[0], folder) or words[0], *words[1:]],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                env={**os.environ, "PATH": _path()},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise CommandFailed(f"{words[0]} cannot be run: {getattr(error, 'strerror', None) or error}") from None
        try:
            code = _wait(process, terms.seconds, terms.stop)
        finally:
            _end(process)
    if code != 0:
        raise CommandFailed(f"{_how(code)}; the last that it said: {_last(complaints) or _last(printed) or 'nothing'}")
    return _answer(_last(printed, characters=None), terms.scores)


def _wait(process: subprocess.Popen[bytes], seconds: float, stop: threading.Event) -> int:
    ends = time.monotonic() + seconds
    while (code := process.poll()) is None:
        if stop.wait(LOOK_SECONDS):
            raise CommandStopped
        if time.monotonic() > ends:
            raise CommandFailed(f"it was ended after {duration(seconds)}, as it took longer than it may")
    return code


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and all that it has started, also what went into a group of its own."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        children = []
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, END_SECONDS)
    process.wait()


def _how(code: int) -> str:
    return f"it ended with exit code {code}" if code > 0 else f"it was ended by signal {-code}"


def _last(file: Path, characters: int | None = SAID) -> str:
    """The last line that is not empty; at most so many of its characters."""
    lines = [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").split("\n")]
    return next((line[:characters] for line in reversed(lines) if line), "")


def _answer(line: str, scores: Range) -> Answer:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise CommandFailed(f"its last line is no JSON object: {line[:SAID] or 'it printed nothing'}")
    if not _finite(said.get("test")):
        raise CommandFailed(f"its answer has no number as 'test': {line[:SAID]}")
    kinds = {"selected": _finite, "rescored": _finite, "evaluations": _count, "openings": _count, "winner": _text}
    for name, fits in kinds.items():
        if said.get(name) is not None and not fits(said[name]):
            raise CommandFailed(f"its answer has {name!r} = {json.dumps(said[name])[:SAID]}")
    curve = said.get("curve") or []
    if not isinstance(curve, list) or not all(_point(one) for one in curve):
        raise CommandFailed("its answer has a 'curve' that is no list of [x, score]")
    known = {name: said.get(name) for name in kinds}
    for value in (said["test"], known["selected"], known["rescored"], *(one[1] for one in curve)):
        if value is not None and not scores[0] <= value <= scores[1]:
            raise CommandFailed(f"its score {value:g} is none from {scores[0]:g} to {scores[1]:g}, as scores are here")
    return Answer(float(said["test"]), curve=tuple(Point(*map(_number, one)) for one in curve), **known)


def _number(value: Any) -> Any:
    return value if value is None else float(value)


def _point(value: Any) -> bool:
    """Whether a value is [x, score], or [x, score, truth]."""
    if not isinstance(value, list) or len(value) not in (2, 3) or not all(map(_finite, value[:2])):
        return False
    return len(value) == 2 or value[2] is None or _finite(value[2])


def _finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < BEYOND


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _text(value: Any) -> bool:
    """Whether a value is text that can be written."""
    return isinstance(value, str) and not any("\ud800" <= sign <= "\udfff" for sign in value)
