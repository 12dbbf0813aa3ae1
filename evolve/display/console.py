"""What a running command shows: a live line in a terminal, plain lines elsewhere, nothing if not wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol, TypeAlias

from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.live import Live
from rich.progress import BarColumn, ProgressColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Column

from evolve.display.panel import Printable, Ticking, line
from evolve.display.progress import Epochs, Shown
from evolve.display.text import folded, printable
from evolve.values import Counter

Watcher: TypeAlias = "bool | Callable[[Shown], None] | NestedConsole"
"""Whether to show what happens, or a function that is called with the figures of the moment, or the place within
something longer."""

PLAIN_SECONDS = 10.0
LOOK_SECONDS = 0.2  # the figures are not worked out more often than that


def show_text(renderable: RenderableType) -> None:
    """Prints to the terminal, or as plain text elsewhere. What comes from data is neither markup nor a command."""
    RichConsole(highlight=False, markup=False, emoji=False).print(Printable(renderable))


def terminal_width() -> int:
    """Characters of a line of the terminal; 80 where there is none."""
    return RichConsole().width


class Console(Protocol):
    """Shows notes and progress."""

    def note(self, text: str) -> None:
        """A line that stays."""
        ...

    @contextmanager
    def live(self, progress: Callable[[], Shown]) -> Iterator[None]:
        """Shows what `progress` returns until the block ends."""
        yield

    def refresh(self) -> None:
        """Called often while the run works; shows the newest figures when it is time."""
        ...

    @contextmanager
    def counting(self) -> Iterator[Counter]:
        """Shows how far the reading of many files is: the block gets a function of (what, done, total)."""
        yield _ignore


def make_console(progress: Watcher) -> Console:
    """Live in a terminal that can draw in place or a notebook, plain lines elsewhere, silent if `progress` is False; a
    function is called."""
    if isinstance(progress, NestedConsole):
        return progress
    if callable(progress):
        return Calling(progress)
    if not progress:
        return Silent()
    rich = RichConsole(highlight=False, markup=False, emoji=False)
    draws = rich.is_terminal and not rich.is_dumb_terminal
    return LiveConsole(rich) if draws or rich.is_jupyter else Plain()


def _ignore(what: str, done: int, total: int) -> None:
    pass


class Silent:
    """Shows nothing."""

    @contextmanager
    def counting(self) -> Iterator[Counter]:
        yield _ignore

    def note(self, text: str) -> None:
        pass

    @contextmanager
    def live(self, progress: Callable[[], Shown]) -> Iterator[None]:
        yield

    def refresh(self) -> None:
        pass


class Calling:
    """Hands the figures to a function of the user's."""

    def __init__(self, function: Callable[[Shown], None]) -> None:
        self._function = function
        self._progress: Callable[[], Shown] | None = None
        self._looked = 0.0

    def note(self, text: str) -> None:
        pass

    @contextmanager
    def counting(self) -> Iterator[Counter]:
        yield _ignore

    @contextmanager
    def live(self, progress: Callable[[], Shown]) -> Iterator[None]:
        self._progress = progress
        try:
            yield
            self._function(progress())
        finally:
            self._progress = None

    def refresh(self) -> None:
        if self._progress is not None and time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            self._function(self._progress())


class Plain:
    """A line at each new generation or phase, and at least every ten seconds."""

    def __init__(self) -> None:
        self._progress: Callable[[], Shown] | None = None
        self._shown: tuple[str, int] | None = None
        self._last = self._looked = 0.0

    def note(self, text: str) -> None:
        print(printable(text), flush=True)

    @contextmanager
    def counting(self) -> Iterator[Counter]:
        last = time.monotonic()

        def count(what: str, done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last > PLAIN_SECONDS:
                last = time.monotonic()
                self.note(f"read {done} of {total} {what}")

        yield count

    @contextmanager
    def live(self, progress: Callable[[], Shown]) -> Iterator[None]:
        self._progress, self._last = progress, time.monotonic()
        try:
            yield
            self._looked = 0.0  # the last state is shown, however soon it came
            self.refresh()
        finally:
            self._progress = None

    def refresh(self) -> None:
        if self._progress is None or time.monotonic() - self._looked < LOOK_SECONDS:
            return
        now, self._looked = self._progress(), time.monotonic()
        changed, stage = self._shown is not None, (now.phase, _stage(now))
        if (changed and stage == self._shown) and time.monotonic() - self._last < PLAIN_SECONDS:
            return
        self._shown, self._last = stage, time.monotonic()
        self.note(line(now))


class LiveConsole:
    """A small panel that is drawn anew in place, with notes above it."""

    def __init__(self, rich: RichConsole) -> None:
        self._rich = rich
        self._live: Live | None = None
        self._looked = 0.0
        self._progress: Callable[[], Shown] | None = None

    def note(self, text: str) -> None:
        self._rich.print(folded(printable(text), self._rich.width), markup=False, emoji=False, soft_wrap=True)

    @contextmanager
    def counting(self) -> Iterator[Counter]:
        with Bars(*reading_columns(), console=self._rich, transient=True) as bars:
            bars.add_task("preparing data", total=None)
            tasks: dict[str, TaskID] = {}

            def count(what: str, done: int, total: int) -> None:
                if what not in tasks:
                    tasks[what] = bars.add_task("", total=total)
                bars.update(tasks[what], completed=done, description=f"reading {what}: {done:,} of {total:,}")

            yield count

    @contextmanager
    def live(self, progress: Callable[[], Shown]) -> Iterator[None]:
        self._progress = progress
        self._shown = Ticking(progress())
        with Live(self._shown, console=self._rich, refresh_per_second=4, transient=True) as self._live:
            try:
                yield
            finally:
                self._progress = self._live = None

    def refresh(self) -> None:
        late = time.monotonic() - self._looked > LOOK_SECONDS
        if self._live is not None and self._progress is not None and late:
            self._looked = time.monotonic()
            self._shown = self._shown.then(self._progress())
            self._live.update(self._shown)


class NestedConsole:
    """The console of a run that is a part of something longer, within the console of the whole. It shows what is live,
    under a title, and notes that come meanwhile; what every run says before and after that is left out."""

    def __init__(self, whole: Console, title: str) -> None:
        self._whole, self._title, self._lives = whole, title, False

    def note(self, text: str) -> None:
        if self._lives:
            self._whole.note(text)

    @contextmanager
    def counting(self) -> Iterator[Counter]:
        with self._whole.counting() as count:
            yield count

    @contextmanager
    def live(self, progress: Callable[[], Shown]) -> Iterator[None]:
        def titled() -> Shown:
            now = progress()
            return replace(now, phase=f"{self._title}: {now.phase}")

        self._lives = True
        try:
            with self._whole.live(titled):
                yield
        finally:
            self._lives = False

    def refresh(self) -> None:
        self._whole.refresh()


def reading_columns() -> tuple[ProgressColumn, ...]:
    """What is shown of files that are read. What they are folds where there is little room, figures do not."""
    what = TextColumn("{task.description}", table_column=Column(overflow="fold"))
    return what, BarColumn(20), TimeElapsedColumn(), TimeRemainingColumn()


def _stage(now: Shown) -> int:
    return now.epoch if isinstance(now, Epochs) else now.generation
