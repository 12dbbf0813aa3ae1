"""What is shown while a run works."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import pytest
from rich.console import Console as RichConsole

from evolve.display import console
from evolve.display.console import LiveConsole, Plain
from evolve.display.panel import Panel, line
from evolve.display.progress import Epochs, EpochWatch, Progress, Running, StageWatch
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
    assert watch.now() == Epochs("training", 1, 5, {"loss": 0.5}, 40.0, share=0.2)
    assert not watch.paced
    now[0] = 115.0
    watch.hear({"epochs": 5, "extra": 1.0})  # within an epoch, as a fitness function may do
    assert watch.now() == Epochs("training", 1, 5, {"extra": 1.0}, 35.0, share=0.2)
    watch.hear({"epoch": 2, "epochs": 9})  # ends with the first epoch behind its deadline
    assert watch.now() == Epochs("training", 2, 9, {"extra": 1.0}, 35.0, share=2 / 9)
    assert watch.paced


def test_a_long_epoch_is_followed_within_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("evolve.display.progress.time.monotonic", lambda: now[0])
    watch = EpochWatch("training")
    now[0] = 120.0  # the worker had to start
    watch.hear({"epoch": 0.1, "epochs": 2})
    now[0] = 124.0
    watch.hear({"epoch": 0.3, "epochs": 2})
    assert watch.now() == Epochs("training", 0, 2, {}, pytest.approx(34.0), share=0.15)
    watch.hear({"epoch": 1.1, "epochs": 1.1})
    now[0] = 125.0
    assert watch.now() == Epochs("training", 1, 2, {}, 0.0, share=1.0), "a last epoch that is not whole is done, too"


def test_several_trainings_are_followed_until_the_last_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("evolve.display.progress.time.monotonic", lambda: now[0])
    watch = StageWatch("re-scoring 2 leaders", 4, predicted=30.0, done=1)
    assert (watch.share, watch.left) == (0.25, 30.0)
    watch.hear(7, {"epoch": 1, "epochs": 2})
    assert watch.share == 0.375
    now[0] = 110.0
    watch.finish(7)
    watch.hear(7, {"epoch": 2, "epochs": 2})  # late
    assert watch.now().trainings == (2, 4)
    assert (watch.share, watch.left) == (0.5, pytest.approx(20.0))
    assert line(watch.now()) == "re-scoring 2 leaders: trainings 2/4, time left 20s"
    for job in (8, 9):
        watch.finish(job)
    assert (watch.share, watch.left) == (1.0, 0.0)


def test_candidates_in_training_are_shown_with_their_epochs() -> None:
    running = (Running(7, 1.25, 3), Running(8), *(Running(number) for number in range(9, 14)))
    now = replace(NOW, share=0.4, running=running)
    assert line(now).endswith("time left 1h 01m; in training: 7 (1.25/3 epochs), 8, 9, 10 and 3 more")
    assert len(drawn(now, 80)) == 5
    assert max(map(len, drawn(now, 80))) <= 80


def test_the_panel_says_how_long_its_phase_has_taken_and_moves_by_itself() -> None:
    out = io.StringIO()
    live = LiveConsole(RichConsole(file=out, force_terminal=True, width=80, highlight=False))
    with live.live(lambda: NOW):
        time.sleep(1.6)  # as if this process were busy: nobody refreshes
    assert {f"searching ({second}s)" for second in (0, 1)} <= set(re.findall(r"searching \(\d+s\)", out.getvalue()))


def test_notes_stand_above_the_live_panel() -> None:
    out = io.StringIO()
    live = LiveConsole(RichConsole(file=out, force_terminal=True, width=80, highlight=False))
    with live.live(lambda: NOW):
        live.note("a note with [brackets]")
        time.sleep(0.3)
        live.refresh()
    assert "a note with [brackets]" in out.getvalue()
    assert "0.9877 by 1233" in out.getvalue()
