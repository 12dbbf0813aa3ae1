"""What a network that is trained needs of the machine's memory."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from conftest import command, stack_space, training_job

from evolve.data.npz_files import load_npz
from evolve.data.splits import prepare, settings
from evolve.execution.builds import backend_name
from evolve.jobs import PartsUsed
from evolve.values import Budget
from genomes.limits import Limits
from genomes.stack.space import StackSpace


def test_a_network_that_needs_too_much_memory_is_refused_before_it_is_trained(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text("candidate_memory = 0.76\n")
    large = "conv 64 3, relu, conv 64 3, relu, conv 64 3, relu, flatten | adam 0.01, batch 256"
    done = command("run", "--founder", large, "--config", "run.toml", "--results", ".", cwd=tmp_path)
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "about 0.03 GiB to train in batches of 256" in said
    assert "candidate_memory leaves for a network" in said
    assert not list(tmp_path.glob("*/run.sqlite"))


def test_no_operator_makes_a_network_that_needs_too_much_memory() -> None:
    space = StackSpace((32, 32, 3), 10, Limits(max_memory=60_000_000))
    rng = Random(1)
    genome = space.random(rng).genome
    for _ in range(300):
        genome = space.mutate(genome, rng).genome
        assert space.blueprint(genome).memory(genome.recipe.batch_size) <= 60_000_000


@pytest.mark.slow
def test_a_candidate_shows_estimated_and_measured_memory(tmp_path: Path) -> None:
    network = "conv 4 3, batchnorm, swish, maxpool 2, flatten, dense 8, gelu | adam 0.01, batch 16"
    (tmp_path / "few.toml").write_text(f"leaders = 1\nrescorings = 1\nfounders = ['{network}', 'random']\n")
    flags = ("--population", "2", "--evaluations", "1", "--epochs", "1", "--final-epochs", "1", "--name", "a")
    done = command("run", "--config", "few.toml", *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    memory = json.loads(command("show", "a", "1", "--json", cwd=tmp_path).stdout)["memory"]
    assert 0.5 < memory["estimated"] / memory["measured"] < 2
    text = command("show", "a", "1", cwd=tmp_path).stdout
    assert "GiB estimated" in text
    assert "GiB measured" in text


def test_a_curve_ends_with_the_score_where_it_follows_a_sample_of_the_part(
    tiny_npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(backend_name())
    from evolve.training import evaluator

    monkeypatch.setattr(evaluator, "CURVE_IMAGES", 12)
    parts, space = prepare(load_npz(tiny_npz), tmp_path), stack_space((8, 8, 1))
    genome = space.parse("conv 4 3, relu, flatten | adam 0.01, batch 16")
    used = PartsUsed(parts.digest, ("train",), "validation", "validation")
    job = training_job(space.blueprint(genome), genome.recipe, Budget(160, 6), parts=used)
    result = evaluator.Trainer(settings(parts)).evaluate(job)
    assert parts.sizes["validation"] > 12
    assert result.measures["accuracy"] > 0.9, result
    assert result.curve[-1]["validation_accuracy"] > 0.9
    assert result.curve[-1]["validation_loss"] == pytest.approx(result.measures["loss"], rel=0.5)
