"""Bad days of trainings, each really caused: by layers of the user's own, by a full disk, by files that are gone. The
run survives, or stops with a message that says what to do and goes on once the cause is gone."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import command
from PIL import Image

from evolve.execution.builds import backend_name
from evolve.runs.find import find
from evolve.values import Result, Status

pytest.importorskip(backend_name())

LAYER = '''
import ctypes
import time

import keras
import numpy as np


class Moody(keras.layers.Layer):
    """Behaves when it is looked at, and in training does what its mood says."""

    def __init__(self, mood=0, **kwargs):
        super().__init__(**kwargs)
        self.mood = mood

    def call(self, inputs, training=False):
        if not training:
            return inputs
        if self.mood == 1:
            ctypes.string_at(0)
        if self.mood == 2:
            while True:
                pass
        if self.mood == 3:
            raise RuntimeError("not today")
        if self.mood == 4:
            return inputs * np.nan
        if self.mood == 5:
            hoard = []
            while True:
                hoard.append(np.ones(20_000_000))
                time.sleep(0.05)
        return inputs

    def get_config(self):
        return {**super().get_config(), "mood": self.mood}
'''

MOODS = """
population = 6
evaluations = 6
images = 96
epochs = 1
final_epochs = 1
leaders = 1
rescorings = 1
workers = 2
candidate_timeout = "12s"
candidate_memory = 1.5
founders = [FOUNDERS]

[layers.moody]
class = "my_layers.Moody"
mood = [0, 1, 2, 3, 4, 5]
"""


@pytest.fixture(scope="module")
def moody(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> dict[int, Result]:
    """Results of a run with a network for each mood, by mood."""
    folder = tmp_path_factory.mktemp("moody")
    founders = ", ".join(f'"conv 4 3, moody {mood}, flatten"' for mood in range(6))
    (folder / "my_layers.py").write_text(LAYER)
    (folder / "moods.toml").write_text(MOODS.replace("FOUNDERS", founders))
    done = command("run", "--dataset", tiny_npz, "--config", "moods.toml", "--name", "moody", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    run = find("moody", folder / "results")
    assert (run.state, run.winner) == ("finished", 1)
    return {request.candidate - 1: run.results[request.number] for request in run.requests[:6]}


@pytest.mark.slow  # what a worker does is a result, whatever it evaluates: tests/contracts/test_executors.py
@pytest.mark.parametrize(
    ("mood", "status", "reason"),
    [
        (0, Status.OK, ""),
        (1, Status.FAILED, "the worker process died 3 times (exit code -11: SIGSEGV, a crash in compiled code)"),
        (2, Status.TIMEOUT, "took longer than 12 s"),
        (3, Status.FAILED, "not today"),
        (4, Status.DIVERGED, "the training loss was not finite in epoch 1"),
        (5, Status.OUT_OF_MEMORY, "the worker held more than 1.5 GiB"),
    ],
    ids=["well", "segmentation fault", "endless loop", "exception", "loss that is no number", "exploding memory"],
)
def test_what_a_layer_does_in_training_is_a_result(
    moody: dict[int, Result], mood: int, status: Status, reason: str
) -> None:
    result = moody[mood]
    assert result.status is status, result.reason
    assert reason in (result.reason or "")
    assert bool(result.objectives) == (mood == 0)


SMALL = """
population = 2
evaluations = 2
images = 96
epochs = 1
final_epochs = 1
leaders = 2
rescorings = 1
founders = ["conv 8 3, relu, flatten, dense 384", "conv 4 3, relu, flatten, dense 512"]
"""


def tiny_files() -> None:
    """No file of this process and its workers may grow over 400 kB: enough for the log, too little for a model."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> Path:
    made = tmp_path_factory.mktemp("trainings")
    (made / "small.toml").write_text(SMALL)
    shutil.copy(tiny_npz, made / "bars.npz")
    return made


def test_no_room_for_the_prepared_images_leaves_nothing_half_done(folder: Path) -> None:
    def tinier_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))

    run = ("run", "--dataset", "bars.npz", "--config", "small.toml", "--name", "none", "--results", "none")
    done = command(*run, cwd=folder, before=tinier_files)
    assert done.returncode == 2, done.stderr
    for words in ("the prepared images cannot be written to none/.data", "make room", "--results FOLDER"):
        assert words in done.stderr
    left = [path for path in (folder / "none" / ".data").rglob("*") if path.is_file()]
    assert all(path.suffix == ".key" or path.name.startswith("test_") for path in left), left


@pytest.fixture(scope="module")
def crowded(folder: Path) -> Iterator[subprocess.CompletedProcess[str]]:
    """A run that had no room for its final model: a small disk where one may be mounted, else a limit on files."""
    models = folder / "results" / "small" / "models"
    models.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(models)]
    mounted = subprocess.run(mount, capture_output=True).returncode == 0
    run = ("run", "--dataset", "bars.npz", "--config", "small.toml", "--name", "small")
    done = command(*run, cwd=folder, before=None if mounted else tiny_files)
    left = [path.name for path in models.iterdir()]
    if mounted:
        subprocess.run(["umount", str(models)], check=True)
    assert [name for name in left if "keras" in name and "progress" not in name] == []
    yield done


def statuses(folder: Path) -> list[tuple[str, Status | None]]:
    run = find("small", folder / "results")
    return [
        (request.purpose.value, run.results[request.number].status if request.number in run.results else None)
        for request in run.requests
    ]


@pytest.mark.slow
def test_no_room_for_the_final_model_stops_the_run_without_a_verdict_on_the_winner(
    crowded: subprocess.CompletedProcess[str], folder: Path
) -> None:
    assert crowded.returncode == 2, crowded.stdout + crowded.stderr
    for words in (".keras cannot be saved", "make room", "evolve resume"):
        assert words in crowded.stderr
    assert "Traceback" not in crowded.stderr
    *before, last = statuses(folder)
    assert {status for _, status in before} == {Status.OK}
    assert last == ("final", None)
    assert find("small", folder / "results").state == "stopped"


@pytest.fixture(scope="module")
def trained(crowded: subprocess.CompletedProcess[str], folder: Path) -> Path:
    """The same run, continued with room."""
    done = command("resume", "small", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "one.png"
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)
    return path


def only_model(folder: Path) -> Path:
    [model] = (folder / "results" / "small" / "models").glob("*.keras")
    return model


@pytest.mark.slow
def test_with_room_it_goes_on_to_its_end(trained: Path) -> None:
    assert statuses(trained)[-1] == ("final", Status.OK)
    assert find("small", trained / "results").hall_of_fame[0].test_accuracy is not None
    assert only_model(trained).stat().st_size > 400_000


@pytest.mark.slow
def test_a_run_that_was_moved_with_its_data_gone_predicts_and_resumes(
    trained: Path, image: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(trained / "results", moved)
    hidden = (trained / "bars.npz").rename(trained / "hidden.npz")
    try:
        assert command("resume", "small", "--results", moved, cwd=tmp_path).returncode == 0
        alone = (moved / "small").rename(tmp_path / "alone")
        assert command("predict", alone, image, cwd=tmp_path).returncode == 0
        refused = command("resume", alone, cwd=tmp_path)
        assert refused.returncode == 2
        assert "bars.npz" in refused.stderr
    finally:
        hidden.rename(trained / "bars.npz")
    assert command("resume", alone, "--trust", trained / "bars.npz", cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_a_model_that_is_cut_short_is_said_to_be_made_again(trained: Path, image: Path) -> None:
    model = only_model(trained)
    whole = model.read_bytes()
    model.write_bytes(whole[: len(whole) // 2])
    done = command("predict", "small", image, cwd=trained)
    (trained / "older.keras").write_text("older")
    winner = model.stem.removeprefix("candidate-")
    exported = command("export", "small", winner, "--output", "older.keras", cwd=trained)
    model.write_bytes(whole)
    for refused in (done, exported):
        assert refused.returncode == 2
        assert "delete it and make it again with: evolve train" in refused.stderr
    assert "older.keras is not written" in exported.stderr
    assert (trained / "older.keras").read_text() == "older"
    assert not list(trained.glob(".older*"))


@pytest.mark.slow
def test_a_missing_model_is_said_to_be_trained_again(trained: Path, image: Path) -> None:
    before = find("small", trained / "results").results
    model, winner = only_model(trained), str(find("small", trained / "results").winner)
    model.unlink()
    shown = command("show", "small", cwd=trained)
    assert (shown.returncode, "finished" in shown.stdout) == (0, True)
    assert command("resume", "small", cwd=trained).returncode == 0
    for arguments in (("predict", "small", image), ("export", "small", winner)):
        done = command(*arguments, cwd=trained)
        assert done.returncode == 2
        assert f"evolve train small {winner}" in done.stderr
    made = command("ensemble", "small", "--top", "2", cwd=trained)
    assert made.returncode == 0, made.stdout + made.stderr
    assert model.exists()
    after = find("small", trained / "results").results
    assert {number: after[number] for number in before} == before
