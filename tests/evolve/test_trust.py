"""Runs, models and data from a stranger: each test is an attack, and MARK is what a stranger's code would leave."""

from __future__ import annotations

import ast
import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import DATA, ROOT, command
from PIL import Image

import evolve
from evolve.data.sources import Source, digits, load
from evolve.data.splits import DATA_FOLDER, prepare, reopen
from evolve.display.text import printable
from evolve.errors import DataError, RunError, TrustError
from evolve.execution.builds import backend_name
from evolve.storage.model_file import load_model
from evolve.trust import flags

pytest.importorskip(backend_name())
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # TensorFlow and NumPy 2

LAYERS = """
import keras
from os import system

class Swirl(keras.layers.Layer):
    def call(self, inputs):
        return -inputs
"""
FITNESS = """
def few(model, data, progress):
    data.train()
    return 1 / model.count_params()
"""
EVIL = "open('MARK', 'w').close()\n"
RED, BOLD, LINK, UP = "\x1b[31mred", "[bold]x[/bold]", "[link=file:///etc]y[/link]", "../../etc/passwd"
SETTINGS = """
population = 2
evaluations = 1
images = 64
epochs = 1
final_epochs = 1
leaders = 1
rescorings = 1
fitness = "my_fitness:few"
founders = ["conv 4 3, swirl, flatten"]

[layers.swirl]
class = "my_layers.Swirl"
"""
NAMED = ("--trust", "my_layers", "--trust", "my_fitness")


class Code:
    """A pickle of it leaves MARK where it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return open, ("MARK", "w")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a stranger made a run on data with strange names, with a layer and a fitness function of his own."""
    made = tmp_path_factory.mktemp("workshop")
    (made / "my_layers.py").write_text(LAYERS)
    (made / "my_fitness.py").write_text(FITNESS)
    (made / "own.toml").write_text(SETTINGS)
    images = np.random.default_rng(0).integers(0, 255, (120, 8, 8, 1)).astype(np.uint8)
    np.savez(made / "[red]bars\x1b[31m.npz", x_train=images, y_train=np.arange(120) % 4, classes=[RED, BOLD, LINK, UP])
    Image.fromarray(images[0, :, :, 0]).save(made / "image.png")
    done = command("run", "--dataset", "[red]bars\x1b[31m.npz", "--config", "own.toml", "--name", "stolen", cwd=made)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    return made


@pytest.fixture
def victim(workshop: Path, tmp_path: Path) -> Path:
    """Where somebody unpacked it, with modules beside it that do what they like."""
    shutil.copytree(workshop, tmp_path / "victim")
    for name in ("my_layers.py", "my_fitness.py"):
        path = tmp_path / "victim" / name
        path.write_text(EVIL + path.read_text())
    return tmp_path / "victim"


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, but for runs and prepared data."""
    files = [path for path in folder.rglob("*") if path.is_file() and "results" not in path.relative_to(folder).parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


REFUSED = {
    "resume stolen": ("my_layers", "my_fitness"),
    "train stolen 1": ("my_layers", "my_fitness"),
    "export stolen 1": ("my_layers",),
    "export stolen 1 --format python": ("my_layers",),
    "predict stolen image.png": ("my_layers",),
    "predict stolen:1 image.png": ("my_layers",),
    "predict results/stolen/models/candidate-1.keras image.png": ("my_layers",),
    "ensemble stolen --top 1": ("my_layers",),
    "ensemble stolen --top 1 --epochs 2": ("my_layers", "my_fitness"),
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_strangers_run_imports_nothing_and_the_flag_is_named(line: str, victim: Path) -> None:
    before = tree(victim)
    done = command(*line.split(), cwd=victim)
    assert done.returncode == 2, done.stdout
    assert not (victim / "MARK").exists()
    modules = REFUSED[line]
    assert f"needs to import {', '.join(modules)}: importing runs the code in it" in done.stderr
    assert f"in full: evolve {line} {flags(modules)}\n" in done.stderr
    assert "Traceback" not in done.stderr
    assert tree(victim) == before


def test_one_module_named_is_not_the_other(victim: Path) -> None:
    done = command("resume", "stolen", "--trust", "my_layers", "--trust", "my", cwd=victim)
    assert done.returncode == 2
    assert "needs to import my_fitness:" in done.stderr
    assert not (victim / "MARK").exists()


@pytest.mark.parametrize("line", ["list", "show stolen", "show stolen 1", "history stolen", "info", "clean"])
def test_looking_at_a_run_needs_no_trust_and_shows_names_as_they_are(line: str, victim: Path) -> None:
    for environment in ({}, {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "200"}):
        done = command(*line.split(), cwd=victim, **environment)
        assert done.returncode == 0, done.stderr
        assert RED not in done.stdout
        assert "\x1b]8" not in done.stdout
        if not environment:
            assert "\x1b" not in done.stdout
        if line in ("list", "show stolen"):
            assert "[red]bars\\x1b[31m" in "".join(done.stdout.split())
        if line == "show stolen":
            assert all(name in done.stdout for name in ("\\x1b[31mred", BOLD, LINK, UP))
    assert command(*line.split(), *([] if line == "clean" else ["--json"]), cwd=victim).returncode == 0
    assert not (victim / "MARK").exists()


@pytest.mark.parametrize("call", ["model()", "build()", "model(trust='my_fitness')"])
def test_a_leader_is_not_built_from_modules_that_are_not_named(call: str, victim: Path) -> None:
    script = f"import evolve\nleader = evolve.find('stolen').hall_of_fame[0]\nleader.{call}"
    done = subprocess.run([sys.executable, "-c", script], cwd=victim, capture_output=True, text=True)
    assert "TrustError" in done.stderr, done.stderr
    assert "needs to import my_layers:" in done.stderr
    assert not (victim / "MARK").exists()


def test_a_leader_is_built_from_modules_that_are_named(workshop: Path) -> None:
    script = (
        "import evolve\nleader = evolve.find('stolen').hall_of_fame[0]\n"
        "print(leader.model(trust=['my_layers']).count_params() == leader.build(trust='my_layers').count_params())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=workshop, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr[-1000:]


def test_a_founder_of_a_strangers_run_brings_no_module(victim: Path) -> None:
    done = command("run", "--founder", "stolen:1", "--evaluations", "1", "--name", "mine", cwd=victim)
    assert done.returncode == 2
    assert "swirl" in done.stderr
    assert not (victim / "MARK").exists()


def test_no_library_is_looked_for_in_a_strangers_folder(workshop: Path, tmp_path: Path, tiny_npz: Path) -> None:
    for name in ("json", "runpy", "signal", "keras", "keras_hub", "numpy", "pebble", "multiprocessing", "tensorflow"):
        (tmp_path / f"{name}.py").write_text("open('MARK', 'a').write(__name__ + ' ')\n")
    launcher = tmp_path / "elsewhere" / "launch.py"
    launcher.parent.mkdir()
    launcher.write_text("from evolve.cli import main\n\nmain()\n")  # as the console script does, without a folder
    (tmp_path / "few.toml").write_text("leaders = 1\nrescorings = 1\nfinal_epochs = 1\n")
    small = ("--evaluations", "1", "--population", "2", "--images", "64", "--epochs", "1", "--name", "mine")
    for arguments in (
        ("run", "--dataset", tiny_npz, "--founder", "conv 4 3, flatten", "--config", "few.toml", *small),
        ("predict", "mine", workshop / "image.png"),
    ):
        done = subprocess.run(
            [sys.executable, launcher, *arguments], cwd=tmp_path, capture_output=True, text=True, env={**os.environ}
        )
        assert not (tmp_path / "MARK").exists(), (tmp_path / "MARK").read_text()
        assert done.returncode == 0, done.stderr


# Models.

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """What an honest model consists of."""
    import keras

    image = keras.Input((8, 8, 1), name="image")
    classes = keras.layers.Dense(3, activation="softmax", name="classes")(keras.layers.Flatten(name="flat")(image))
    path = tmp_path_factory.mktemp("honest") / "honest.keras"
    keras.Model(image, classes).save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(folder: Path, members: Members, change: Callable[[Any], None] = lambda config: None, **more: bytes) -> Path:
    """An archive of those members, its configuration changed, and more members."""
    config = json.loads(members["config.json"])
    change(config["config"]["layers"])
    path = folder / "evil.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, "config.json": json.dumps(config).encode(), **more}.items():
            archive.writestr(name, content)
    return path


def layer(module: Any, name: Any, registered: str | None = None, /, **config: Any) -> Callable[[Any], None]:
    """Puts a layer between the others."""
    about = {"module": module, "class_name": name, "registered_name": registered, "name": "x", "inbound_nodes": []}
    return lambda layers: layers.insert(1, {**about, "config": {"name": "x", **config}})


def activation(module: Any, name: str) -> Callable[[Any], None]:
    """Changes the function of the last layer."""
    function = {"module": module, "class_name": "function", "config": name, "registered_name": name}
    return lambda layers: layers[-1]["config"].update(activation=function)


def initializer(layers: Any) -> None:
    layers[-1]["config"]["kernel_initializer"] = [{"deep": {"module": "keras_hub", "class_name": "X", "config": {}}}]


MODELS: dict[str, tuple[Callable[[Any], None], str]] = {
    "a module in the folder": (layer("evil_module", "X", "X"), "needs to import evil_module:"),
    "a module that Keras would import": (layer("keras_hub", "X"), "needs to import keras_hub:"),
    "one that is named deep inside": (initializer, "needs to import keras_hub:"),
    "one of a package": (layer("evil_package.inner", "X"), "needs to import evil_package.inner:"),
    "a function": (activation("evil_module", "f"), "needs to import evil_module:"),
    "a function of the standard library": (activation("os", "system"), "needs to import os:"),
    "a command in the name of a module": (layer("x; rm -rf ~", "X"), "--trust 'x; rm -rf ~'"),
    "escape codes in it": (layer("x\x1b[31m", "X"), r"needs to import x\x1b[31m:"),
    "no name of a module": (layer(["os"], "system"), "it names no class or function"),
    "a name that is registered": (layer("keras.layers", "ReLU", "evil>X"), "cannot be read as a .keras file"),
    "a built-in function": (activation("builtins", "exec"), "cannot be read as a .keras file"),
    "a built-in class": (layer("builtins", "eval"), "cannot be read as a .keras file"),
    "code": (layer("keras.layers", "Lambda", function={"class_name": "__lambda__", "config": {}}), "it holds code"),
}


REFUSED_BY_KERAS = ("a name that is registered", "a built-in function")  # and, in `make test`, a built-in class


@pytest.mark.parametrize(
    "attack", [pytest.param(name, marks=pytest.mark.slow) if name in REFUSED_BY_KERAS else name for name in MODELS]
)
def test_a_model_that_names_code_is_refused(
    attack: str, members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, message = MODELS[attack]
    (tmp_path / "evil_package").mkdir()
    for name in ("evil_module", "keras_hub", "evil_package/__init__", "evil_package/inner"):
        (tmp_path / f"{name}.py").write_text(EVIL + "class X: pass\n")
    written(tmp_path, members, change)
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    done = command("predict", "evil.keras", "x.png", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "\x1b" not in done.stderr
    assert not (tmp_path / "MARK").exists()


def test_a_lambda_with_its_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    monkeypatch.chdir(tmp_path)
    image = keras.Input((8, 8, 1))
    evil = keras.layers.Lambda(lambda x: (Path("MARK").touch(), x)[1], output_shape=(8, 8, 1))
    keras.Model(image, keras.layers.Flatten()(evil(image))).save("evil.keras")
    Path("MARK").unlink(missing_ok=True)
    with pytest.raises(RunError, match="it holds code"):
        load_model(Path("evil.keras"), ["keras", "builtins", "__main__"])
    assert not Path("MARK").exists()


def test_what_keras_itself_refuses_stays_refused(members: Members, tmp_path: Path) -> None:
    """Layers of Keras that read files or code by a name in their configuration, and weights in another file."""
    import h5py

    (tmp_path / "secret.txt").write_text("secret\n")
    for change in (
        layer("keras.layers", "StringLookup", vocabulary=str(tmp_path / "secret.txt")),
        layer("keras.layers", "TFSMLayer", filepath=str(tmp_path)),
        layer("keras.layers", "TorchModuleWrapper", module="gAR9lC4="),
    ):
        with pytest.raises(RunError, match="cannot be read"):
            load_model(written(tmp_path, members, change))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["kernel"] = np.ones((64, 3), np.float32)
    (tmp_path / "weights.h5").write_bytes(members["model.weights.h5"])
    with h5py.File(tmp_path / "weights.h5", "a") as file:
        variables = file["layers/dense/vars"]
        del variables["0"]
        variables["0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "kernel")
    weights = {"model.weights.h5": (tmp_path / "weights.h5").read_bytes()}
    with pytest.raises(RunError, match="cannot be read"):
        load_model(written(tmp_path, {**members, **weights}))
    assert load_model(written(tmp_path, members)).output_shape == (None, 3)


def test_a_model_reaches_nothing_that_a_named_module_imports(
    members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "his_layers.py").write_text(LAYERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(RunError, match="'system' is not of the module 'his_layers'"):
        load_model(written(tmp_path, members, activation("his_layers", "system")), ["his_layers"])
    sys.modules.pop("his_layers", None)


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "assets/../../x", "..\\x", "C:x"])
def test_a_member_that_leads_out_is_refused(name: str, members: Members, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = written(tmp_path / "in", members, **{name: b"evil"})
    before = tree(tmp_path)
    with pytest.raises(RunError, match="would lie outside of it"):
        load_model(path)
    assert tree(tmp_path) == before


def test_what_is_no_archive_is_not_opened_as_anything_else(tmp_path: Path) -> None:
    import h5py

    (tmp_path / "pickle.keras").write_bytes(pickle.dumps(Code()))
    with h5py.File(tmp_path / "h5.keras", "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": []}})
    (tmp_path / "deep.keras").write_bytes(b"[" * 100_000)
    with zipfile.ZipFile(tmp_path / "nested.keras", "w") as archive:
        archive.writestr("config.json", "[" * 100_000)
    for name in ("pickle", "h5", "deep", "nested"):
        done = command("predict", f"{name}.keras", "x.png", cwd=tmp_path)
        assert done.returncode == 2
        assert f"model {name}.keras: cannot be read as a .keras file" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "MARK").exists()


@pytest.mark.slow
def test_facts_of_a_model_are_shown_as_they_are_or_refused(members: Members, workshop: Path, tmp_path: Path) -> None:
    def said(facts: Any) -> subprocess.CompletedProcess[str]:
        written(tmp_path, members, **{"evolve.json": json.dumps(facts).encode()})
        return command("predict", "evil.keras", workshop / "image.png", cwd=tmp_path)

    shown = said({"class_names": [RED, BOLD, UP], "low": 0, "high": 255})
    assert shown.returncode == 0, shown.stderr
    assert all(name in " ".join(shown.stdout.split()) for name in ("\\x1b[31mred", BOLD, UP))
    assert "\x1b" not in shown.stdout
    wrong = ({"class_names": ["a"], "low": 0, "high": 1}, ["a"])
    for facts in wrong:
        refused = said(facts)
        assert refused.returncode == 2
        assert "train it again" in refused.stderr


# Data.


@pytest.mark.parametrize("name", ["data.npz", "data.npy"])
def test_data_with_pickles_are_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    objects = np.array([Code()] * 120, dtype=object)
    if name.endswith("z"):
        np.savez("data.npz", x_train=np.zeros((120, 8, 8, 1), np.uint8), y_train=objects)
    else:
        np.save("data.npy", objects)
        shutil.copyfile("data.npy", "renamed.npz")
        with pytest.raises(DataError, match="it holds Python objects"):
            load(Source("renamed.npz"))
    with pytest.raises(DataError, match="it holds Python objects" if name.endswith("z") else "is unknown"):
        load(Source(name))
    assert not Path("MARK").exists()


def test_folders_with_strange_names_are_classes_like_any_other(tmp_path: Path) -> None:
    for name in ("\x1b[31mred", "[bold]x[", "a'; rm -rf ~ #"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number in range(12):
            Image.fromarray(np.full((8, 8), number, np.uint8)).save(folder / f"{number}.png")
    (tmp_path / "photos" / "a'; rm -rf ~ #" / "[red]\x1b[31m.png").write_text("broken")
    done = command("run", "--dataset", "photos", "--name", "x", cwd=tmp_path)
    assert done.returncode == 2
    assert "[red]\\x1b[31m.png" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../b", "..", ".hidden", "x\n", "\x1b[31m"])
def test_the_name_of_a_run_leads_nowhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(evolve.ConfigError, match="name must be letters, digits, dots, dashes and underscores"):
        evolve.RunConfig.checked({"name": name})
    done = command("show", f"{name}\x1b[31m", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_text_that_commands_a_terminal_is_spelled_out() -> None:
    assert printable("plain [bold] \u00e4\u4e2d\n") == "plain [bold] \u00e4\u4e2d\n"
    assert printable("a\x1b[31m\x9b\r\x7f\u202e\ud800") == r"a\x1b[31m\x9b\r\x7f\u202e\ud800"


# Runs whose file was written by hand.


def edit(folder: Path, *statements: str, **meta: Callable[[Any], Any]) -> None:
    """Changes the file of a run: rows by statements, and what is known of it as a whole by functions."""
    connection = sqlite3.connect(folder / "run.sqlite")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    for key, change in meta.items():
        [(text,)] = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchall()
        connection.execute("UPDATE meta SET value = ? WHERE key = ?", (json.dumps(change(json.loads(text))), key))
    connection.commit()
    connection.close()


def test_names_in_a_run_lead_nowhere(workshop: Path, tmp_path: Path) -> None:
    home = tmp_path / "a" / "b"
    shutil.copytree(workshop, home)
    away = {"name": "../../x", "results": str(tmp_path / "away")}
    edit(home / "results" / "stolen", config=lambda config: {**config, **away})
    before = tree(tmp_path)
    for line in ("resume stolen --generations 1", "train stolen 1 --epochs 2"):
        done = command(*line.split(), *NAMED, cwd=home)
        assert done.returncode == 2, done.stdout
        assert "name must be letters" in done.stderr
    after = {name: content for name, content in tree(tmp_path).items() if "__pycache__" not in name}
    assert after == {name: content for name, content in before.items() if "__pycache__" not in name}
    assert {path.name for path in tmp_path.iterdir()} == {"a"}


@pytest.mark.parametrize("name", ["run.sqlite", "models", "weights"])
def test_a_link_out_of_a_run_is_refused(name: str, victim: Path) -> None:
    if name == "weights":  # a search that goes on deletes what it does not need there
        (victim / "results" / "stolen" / name).mkdir(exist_ok=True)
    (victim / "results" / "stolen" / name).rename(victim / name)
    (victim / "results" / "stolen" / name).symlink_to(victim / name)
    with pytest.raises(RunError, match=f"{name} is a link to elsewhere"):
        evolve.find("stolen", victim / "results")


DIGESTS = ["/tmp/x", "", "0123456789abcdef/../../../x", 3, None]


@pytest.mark.parametrize("digest", ["../../x", *(pytest.param(d, marks=pytest.mark.slow) for d in DIGESTS)])
def test_a_digest_leads_nowhere(digest: Any, victim: Path) -> None:
    shutil.copytree(next(filter(Path.is_dir, (victim / "results" / DATA_FOLDER).iterdir())), victim.parent / "x")
    edit(victim / "results" / "stolen", problem=lambda problem: {**problem, "digest": digest})
    done = command("export", "stolen", "1", "--format", "python", *NAMED, cwd=victim)
    assert done.returncode == 2
    assert "the digest of the data must be" in done.stderr or "damaged" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_data_by_the_path_in_a_run_are_read_only_if_named(workshop: Path, tmp_path: Path) -> None:
    shutil.copytree(workshop, tmp_path / "home")
    shutil.rmtree(tmp_path / "home" / "results" / DATA_FOLDER)
    images = np.random.default_rng(1).integers(0, 255, (120, 8, 8, 1)).astype(np.uint8)
    secret = tmp_path / "secret.npz"
    np.savez(secret, x_train=images, y_train=np.arange(120) % 4)
    edit(tmp_path / "home" / "results" / "stolen", config=lambda config: {**config, "dataset": str(secret)})
    done = command("resume", "stolen", *NAMED, cwd=tmp_path / "home")
    assert done.returncode == 2
    assert f"run 'stolen' needs to read {secret}: its prepared copy is missing" in done.stderr
    assert f"evolve resume stolen {' '.join(NAMED)} --trust {secret}\n" in done.stderr
    assert not (tmp_path / "home" / "results" / DATA_FOLDER).exists()
    named = command("resume", "stolen", *NAMED, "--trust", secret, cwd=tmp_path / "home")
    assert "was made with" in named.stderr


@pytest.mark.parametrize(
    "changed",
    [
        {"low": "__import__('os')"},
        {"class_names": "abc"},
        {"input_shape": [8, 8, "1\nopen('MARK', 'w')"]},
        {"sizes": 3},
    ],
)
def test_prepared_data_that_were_written_by_hand_are_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    """What stands there gets into exported scripts, which are run once to check them."""
    parts = prepare(digits(), tmp_path)
    about = Path(parts.folder, "parts.json")
    about.write_text(json.dumps({**json.loads(about.read_text()), **changed}))
    with pytest.raises(DataError, match="are damaged; delete that folder"):
        reopen(tmp_path, parts.digest, "digits")
    about.write_text("[]")
    with pytest.raises(DataError, match="are damaged"):
        reopen(tmp_path, parts.digest, "digits")


@pytest.mark.slow
def test_the_name_of_a_folder_gets_into_no_script(victim: Path, workshop: Path) -> None:
    name = "x'\"\"\"; open('MARK', 'w'); '\"\"\""
    shutil.copyfile(workshop / "my_layers.py", victim / "my_layers.py")
    (victim / "results" / "stolen").rename(victim / "results" / name)
    done = command("export", name, "1", "--format", "python", "--output", "net.py", *NAMED, cwd=victim)
    assert done.returncode == 0, done.stderr
    assert not (victim / "MARK").exists()


@pytest.fixture(scope="module")
def looked_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on a table."""
    results = tmp_path_factory.mktemp("tables")
    given = {"table": DATA / "table.json", "encoding": "choices", "evaluations": 4, "population": 2, "leaders": 1}
    return evolve.run(**given, name="table", results=results, progress=False).folder  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE candidate SET genome = '[]'",
        "UPDATE candidate SET genome = 'no JSON'",
        "UPDATE candidate SET parents = '[\"a\"]'",
        "UPDATE candidate SET steps = '3'",
        'UPDATE candidate SET steps = \'[{"operator": "guess", "detail": {}, "text": "a guess"}]\'',
        "UPDATE request SET candidate = 99",
        "UPDATE request SET purpose = 'evil'",
        "UPDATE result SET status = 'evil'",
        'UPDATE result SET measures = \'{"accuracy": "x"}\'',
        "UPDATE result SET timing = '7'",
        "UPDATE act SET detail = '[]'",
        "UPDATE act SET detail = '{}' WHERE kind = 'finished'",
        "UPDATE meta SET value = '3' WHERE key = 'problem'",
        "UPDATE meta SET value = '{\"table\": 3}' WHERE key = 'problem'",
        "DELETE FROM meta WHERE key = 'config'",
        "DROP TABLE result",
    ],
)
def test_a_damaged_run_says_so(statement: str, looked_up: Path, tmp_path: Path) -> None:
    shutil.copytree(looked_up, tmp_path / "table")
    edit(tmp_path / "table", "PRAGMA foreign_keys = OFF", statement)
    with pytest.raises(RunError, match=r"is not a run of evolve|damaged"):
        run = evolve.find("table", tmp_path)
        run.summary()
        _ = run.candidates, run.requests, run.results, run.acts, run.hall_of_fame, run.winner
    evolve.all_runs(tmp_path, lambda problem: None)  # leaves it out or not, but raises nothing


def test_a_reason_is_shown_as_it_is(looked_up: Path, tmp_path: Path) -> None:
    shutil.copytree(looked_up, tmp_path / "results" / "table")
    edit(tmp_path / "results" / "table", f"UPDATE result SET reason = '{RED} {BOLD} {UP}' WHERE request = 1")
    shown = command("show", "table", "1", cwd=tmp_path)
    assert f"\\x1b[31mred {BOLD} {UP}" in shown.stdout
    assert "\x1b" not in shown.stdout


@pytest.mark.parametrize("founders", [[["no such entry", "x"]], [3], "abc", [["0"]], 7, [["00000", [3]]]])
def test_founders_that_cannot_be_read_say_so(founders: Any, looked_up: Path, tmp_path: Path) -> None:
    shutil.copytree(looked_up, tmp_path / "table")
    edit(tmp_path / "table", founders=lambda _: founders)
    with pytest.raises(RunError, match="the founders of run 'table' cannot be read, it is damaged"):
        evolve.resume("table", results=tmp_path, progress=False)


@pytest.mark.parametrize(
    "genome", [{"kind": "stack"}, {"kind": "stack", "layers": "ab", "recipe": {}}, {"kind": "stack", "layers": [3]}, {}]
)
def test_a_genome_that_cannot_be_read_says_so(genome: Any, victim: Path) -> None:
    edit(victim / "results" / "stolen", f"UPDATE candidate SET genome = '{json.dumps(genome)}'")
    shown = command("show", "stolen", "1", cwd=victim)
    assert shown.returncode == 2
    assert "the genome of candidate 1 of run 'stolen' cannot be read, it is damaged" in shown.stderr
    founder = command("run", "--founder", "stolen:1", "--name", "x", cwd=victim)
    assert founder.returncode == 2
    assert "Traceback" not in founder.stderr + shown.stderr


# The code itself.

READERS = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
SOURCES = [path for package in ("evolve", "genomes") for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_unpickles_evaluates_or_loads_unsafely(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & READERS
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in READERS
        elif isinstance(node, ast.Call):
            assert not (isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec", "compile", "__import__"))
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            called = ast.unparse(node.func)
            assert called != "np.load" or given.get("allow_pickle") == "False"
            assert not called.endswith("saving.load_model") or given.get("safe_mode") == "True"
            assert "unsafe_deserialization" not in called


def test_the_error_is_one_of_evolves_and_holds_the_names() -> None:
    assert issubclass(TrustError, evolve.EvolveError)
    assert evolve.TrustError("message", ["a"]).names == ("a",)
