"""The folder of a run that TensorBoard opens: all of its results as event files.

`search` has each birth at the step of its number. Each candidate has a folder of its own, as the page of
hyper-parameters wants it, and each full training one with its curve. TensorBoard is slow with many folders, so of a
large run only the best candidates have one. All of it is a copy of what the run's file says, and may be thrown away.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from evolve.errors import RunError
from evolve.objectives import Standing
from evolve.runs.event_records import IN_FULL, Records, Training
from evolve.storage.event_files import append, new_file, only_event_files
from evolve.storage.files import shown_path
from evolve.storage.log import Log
from evolve.values import Purpose

MOST_FOLDERS = 200  # of candidates; beyond 250 TensorBoard gets slow
SEARCH, CANDIDATES, FULL = "search", "candidates", "trained-in-full"


@dataclass
class TensorBoardFolder:
    """Keeps a folder up to date with a log: `begin` first, `add` for each result, `close` at the end.

    most: candidates that have a folder of their own.
    left_out: whether there are others.
    """

    folder: Path
    log: Log
    most: int = MOST_FOLDERS
    left_out: bool = field(default=False, init=False)
    _born: int = field(default=0, init=False)  # births up to this one are written
    _best: float | None = field(default=None, init=False)  # fitness of these
    _has_page: bool = field(default=False, init=False)
    _search: Path = field(default_factory=Path, init=False)  # files, from the folder
    _files: dict[int, Path] = field(default_factory=dict, init=False)  # of candidates
    _ranks: dict[int, tuple[bool, Standing, int]] = field(default_factory=dict, init=False)  # of those
    _written: dict[int, int] = field(default_factory=dict, init=False)  # how many trainings of each

    def __post_init__(self) -> None:
        self._records = Records.of(self.log)

    @property
    def candidates(self) -> list[int]:
        """Those that have a folder, by birth number."""
        return sorted(self._files)

    def begin(self, waits: bool = True) -> None:
        """Writes all that there is, in the place of what is there. waits: as for `_write_births`. Raises RunError if
        the folder holds anything else."""
        check_folder(self.folder)
        wanted, old = self.folder, self.folder.with_name(f"{self.folder.name}.old")
        self.folder = wanted.with_name(f"{wanted.name}.draft")
        for left in (self.folder, old):
            _remove(left)
        self._search = self._new_file(SEARCH)
        self._write_births(waits)
        for candidate in self._chosen():
            self._write(candidate)
        if wanted.exists():
            wanted.rename(old)
        self.folder.rename(wanted)
        self.folder = wanted
        _remove(old)

    def add(self, request: int) -> None:
        """The result of a request has come."""
        self._write_births()
        candidate = self.log.request(request).candidate
        if candidate not in self._files and len(self._files) >= self.most:
            self.left_out = True
            worst = min(self._ranks, key=self._ranks.__getitem__)
            if self._ranks[worst] > self._records.rank(candidate):
                return
            self._forget(worst)
        self._write(candidate)

    def close(self) -> None:
        """Writes births that waited for one before them, which now never ends."""
        self._write_births(waits=False)

    def _write_births(self, waits: bool = True) -> None:
        """The births that are not written yet, in order, as the steps of a tag only grow. waits: whether those behind
        one without a result wait for it."""
        found = []
        for number in range(self._born + 1, self.log.last("candidate") + 1):
            birth = self._records.birth(number, self._best)
            if birth is None and waits:
                break
            if birth is not None:
                found.append(birth.record)
                self._best = birth.best
            self._born = number
        if found:
            append(self.folder / self._search, found)

    def _chosen(self) -> list[int]:
        """All candidates with a result, or the best of them: those that were scored again or trained in full, others
        by their standing in the search, and then the eldest."""
        requests = self.log.requests(Purpose.RESCORE, *IN_FULL)
        ranked = [one.candidate for one in requests if self.log.result(one.number)]
        ranked += [one.candidate for one in self.log.best(self.most)]
        chosen = list(dict.fromkeys(ranked))[: self.most]
        for number in range(1, self.log.last("candidate") + 1):
            if number not in chosen and self._records.trainings(number):
                if len(chosen) == self.most:
                    self.left_out = True
                    break
                chosen.append(number)
        return sorted(chosen)

    def _write(self, candidate: int) -> None:
        """All of a candidate that is not written yet."""
        trainings = self._records.trainings(candidate)
        if not self._has_page:
            append(self.folder / self._search, [self._records.page(candidate)])
            self._has_page = True
        if candidate not in self._files:
            self._files[candidate] = self._new_file(CANDIDATES, f"{candidate:04d}")
            append(self.folder / self._files[candidate], self._records.begun(candidate))
        for place in range(self._written.get(candidate, 0), len(trainings)):
            append(self.folder / self._files[candidate], self._records.training(trainings, place))
            if trainings[place][0].purpose in IN_FULL:
                self._write_in_full(candidate, trainings[: place + 1])
        self._written[candidate] = len(trainings)
        self._ranks[candidate] = self._records.rank(candidate)

    def _write_in_full(self, candidate: int, trainings: list[Training]) -> None:
        """The last of these, which is a full one."""
        earlier = sum(request.purpose in IN_FULL for request, _ in trainings[:-1])
        name = f"{candidate:04d}" + (f"-{earlier + 1}" if earlier else "")
        append(self.folder / self._new_file(FULL, name), self._records.in_full(trainings[-1]))

    def _forget(self, candidate: int) -> None:
        """Takes away what stands of a candidate, now that others are better."""
        folders = [self.folder / CANDIDATES / f"{candidate:04d}", *self.folder.glob(f"{FULL}/{candidate:04d}*")]
        for folder in folders:
            _remove(folder)
        for known in (self._files, self._written, self._ranks):
            del known[candidate]

    def _new_file(self, *names: str) -> Path:
        return new_file(self.folder.joinpath(*names)).relative_to(self.folder)


def write_whole(log: Log, folder: Path) -> TensorBoardFolder:
    """Writes all of a run for TensorBoard. Raises RunError if the folder holds anything else."""
    made = TensorBoardFolder(folder, log)
    try:
        made.begin(waits=False)
    except OSError as error:
        raise RunError(f"{shown_path(folder)} cannot be written: {error.strerror or error}") from None
    return made


def what_is_left_out(most: int = MOST_FOLDERS) -> str:
    """What is to be said where there are more candidates than have a folder."""
    return (
        f"TensorBoard is slow with many folders: the {most} best candidates have one, with their hyper-parameters and "
        f"curves; scores of all are in '{SEARCH}'"
    )


def check_folder(folder: Path) -> None:
    """Raises RunError unless a folder is free, or holds nothing but what was written for TensorBoard before."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise RunError(f"{shown_path(folder)} must be a folder, and is a link or a file; give another one: --output")
    if folder.exists() and not only_event_files(folder):
        raise RunError(
            f"{shown_path(folder)} holds files that evolve did not write for TensorBoard; empty it, or give another "
            "folder: --output"
        )


def _remove(folder: Path) -> None:
    """Deletes a folder if it is there; of a link the link alone."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)
