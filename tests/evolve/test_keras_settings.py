"""A user's `keras.json` and settings of a session change no training, and are given back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evolve.errors import ConfigError
from evolve.execution.builds import backend_name
from evolve.execution.keras_settings import keras_json, overruled

INSTALLED = backend_name()
ODD = {"floatx": "float16", "epsilon": 0.01, "image_data_format": "channels_first"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    return tmp_path / "keras.json"


def test_settings_that_are_not_those_of_trainings_are_known(home: Path) -> None:
    assert keras_json() == home
    home.write_text(json.dumps({**ODD, "backend": "tensorflow"}))
    assert overruled() == ODD


@pytest.mark.parametrize("text", ["", "{", "[]", '{"floatx": "float32", "epsilon": 1e-7}'])
def test_the_usual_settings_and_what_is_no_json_overrule_nothing(text: str, home: Path) -> None:
    home.write_text(text)
    assert overruled() == {}
    assert backend_name() == "tensorflow"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("floatx", "half", "floatx must be one of float16, float32, float64, not 'half'"),
        ("image_data_format", 1, "image_data_format must be one of channels_first, channels_last, not 1"),
        ("epsilon", 1, "epsilon must be a number with a point, such as 1e-07, not 1"),
    ],
)
def test_settings_with_which_keras_cannot_be_imported_are_refused(
    name: str, value: object, said: str, home: Path
) -> None:
    home.write_text(json.dumps({name: value}))
    with pytest.raises(ConfigError) as refused:
        overruled()
    assert str(refused.value) == f"{home}: {said}"


def test_the_backend_is_the_one_that_keras_would_take(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_text('{"backend": "torch"}')
    assert backend_name() == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert backend_name() == "jax"


SCRIPT = """
import sys
sys.path.insert(0, TESTS)
import keras
from conftest import stack_space, training_job
from evolve.data.npz_files import load_npz
from evolve.data.splits import prepare, settings
from evolve.jobs import PartsUsed
from evolve.training.evaluator import Trainer
from evolve.values import Budget
from pathlib import Path

parts = prepare(load_npz(Path(NPZ)), Path("data"))
trainer = Trainer({**settings(parts), "weights": "w", "models": "m", "precision": "float32"})
genome = stack_space((8, 8, 1)).parse("conv 4 3, batchnorm, relu, maxpool 2, flatten | adam 0.01, batch 16")
spec = stack_space((8, 8, 1)).blueprint(genome)
job = training_job(spec, genome.recipe, Budget(96, 2), parts=PartsUsed(parts.digest, ("train",), "validation"))


def session():
    config = keras.config
    return config.floatx(), config.epsilon(), config.image_data_format(), config.dtype_policy().name


before = session()
print(before)
odd = trainer.evaluate(job)
assert session() == before
for name, value in {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}.items():
    getattr(keras.config, f"set_{name}")(value)
keras.config.set_dtype_policy("mixed_float16")
mixed = trainer.evaluate(job)
assert keras.config.dtype_policy().name == "mixed_float16"
keras.config.set_dtype_policy("float32")
usual = trainer.evaluate(job)
assert odd.measures == mixed.measures == usual.measures, (odd, usual)
print(odd.status.value)
"""


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_training_is_the_same_whatever_they_are_and_gives_them_back(home: Path, tiny_npz: Path) -> None:
    pytest.importorskip(INSTALLED)
    home.write_text(json.dumps({**ODD, "backend": INSTALLED}))
    script = SCRIPT.replace("TESTS", repr(str(Path(__file__).parent.parent))).replace("NPZ", repr(str(tiny_npz)))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=home.parent)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines() == ["('float16', 0.01, 'channels_first', 'float16')", "ok"]
