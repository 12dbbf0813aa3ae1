"""What lies on disk, what of it may go, and a limit on it."""

from __future__ import annotations

import shutil
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evolve.data.splits import DATA_FOLDER, test_keys
from evolve.errors import DiskLimitError, EvolveError, RunError
from evolve.runs.find import all_runs
from evolve.runs.run import Run
from evolve.storage.files import ENDING, MODELS, WEIGHTS
from evolve.storage.locks import hold

DRAFT_SECONDS = 3600  # a half-written file may still grow before that
DATA_SECONDS = 86_400  # prepared images were last opened longer ago than any training takes


@dataclass(frozen=True)
class Disposable:
    """Something that may be deleted. size: bytes. why: in words."""

    path: Path
    size: int
    why: str


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(_bytes(file) for file in path.rglob("*"))


def _bytes(path: Path) -> int:
    """Bytes of a file that may vanish at any moment."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def check_disk(results: Path, limit: float | None) -> None:
    """Raises DiskLimitError if the folder `results` holds more than `limit` GiB. None is no limit."""
    if limit is None or not results.exists():
        return
    held = size_of(results) / 2**30
    if held > limit:
        raise DiskLimitError(
            f"{results} holds {held:.3g} GiB, more than disk_limit = {limit:g}; "
            "see what may go with: evolve clean, or raise the limit"
        )


def disposables(results: Path) -> list[Disposable]:
    """What nobody needs any more below `results`, largest first; what a running process may use is left out."""
    unreadable: list[EvolveError] = []
    runs = all_runs(results, unreadable.append)
    used = {str(run.problem["digest"])[:16] for run in runs if "digest" in run.problem}
    found = _drafts(results) + ([] if unreadable else _unused_data(results, used))
    for run in runs:
        found += [] if in_use(run) else _of_run(run)
    return sorted(found, key=lambda thing: (-thing.size, str(thing.path)))


def whole_run(run: Run) -> Disposable:
    """All of a run. Raises RunError if a process works on it."""
    if in_use(run):
        raise RunError(f"run '{run.name}' is in use by another process; wait for it or stop it first")
    return Disposable(run.folder, size_of(run.folder), f"all of run '{run.name}', {run.state}")


def delete(things: Iterable[Disposable]) -> int:
    """Deletes them; the bytes that were freed."""
    freed = 0
    for thing in things:
        if thing.path.is_dir():
            shutil.rmtree(thing.path)
        else:
            thing.path.unlink(missing_ok=True)
        freed += thing.size
    return freed


def _drafts(results: Path) -> list[Disposable]:
    """What an interrupted process left half-written."""
    paths = [path for path in (results / DATA_FOLDER).glob("*.*") if path.is_dir()]
    paths += results.glob("*/models/*.draft.keras")
    paths += results.glob(f"*/{WEIGHTS}/.*{ENDING}")
    old = [path for path in paths if all(_age(one) > DRAFT_SECONDS for one in (path, *path.rglob("*")))]
    return [Disposable(path, size_of(path), "left half-written by an interrupted process") for path in old]


def _age(path: Path) -> float:
    """Seconds since a file or folder was changed or, for prepared images, opened; 0 if it is gone meanwhile."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _unused_data(results: Path, used: set[str]) -> list[Disposable]:
    used = (
        used
        | {f"{name}-test" for name in used}
        | {key for name, key in test_keys(results / DATA_FOLDER).items() if name in used}
    )
    folders = [path for path in (results / DATA_FOLDER).glob("*") if path.is_dir() and "." not in path.name]
    idle = [path for path in folders if path.name not in used and _age(path) > DATA_SECONDS]
    return [Disposable(path, size_of(path), "prepared images that no run here uses") for path in idle]


def _of_run(run: Run) -> list[Disposable]:
    if run.state == "failed" and not run.hall_of_fame:
        return [Disposable(run.folder, size_of(run.folder), f"run '{run.name}': nothing could be trained")]
    models = run.folder.joinpath(MODELS).glob("candidate-*.keras")
    spare = [path for path in models if run.winner is not None and path != run.model_path(run.winner)]
    found = [
        Disposable(path, size_of(path), f"run '{run.name}': a trained model that is not the winner's")
        for path in spare
        if ".draft" not in path.name
    ]
    weights = run.folder / WEIGHTS
    if run.state == "finished" and any(weights.glob("*")):
        why = f"run '{run.name}': weights of brief trainings, made again if the search goes on"
        found.append(Disposable(weights, size_of(weights), why))
    return found


def in_use(run: Run) -> bool:
    """Whether a process works on a run."""
    try:
        with hold(run.folder / "run.lock", run.folder):
            return False
    except RunError:
        return True
