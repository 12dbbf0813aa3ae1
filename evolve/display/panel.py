"""Figures of the moment: as a panel that is drawn in place, or in a line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from evolve.display.progress import Epochs, Progress, Running, Shown
from evolve.display.search_lines import birth_lines, course_line, favourite_lines
from evolve.display.text import duration, printable

GAP = 2  # spaces between figures
SHOWN_RUNNING = 4  # candidates in training that are named


@dataclass(frozen=True)
class Printable:
    """Something to show, all of its text made printable."""

    inner: RenderableType

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self.inner, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


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


def figures(now: Shown) -> list[tuple[str, str]]:
    """Name and text of each figure."""
    if isinstance(now, Epochs):
        measured = [(name.replace("_", " "), f"{value:.4f}") for name, value in now.figures.items()]
        epoch = f"{now.epoch}/{now.epochs}" if now.epochs else "-"
        return [("epoch", epoch), *measured, ("time left", duration(now.left))]
    if now.trainings is not None:
        done, total = now.trainings
        return [(now.what, f"{done}/{total}"), ("time left", duration(now.left))]
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
    """All figures under a bar, in as many rows as they need, and how the search stands. gone: seconds since the phase
    began."""

    now: Shown
    gone: float = 0.0

    def __rich_console__(self, console: RichConsole, options: ConsoleOptions) -> RenderResult:
        figures = console.render_lines(_Figures(self.now, self.gone), options, pad=False)
        yield _Figures(self.now, self.gone)
        if isinstance(self.now, Progress):
            yield from _standing(self.now, options, console.height - 1 - len(figures))


def _standing(now: Progress, options: ConsoleOptions, room: int) -> Iterator[Text]:
    """The favourite, the last births and the course of the search. room: lines that there are; births for which there
    is none are left out, the eldest first."""
    width = options.max_width
    favourite = favourite_lines(now.favourite, width) if now.favourite else []
    course = course_line(now.course, width, options.ascii_only)
    room -= len(favourite) + bool(course)
    yield from map(Text, favourite)
    for one in now.newborn:
        lines = birth_lines(one, width)
        room -= len(lines)
        if room < 0:
            break
        yield from (Text(text, style="dim") for text in lines)
    if course:
        yield Text(course)


@dataclass(frozen=True)
class _Figures:
    """All figures under a bar."""

    now: Shown
    gone: float

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
