"""Networks of a run as files to look at: SVG, or PNG by an installed browser."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from evolve.drawing.browser_png import browser, write_png
from evolve.errors import ConfigError, RunError
from evolve.runs.find import find
from evolve.runs.run import BEST, Run
from evolve.settings import path_of

ENDINGS = (".svg", ".png")
PARENT = "parent"  # names the first parent of a candidate


def draw(
    run: str | Path | Run,
    candidate: int | str = BEST,
    *,
    beside: int | str | None = None,
    output: str | Path | None = None,
    results: str | Path = "results",
) -> str:
    """The network of a candidate as a picture: its layers as blocks from top to bottom, and its recipe. Returns SVG.

    candidate: its birth number, or "best". beside: the birth number of another one, or "parent", the first of its
    parents; it is drawn to the left, and what differs is marked. output: a file that is written, too, .svg, or .png,
    which an installed Chromium draws; what lies there is replaced once the new picture is whole.
    Raises RunError for a candidate that has no network, as an entry of a table, or no parent; ConfigError for a file
    that cannot be written, and without a browser for a .png.
    """
    found = run if isinstance(run, Run) else find(run, results)
    path = checked_output(output) if output is not None else None
    number = found.number(candidate)
    other = None if beside is None else _other(found, number, beside)
    picture = found.picture(number, other)
    if path is not None:
        _write(picture, path)
    return picture


def checked_output(output: str | Path) -> Path:
    """The file that a picture is to be written to. Raises ConfigError if it cannot be one, or nothing can draw it."""
    path = path_of(output)
    if path.suffix not in ENDINGS:
        raise ConfigError(f"output must end in {' or '.join(ENDINGS)}, not {str(path)!r}")
    if path.parent.exists() and not path.parent.is_dir():
        raise ConfigError(f"output must lie in a folder, but {path.parent} is a file; give another name")
    if path.is_dir():
        raise ConfigError(f"output must be a file, but {path} is a folder; give another name")
    if path.suffix == ".png":
        browser()
    return path


def _other(run: Run, candidate: int, beside: int | str) -> int:
    """The candidate that one is drawn beside."""
    if beside == PARENT:
        if not (parents := run.candidate(candidate).parents):
            raise RunError(f"candidate {candidate} of run '{run.name}' has no parent to be drawn beside it")
        return parents[0]
    if not str(beside).isdecimal():
        raise RunError(f"beside must be a birth number or '{PARENT}', not '{beside}'")
    if (number := int(beside)) == candidate:
        raise RunError(f"beside must be another candidate than {candidate} itself")
    return number


def _write(picture: str, path: Path) -> None:
    """Writes a picture; what lies there stays as it was until the new one is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
        draft = Path(folder, path.name)
        if path.suffix == ".png":
            write_png(picture, draft)
        else:
            draft.write_text(picture, encoding="utf-8")
        draft.replace(path)
