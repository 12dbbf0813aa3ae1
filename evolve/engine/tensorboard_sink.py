"""What a run writes for TensorBoard while it goes on. It is a sink: nothing of the run depends on it, and a run whose
folder for it cannot be written goes on without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evolve.config import RunConfig
from evolve.display.console import Console
from evolve.errors import ConfigError, RunError
from evolve.runs.tensorboard_folder import TensorBoardFolder, what_is_left_out
from evolve.storage.event_files import require
from evolve.storage.files import TENSORBOARD, command_words, shown_path
from evolve.storage.log import Log


def check_installed(asked: RunConfig) -> None:
    """Raises ConfigError if settings that somebody gives now want TensorBoard, and it is missing."""
    if asked.tensorboard:
        require(asked.spelled("tensorboard"))


@contextmanager
def results_written(log: Log, folder: Path, console: Console) -> Iterator[Callable[[int], None]]:
    """What was recorded is written for TensorBoard; the block gets what is to be called with the number of each request
    whose result has come."""
    try:
        require("what is written for TensorBoard")
    except ConfigError as error:  # the run was begun where it is installed
        console.note(f"{error}; the run goes on without")
        yield lambda request: None
        return
    sink = _Sink(TensorBoardFolder(folder / TENSORBOARD, log), console, command_words(folder))
    sink.begin()
    try:
        yield sink.add
    finally:
        sink.close()


class _Sink:
    """Writes to a folder until that fails, and says so once."""

    def __init__(self, board: TensorBoardFolder, console: Console, words: str) -> None:
        self._board, self._console, self._words = board, console, words
        self._works, self._said = True, False

    def begin(self) -> None:
        self._try(self._board.begin)
        if self._works:
            self._console.note(f"TensorBoard shows it with: tensorboard --logdir {shown_path(self._board.folder)}")

    def add(self, request: int) -> None:
        self._try(lambda: self._board.add(request))

    def close(self) -> None:
        self._try(self._board.close)

    def _try(self, write: Callable[[], None]) -> None:
        if not self._works:
            return
        try:
            write()
        except (OSError, RunError) as error:
            self._works = False
            self._console.note(
                f"nothing more is written for TensorBoard: {error}; the run goes on. Write all of it later with: "
                f"evolve tensorboard {self._words}"
            )
        if self._board.left_out and not self._said:
            self._said = True
            self._console.note(what_is_left_out())
