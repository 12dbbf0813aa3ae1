"""An encoding that evolve has never seen, from the first birth to an exported script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chain_encoding import CHAIN, CHAIN_SPACE, ChainGenome
from conftest import stack_space
from typer.testing import CliRunner

import evolve
import evolve.cli
from evolve.cli.app import app
from evolve.config import RunConfig
from evolve.engine.config_checks import check_encoding
from evolve.engine.initial_population import founder, founders
from evolve.errors import ConfigError
from evolve.execution.builds import backend_name
from evolve.planning.plan import Machine
from evolve.planning.sizing import make_plan
from evolve.runs.facts import candidate_json
from genomes.genome import SPACES
from genomes.spec import ModelSpec

pytest.importorskip(backend_name())

SETTINGS: dict[str, Any] = {
    "dataset": "digits",
    "encoding": CHAIN,
    "images": 200,
    "epochs": 1,
    "evaluations": 4,
    "population": 4,
    "final_epochs": 1,
    "leaders": 1,
    "rescorings": 1,
    "precision": "float32",
    "max_parameters": 5000,
    "recipe": {"flip": False},
    "seed": 2,
    "workers": 1,
    "progress": False,
}


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SPACES, CHAIN, CHAIN_SPACE)
        yield


@pytest.fixture(scope="module")
def run(registered: None, tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    return evolve.run(**SETTINGS, name="a", results=tmp_path_factory.mktemp("chains"))


def show(*arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


def test_it_is_searched_scored_again_and_trained(run: evolve.Run) -> None:
    assert (run.state, len(run.candidates)) == ("finished", 4)
    assert run.test_accuracy is not None
    assert run.space.kind == CHAIN
    first = run.candidate(1)
    assert first.notation == "chain 8 16 | adam 0.01, batch 32"
    assert [step.operator for step in first.steps] == ["founder", "clamp"]
    for number, row in run.candidates.items():
        genome = run.genome(number)
        assert isinstance(genome, ChainGenome)
        assert genome.notation() == row.notation
        assert not genome.recipe.flip
        assert isinstance(run.network(number), ModelSpec)
        assert row.parameters is not None and row.parameters <= 5000


def test_it_is_continued(run: evolve.Run) -> None:
    before = list(run.history())
    again = evolve.resume(run.folder, generations=1, workers=1, progress=False)
    assert (again.state, len(again.candidates)) == ("finished", 8)
    assert list(again.history())[: len(before)] == before


def test_it_is_shown(run: evolve.Run) -> None:
    text = show("show", run.folder, "1")
    assert "founder short; flip True -> False" in text
    assert "convolution_1 8" in " ".join(text.split())
    assert "memory of a worker that trains it" in text
    known = json.loads(show("show", run.folder, "1", "--json"))
    assert known == json.loads(json.dumps(candidate_json(run, 1)))
    assert known["genome"] == {"kind": CHAIN, "widths": [8, 16], "recipe": known["genome"]["recipe"]}
    assert [layer["op"] for layer in known["layers"][-3:]] == ["global_average", "dense", "activation"]
    assert [step["operator"] for step in known["steps"]] == ["founder", "clamp"]
    assert run.name in show("list", "--results", run.folder.parent)
    assert "founder short" in show("history", run.folder)
    assert json.loads(show("show", run.folder, "--json"))["winner"] == evolve.find(run.folder).winner


@pytest.mark.slow
def test_it_is_built_trained_and_exported(run: evolve.Run, tmp_path: Path) -> None:
    leader = run.hall_of_fame[0]
    assert leader.build().count_params() == leader.parameters
    other = next(number for number in run.candidates if number != run.winner)
    trained = evolve.train(run.folder, other, epochs=1, progress=False)
    assert trained.new and trained.path.exists()
    for format, ending in (("keras", "keras"), ("python", "py")):
        made = evolve.export(run.folder, other, format, output=tmp_path / f"net.{ending}")
        assert made.path.exists()
        assert made.difference < 1e-4
    assert "build_model" in (tmp_path / "net.py").read_text()


def test_its_candidates_are_founders_of_its_runs_alone(run: evolve.Run) -> None:
    results = run.folder.parent
    assert founder(run.space, f"a:{run.winner}", results).genome == run.genome(run.winner or 1)
    with pytest.raises(ConfigError, match="founder 'a:1' is of the encoding 'chain', this run is 'stack'"):
        founder(stack_space((8, 8, 1)), "a:1", results)
    with pytest.raises(ConfigError, match=r"founder 'chain x': 'chain x' is no chain; write for example"):
        founders(run.space, ["chain x"], results, lambda note: None)


@pytest.mark.parametrize(
    "unheeded",
    [{"max_layers": 8}, {"layers": {"conv": 2}}, {"fill": True}, {"small_births": 2, "small_work": 5000}],
    ids=["max_layers", "layers", "fill", "small_births"],
)
def test_a_setting_that_it_does_not_heed_is_refused(unheeded: dict[str, Any], tmp_path: Path) -> None:
    name = next(iter(unheeded))
    reason = f"{name} has no effect with the encoding 'chain'; leave it out, or use an encoding that has it: stack"
    with pytest.raises(ConfigError, match=reason):
        evolve.run(**{**SETTINGS, **unheeded}, results=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_plan_decides_nothing_that_it_does_not_heed() -> None:
    def decided(encoding: str) -> Any:
        machine = Machine(rate=2e9, start=2.0, workers=2, usual=9_000_000)
        return make_plan(RunConfig.checked({"encoding": encoding}), 600.0, machine, 30_000, 50_000).settings

    stack, chain = decided("stack"), decided(CHAIN)
    assert stack["fill"]
    assert not chain["fill"]
    assert "small_births" not in chain
    check_encoding(RunConfig.checked({"encoding": CHAIN, **chain}))


def test_an_encoding_that_is_not_registered_is_unknown() -> None:
    with pytest.raises(ConfigError, match="encoding 'chian' is unknown; did you mean 'chain'"):
        evolve.run(encoding="chian", progress=False)
