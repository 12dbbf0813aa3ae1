"""What a running command shows: a live line in a terminal, plain lines elsewhere, nothing if not wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.cells import cell_len
from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.progress import BarColumn, ProgressColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.table import Column, Table
from rich.text import Text

from evolve.display.progress import Epochs, Progress, Running
from evolve.display.text import duration, folded, printable
from evolve.values import Counter

Shown = Progress | Epochs
Watcher = bool | Callable[[Shown], None]
"""Whether to show what happens, or a function that is called with the figures of the moment."""

GAP = 2  # spaces between figures
PLAIN_SECONDS = 10.0
SHOWN_RUNNING = 4  # candidates in training that are named
LOOK_SECONDS = 0.2  # the figures are not worked out more often than that


@dataclass(frozen=True)
class Printable:
    """Something to show, all of its text made printable."""

    inner: RenderableType

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self.inner, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


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
    """Live in a terminal or notebook, plain lines elsewhere, silent if `progress` is False; a function is called."""
    if callable(progress):
        return Calling(progress)
    if not progress:
        return Silent()
    rich = RichConsole(highlight=False, markup=False, emoji=False)
    return LiveConsole(rich) if rich.is_terminal or rich.is_jupyter else Plain()


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


class Ticking:
    """A panel that says how long its phase has taken, at each moment that it is drawn: it moves even while this process
    is busy. begun: when the phase did, by `time.monotonic`."""

    def __init__(self, now: Shown, begun: float | None = None) -> None:
        self.now, self.begun = now, time.monotonic() if begun is None else begun

    def then(self, now: Shown) -> Ticking:
        """What is shown next."""
        return Ticking(now, self.begun if now.phase == self.now.phase else None)

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield Printable(Panel(self.now, time.monotonic() - self.begun))


def reading_columns() -> tuple[ProgressColumn, ...]:
    """What is shown of files that are read. What they are folds where there is little room, figures do not."""
    what = TextColumn("{task.description}", table_column=Column(overflow="fold"))
    return what, BarColumn(20), TimeElapsedColumn(), TimeRemainingColumn()


def _stage(now: Shown) -> int:
    return now.epoch if isinstance(now, Epochs) else now.generation


def figures(now: Shown) -> list[tuple[str, str]]:
    """Name and text of each figure."""
    if isinstance(now, Epochs):
        measured = [(name.replace("_", " "), f"{value:.4f}") for name, value in now.figures.items()]
        epoch = f"{now.epoch}/{now.epochs}" if now.epochs else "-"
        return [("epoch", epoch), *measured, ("time left", duration(now.left))]
    if now.trainings is not None:
        done, total = now.trainings
        return [("trainings", f"{done}/{total}"), ("time left", duration(now.left))]
    of = f"/{now.generations}" if now.generations else ""
    best = "-" if now.best is None else f"{now.best:.4f} by {now.best_candidate}"
    return [
        ("generation", f"{now.generation}{of}"),
        ("evaluations", f"{now.evaluations}" + (f"/{now.limit}" if now.limit else "")),
        ("best", best),
        ("mean", "-" if now.mean is None else f"{now.mean:.4f}"),
        ("failures", str(now.failures)),
        ("per minute", "-" if now.per_minute is None else f"{now.per_minute:.3g}"),
        ("time left", duration(now.left)),
    ]


def in_training(now: Shown) -> str:
    """Candidates in training, with the epochs that they have had; empty where there are none."""
    each = now.running if isinstance(now, Progress) else ()
    if not each:
        return ""
    return f"in training: {', '.join(map(_candidate, each[:SHOWN_RUNNING]))}" + (
        f" and {len(each) - SHOWN_RUNNING} more" if len(each) > SHOWN_RUNNING else ""
    )


def _candidate(one: Running) -> str:
    return f"{one.candidate}" + (f" ({one.epoch:.3g}/{one.epochs} epochs)" if one.epochs else "")


def line(now: Shown) -> str:
    """All figures in one line of plain text."""
    told = ", ".join(f"{name} {text}" for name, text in figures(now))
    return f"{now.phase}: {told}" + (f"; {running}" if (running := in_training(now)) else "")


@dataclass(frozen=True)
class Panel:
    """All figures under a bar, in as many rows as they need. gone: seconds since the phase began."""

    now: Shown
    gone: float = 0.0

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        now = self.now
        yield Text(f"{now.phase} ({duration(self.gone)})")
        bar = Table.grid()
        bar.add_row(ProgressBar(total=1.0, completed=now.share or 0.0, width=min(60, options.max_width)))
        yield bar
        for row in _rows(figures(now), options.max_width):
            table = Table.grid(padding=(0, GAP))
            table.add_row(*(Text(name, style="dim") for name, _ in row))
            table.add_row(*(Text(text, style="bold") for _, text in row))
            yield table
        if told := in_training(now):
            yield Text(told, style="dim")


def _rows(shown: list[tuple[str, str]], width: int) -> list[list[tuple[str, str]]]:
    """Figures in rows that are at most so wide."""
    rows: list[list[tuple[str, str]]] = [[]]
    for figure in shown:
        if rows[-1] and sum(max(map(cell_len, one)) + GAP for one in (*rows[-1], figure)) - GAP > width:
            rows.append([])
        rows[-1].append(figure)
    return rows
