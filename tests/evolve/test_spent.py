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

NETWORK = "conv 48 3, relu, conv 64 3, relu, global_average | adamw 0.004, batch 64, cosine, decay 0.01, shift 1"


@pytest.fixture(scope="module")
def stretched(tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    """A run of one network whose last training ended by the clock, as with a time. An epoch has six steps."""
    folder = tmp_path_factory.mktemp("spent")
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 99, (500, 16, 16, 1)), np.arange(500) % 2
    images[labels == 1, :, :8] += 100
    np.savez(folder / "halves.npz", x_train=images.astype(np.uint8), y_train=labels)
    few = {"evaluations": 1, "population": 2, "images": 96, "epochs": 1, "leaders": 1, "rescorings": 1, "workers": 1}
    given = {"dataset": folder / "halves.npz", "results": folder, "name": "stretched", "progress": False, **few}
    run = evolve.run(founders=[NETWORK, "random"], final_epochs=2, executor="in-process", average_weights=True, **given)
    problem = image_problem_of(run, make_console(False))
    with Store.open(run.folder) as store:
        executor = make_executor(problem, 1)
        stage = FinalStage(problem, Dispatcher(store, executor, Stop()), store)
        request, _ = stage.train_winner(stage.leaders(1), lambda: 2.0)
        store.act("finished", winner=1, request=request.number)
        executor.close()
    return run.refresh()


def test_the_exported_script_trains_as_the_run_did(stretched: evolve.Run) -> None:
    spent, folder = stretched.in_full, stretched.folder.parent
    assert spent is not None
    assert int(spent["steps"]) > 12, "longer than the two epochs that it was planned for"
    made = evolve.export(stretched.folder, 1, "python", output=folder / "net.py")
    text = made.path.read_text()
    assert f"for {spent['epochs']} epochs, {spent['steps']} steps; so does this" in " ".join(text.split())
    assert "shift(images, 1, rng)" in text
    counting = (
        "import runpy, keras; runpy.run_path('net.py', run_name='__main__'); "
        "made = keras.saving.load_model('model.keras').optimizer; rate = made.learning_rate; "
        "print(int(made.iterations), made.name, made._learning_rate.decay_steps, float(rate), made.weight_decay)"
    )
    done = subprocess.run([sys.executable, "-c", counting], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    iterations, name, steps, rate, decay = done.stdout.splitlines()[-1].split()
    assert int(iterations) == int(steps) == spent["steps"] == spent["schedule_steps"]
    assert (name, float(decay), float(rate)) == ("adam_w", 0.01, pytest.approx(0, abs=1e-6))
    assert f"BATCH_SIZE = {spent['batch']}\n" in text


def test_what_was_really_done_is_shown(stretched: evolve.Run) -> None:
    spent = stretched.in_full
    assert spent is not None
    assert spent["seen"] == 64 * int(spent["steps"])
    assert spent["epochs"] == pytest.approx(int(spent["steps"]) / 6, abs=0.01)
    amount = f"{spent['epochs']} epochs of 400 images, {spent['steps']} steps of 64"
    for words in (["show", "stretched"], ["history", "stretched"]):
        shown = command(*words, "--results", ".", cwd=stretched.folder.parent, COLUMNS="200").stdout
        assert amount in shown, shown
    one = command("show", stretched.folder, "1", cwd=stretched.folder.parent, COLUMNS="120").stdout
    assert ["400", str(spent["epochs"]), str(spent["steps"])] in [line.split()[4:7] for line in one.splitlines()]
    assert f"in full, on test: learning rate 0.004, cosine over {spent['steps']} steps, shift 1, float32" in one
    assert "search: learning rate 0.00283, cosine over 3 steps, no augmentation, float32" in one, "in smaller steps"
    table = command("list", "--results", ".", cwd=stretched.folder.parent).stdout
    assert str(spent["epochs"]) in table.split()
    for words in (["list"], ["show", "stretched"], ["show", "stretched", "1"]):
        told = json.loads(command(*words, "--results", ".", "--json", cwd=stretched.folder.parent).stdout)
        assert (told[0] if words == ["list"] else told)["in_full"] == spent


def test_the_winner_counts_as_trained_for_the_epochs_it_had(stretched: evolve.Run) -> None:
    """Not for those that were planned: asked for these it is trained."""
    assert not evolve.train(stretched.folder, 1, progress=False).new
    made = evolve.train(stretched.folder, 1, epochs=2, progress=False)
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
