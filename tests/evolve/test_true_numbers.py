"""What trainings really came to: stored, shown, and done again by an exported script."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import command

import evolve
from evolve.display.console import make_console
from evolve.engine.dispatcher import Dispatcher
from evolve.engine.final_stage import FinalStage
from evolve.engine.interrupts import Stop
from evolve.engine.opening import image_problem_of
from evolve.execution.builds import backend_name
from evolve.problems.workers import make_executor
from evolve.runs.trainings import done_of
from evolve.storage.store import Store
from evolve.values import Budget

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
    np.savez(folder / "halves.npz", x_train=images.astype(np.uint8), y_train=labels)
    few = {"evaluations": 2, "population": 2, "images": 96, "epochs": 1, "leaders": 1, "rescorings": 1, "workers": 1}
    given = {"dataset": folder / "halves.npz", "results": folder, "name": "stretched", "progress": False, **few}
    run = evolve.run(
        founders=[NETWORK.format(1), NETWORK.format(2)],
        final_epochs=2,
        executor="in-process",
        average_weights=True,
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


def test_the_exported_script_trains_as_the_run_did(stretched: evolve.Run) -> None:
    spent, folder, winner = stretched.in_full, stretched.folder.parent, stretched.winner
    assert spent is not None and winner is not None
    assert (spent["steps"], spent["epochs"]) == (7, 1.17)
    made = evolve.export(stretched.folder, winner, "python", output=folder / "net.py")
    text = made.path.read_text()
    assert "for 1.17 epochs, 7 steps; so does this" in text
    assert f"shift(images, {winner}, rng)" in text
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


def test_what_was_really_done_is_shown(stretched: evolve.Run) -> None:
    spent, winner = stretched.in_full, str(stretched.winner)
    amount = "1.17 epochs of 400 images, 7 steps of 64"
    for words in (["show", "stretched"], ["history", "stretched"]):
        shown = command(*words, "--results", ".", cwd=stretched.folder.parent, COLUMNS="200").stdout
        assert amount in shown, shown
    one = command("show", stretched.folder, winner, cwd=stretched.folder.parent, COLUMNS="120").stdout
    assert ["400", "1.17", "7"] in [line.split()[4:7] for line in one.splitlines()]
    assert f"in full, on test: learning rate 0.004, cosine over 7 steps, shift {winner}, float32" in one
    assert "search: learning rate 0.00283, cosine over 3 steps, no augmentation, float32" in one, "in smaller steps"
    table = command("list", "--results", ".", cwd=stretched.folder.parent).stdout
    assert "1.17" in table.split()
    for words in (["list"], ["show", "stretched"], ["show", "stretched", winner]):
        told = json.loads(command(*words, "--results", ".", "--json", cwd=stretched.folder.parent).stdout)
        assert (told[0] if words == ["list"] else told)["in_full"] == spent


def test_the_winner_counts_as_trained_for_the_epochs_it_had(stretched: evolve.Run) -> None:
    """Not for those that were planned: asked for these it is trained."""
    assert stretched.winner is not None
    assert not evolve.train(stretched.folder, stretched.winner, progress=False).new
    made = evolve.train(stretched.folder, stretched.winner, epochs=2, progress=False)
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
