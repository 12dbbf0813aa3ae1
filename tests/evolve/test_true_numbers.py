"""What trainings really came to: stored, shown, and done again by an exported script."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import changed, command

import evolve
from evolve.display.console import make_console
from evolve.display.text import score, size
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.final_stage import FinalStage
from evolve.engine.interrupts import Stop
from evolve.engine.opening import image_problem_of
from evolve.execution.builds import backend_name
from evolve.models.script import write_script
from evolve.objectives import Direction, Objective
from evolve.problems.workers import make_executor
from evolve.reporting.training_text import amount, outcome, verdict
from evolve.runs.guessing import Guessing, guessing_on
from evolve.runs.trainings import done_of
from evolve.storage.rows import RequestRow
from evolve.storage.store import Store
from evolve.values import Budget, Purpose, Result, Schedule, Status

pytest.importorskip(backend_name())

NETWORK = "conv 48 3, relu, conv 64 3, relu, global_average | adamw 0.004, batch 64, cosine, decay 0.01, shift {}"


@pytest.fixture(scope="module")
def stretched(tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    """A run whose last training ended by the clock, as with a time, of which there was none left: after the first
    epoch, of six steps, and a step to end with."""
    folder = tmp_path_factory.mktemp("spent")
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 99, (500, 16, 16, 1)), np.arange(500) % 2
    images[labels == 1, :, :8] += 100
    images, test = images[:400].astype(np.uint8), images[400:].astype(np.uint8)
    np.savez(folder / "halves.npz", x_train=images, y_train=labels[:400], x_test=test, y_test=labels[400:])
    few = {"evaluations": 2, "population": 2, "images": 96, "epochs": 1, "leaders": 1, "rescorings": 1, "workers": 1}
    given = {"dataset": folder / "halves.npz", "results": folder, "name": "stretched", "progress": False, **few}
    run = evolve.run(
        founders=[NETWORK.format(1), NETWORK.format(2)],
        final_epochs=2,
        executor="in-process",
        average_weights=True,
        precision="float32",
        **given,
    )
    problem = image_problem_of(run, make_console(False))
    with Store.open(run.folder) as store:
        executor = make_executor(problem, 1)
        stage = FinalStage(problem, Dispatcher(store, executor, Stop()), store)
        other = [leader for leader in stage.leaders(2) if leader.number != run.winner]
        request, _ = stage.train_winner(other, lambda: -1.0)
        store.act("finished", winner=request.candidate.number, request=request.number)
        executor.close()
    return run.refresh()


@pytest.mark.slow
def test_the_exported_script_trains_as_the_run_did(stretched: evolve.Run) -> None:
    spent, folder, winner = stretched.in_full, stretched.folder.parent, stretched.winner
    assert spent is not None and winner is not None
    assert (spent["steps"], spent["epochs"]) == (7, 1.16)
    made = evolve.export(stretched.folder, winner, "python", output=folder / "net.py")
    text = made.path.read_text()
    assert "for 1.16 epochs, 7 steps; so does this" in text
    assert f"shift(images, {winner}, False, rng)" in text
    counting = (
        "import runpy, keras; runpy.run_path('net.py', run_name='__main__'); "
        "made = keras.saving.load_model('model.keras').optimizer; rate = made.learning_rate; "
        "print(int(made.iterations), made.name, made._learning_rate.decay_steps, float(rate), made.weight_decay)"
    )
    done = subprocess.run([sys.executable, "-c", counting], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    iterations, name, steps, rate, decay = done.stdout.splitlines()[-1].split()
    assert int(iterations) == int(steps) == 7 == spent["schedule_steps"]
    assert (name, float(decay), float(rate)) == ("adam_w", 0.01, pytest.approx(0, abs=1e-6))
    assert f"BATCH_SIZE = {spent['batch']}\n" in text
    assert "Average(steps)" in text, "as weights were averaged"
    [data] = made.beside
    written = size(data.stat().st_size)
    assert made.reads == f"reads all images, the test part among them, from net-data.npz beside it, a file of {written}"
    assert made.reads in " ".join(text.split())


def test_a_script_refers_to_images_that_the_user_named(stretched: evolve.Run, tmp_path: Path) -> None:
    data = stretched.folder.with_name("halves.npz")
    trusting = stretched.trusting(str(data))
    problem = image_problem_of(trusting, make_console(False), scoring=False)
    beside, reads = write_script(trusting, 1, problem, trusting.genome(1), tmp_path / "net.py")
    assert beside == ()
    assert reads == f"reads the images where they are, in {data}"
    assert reads in " ".join((tmp_path / "net.py").read_text().split())


def test_what_was_really_done_is_shown(stretched: evolve.Run) -> None:
    spent, winner = stretched.in_full, str(stretched.winner)
    amount = "1.16 epochs of 400 images, 7 steps of 64"
    for words in (["show", "stretched"], ["history", "stretched"]):
        shown = command(*words, "--results", ".", cwd=stretched.folder.parent, COLUMNS="200").stdout
        assert amount in shown, shown
    one = command("show", stretched.folder, winner, cwd=stretched.folder.parent, COLUMNS="120").stdout
    assert ["400", "1.16", "7"] in [line.split()[4:7] for line in one.splitlines()]
    assert f"in full, on test: learning rate 0.004, cosine over 7 steps, shift {winner}, float32" in one
    brief = command("show", stretched.folder, "1", cwd=stretched.folder.parent, COLUMNS="120").stdout
    assert "learning rate 0.00283, cosine over 3 steps, no augmentation, float32" in brief, "in smaller steps"
    table = command("list", "--results", ".", cwd=stretched.folder.parent).stdout
    assert "1.16" in table.split()
    for words in (["list"], ["show", "stretched"], ["show", "stretched", winner]):
        told = json.loads(command(*words, "--results", ".", "--json", cwd=stretched.folder.parent).stdout)
        one_run = next(run for run in told if run["name"] == "stretched") if words == ["list"] else told
        assert one_run["in_full"] == spent


def test_the_winner_counts_as_trained_for_the_epochs_it_had(stretched: evolve.Run) -> None:
    """Not for those that were planned: asked for these it is trained."""
    assert stretched.winner is not None
    folder = copied(stretched)
    assert not evolve.train(folder, stretched.winner, progress=False).new
    made = evolve.train(folder, stretched.winner, epochs=2, progress=False)
    assert made.new
    assert (made.spent["epochs"], made.spent["steps"]) == (2, 12)


OLD = {"images": 100, "epochs": 4}


@pytest.mark.parametrize(
    ("spent", "curve", "epochs"),
    [
        (OLD, [{"epoch": 1}], 4),  # of version 0.11
        ({}, [{"epoch": 1}, {"epoch": 2}], 2),  # a copy
        ({}, [], 3),
        ({"steps": 7}, [{"epoch": 1}], None),  # a fitness function that trains in its own way
    ],
)
def test_what_is_not_recorded_is_taken_from_the_curve_or_the_budget(
    spent: dict[str, int], curve: list[dict[str, float]], epochs: int | None
) -> None:
    assert done_of(Budget(100, 3), spent, curve).get("epochs") == epochs


def copied(run: evolve.Run) -> Path:
    """The folder of a copy of a run, beside the data that it is on."""
    copy = run.folder.with_name("copied")
    shutil.rmtree(copy, ignore_errors=True)
    return Path(shutil.copytree(run.folder, copy))


def shown(run: evolve.Run, *words: str, **measures: float) -> str:
    """What `show` says of a copy of a run whose results have these measures, too: those of the last training after
    `final_`."""
    copy = copied(run)
    of_all = {name: value for name, value in measures.items() if not name.startswith("final_")}
    of_last = {name.removeprefix("final_"): value for name, value in measures.items() if name not in of_all}
    last = "WHERE request = (SELECT max(request) FROM result)"
    changed(
        copy,
        *(f"UPDATE result SET measures = json_set(measures, '$.{name}', {value})" for name, value in of_all.items()),
        *(f"UPDATE result SET measures = json_set(measures, '$.{n}', {value}) {last}" for n, value in of_last.items()),
    )
    return " ".join(command("show", copy, *words, cwd=copy.parent, COLUMNS="200").stdout.split())


CHANCE = {"accuracy": 0.5, "balanced_accuracy": 0.5}
GOOD = {"accuracy": 0.96, "balanced_accuracy": 0.96}


def test_no_better_than_guessing_is_said_with_what_to_do(stretched: evolve.Run) -> None:
    in_all = shown(stretched, **CHANCE)
    assert "is no better than guessing, which gives 50.00%" in in_all
    search = shown(stretched, **CHANCE, final_accuracy=0.96, final_balanced_accuracy=0.96)
    assert "all candidates were no better than guessing after their brief trainings" in search
    assert "--images, --epochs" in search
    one = shown(stretched, "1", **CHANCE, train_accuracy=0.55)
    assert "no better than guessing" in one
    assert "look at the labels" in one
    for words in ((), ("1",)):
        assert "than guessing" not in shown(stretched, *words, **GOOD)


def test_one_page_has_one_verdict_on_overfitting(stretched: evolve.Run) -> None:
    """That of the training in full, however the brief one went."""
    winner = str(stretched.winner)
    one = shown(stretched, winner, accuracy=0.8, train_accuracy=0.99, final_accuracy=0.98)
    assert one.count("overfit") <= 1
    assert "test 0.9800, gap +0.0100" in one
    assert "validation 0.8000, gap" not in one


@pytest.mark.parametrize(
    ("train", "held", "epochs", "says"),
    [
        (0.99, 0.80, 20, "it overfits; more augmentation"),
        (0.95, 0.90, 20, "it overfits a little"),
        (0.91, 0.90, 20, "no overfitting"),
        (0.70, 0.90, 20, "make its training images the harder ones"),
        (0.70, 0.90, 1, "too few epochs to judge overfitting by"),
        (0.99, 0.51, 20, "it knows its training images by heart, but on others it is no better than guessing"),
        (0.80, 0.51, 20, "it is no better than guessing, which gives 50.00%; more images, more epochs or more time"),
        (0.51, 0.51, 1, "it is no better than guessing, which gives 50.00%; more images, more epochs or more time"),
    ],
)
def test_what_a_gap_means(train: float, held: float, epochs: int, says: str) -> None:
    measures = {"accuracy": held, "balanced_accuracy": held, "train_accuracy": train}
    result = Result(1, Status.OK, measures, spent={"images": 100, "epochs": epochs})
    row = RequestRow(1, 1, Budget(100, 3), 0, Purpose.FINAL, None, Schedule.NEW, None, None, None)
    assert says in verdict((row, result), "test", Guessing(1000, (0.5, 0.5)))
    if says == "it overfits a little":
        assert "no clear overfitting" in verdict((row, result), "test", Guessing(36, (0.5, 0.5)))
    fitness = replace(result, measures={**measures, "fitness": 3.0})
    assert verdict((row, fitness), "test", None) == "", "its accuracy may be anything"


@pytest.mark.parametrize(
    ("accuracy", "balanced", "shares", "images", "expected"),
    [
        (0.15, 0.15, (0.1,) * 10, 50, True),  # 0.1 and two errors of 0.042
        (0.15, 0.15, (0.1,) * 10, 5000, False),
        (0.91, 0.50, (0.9, 0.1), 200, True),  # the frequent class, every time
        (0.90, 0.50, (0.5, 0.5), 100, True),  # the same class every time, on a part where that one is frequent
        (0.88, 0.75, (0.9, 0.1), 400, False),  # below that, and yet it tells the classes apart
    ],
)
def test_guessing_is_told_from_knowing_by_the_images_and_the_classes(
    accuracy: float, balanced: float, shares: tuple[float, ...], images: int, expected: bool
) -> None:
    measures = {"accuracy": accuracy, "balanced_accuracy": balanced}
    assert Guessing(images, shares).may_explain(measures) == expected


def test_guessing_is_not_asked_where_there_are_no_classes(day: Path) -> None:
    assert guessing_on(evolve.find(day).problem, "test") is None
    assert "guessing" not in command("show", day, cwd=day.parent).stdout


def test_entries_of_a_table_are_looked_up_and_not_trained(day: Path) -> None:
    text = command("show", day, cwd=day.parent).stdout + command("history", day, "--last", "3", cwd=day.parent).stdout
    assert text.count("looked up") == 4
    assert "epoch" not in text
    assert "test score" in text and "%" not in text
    assert evolve.find(day).in_full is None


def test_what_a_training_came_to_is_a_percentage_only_if_it_is_an_accuracy() -> None:
    fitness, loss = Objective("fitness", Direction.MAXIMISE), Objective("loss", Direction.MINIMISE)
    for measures, objective, text in (
        ({"accuracy": 0.93, "loss": 0.21}, loss, "test accuracy 93.00%"),
        ({"accuracy": 0.93, "fitness": 0.85}, fitness, "what the fitness function returned on the test part: 0.8500"),
        ({"fitness": -7.21e-05}, fitness, "what the fitness function returned on the test part: -7.2e-05"),
        ({"score": 0.9}, Objective("score", Direction.MAXIMISE), "test score 0.9000"),
    ):
        assert outcome(Result(1, Status.OK, measures), objective) == text
    assert score(2.302585) == "2.3026", "a loss"
    assert score(93.514) == "93.51"


def test_amounts_are_in_plain_words() -> None:
    assert amount({"images": 1, "epochs": 1}) == "1 epoch of 1 image"
    assert amount({"steps": 1204}) == "1,204 steps", "all that is known where a fitness function trains"
    assert amount({"images": 1438, "epochs": 48.5, "steps": 1067, "batch": 64}) == (
        "48.5 epochs of 1,438 images, 1,067 steps of 64"
    )


def test_balanced_accuracy_is_as_exact_as_its_rarest_classes_allow() -> None:
    """Its standard error over draws of images is that of so many images of equally frequent classes."""
    shares, images, recall = (0.9, 0.08, 0.02), 1000, 0.7
    guessing = Guessing(images, shares)
    assert guessing.effective_images("accuracy") == images
    assert Guessing(images, (0.25,) * 4).effective_images("balanced_accuracy") == pytest.approx(images)
    rng = np.random.default_rng(1)
    counts = [round(share * images) for share in shares]
    drawn = np.mean([rng.binomial(count, recall, 20_000) / count for count in counts], axis=0)
    error = (recall * (1 - recall) / guessing.effective_images("balanced_accuracy")) ** 0.5
    assert error == pytest.approx(drawn.std(), rel=0.03)
