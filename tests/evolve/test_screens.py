"""What people look at: the hall of fame explains itself, and screens of any width are whole."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA, stack_space
from rich.console import Console, RenderableType
from rich.progress import Progress as Bars

import evolve
from evolve.display.console import LiveConsole, reading_columns
from evolve.display.panel import Panel
from evolve.display.progress import Epochs, Progress
from evolve.display.text import folded
from evolve.engine.initial_population import founder
from evolve.errors import ConfigError, RunError
from evolve.reporting import candidate_text, hall_of_fame_text, run_text
from evolve.reporting.machine_text import machine_table
from evolve.reporting.report_doubts import doubts
from evolve.runs.facts import candidate_json
from evolve.runs.frame import candidate_rows
from evolve.runs.run import Run
from evolve.runs.selection import selection_json
from evolve.storage.store import Store
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes.steps import Step

SPACE = stack_space((8, 8, 1))
NET = "conv 8 3, batchnorm, relu, residual 16 3 stride=2, maxpool 2, flatten, dense 32, relu | adam 0.01, batch 32"
WIDTHS = (40, 70, 80)
Told = Mapping[int, Sequence[float]]


def born(number: int, parents: Sequence[int] = (), *steps: Step) -> Candidate:
    """A candidate; without parents or steps it is the founder fast."""
    text = "fast" if number == 1 else "vgg"
    usual = Step("recipe", {}, "change recipe: batch 32 -> 64") if parents else Step("founder", {}, f"founder {text}")
    genome = SPACE.parse(NET)
    return Candidate(number, genome, f"key {number}", tuple(parents), steps or (usual,), 9876, 123_456)


def made(
    folder: Path,
    candidates: Sequence[Candidate],
    scores: Told,
    rescored: Told,
    founders: Sequence[str] = (NET,),
    **config: Any,
) -> Run:
    """A run that recorded these candidates, their scores in the search and those of fresh trainings."""
    names = ["a", "<b>\x1b[31m"]
    problem = {"name": "digits", "input_shape": [8, 8, 1], "class_names": names, "sizes": {"validation": 1000}}
    settings = {"dataset": "digits", "leaders": 2, **config}
    meta = {"version": "0.11.0", "created": "2026-11-27", "config": settings, "problem": problem, "plan": None}
    meta |= {"founders": [[text, []] for text in founders]}
    measure = config.get("metric", "accuracy")
    asked = [(Purpose.SEARCH, number, 0, score) for number, all_of in scores.items() for score in all_of]
    asked += [(Purpose.RESCORE, number, at + 1, score) for number, s in rescored.items() for at, score in enumerate(s)]
    known = {one.number: one for one in candidates}
    requests, results = [], []
    for number, (purpose, of, repeat, score) in enumerate(asked, start=1):
        requests.append(Request(number, known[of], Budget(200, 1), repeat, purpose, f"job {number}"))
        measures, timing = {measure: score, "train_accuracy": 0.5}, {"seconds": 1.5}
        results.append(Result(number, Status.OK, measures, spent={"images": 200, "epochs": 1}, timing=timing))
    with Store.create(folder, meta) as store:
        store.add(candidates, requests, results)
    return Run(folder)


def finished(run: Run, winner: int, **others: float) -> Run:
    """The run after the winner's training in full."""
    candidate = next(
        born(row.number, row.parents, *row.steps) for row in run.candidates.values() if row.number == winner
    )
    with Store.open(run.folder) as store:
        number = store.last("request") + 1
        request = Request(number, candidate, Budget(400, 20), 0, Purpose.FINAL, "final")
        curve = tuple({"accuracy": at / 20, "validation_accuracy": at / 25} for at in range(20))
        measures = {"accuracy": 0.9512, "train_accuracy": 0.9876, **others}
        store.add((), [request], [Result(number, Status.OK, measures, curve, {"images": 400, "epochs": 20})])
        store.act("finished", winner=winner, request=number)
    return Run(run.folder)


def drawn(what: RenderableType, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def many(tmp_path: Path) -> Run:
    """28 candidates, of which two leaders and the first one born were scored again; the first one won."""
    candidates = [born(1), born(2), *(born(number, [number - 1]) for number in range(3, 29))]
    scores = {one.number: [0.3 + one.number / 100] for one in candidates}
    rescored = {27: [0.50, 0.54], 28: [0.60, 0.66], 1: [0.60, 0.90]}
    return finished(made(tmp_path / "results" / "many", candidates, scores, rescored), 1)


def test_the_first_line_says_that_no_mutant_beat_a_founder(many: Run) -> None:
    first = drawn(run_text.hall_of_fame(many), 80).splitlines()[0]
    assert first == "candidate 1 won, founder fast, unchanged: no mutant beat it"


@pytest.mark.parametrize(
    ("rescored", "said"),
    [
        (
            {1: [0.5, 0.6], 2: [0.6, 0.7]},
            "candidate 1 is ahead so far, founder fast, unchanged: no mutant beat it beyond luck",
        ),
        (
            {1: [0.50, 0.52], 2: [0.60, 0.62]},
            "candidate 2 is ahead so far, a mutant of candidate 1: its re-scored accuracy is higher than that of "
            "founder fast (candidate 1), by 0.100 +- 0.028 (two standard errors)",
        ),
        (
            {1: [0.50], 2: [0.60]},
            "candidate 2 is ahead so far, a mutant of candidate 1: its re-scored accuracy is higher than that of "
            "founder fast (candidate 1), by 0.1000 (of one training each, so that may be luck)",
        ),
        (
            {1: [0.5, 0.6]},
            "candidate 1 is ahead so far, founder fast, unchanged: the only one that was scored again",
        ),
        (
            {2: [0.5, 0.6]},
            "candidate 2 is ahead so far, a mutant of candidate 1: no founder was among those scored again",
        ),
        ({}, "no network of run 'run' has won yet, as none was scored again"),
    ],
)
def test_the_first_line_says_why(rescored: Told, said: str, tmp_path: Path) -> None:
    run = made(tmp_path / "run", [born(1), born(2, [1])], {1: [0.5], 2: [0.6]}, rescored)
    assert hall_of_fame_text.decision(run).startswith(said)


def test_a_mutant_is_compared_with_the_best_founder(tmp_path: Path) -> None:
    candidates = [born(1), born(2), born(3, [2])]
    rescored = {1: [0.20, 0.22], 2: [0.59, 0.61], 3: [0.64, 0.66]}
    run = made(tmp_path / "run", candidates, {1: [0.2], 2: [0.6], 3: [0.7]}, rescored)
    assert "that of founder vgg (candidate 2), by 0.050 +-" in hall_of_fame_text.decision(run)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            0.600,
            "candidate 1 is ahead so far, founder fast, unchanged: expected to end best of 2 that were scored again",
        ),
        (
            0.602,
            "candidate 1 is ahead so far, founder fast, unchanged: none of 2 that were scored again is clearly ahead",
        ),
        (0.700, "candidate 2 is ahead so far, founder vgg, unchanged: ahead of founder fast (candidate 1) by 0."),
    ],
)
def test_of_a_race_it_is_said_how_clearly_it_was_decided(other: float, said: str, tmp_path: Path) -> None:
    run = made(tmp_path / "run", [born(1), born(2)], {1: [0.5], 2: [0.5]}, {1: [0.6], 2: [other]}, (NET, NET))
    with Store.open(run.folder) as store:
        for number, score in ((1, 0.6), (2, other)):
            request = Request(
                store.last("request") + 1, born(number), Budget(200, 3), 0, Purpose.CHALLENGE, f"{number}"
            )
            store.add((), [request], [Result(request.number, Status.OK, {"accuracy": score})])
    assert hall_of_fame_text.decision(Run(run.folder)).startswith(said)


def test_a_run_that_goes_on_after_its_last_training_has_no_new_winner_yet(tmp_path: Path) -> None:
    candidates = [born(1), born(2, [1])]
    rescored = {1: [0.50, 0.52], 2: [0.60, 0.62]}
    run = finished(made(tmp_path / "run", candidates, {1: [0.5], 2: [0.6]}, rescored), 1)
    said = hall_of_fame_text.decision(run)
    assert said.startswith("candidate 2 is ahead so far, a mutant of candidate 1")
    assert said.endswith("; candidate 1 was trained in full before the search went on")
    with Store.open(run.folder) as store:
        number = store.last("request") + 1
        request = Request(number, born(2, [1]), Budget(400, 20), 0, Purpose.FINAL, "again")
        store.add((), [request], [Result(number, Status.OUT_OF_MEMORY, reason="too large")])
    said = hall_of_fame_text.decision(Run(run.folder))
    assert said.startswith("candidate 2 won")
    assert said.endswith("; its training in full failed, so candidate 1 was trained in full")


def test_the_only_network_of_a_run_won_without_a_choice(tmp_path: Path) -> None:
    run = finished(made(tmp_path / "run", [born(1)], {1: [0.5]}, {}), 1)
    assert hall_of_fame_text.decision(run) == ("candidate 1, founder fast, unchanged: there was nothing to choose from")


def test_what_was_left_of_the_winners_score_is_said_once(many: Run) -> None:
    assert hall_of_fame_text.tested(many) == (
        "candidate 1: selected at 31.00% -> re-scored mean 75.00% (2 fresh seeds)\n-> test accuracy 95.12% (trained in "
        "full: 20 epochs of 400 images); the test part was opened once"
    )
    assert drawn(run_text.hall_of_fame(many), 500).count("test part") == 1
    assert selection_json(many) == {"selected": 0.31, "rescored": 0.75, "test": 0.9512, "test_openings": 1}


def test_of_trainings_that_differ_in_length_each_is_told(tmp_path: Path) -> None:
    run = made(tmp_path / "run", [born(1)], {1: [0.5]}, {})
    with Store.open(run.folder) as store:
        for repeat, score in ((1, 0.6), (2, 0.7)):
            number = store.last("request") + 1
            request = Request(number, born(1), Budget(200, 9), repeat, Purpose.RESCORE, f"longer {repeat}")
            store.add((), [request], [Result(number, Status.OK, {"accuracy": score})])
    said = hall_of_fame_text.tested(finished(run, 1))
    assert "selected at 50.00% (200 images seen) -> re-scored mean 65.00% (2 fresh seeds, 1,800 images seen)" in said
    both = made(tmp_path / "both", [born(1)], {1: [0.5]}, {1: [0.6]})
    with Store.open(both.folder) as store:
        number = store.last("request") + 1
        request = Request(number, born(1), Budget(200, 9), 2, Purpose.RESCORE, "longer")
        store.add((), [request], [Result(number, Status.OK, {"accuracy": 0.7})])
    assert "(2 fresh seeds, trainings of different lengths)" in hall_of_fame_text.tested(finished(both, 1))


def test_a_winner_that_was_not_scored_again_says_so(tmp_path: Path) -> None:
    run = finished(made(tmp_path / "run", [born(1)], {1: [0.5]}, {}), 1)
    assert "candidate 1: selected at 50.00%, not scored again\n-> test accuracy 95.12%" in hall_of_fame_text.tested(run)


def test_a_test_part_that_was_not_opened_says_so(tmp_path: Path) -> None:
    run = made(tmp_path / "run", [born(1)], {1: [0.5]}, {1: [0.4]})
    assert hall_of_fame_text.tested(run).endswith("no test accuracy; the test part has not been opened")
    assert selection_json(run) == {"selected": None, "rescored": None, "test": None, "test_openings": 0}


def test_a_change_is_between_trainings_of_one_size(tmp_path: Path) -> None:
    run = made(tmp_path / "run", [born(1)], {1: [0.5]}, {1: [0.4, 0.5]})
    assert run.hall_of_fame[0].change == pytest.approx(-0.05)
    with Store.open(run.folder) as store:
        number = store.last("request") + 1
        request = Request(number, born(1), Budget(200, 9), 3, Purpose.RESCORE, "longer")
        store.add((), [request], [Result(number, Status.OK, {"accuracy": 0.9})])
    assert Run(run.folder).hall_of_fame[0].change is None


def test_a_run_without_founders_has_no_control(tmp_path: Path) -> None:
    candidates = [born(1), born(2, [1]), born(3, [1])]
    scores = {1: [0.1], 2: [0.6], 3: [0.7]}
    for name, founders in (("with", [NET]), ("without", [])):
        run = made(tmp_path / name, candidates, scores, {n: [0.5, 0.6] for n in (1, 2, 3)}, founders)
        assert [one.candidate for one in run.hall_of_fame if one.is_control] == ([1] if founders else [])


def test_leaders_of_a_run_that_ended_before_its_small_births_are_no_control(tmp_path: Path) -> None:
    scores = {1: [0.5], 2: [0.6]}
    run = made(
        tmp_path / "run", [born(1), born(2, [1])], scores, {1: [0.5], 2: [0.6]}, small_births=9, small_work=10**6
    )
    assert not any(one.is_control for one in run.hall_of_fame)


def test_a_founder_that_was_changed_says_how(tmp_path: Path) -> None:
    steps = (Step("founder", {}, "founder vgg"), Step("scale", {}, "0.5 times as wide"))
    run = made(tmp_path / "run", [born(1, (), *steps), born(2, [1])], {1: [0.5], 2: [0.6]}, {1: [0.7], 2: [0.5]})
    assert "founder vgg, 0.5 times as wide: no mutant beat it" in hall_of_fame_text.decision(run)


def test_of_a_loss_the_lower_one_is_ahead_and_a_rise_is_for_the_worse(tmp_path: Path) -> None:
    scores, rescored = {1: [0.9], 2: [0.5]}, {1: [0.90, 0.92], 2: [0.60, 0.62]}
    run = made(tmp_path / "run", [born(1), born(2, [1])], scores, rescored, metric="loss")
    shown = words(drawn(run_text.hall_of_fame(run), 100))
    assert "its re-scored loss is lower than that of founder fast (candidate 1), by 0.300 +- 0.028" in shown
    assert "score: validation loss (lower is better) after 1 epoch on 200 images; it is only for ranking" in shown
    assert "change (+ is worse)" in shown
    assert "+0.110 +- 0.014 (2)" in shown


def test_the_hall_of_fame_explains_itself(many: Run) -> None:
    shown = drawn(run_text.hall_of_fame(many), 100)
    rows = shown.splitlines()
    assert "score: validation accuracy after 1 epoch on 200 images; it is only for ranking" in shown
    [control] = [row for row in rows if "(control)" in row]
    assert re.match(r" +1  founder fast \(control\) +0\.3100 +0\.7500 +\+0\.44 \+- 0\.21 \(2\)", control)
    [line] = [at for at, row in enumerate(rows) if "─" in row and " 28 " in rows[at - 2] + rows[at - 1]]
    assert re.match(r" +27 .*0\.5200", rows[line - 1])
    assert re.match(r" +26 +mutant of 25 +0\.5600 +- +- ", rows[line + 1])
    assert "10 of 28 candidates that have a score; all of them with: --top 28" in shown
    assert "control: no leader of the search, but scored again" in words(shown)


def test_as_many_leaders_as_are_asked_for(many: Run) -> None:
    assert [one.candidate for one in many.leaders(2)] == [1, 28]
    assert len(many.leaders(28)) == len(many.leaders(1000)) == 28
    assert "--top" not in drawn(run_text.hall_of_fame(many, 28), 100)
    assert [one.candidate for one in many.hall_of_fame][:4] == [1, 28, 27, 26]


def test_a_number_of_leaders_that_cannot_be_says_so(many: Run) -> None:
    with pytest.raises(RunError, match="top must be a whole number of at least 1, not -1"):
        many.leaders(-1)


def test_a_run_that_failed_says_why(tmp_path: Path) -> None:
    run = made(tmp_path / "run", [born(1)], {1: [0.5]}, {})
    with Store.open(run.folder) as store:
        store.act("failed", reason="nothing could be evaluated", worked=1.0)
    failed = Run(run.folder)
    assert "seed 0, failed: nothing could be evaluated" in words(drawn(run_text.hall_of_fame(failed), 60))
    assert "no network was scored again" in doubts(failed)[0] and "the run failed: what is shown" in doubts(failed)[-1]
    assert failed.summary()["error"] == "nothing could be evaluated"


def test_a_run_that_ranks_by_the_loss_is_tested_by_it(tmp_path: Path) -> None:
    scores, again = {1: [0.9], 2: [0.8]}, {1: [0.7, 0.75], 2: [1.0, 1.1]}
    ranked = made(tmp_path / "run", [born(1), born(2)], scores, again, metric="loss", objectives=["minimise loss"])
    run = finished(ranked, 1, loss=0.6)
    first = run.hall_of_fame[0]
    assert (first.candidate, first.test_accuracy, first.test_score) == (1, 0.9512, 0.6)
    assert "on the test part 0.6000" in str(first) and "on the test part 0.6000" in str(run)
    assert "0.6000" in drawn(run_text.runs([run]), 100)


def test_a_run_without_any_score_is_shown(tmp_path: Path) -> None:
    run = made(tmp_path / "run", [born(1)], {}, {})
    assert "no network of run 'run' has won yet" in words(drawn(run_text.hall_of_fame(run), 40))
    assert "no test accuracy yet" in str(run)
    assert "<table>" in run._repr_html_()
    assert candidate_rows_of(run) == [(1, None, None, None)]


def candidate_rows_of(run: Run) -> list[tuple[Any, ...]]:
    with run.log() as log:
        return [
            tuple(row[name] for name in ("candidate", "score", "epochs", "status"))
            for row in candidate_rows(log, run.done)
        ]


def test_a_leader_among_the_best_is_no_control(tmp_path: Path) -> None:
    run = made(tmp_path / "run", [born(1), born(2, [1])], {1: [0.5], 2: [0.6]}, {1: [0.7], 2: [0.5]})
    assert not any(leader.is_control for leader in run.hall_of_fame)


def screens(run: Run) -> dict[str, RenderableType]:
    long = run.folder.with_name("a-name-" + "that-is-long-" * 8)
    shutil.copytree(run.folder, long, dirs_exist_ok=True)
    now = Progress("re-scoring 2 leaders and the first one", 10, 20, 1234, 2000, 0.98765, 1233, 0.9, 7, 123.4, 3700.0)
    last = Epochs("training candidate 4 in full", 4, 10, {"loss": 0.0048, "accuracy": 0.9993}, 13.0)
    return {
        "hall": run_text.hall_of_fame(run),
        "candidate": candidate_text.candidate(run, 28),
        "winner": candidate_text.candidate(run, 1),
        "list": run_text.runs([run, Run(long)]),
        "history": run_text.history(run, 100),
        "info": machine_table(run.folder.parent),
        "searching": Panel(now),
        "training": Panel(last),
    }


WHOLE = {
    "hall": {"0.7500", "0.6300", "0.5800"},
    "candidate": {"0.5800", "0.6600", "27", "28"},
    "winner": {"0.9512", "0.9876", "0.3100"},
    "list": {"0.9512", "0.5800"},
    "history": {"0.5800", "0.9512", "28"},
    "info": {"evolve"},
    "searching": {"1234/2000", "0.9877", "123", "01m", "0.9000", "10/20"},
    "training": {"4/10", "0.0048", "0.9993", "13s"},
}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_screen_is_wider_than_the_terminal_and_no_figure_is_cut(many: Run, width: int) -> None:
    for name, screen in screens(many).items():
        shown = drawn(screen, width)
        assert max(map(len, shown.splitlines())) <= width, name
        assert "…" not in shown, name
        missing = {figure for figure in WHOLE[name] if not re.search(rf"(?<!\S){re.escape(figure)}(?!\S)", shown)}
        assert not missing, (name, missing, shown)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_count_of_files_that_are_read_is_never_cut(width: int) -> None:
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
    bars = Bars(*reading_columns(), console=console)
    bars.add_task("reading images of the training part: 12,345 of 123,456", total=123456, completed=12345)
    with console.capture() as capture:
        console.print(bars.get_renderable())
    assert {"12,345", "of", "123,456"} <= set(capture.get().split())
    assert "…" not in capture.get()


def test_columns_that_have_no_room_are_named(many: Run) -> None:
    assert "no room here for: change, weights, multiply-adds" in words(drawn(run_text.hall_of_fame(many), 40))
    assert "no room" not in drawn(run_text.hall_of_fame(many), 100)


def test_where_not_even_the_least_fits_each_row_is_some_lines(many: Run) -> None:
    shown = drawn(run_text.hall_of_fame(many), 24)
    assert re.search(r"candidate +28 *\n", shown)
    assert re.search(r"re-scored +0\.6300 *\n", shown)


def test_a_long_name_folds_in_the_list(many: Run) -> None:
    shown = drawn(screens(many)["list"], 80)
    name = "a-name-" + "that-is-long-" * 8
    assert name in "".join(line.split()[0] for line in shown.splitlines() if line.strip() and "many" not in line)[3:]
    assert "finished" in shown


@pytest.mark.parametrize("name", ["of-0.9", "table-0.9"])
@pytest.mark.parametrize("width", WIDTHS)
def test_runs_of_version_0_9_fit_too(name: str, width: int, tmp_path: Path) -> None:
    shutil.copytree(DATA / "version-0.9" / name, tmp_path / "results" / name)
    run = evolve.find(name, tmp_path / "results")
    for screen in (run_text.hall_of_fame(run), run_text.history(run, 100), run_text.runs([run])):
        shown = drawn(screen, width)
        assert max(map(len, shown.splitlines())) <= width
        assert "…" not in shown


def test_layers_are_numbered_as_steps_count_them_and_a_block_is_one(many: Run) -> None:
    shown = drawn(candidate_text.candidate(many, 28), 80)
    rows = [words(line) for line in shown.splitlines()]
    assert any(row.startswith("1-3 conv 8 3, batchnorm, relu 8x8x8") for row in rows)
    assert any(row.startswith("4 residual 16 3 stride=2 4x4x16") for row in rows)
    assert any(row.startswith("7-8 dense 32, relu 32 ") for row in rows)
    assert any(row.startswith("class probabilities: dense 2, softmax") for row in rows)
    known = candidate_json(many, 28)
    assert sum(stage["parameters"] for stage in known["stages"]) + known["layers"][-2]["parameters"] == sum(
        layer["parameters"] for layer in known["layers"]
    )
    assert [layer["number"] for layer in known["layers"]].count(4) > 5, "the nodes of the residual block"


def test_the_family_stands_on_top_and_all_of_it_fits_a_screen(many: Run) -> None:
    shown = drawn(candidate_text.candidate(many, 28), 80)
    assert len(shown.splitlines()) <= 50
    assert shown.index("ancestor") < shown.index("what for") < shown.index("layers")
    assert "and 20 ancestors between; all of them with: --json" in shown
    assert re.search(r"\n +2 +- +0\.3200 +founder vgg", shown)
    assert len(drawn(candidate_text.candidate(many, 1), 80).splitlines()) <= 50


def test_the_best_is_the_winner_or_who_is_ahead(many: Run, tmp_path: Path) -> None:
    assert (many.number("best"), many.number(7), many.number("7")) == (1, 7, 7)
    ahead = made(tmp_path / "ahead", [born(1), born(2, [1])], {1: [0.5], 2: [0.6]}, {})
    assert ahead.number("best") == 2
    for wrong in ("bst", "-1", "", "1.5"):
        with pytest.raises(RunError, match=f"candidate must be a birth number or 'best', not '{wrong}'"):
            many.number(wrong)
    with pytest.raises(RunError, match="has no candidate with a score yet"):
        made(tmp_path / "none", [born(1)], {}, {}).number("best")
    with pytest.raises(RunError, match="has candidates 1 to 28, not 9999999999999999999999"):
        many.candidate(9999999999999999999999)


def test_the_best_of_another_run_is_a_founder_and_recorded_by_its_number(many: Run) -> None:
    results = many.folder.parent
    begun = founder(SPACE, "many:best", results)
    assert [step.text for step in begun.steps] == ["founder many:1"]
    with pytest.raises(ConfigError, match="founder 'nowhere:best': there is no run 'nowhere'"):
        founder(SPACE, "nowhere:best", results)


def test_print_says_what_a_run_is(many: Run) -> None:
    first, *leaders = str(many).splitlines()
    assert first.startswith("run 'many': aging on digits, seed 0, finished")
    assert "on the test part 0.9512" in first
    assert leaders[1] == "  candidate 28, mutant of 27: score 0.5800, re-scored 0.6300"
    assert len(leaders) == 10


def test_notebooks_show_tables_in_which_nothing_is_markup(tmp_path: Path) -> None:
    name = Step("founder", {}, "founder <script>alert(1)</script>\x1b[31m")
    run = made(tmp_path / "<i>run", [born(1, (), name)], {1: [0.5]}, {})
    for html in (run._repr_html_(), run.hall_of_fame[0]._repr_html_()):
        assert "<table>" in html
        assert "0.5000" in html
        assert "&lt;script&gt;" in html
        assert not {"<script", "<i>", "\x1b"} & {*re.findall(r"<script|<i>|\x1b", html)}


def test_a_data_frame_has_a_row_for_each_candidate(many: Run) -> None:
    pandas = pytest.importorskip("pandas")
    frame = many.to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.candidate) == list(range(1, 29))
    row = frame[frame.candidate == 28].iloc[0]
    assert (row.origin, row.parents, row.notation) == ("mutant of 27", (27,), SPACE.parse(NET).notation())
    assert (row.score, row.rescored) == pytest.approx((0.58, 0.63))
    assert (row.epochs, row.images) == (1, 200)
    assert (row.parameters, row.multiply_adds, row.status, row.seconds) == (9876, 123_456, "ok", 1.5)
    assert frame.rescored.isna().sum() == 25


def test_without_pandas_it_is_said_how_to_install_it(many: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(RunError, match="install it with: pip install pandas"):
        many.to_dataframe()


def test_notes_fold_at_words_and_leave_commands_whole() -> None:
    plan = "plan for 65 s: about 8 candidates, all fast enough to train on 140 images/s"
    plan += "\n      each trained on 380 images x 1"
    assert folded(plan, 40).splitlines() == [
        "plan for 65 s: about 8 candidates, all",
        "fast enough to train on 140 images/s",
        "      each trained on 380 images x 1",
    ]
    command = "evolve resume a-name-of-a-run --results somewhere/else"
    assert folded(f"nothing is lost. Continue with: {command}", 40).splitlines() == [
        "nothing is lost. Continue with:",
        command,
    ]
    assert folded("", 40) == ""
    console = Console(width=40, file=io.StringIO(), highlight=False)
    LiveConsole(console).note(plan)
    assert "images/s" in console.file.getvalue()  # type: ignore[attr-defined]


def test_what_to_do_next_is_copied_whole(many: Run) -> None:
    for width in WIDTHS:
        lines = run_text.next_steps(many, width).splitlines()
        assert any(line.strip() == f"evolve show many --results {many.folder.parent}" for line in lines)


def test_a_name_of_usual_length_stays_in_one_piece(tmp_path: Path) -> None:
    """People copy it."""
    name = "a-run-of-exactly-30-characters"
    run = made(tmp_path / "results" / name, [born(1)], {1: [0.5]}, {})
    assert len(name) == 30 and name in drawn(run_text.runs([run]), 80)
