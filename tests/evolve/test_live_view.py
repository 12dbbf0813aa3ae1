"""The favourite, the last births and the course of a search, on screens of any width, with and without colour."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from conftest import DATA, command
from rich.console import Console as RichConsole
from test_race_standings import SPACE, add, of_run

import evolve
from evolve.display.console import LiveConsole, Plain, make_console
from evolve.display.panel import Panel, line
from evolve.display.progress import Favourite, Newborn, Progress, Running, Shown
from evolve.display.search_lines import BLOCKS, PLAIN, birth_lines, course_line, favourite_lines, sparkline
from evolve.engine.search_view import SearchView
from evolve.engine.stats import Stats
from evolve.runs.race import standings
from evolve.storage.store import Store
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes import Genome

WIDTHS = (40, 60, 80, 120)
CHANGES = (
    "insert conv 16 3 behind layer 4",
    "change recipe: learning rate 0.0012345 -> 0.0023456",
    "change dense 128 -> 256",
)
COURSE = (0.3125, 0.3125, 0.5, 0.75, 0.875, 0.9877)
NOW = Progress(
    "searching",
    10,
    20,
    1234,
    2000,
    0.98765,
    1233,
    0.9,
    7,
    123.4,
    3700.0,
    running=(Running(1235, 1.25, 3), Running(1236)),
    favourite=Favourite(1233, "mutant of 1017", 0.98765, 17, 0.01234, 0.0204),
    newborn=(Newborn(1234, 0.8912, CHANGES), Newborn(1233, 0.98765, CHANGES[:1]), Newborn(1232, None, CHANGES[1:])),
    course=COURSE,
)
FIGURES = {"1234/2000", "0.9877", "1233,", "0.012", "0.020", "0.8912,", "1234:", "failed,", "0.3125", "(1.25/3"}


def drawn(now: Shown, width: int, height: int = 40, encoding: str = "utf-8", **settings: object) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    rich = RichConsole(width=width, height=height, file=file, highlight=False, **settings)  # type: ignore[arg-type]
    rich.print(Panel(now))
    file.flush()
    assert isinstance(file.buffer, io.BytesIO)
    return file.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_line_fits_and_no_figure_is_cut(width: int, encoding: str) -> None:
    shown = drawn(NOW, width, encoding=encoding)
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    missing = {figure for figure in FIGURES if not re.search(rf"(?<!\S){re.escape(figure)}(?!\S)", shown)}
    assert not missing, (missing, shown)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_line_is_as_wide_as_rich_thinks_so_that_nothing_wraps(width: int) -> None:
    """A panel that is higher than was counted would leave its remains on the screen."""
    out = io.StringIO()
    rich = RichConsole(width=width, height=40, file=out, force_terminal=True)
    lines = rich.render_lines(Panel(NOW), rich.options, pad=False)
    assert all(sum(segment.cell_length for segment in one) <= width for one in lines)
    assert len(lines) == len(drawn(NOW, width).splitlines())


def test_in_eighty_columns_it_reads_so() -> None:
    assert drawn(NOW, 80).splitlines()[5:] == [
        "favourite 1233, mutant of 1017: 0.9877, ahead of 17 by 0.012 +- 0.020",
        "born 1234: 0.8912, insert conv 16 3 behind layer 4; change recipe: learning rate",
        "  0.0012345 -> 0.0023456; change dense 128 -> 256",
        "born 1233: 0.9877, insert conv 16 3 behind layer 4",
        "born 1232: failed, change recipe: learning rate 0.0012345 -> 0.0023456; change",
        "  dense 128 -> 256",
        "best so far ▁▁▃▆▇█ 0.3125 to 0.9877",
    ]


def test_a_birth_has_two_lines_at_most_and_whole_changes() -> None:
    assert birth_lines(NOW.newborn[0], 40) == [
        "born 1234: 0.8912, insert conv 16 3",
        "  behind layer 4; 2 more changes",
    ]
    assert birth_lines(NOW.newborn[1], 60) == ["born 1233: 0.9877, insert conv 16 3 behind layer 4"]
    long = Newborn(1, 0.5, ("founder " + ", ".join(["conv 16 3, relu"] * 20),))
    assert birth_lines(long, 40) == [
        "born 1: 0.5000, founder conv 16 3, relu,",
        "  conv 16 3, relu, conv 16 3, relu, ...",
    ]
    assert birth_lines(Newborn(1, 0.5, ()), 40) == ["born 1: 0.5000"]


def test_a_lead_that_is_none_or_may_be_luck_says_so() -> None:
    known = Favourite(3, "founder fast", 0.5, 7, -0.004, 0.02)
    assert favourite_lines(known, 80) == ["favourite 3, founder fast: 0.5000, not surely behind 7 by 0.004 +- 0.020"]
    assert favourite_lines(replace(known, lead=None), 80) == ["favourite 3, founder fast: 0.5000"]
    assert favourite_lines(replace(known, lead=0.004, interval=None), 80)[0].endswith("ahead of 7 by 0.0040")


def test_a_course_is_drawn_from_its_first_to_its_last_value() -> None:
    assert sparkline((0.0, 0.5, 1.0), 10) == "▁▅█"
    assert sparkline([n / 99 for n in range(100)], 8) == BLOCKS
    assert sparkline([n / 99 for n in range(100)], 8, PLAIN) == PLAIN
    assert sparkline((0.5, 0.5), 10) == "▁▁"
    assert sparkline((3.0, 2.0, 1.0), 10) == "█▅▁"  # a loss
    assert course_line((0.5,), 80, False) == ""
    assert course_line([n / 99 for n in range(100)], 40, False) == "best so far ▁▂▂▃▄▄▅▆▇▇█ 0.0000 to 1.0000"
    assert course_line(COURSE, 26, False) == ""


def test_without_room_the_eldest_births_are_left_out_first() -> None:
    """What is higher than the screen would be cut where the figures are."""
    whole = drawn(NOW, 40).splitlines()
    for height in range(12, len(whole) + 2):
        shown = drawn(NOW, 40, height=height)
        assert len(shown.splitlines()) < height
        assert "favourite 1233" in shown and "best so far" in shown
    low = drawn(NOW, 40, height=15)
    assert "born 1234" in low and "born 1233" in low and "born 1232" not in low


def test_signs_that_command_a_terminal_are_spelled_out() -> None:
    wicked = replace(NOW, newborn=(Newborn(1, 0.5, ("founder \x1b[31mred",)),))
    out = io.StringIO()
    with (live := LiveConsole(RichConsole(file=out, force_terminal=True, width=80, color_system=None))).live(
        lambda: wicked
    ):
        live.refresh()
    assert "\x1b[31m" not in out.getvalue()
    assert r"\x1b[31mred" in out.getvalue()


def test_the_line_of_a_pipe_is_what_it_was() -> None:
    plain = replace(NOW, favourite=None, newborn=(), course=(), running=())
    assert line(replace(NOW, running=())) == line(plain)
    assert "\n" not in line(NOW)


TABLE = ("run", "--table", DATA / "table.json", "--encoding", "choices", "--population", "8", "--generations", "3")


def larger_table(folder: Path) -> Path:
    """A table whose search is long enough to be looked at."""
    table = json.loads((DATA / "table.json").read_text())
    entry, codes = table["entries"]["00000"], map("".join, product("0123", repeat=6))
    fitness = {code: [80 + sum(map(int, code)) / 2 + at / 10 for at in range(3)] for code in codes}
    table |= {"choices": [4] * 6, "entries": {code: {**entry, "fitness": each} for code, each in fitness.items()}}
    (folder / "larger.json").write_text(json.dumps(table))
    return folder / "larger.json"


def on_terminal(folder: Path, width: int, table: tuple[object, ...] = TABLE, **environment: str) -> str:
    """What a run on a table writes to a terminal of that width."""
    here, there = pty.openpty()
    given = {**os.environ, "COLUMNS": str(width), "LINES": "30", "PYTHONIOENCODING": "utf-8", **environment}
    words = [sys.executable, "-m", "evolve.cli", *map(str, table)]
    with subprocess.Popen(words, cwd=folder, stdin=there, stdout=there, stderr=there, env=given) as process:
        os.close(there)
        said = b""
        while process.poll() is None or select.select([here], [], [], 0.1)[0]:
            try:
                if select.select([here], [], [], 0.1)[0]:
                    said += os.read(here, 65536)
            except OSError:  # the other end is closed
                break
    os.close(here)
    assert process.returncode == 0, said
    return said.decode()


@pytest.mark.parametrize("width", [40, 120])
def test_a_run_in_a_terminal_shows_it(width: int, tmp_path: Path) -> None:
    table = ("run", "--table", larger_table(tmp_path), "--evaluations", "400")
    said = on_terminal(tmp_path, width, table, TERM="xterm")
    assert {"\x1b[?25l", "\x1b[?25h"} <= {*re.findall(r"\x1b\[\?25[lh]", said)}, "the cursor is hidden, and there again"
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).rstrip() for text in re.split(r"[\r\n]+", said)]
    panel = [text for text in lines if re.match(r"(favourite|born|best so far) ", text)]
    assert {text.split()[0] for text in panel} == {"favourite", "born", "best"}
    assert max(map(len, panel)) <= width


def test_no_colour_is_no_colour(tmp_path: Path) -> None:
    colours = r"\x1b\[(?:[0-9;]*;)?(?:3[0-9]|4[0-9]|9[0-7])(?:;[0-9;]*)?m"
    assert not re.findall(colours, on_terminal(tmp_path, 80, TERM="xterm-256color", NO_COLOR="1"))


def test_a_dumb_terminal_has_plain_lines(tmp_path: Path) -> None:
    said = on_terminal(tmp_path, 80, TERM="dumb")
    assert "\x1b" not in said
    assert re.search(r"^searching: generation 1/3, evaluations \d+/24, best ", said, flags=re.MULTILINE)
    assert "born" not in said


def test_a_pipe_has_plain_lines(tmp_path: Path) -> None:
    done = command(*TABLE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout and "favourite" not in done.stdout
    assert len([text for text in done.stdout.splitlines() if text.startswith("searching: ")]) <= 4


def test_what_is_shown_of_a_table_is_what_was_stored(tmp_path: Path) -> None:
    """The last state of a search, as a function of the user's is told it."""
    seen: list[Progress] = []

    def see(now: Shown) -> None:
        seen.extend([now] if isinstance(now, Progress) and now.newborn else [])

    settings: Mapping[str, object] = {"table": DATA / "table.json", "population": 8, "generations": 30, "seed": 1}
    run = evolve.run(**settings, results=tmp_path, progress=see)  # type: ignore[arg-type]
    assert seen, "nobody looked in the whole search"
    last = seen[-1]
    assert last.favourite is not None and last.favourite.candidate == last.best_candidate
    assert last.favourite.lead is None, "a table has one score of each: who leads, and not by how much it counts"
    numbers = [one.candidate for one in last.newborn]
    assert numbers == sorted(numbers, reverse=True)
    scores = {one.candidate: run.results[one.number].measures["score"] for one in reversed(run.requests)}
    assert [one.score for one in last.newborn] == [scores[number] for number in numbers]
    for one in last.newborn:
        assert one.changes == tuple(step.text for step in run.candidate(one.candidate).steps)
    assert list(last.course) == sorted(last.course)
    assert last.course[-1] == last.best == max(scores[number] for number in range(1, numbers[0] + 1))


def test_a_terminal_that_cannot_draw_in_place_is_not_drawn_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # Rich then takes any output for a terminal
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(make_console(True), Plain)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(make_console(True), LiveConsole)


def told(store: Store) -> Stats:
    """What a search was told whose log this is."""
    stats, read = Stats(4), SPACE.read
    for row in store.requests(Purpose.SEARCH, Purpose.CHALLENGE):
        born, result = store.born(row.candidate), store.result(row.number)
        assert result is not None
        candidate = Candidate(born.number, read(born.genome), born.key, born.parents, born.steps)
        request = Request(row.number, candidate, row.budget, row.repeat, row.purpose, row.job_key)
        stats.begin(request, 1.0)
        stats.add(request, result)
    return stats


def view(store: Store, may_win: Callable[[Genome], bool] | None = lambda genome: True) -> SearchView:
    made = SearchView(told(store), store, SPACE)
    made.may_win = may_win
    return made


def test_in_a_race_the_first_founder_is_the_favourite_until_longer_trainings_tell() -> None:
    brief = {2: 0.9, 1: 0.6, 3: 0.5}
    assert view(of_run(brief, {})).favourite(None) == Favourite(1, "random", 0.6)
    assert view(of_run(brief, {}), None).favourite(None) == Favourite(2, "random", 0.9)
    assert view(of_run({}, {})).favourite(None) is None


def test_the_lead_is_that_over_the_next_of_the_race() -> None:
    store = of_run({1: 0.6, 2: 0.7, 3: 0.6}, {1: 0.7, 2: 0.8, 3: 0.75})
    known, raced = view(store).favourite(None), standings(store, again=False)
    assert known is not None and raced is not None and known.interval is not None
    assert (known.candidate, known.next) == raced.order[:2]
    lead = raced.leads[known.candidate].by - raced.leads[raced.order[1]].by
    assert known.lead == pytest.approx(lead / raced.slope) and known.lead > 0
    assert 0.02 < known.interval < 0.3
    add(store, raced.order[1], Purpose.RESCORE, 0.99)
    again = view(store)
    assert again.favourite(None) == known, "in the search the trainings in which leaders are scored again do not count"
    told_again = again.favourite(1)
    assert told_again is not None and told_again.candidate == known.next


def test_while_leaders_are_scored_again_on_more_images_these_say_who_leads() -> None:
    store = of_run({1: 0.42, 2: 0.40, 3: 0.40}, {1: 0.549, 2: 0.546, 3: 0.50})
    for number, score in ((1, 0.64), (2, 0.70)):
        add(store, number, Purpose.RESCORE, score, budget=Budget(300, 1))
    before, now = view(store).favourite(None), view(store).favourite(2)
    assert before is not None and now is not None
    assert (before.candidate, now.candidate) == (1, 2)


def test_who_may_not_win_is_no_favourite() -> None:
    store = of_run({1: 0.6, 2: 0.7, 3: 0.6}, {1: 0.7, 2: 0.8, 3: 0.75})
    second = SPACE.read(store.born(2).genome)
    known = view(store, lambda genome: genome != second).favourite(None)
    assert known is not None and 2 not in (known.candidate, known.next)
    alone = view(of_run({1: 0.6, 2: 0.7}, {1: 0.7})).favourite(None)
    assert alone == Favourite(1, "random", 0.7)


def test_a_loss_is_shown_as_it_was_measured() -> None:
    log = Store.in_memory({"config": {"metric": "loss"}})
    stats = Stats(4)
    for number, loss in enumerate((0.9, 0.5, 0.7), start=1):
        candidate = Candidate(number, SPACE.parse("conv 4 3, relu, flatten"), f"{number}")
        request = Request(number, candidate, Budget(9, 1), 0, Purpose.SEARCH, f"job {number}")
        stats.begin(request, 1.0)
        stats.add(request, Result(number, Status.OK, {"loss": loss}, objectives=(-loss,)))
    seen = SearchView(stats, log, SPACE)
    assert seen.favourite(None) == Favourite(2, "random", 0.5)
    assert seen.course() == (0.9, 0.5, 0.5)
    assert [one.score for one in seen.newborn()] == [0.7, 0.5, 0.9]
