"""Models to take away: trained, exported, asked about images, put together."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from conftest import command
from PIL import Image

from evolve.config import RunConfig
from evolve.data.splits import Parts
from evolve.display.console import Silent
from evolve.execution.builds import backend_name
from evolve.models.baseline import usual_founder
from evolve.models.export import FORMATS
from evolve.problems.images import ImageProblem
from evolve.runs.find import find

pytest.importorskip(backend_name())

SMALL = [
    "--config",
    "few.toml",
    "--population",
    "3",
    "--generations",
    "1",
    "--images",
    "96",
    "--epochs",
    "2",
    "--final-epochs",
    "3",
]
BRANCHY = (
    "conv 8 3, batchnorm, relu, residual 12 3 function=gelu, inception 16, squeeze_excite 4, dense_block 2 4, "
    "maxpool 2, separable 16 3, prelu, spatial_dropout 0.1, flatten, dense 16, layernorm, tanh "
    "| sgd 0.05, batch 32, one-cycle, decay 0.001, smoothing 0.05, clip 1.0, shift 1, cutout 2, contrast 0.1, "
    "brightness 0.05, rotation 5.0, zoom 0.05, mixup 0.1"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where all of this happens; the user's Keras has settings with which hardly anything of it would work."""
    made = tmp_path_factory.mktemp("models")
    (made / "few.toml").write_text("leaders = 2\nrescorings = 1\n")
    odd = {"floatx": "float16", "epsilon": 0.5, "image_data_format": "channels_first", "backend": backend_name()}
    (made / "keras").mkdir()
    (made / "keras" / "keras.json").write_text(json.dumps(odd))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(made / "keras"))
        yield made


@pytest.fixture(scope="module")
def bars(folder: Path) -> Path:
    """A folder of grey images: bars on the left, in the middle or on the right; some of another size."""
    rng = np.random.default_rng(0)
    for number in range(240):
        label = number % 3
        pixels = rng.integers(0, 60, (8, 8))
        pixels[:, label * 3 : label * 3 + 2] += 150
        path = folder / "bars" / ("left", "middle", "right")[label] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(pixels.astype(np.uint8))
        (picture.resize((16, 16)) if number % 5 == 0 else picture).save(path)
    return folder / "bars"


@pytest.fixture(scope="module")
def run(folder: Path, bars: Path) -> Iterator[str]:
    """A finished run on that folder; its first candidate has every kind of branch and of recipe gene."""
    founders = ("--founder", BRANCHY, "--founder", "vgg", "--founders", "random")
    arguments = ("--dataset", bars, "--image-size", "8", *founders, *SMALL, "--name", "bars")
    done = command("run", *arguments, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 classes: left, middle, right" in done.stdout
    assert "keras.json says floatx float16, epsilon 0.5, image_data_format channels_first;" in done.stdout
    assert find("bars", folder / "results").meta["keras_json"]["floatx"] == "float16"
    yield "bars"


@pytest.fixture(scope="module")
def trained(run: str, folder: Path) -> int:
    """A candidate of the run that was trained by hand."""
    done = command("train", run, "1", "--epochs", "2", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "epoch 2/2" in done.stdout
    assert "candidate 1 of bars was trained in full: 2 epochs" in done.stdout
    assert "test accuracy" in done.stdout
    return 1


def test_a_training_by_hand_is_on_record_and_not_repeated(run: str, trained: int, folder: Path) -> None:
    lines = [json.loads(line) for line in command("history", run, "--json", cwd=folder).stdout.splitlines()]
    assert [line["purpose"] for line in lines].count("train") == 1
    assert lines[-1]["epochs"] == len(lines[-1]["curve"]) == 2
    assert json.loads(command("list", "--json", cwd=folder).stdout)[0]["state"] == "finished"
    again = command("train", run, "1", "--epochs", "2", cwd=folder)
    assert "had been trained in full before, so nothing was trained now" in again.stdout
    assert "opened 2 times" in " ".join(again.stdout.split())
    resumed = command("resume", run, cwd=folder)
    assert resumed.returncode == 0, resumed.stderr


@pytest.mark.parametrize("format", ["keras", "litert", "onnx"])  # for "python" see the next test
def test_each_export_says_what_the_keras_model_says(format: str, run: str, trained: int, folder: Path) -> None:
    if format in ("litert", "onnx") and find_spec("tensorflow") is None:
        pytest.skip("TensorFlow's converters")
    if format == "onnx" and any(find_spec(name) is None for name in ("onnx", "onnxruntime", "tf2onnx")):
        missing = command("export", run, "1", "--format", "onnx", cwd=folder)
        assert missing.returncode == 2
        assert "pip install -e '.[onnx]'" in missing.stderr
        pytest.skip("the extra 'onnx' is not installed; its absence was tested")
    target = folder / f"away{FORMATS[format]}"
    done = command("export", run, "1", "--format", format, "--output", target, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size > 1000
    assert "class probabilities differ from the Keras model's by at most" in done.stdout
    assert float(done.stdout.split()[-1]) <= 1e-4


@pytest.mark.slow
def test_an_exported_script_trains_where_this_project_is_not(run: str, trained: int, folder: Path) -> None:
    """In an environment that has the libraries of this one, but not this project."""
    away = folder / "elsewhere"
    away.mkdir()
    done = command("export", run, "1", "--format", "python", "--output", away / "net.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) <= 1e-4
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", away / "env"], check=True)
    [site] = (away / "env").rglob("site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    python = away / "env" / "bin" / "python"
    probe = subprocess.run([python, "-c", "import evolve"], cwd=away, capture_output=True, text=True)
    assert "No module named 'evolve'" in probe.stderr
    script = (away / "net.py").read_text()
    assert "evolve." not in script
    assert "import evolve" not in script
    (away / "net.py").write_text(script.replace("EPOCHS = 3\n", "EPOCHS = 2\n"))
    done = subprocess.run([python, "net.py"], cwd=away, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Epoch 2/2" in done.stdout
    assert "test accuracy 0." in done.stdout or "test accuracy 1." in done.stdout
    assert "' is taken for '" in done.stdout
    assert (away / "model.keras").exists()
    if find_spec("tensorboard") and backend_name() == "tensorflow":
        assert list((away / "logs").rglob("events.out.tfevents*"))


def test_predictions_name_classes_and_are_right(run: str, trained: int, bars: Path, folder: Path) -> None:
    images = [bars / "left" / "3.png", bars / "right" / "5.png", bars / "middle" / "10.png"]
    done = command("predict", run, *images, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    said = told["images"]
    assert told["recognised"] is None, "files that are named one by one have no class"
    assert [Path(one["image"]).name for one in said] == ["3.png", "5.png", "10.png"]
    for one in said:
        assert set(one["classes"]) == {"left", "middle", "right"}
        assert sum(one["classes"].values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
def test_a_file_predicts_for_a_folder_of_images(run: str, trained: int, bars: Path, folder: Path) -> None:
    file = command("predict", folder / "results" / run / "models" / "candidate-1.keras", bars / "left", cwd=folder)
    assert file.returncode == 0, file.stderr
    assert "resized" in file.stdout
    assert "middle" in file.stdout


def test_an_ensemble_trains_what_is_missing_and_reads_the_test_part(run: str, trained: int, folder: Path) -> None:
    done = command("ensemble", run, "--top", "2", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert len(said["single"]) == 2
    assert 0 <= said["together"] <= 1
    assert said["images"] == 48
    shown = json.loads(command("show", run, "--json", cwd=folder).stdout)
    for candidate, accuracy in said["single"].items():
        [leader] = [one for one in shown["hall_of_fame"] if one["candidate"] == int(candidate)]
        assert leader["test_accuracy"] == pytest.approx(accuracy)


def test_show_fits_a_narrow_terminal_and_tells_the_whole_story(run: str, trained: int, folder: Path) -> None:
    shown = command("show", run, cwd=folder, COLUMNS="80").stdout
    assert "test recall by class: " in shown
    one = command("show", run, "1", cwd=folder, COLUMNS="80").stdout
    for text in ("recipe: sgd 0.05", "accuracy by epoch", "gap", "squeeze_excite", "probabilities"):
        assert text in one, text
    assert max(map(len, (shown + one).splitlines())) <= 80
    assert "\x1b" not in shown + one


WRONG = [
    (["train", "bars", "99"], "run 'bars' has candidates 1 to 3, not 99"),
    (["train", "bars", "1", "--epochs", "0"], "--epochs must be a whole number of at least 1, not 0"),
    (["train", "bar", "1"], "did you mean 'bars'?"),
    (["export", "bars", "1", "--format", "onyx"], "format 'onyx' is unknown; did you mean 'onnx'?"),
    (["export", "bars", "1", "--output", "net.h5"], "output of the format 'keras' must end in .keras, not 'net.h5'"),
    (["export", "bars", "99"], "has candidates 1 to 3, not 99"),
    (["ensemble", "bars", "--top", "9"], "top must be from 1 to 3, the leaders of 'bars', not 9"),
    (["predict", "none.keras", "x.png"], "model none.keras: there is no such file"),
    (["predict", "bars", "none.png"], "image none.png: there is no such file"),
    (["predict", "bars", "notes.txt"], "image notes.txt cannot be read"),
    (["predict", "broken.keras", "x.png"], "model broken.keras: cannot be read as a .keras file"),
    (["predict", "bars:77", "x.png"], "has candidates 1 to 3, not 77"),
    (["clean", "bar"], "did you mean 'bars'?"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_a_mistake_ends_in_one_message_and_exit_code_2(
    arguments: list[str], message: str, run: str, trained: int, folder: Path
) -> None:
    (folder / "notes.txt").write_text("no image")
    (folder / "broken.keras").write_bytes(b"no model")
    done = command(*arguments, cwd=folder)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_baseline_is_trained_as_the_article_did(folder: Path) -> None:
    arguments = ("--dataset", "digits", "--founder", "vgg", "--epochs", "2", "--results", "other")
    done = command("baseline", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "epoch 2/2" in done.stdout
    report = json.loads((folder / "other" / "baselines" / "digits-vgg.json").read_text())
    assert report["images"] == 1438
    assert [point["epoch"] for point in report["curve"]] == [1, 2]
    assert report["curve"][-1]["test_accuracy"] == report["test_accuracy"]
    wrong = command("baseline", "--founder", "vg", cwd=folder)
    assert wrong.returncode == 2
    assert "did you mean 'vgg'" in wrong.stderr


@pytest.mark.slow
def test_the_usual_baseline_is_one_that_fits(folder: Path) -> None:
    done = command("baseline", "--epochs", "1", "--results", "usual", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "founder article-1 does not fit images of 8 x 8 x 1; fast is trained instead" in done.stdout
    assert "plan: founder fast with 294.1k weights is trained on 1,438 images for 1 epoch\n" in done.stdout
    assert (folder / "usual" / "baselines" / "digits-fast.json").exists()


def test_article_1_stays_the_usual_baseline_where_it_fits() -> None:
    sizes = {"train": 40_000, "validation": 5_000, "selection": 5_000, "test": 10_000}
    parts = Parts("cifar10", "", "", "0" * 64, (32, 32, 3), tuple("abcdefghij"), sizes, 0.0, 255.0, {})
    config = RunConfig()
    assert usual_founder(ImageProblem(config, parts, False, {}), config, Silent()) == "article-1"


@pytest.mark.slow
def test_a_baseline_for_a_time_has_fewer_epochs(folder: Path) -> None:
    arguments = ("--dataset", "digits", "--founder", "vgg")
    limited = command("baseline", *arguments, "--epochs", "50", "--for", "1s", "--json", cwd=folder)
    assert json.loads(limited.stdout)["epochs"] < 50
