"""Whole runs with JAX and PyTorch where TensorFlow cannot be imported. `benchmarks/backends.py` has the figures."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import command

SETTINGS = """
founders = ["conv 4 3, relu, maxpool 2, flatten | adam 0.01, batch 16, cosine", "random"]
max_layers = 6
leaders = 1
rescorings = 1
"""
FEW = [
    "--evaluations",
    "2",
    "--population",
    "2",
    "--images",
    "96",
    "--epochs",
    "2",
    "--final-epochs",
    "12",
    "--workers",
    "1",
    "--name",
    "a",
]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_run_ends_with_a_model_that_predicts(backend: str, tmp_path: Path, tiny_npz: Path) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    hidden = tmp_path / "hidden" / "tensorflow.py"
    hidden.parent.mkdir()
    hidden.write_text("raise ImportError('TensorFlow is not wanted here')\n")
    (tmp_path / "run.toml").write_text(SETTINGS)
    environment = {"KERAS_BACKEND": backend, "PYTHONPATH": str(hidden.parent)}
    made = command("run", "--dataset", tiny_npz, "--config", "run.toml", *FEW, cwd=tmp_path, **environment)
    assert made.returncode == 0, made.stderr
    assert "test accuracy" in made.stdout
    shown = command("show", "a", "--json", cwd=tmp_path, **environment)
    run = json.loads(shown.stdout)
    assert run["test_accuracy"] > 0.6
    exported = command("export", "a", str(run["winner"]), "--output", "net.keras", cwd=tmp_path, **environment)
    assert exported.returncode == 0, exported.stderr
