"""Results of another run, for jobs that are equal to its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from evolve.errors import LogError
from evolve.storage.store import Store
from evolve.values import Result, Status, judged_by

Lookup = Callable[[str], Result | None]


@contextmanager
def results_of(run: str | None, into: Store) -> Iterator[Lookup]:
    """Looks results up by job key in the run of that folder; finds none if `run` is None. Only what ended well is
    copied: a failure may have been the machine's. Raises RunError if there is no run, or it cannot be read."""
    if run is None:
        yield lambda key: None
        return
    folder = Path(run)
    with Store.read(folder) as other:

        def look_up(key: str) -> Result | None:
            try:
                found = other.known(key)
            except LogError:  # a damaged row of a run that is only looked at
                return None
            if found is None or found.status is not Status.OK:
                return None
            judged = judged_by(into.objectives, found, whole=False)  # what a network costs is added to it
            return replace(judged, reused_from=folder.name) if judged.status is Status.OK else None

        yield look_up
