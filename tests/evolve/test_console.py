"""What is shown while a run works."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console as RichConsole

from evolve.display import console
from evolve.display.console import LiveConsole, Panel, Plain, line
from evolve.display.progress import Epochs, EpochWatch, Progress
from evolve.display.text import duration

NOW = Progress("searching", 10, 20, 1234, 2000, 0.98765, 1233, 0.9, 7, 123.4, 3700.0)
EARLY = Progress("searching", 1, None, 0, None, None, None, None, 0, None, None)


def drawn(now: Progress, width: int) -> list[str]:
    rich = RichConsole(width=width, file=io.StringIO())
    with rich.capture() as capture:
        rich.print(Panel(now))
    return capture.get().splitlines()


@pytest.mark.parametrize("now", [NOW, EARLY])
def test_the_panel_fits_eighty_columns(now: Progress) -> None:
    lines = drawn(now, 80)
    assert len(lines) == 4
    assert max(map(len, lines)) <= 80


def test_the_line_has_every_figure() -> None:
    assert line(NOW) == (
        "searching: generation 10/20, evaluations 1234/2000, best 0.9877 by 1233, mean 0.9000, failures 7, "
        "per minute 123, time left 1h 01m"
    )
    assert "best -" in line(EARLY)
    assert "time left -" in line(EARLY)


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "-"), (0, "0s"), (59.7, "1m 00s"), (185, "3m 05s"), (7800, "2h 10m")]
)
def test_durations_are_short(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_plain_lines_come_at_changes_and_not_at_every_look(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 100))
    monkeypatch.setattr(console.time, "monotonic", lambda: float(next(clock)) / 2)
    states = [EARLY, EARLY, NOW, NOW, NOW, NOW]
    plain = Plain()
    with plain.live(lambda: states.pop(0)):
        for _ in range(5):
            plain.refresh()
    assert capsys.readouterr().out.splitlines() == [line(EARLY), line(NOW)]


def test_a_long_training_is_followed_by_what_it_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("evolve.display.progress.time.monotonic", lambda: now[0])
    watch = EpochWatch("training", deadline=145.0, predicted=30.0)
    now[0] = 110.0
    assert watch.now() == Epochs("training", 0, None, {}, 20.0)
    watch.hear({"epoch": 1, "epochs": 5, "loss": 0.5})
    assert watch.now() == Epochs("training", 1, 5, {"loss": 0.5}, 40.0)
    now[0] = 115.0
    watch.hear({"epochs": 5, "extra": 1.0})  # within an epoch, as a fitness function may do
    assert watch.now() == Epochs("training", 1, 5, {"extra": 1.0}, 35.0)
    watch.hear({"epoch": 2, "epochs": 9})  # ends with the first epoch behind its deadline
    assert watch.now() == Epochs("training", 2, 9, {}, 37.5)


def test_notes_stand_above_the_live_panel() -> None:
    out = io.StringIO()
    live = LiveConsole(RichConsole(file=out, force_terminal=True, width=80, highlight=False))
    with live.live(lambda: NOW):
        live.note("a note with [brackets]")
        time.sleep(0.3)
        live.refresh()
    assert "a note with [brackets]" in out.getvalue()
    assert "0.9877 by 1233" in out.getvalue()
