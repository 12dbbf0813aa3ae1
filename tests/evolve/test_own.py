"""Layers and fitness functions of the user's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import command

from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.execution.builds import backend_name
from evolve.execution.custom_fitness import fitness_path
from evolve.problems.making import make_problem
from evolve.runs.find import find
from evolve.training.custom_layer_facts import custom_layers

pytest.importorskip(backend_name())

LAYERS = '''
"""Layers of my own."""

import keras
from keras import ops


class Swirl(keras.layers.Layer):
    """Turns the sign of some values, by a weight per channel."""

    def __init__(self, speed=1, **kwargs):
        super().__init__(**kwargs)
        self.speed = speed

    def build(self, shape):
        self.turn = self.add_weight(shape=(shape[-1],), initializer="ones", name="turn")

    def call(self, inputs):
        return inputs * ops.cos(self.speed * 0.1 * self.turn)

    def get_config(self):
        return {**super().get_config(), "speed": self.speed}


class Plain(keras.layers.Layer):
    def call(self, inputs):
        return inputs


class Halves(keras.layers.Layer):
    def call(self, inputs):
        return inputs[..., : inputs.shape[-1] // 2]


class NeedsMaps(keras.layers.Layer):
    def call(self, inputs):
        return ops.flip(inputs, axis=2)


class Breaks(keras.layers.Layer):
    def call(self, inputs, training=False):
        if training:
            raise ValueError("this layer breaks in training")
        return inputs


class Position(keras.layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], name="table")

    def call(self, inputs):
        return inputs + self.table


class NoWords(keras.layers.Layer):
    def __init__(self, speed=1):
        super().__init__()


class Forgets(keras.layers.Layer):
    def __init__(self, speed=2, **kwargs):
        super().__init__(**kwargs)
        self.speed = speed

    def call(self, inputs):
        return self.speed * inputs

    def get_config(self):
        return super().get_config()


no_layer = 3
'''

TRUST = ("--trust", "my_layers")

TOML = """
population = 3
evaluations = 3
images = 96
epochs = 2
final_epochs = 2
leaders = 1
rescorings = 1
founders = ["conv 8 3, swirl 2, relu, maxpool 2, flatten, swirl 1, dense 8, relu"]

[layers.swirl]
class = "my_layers.Swirl"
speed = [1, 2, 4]
weight = 3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("own")
    (made / "my_layers.py").write_text(LAYERS)
    (made / "own.toml").write_text(TOML)
    few = 'leaders = 1\nrescorings = 1\nfinal_epochs = 2\nfounders = ["conv 8 3, relu, flatten", "random"]\n'
    (made / "few.toml").write_text(few)
    return made


@pytest.fixture(scope="module")
def own(folder: Path, tiny_npz: Path) -> str:
    """A finished run with a layer of the user's own."""
    done = command("run", "--dataset", tiny_npz, "--config", "own.toml", "--name", "own", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return "own"


def test_a_layer_of_ones_own_is_searched_and_exported_as_source(own: str, folder: Path) -> None:
    first = json.loads(command("show", "own", "1", "--json", cwd=folder).stdout)
    own = [layer for layer in first["layers"] if layer["op"] == "own"]
    assert [layer["parameters"] for layer in own] == [8, 128]
    assert [layer["settings"]["speed"] for layer in own] == [2, 1]
    assert first["requests"][0]["status"] == "ok"
    exported = command("export", "own", "1", "--format", "python", "--output", "net.py", *TRUST, cwd=folder)
    assert exported.returncode == 0, exported.stderr
    text = (folder / "net.py").read_text()
    assert "class Swirl(keras.layers.Layer)" in text
    assert "Swirl(speed=2)(x)" in text
    assert "my_layers" not in text


@pytest.mark.slow
def test_a_layer_of_ones_own_is_trained_by_hand_saved_exported_and_continued(own: str, folder: Path) -> None:
    trained = command("train", "own", "1", "--epochs", "1", *TRUST, cwd=folder)
    assert trained.returncode == 0, trained.stderr
    script = "import evolve; print(evolve.find('own').hall_of_fame[0].model(trust='my_layers').name)"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr[-1500:]
    exported = command("export", "own", "1", "--output", "net.keras", *TRUST, cwd=folder)
    assert exported.returncode == 0, exported.stderr
    resumed = command("resume", "own", "--generations", "1", *TRUST, cwd=folder)
    assert resumed.returncode == 0, resumed.stderr


def test_a_run_whose_layer_has_changed_is_not_continued(own: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "results", tmp_path / "results")
    (tmp_path / "my_layers.py").write_text(LAYERS.replace("0.1 *", "0.2 *"))
    done = command("resume", "own", *TRUST, cwd=tmp_path)
    assert done.returncode == 2
    assert "was made with own_layers" in done.stderr


@pytest.mark.slow
def test_one_on_the_command_line_breaks_as_a_result(folder: Path, tiny_npz: Path) -> None:
    founders = ("--founder", "conv 8 3, breaks, flatten", "--founder", "conv 8 3, relu, flatten")
    done = command(
        "run", "--dataset", tiny_npz, "--layer", "my_layers.Breaks", *founders, *SMALL, "--name", "breaks", cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    entry = json.loads(command("history", "breaks", "--json", cwd=folder).stdout.splitlines()[0])
    assert entry["status"] == "failed"
    assert "this layer breaks in training" in entry["reason"]


UNUSABLE = {
    "my_layers.Swirll": "class 'my_layers.Swirll' cannot be imported: module 'my_layers' has no 'Swirll'",
    "nowhere.Swirl": "cannot be imported: No module named 'nowhere'",
    "my_layers.no_layer": "must be a class derived from keras.layers.Layer",
    "my_layers.Halves": "it must keep the shape of its input",
    "my_layers.Position": "at other image sizes",
    "my_layers.NoWords": "__init__ must take **kwargs and hand them on with super().__init__(**kwargs)",
    "my_layers.Forgets": "get_config must return all arguments of __init__",
}


def test_layers_that_cannot_be_used_say_why_and_where_others_may_stand_is_found_out(folder: Path) -> None:
    script = f"""
from evolve.training.custom_layer_facts import custom_layers, examine
found = custom_layers({{'maps': {{'class': 'my_layers.NeedsMaps'}}, 'plain': {{'class': 'my_layers.Plain'}}}})
print(found['maps']['place'], found['plain']['place'], found['plain']['weights'])
for path in {list(UNUSABLE)}:
    try:
        examine("mine", {{"class": path, **({{"speed": 3}} if path == "my_layers.Forgets" else {{}})}})
    except ValueError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)
    places, *said = done.stdout.splitlines()
    assert places == "['body'] ['body', 'head'] 0 0 0"
    assert len(said) == len(UNUSABLE), done.stderr[-1000:]
    assert all(message in line for message, line in zip(UNUSABLE.values(), said, strict=True)), said


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("my_layers.Halves", "it must keep the shape of its input"),
        ("Swirl", "class must be a dotted path such as 'my_layers.Swirl', not 'Swirl'"),
    ],
)
def test_nothing_is_trained_with_a_layer_that_cannot_be_used(
    layer: str, message: str, folder: Path, tiny_npz: Path
) -> None:
    done = command("run", "--dataset", tiny_npz, "--layer", layer, "--name", "wrong", cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (folder / "results" / "wrong").exists()


SMALL = ("--config", "few.toml", "--evaluations", "2", "--population", "2", "--images", "96", "--epochs", "2")


FITNESS = """
def small_and_good(model, data, progress):
    assert data.train_images.shape[1:] == data.images.shape[1:] == (8, 8, 1)
    assert data.class_names == ("left", "middle", "right")
    curve = data.train()
    progress(step=1, extra=data.images.astype("float32").mean())
    accuracy = float((model.predict(data.images, verbose=0).argmax(axis=1) == data.labels).mean())
    return accuracy - model.count_params() / 1e6, {"accuracy": accuracy, "last_loss": curve[-1]["loss"]}
"""

SCRIPT = """
import evolve
{definition}
seen = []
run = evolve.run(
    dataset={data!r}, name={name!r}, evaluations=2, population=2, images=96, epochs=2, final_epochs=2, leaders=1,
    rescorings=1, founders=["conv 8 3, relu, flatten", "random"], fitness=small_and_good, progress=seen.append,
)
first = next(run.history())
print(first["status"], len(first["curve"]), round(first["objectives"][0], 6) == round(
    first["measures"]["accuracy"] - run.candidates[1].parameters / 1e6, 6))
print(seen[-1].phase.startswith("training candidate"), (seen[-1].epoch, seen[-1].epochs), "extra" in seen[-1].figures)
again = evolve.resume({name!r}, generations=1, trust={trust!r}, progress=False)
print(len(again.candidates))
"""


@pytest.mark.parametrize("place", ["script", pytest.param("module", marks=pytest.mark.slow)])
def test_a_fitness_function_of_ones_own(place: str, folder: Path, tiny_npz: Path) -> None:
    (folder / "my_fitness.py").write_text(FITNESS)
    definition = FITNESS if place == "script" else "from my_fitness import small_and_good"
    trust = ["my_fitness"] if place == "module" else []
    text = SCRIPT.format(definition=definition, data=str(tiny_npz), name=f"fitness-{place}", trust=trust)
    (folder / "search.py").write_text(text)
    done = subprocess.run([sys.executable, "search.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout == "ok 3 True\nTrue (2, 2) True\n4\n"
    assert done.stderr == ""
    if place == "script":
        refused = command("resume", "fitness-script", cwd=folder)
        assert refused.returncode == 2
        assert "cannot be imported" in refused.stderr
        assert "call evolve.resume in its script" in refused.stderr
        exported = command("export", "fitness-script", "1", "--format", "python", cwd=folder)
        assert exported.returncode == 0, exported.stderr
        assert "with the fitness function __main__:small_and_good; this trains it by its recipe" in " ".join(
            (folder / "fitness-script-1.py").read_text().split()
        )
        views = (["show", "fitness-script"], ["show", "fitness-script", "1"], ["history", "fitness-script"], ["list"])
        shown = " ".join(" ".join(command(*words, cwd=folder).stdout for words in views).split())
        assert "what the fitness function returned on the test part: 0." in shown
        assert "2 epochs of 192 images, 2 steps of 128" in shown
        assert "%" not in shown, "what a fitness function returns is no share"
        assert "overfit" not in shown and "guessing" not in shown
    else:
        shown = command("show", "fitness-module", cwd=folder)
        assert "score: what the fitness function returned; it is only for ranking" in shown.stdout


BAD_FITNESS = """
import sys


def bad(model, data, progress):
    match model.layers[2].filters:
        case 8:
            return None
        case 16:
            sys.exit(3)
        case 24:
            raise KeyboardInterrupt
"""
BAD = """
fitness = "bad_fitness:bad"
evaluations = 3
population = 3
images = 96
founders = ["conv 8 3, flatten", "conv 16 3, flatten", "conv 24 3, flatten"]
"""


def test_a_fitness_function_that_fails_or_exits_is_a_result_with_a_reason(folder: Path, tiny_npz: Path) -> None:
    (folder / "bad_fitness.py").write_text(BAD_FITNESS)
    (folder / "bad.toml").write_text(BAD)
    done = command("run", "--dataset", tiny_npz, "--config", "bad.toml", "--name", "bad", cwd=folder)
    assert done.returncode == 2
    assert "none of the first 3 candidates could be evaluated" in done.stderr
    results = find("bad", folder / "results").results
    assert [results[number].reason for number in (1, 2, 3)] == [
        "TypeError: fitness must return a number or (number, measures), not None",
        "code of the user's own ends the program (SystemExit: 3)",
        "code of the user's own ends the program (KeyboardInterrupt)",
    ]


INTERRUPTS = """
import signal
from conftest import stack_space, training_job
from evolve.training.guarding import guard
from evolve.values import Budget

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background without it
space = stack_space((8, 8, 1))
genome = space.parse("flatten")
job = training_job(space.blueprint(genome), genome.recipe, Budget(96, 1))


def interrupts(job):
    raise KeyboardInterrupt


try:
    print(guard(job, interrupts))
except KeyboardInterrupt:
    print("Ctrl-C ends it")
signal.signal(signal.SIGINT, lambda number, frame: None)
print(guard(job, interrupts).reason)
"""


def test_ctrl_c_is_nobodys_failure_and_what_only_looks_like_it_is_one() -> None:
    script = [sys.executable, "-c", INTERRUPTS]
    done = subprocess.run(script, capture_output=True, text=True, cwd=Path(__file__).parent.parent)
    assert done.stdout.splitlines() == [
        "Ctrl-C ends it",
        "code of the user's own ends the program (KeyboardInterrupt)",
    ], done.stderr[-1000:]


PARSES = "import argparse\n\nargparse.ArgumentParser().parse_args(['--no-such-flag'])\n"
ENDS = "import os\n\nos._exit(3)\n"


def test_modules_that_exit_when_they_are_imported_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parses.py").write_text(PARSES)
    (tmp_path / "ends.py").write_text(ENDS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"mine: class 'parses.Mine' cannot be imported: .*\(SystemExit: 2\)"):
        custom_layers({"mine": {"class": "parses.Mine"}})
    with pytest.raises(ConfigError, match=r"the fitness function ends:score cannot be imported: .* exit code 3"):
        make_problem(RunConfig.checked({"fitness": "ends:score"}), gpu=False)


def test_functions_that_have_no_path_are_refused() -> None:
    with pytest.raises(ConfigError, match="defined with 'def' at the top of a script"):
        fitness_path(lambda model, data, progress: 1.0)

    def local(model: object, data: object, progress: object) -> float:
        return 1.0

    with pytest.raises(ConfigError, match="defined with 'def' at the top of a script"):
        fitness_path(local)


@pytest.mark.parametrize("metric", [pytest.param("balanced_accuracy", marks=pytest.mark.slow), "loss"])
def test_other_metrics_decide(metric: str, folder: Path, tiny_npz: Path) -> None:
    done = command("run", "--dataset", tiny_npz, "--metric", metric, *SMALL, "--name", metric, cwd=folder)
    assert done.returncode == 0, done.stderr
    for line in command("history", metric, "--json", cwd=folder).stdout.splitlines():
        entry = json.loads(line)
        assert entry["objectives"] == [entry["measures"][metric]]
    named = {"loss": "validation loss (lower is better)", "balanced_accuracy": "balanced validation accuracy"}[metric]
    assert f"score: {named} after " in done.stdout
    shown = json.loads(command("show", metric, "--json", cwd=folder).stdout)
    assert 0 <= shown["test_accuracy"] <= 1
    wrong = command("run", "--metric", "acuracy", cwd=folder)
    assert "metric 'acuracy' is unknown; did you mean 'accuracy'?" in wrong.stderr
