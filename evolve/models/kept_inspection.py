"""What was seen inside a model, kept beside it, so that the test part is not opened again for every report."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from evolve.display.console import Watcher
from evolve.execution.border import from_json
from evolve.models.inspect import inspect
from evolve.models.inspection import Inspection
from evolve.runs.run import BEST, Run
from evolve.trust import Trust


def kept_inspection(run: Run, trust: Trust = (), progress: Watcher = True) -> Inspection:
    """The inside of a run's best model, as `evolve.models.inspect.inspect` sees it on the test part: the first time by
    looking, which is on record, later as it was seen then, as long as the model is the same. Raises as that does."""
    path = _path(run)
    if path is not None and (known := _read(path, _digest(run))) is not None:
        return known
    seen = inspect(run.folder, trust=trust, progress=progress)
    path = run.model_path(seen.candidate).with_suffix(".inspection.json")
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps({"model": _digest(run), "inspection": seen.to_json()}), encoding="utf-8")
    draft.replace(path)
    return seen


def _path(run: Run) -> Path | None:
    if run.winner is None or not run.model_path(run.winner).exists():
        return None
    return run.model_path(run.winner).with_suffix(".inspection.json")


def _digest(run: Run) -> str:
    """SHA-256 of the file of the model."""
    return hashlib.sha256(run.model_path(run.number(BEST)).read_bytes()).hexdigest()


def _read(path: Path, digest: str) -> Inspection | None:
    """What is kept; None if it is of another model, damaged or of another version."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["model"] == digest:
            return from_json(Inspection, kept["inspection"])
    return None
