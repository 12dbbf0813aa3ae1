"""Searches that begin with small networks and make the best of them wider."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import scored, stack_space

import evolve
from evolve.errors import ConfigError
from evolve.search.births import Births
from evolve.search.growing import WIDENED, Growing
from evolve.search.strategy import Proposal, strategy_class
from evolve.values import Budget, Candidate, Purpose, Request
from genomes.genome import InvalidGenome
from genomes.spec import ModelSpec
from genomes.steps import Step

SMALL, LARGE = 1_000_000, 4_000_000
SETTINGS: dict[str, Any] = {
    "fill": True,
    "small_births": 5,
    "small_work": 60_000,
    "max_work": 240_000,
    "rungs": ["40x1", "40x3"],
    "evaluations": 11,
    "population": 4,
    "final_epochs": 1,
    "leaders": 2,
    "rescorings": 1,
    "seed": 4,
    "progress": False,
    "founders": ["conv 4 3, relu, maxpool 2, global_max | adam 0.01, batch 16", "random"],
}


@pytest.mark.parametrize("name", ["aging", "genetic", "random"])
def test_small_births_then_the_best_of_them_wider_then_any(name: str) -> None:
    large = stack_space((16, 16, 3), max_work=LARGE)
    small = large.with_limits(replace(large.limits, max_work=SMALL))
    births = Births(large, fill=True, first_space=small, small=10)
    kind = strategy_class(name)
    strategy = Growing(kind(births, 6, kind.Options()), births, small=10)
    born: list[Proposal] = []
    for number in range(1, 21):
        proposal = strategy.ask(Random(number))
        assert isinstance(proposal, Proposal)
        born.append(proposal)
        candidate = Candidate(number, proposal.genome, str(number), proposal.parents)
        request = Request(number, candidate, Budget(100, 1), 0, Purpose.SEARCH, str(number))
        strategy.tell(request, scored(number, number % 9 / 9))  # the best are 8, 7, 6 and 5
    assert all(small.problem(one.genome) is None for one in born[:10])
    wider = born[10 : 10 + WIDENED]
    orphans = [number for number, one in enumerate(born[:10], start=1) if not one.parents and number < 9]
    first = max(orphans)  # first of all the best that is nobody's child
    assert [one.parents for one in wider] == [(number,) for number in dict.fromkeys((first, 8, 7, 6, 5))][:WIDENED]
    assert (first == 8) == (name == "random")
    assert all(one.steps[-1].operator == "scale" for one in wider)
    assert all(large.problem(one.genome) is None for one in born)
    assert sum(small.problem(one.genome) is not None for one in born[10:]) > WIDENED / 2


def test_a_stack_is_widened_as_far_as_the_limits_allow() -> None:
    space = stack_space((16, 16, 3), max_work=6_000_000)
    genome = space.parse("conv 32 3, relu, maxpool 2, conv 64 3, relu, global_max, dense 32, relu | adam 0.01")
    found = space.widened(genome)
    assert found is not None
    assert isinstance(found.blueprint, ModelSpec)
    assert found.genome.notation().startswith("conv 48 3, relu, maxpool 2, conv 96 3, relu, global_max, dense 48")
    assert found.steps == (Step("scale", {"factor": 1.5}, "1.5 times as wide"),)
    with pytest.raises(InvalidGenome, match="max_work"):
        space.blueprint(space.parse("conv 64 3, relu, maxpool 2, conv 128 3, relu, global_max, dense 64, relu"))
    assert space.widened(found.genome) is None


def test_widths_are_what_processors_are_made_for() -> None:
    space = stack_space((16, 16, 3), max_work=2_000_000)
    for width in range(4, 60):
        found = space.widened(space.parse(f"conv {width} 3, relu, global_max | adam 0.01, batch 16"))
        filters = found.genome.layers[0].filters if found else 64  # type: ignore[attr-defined]
        assert filters % (16 if filters >= 64 else 8) == 0


@pytest.fixture(scope="module")
def grown(tiny_npz: Path, tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    return evolve.run(dataset=str(tiny_npz), results=tmp_path_factory.mktemp("grown"), name="a", workers=1, **SETTINGS)


@pytest.mark.slow
def test_a_run_grows(grown: evolve.Run) -> None:
    assert grown.state == "finished"
    grew = list(grown.candidates.values())[5 : 5 + WIDENED]
    assert any(step.operator == "scale" for row in grew for step in row.steps)


@pytest.mark.slow
def test_a_run_that_grew_is_continued(grown: evolve.Run, tiny_npz: Path, tmp_path: Path) -> None:
    """Its history is that of one that was never stopped, with another number of workers."""
    longer = {**SETTINGS, "evaluations": 15}
    straight = evolve.run(dataset=str(tiny_npz), results=tmp_path, name="straight", workers=2, **longer)
    resumed = evolve.resume(grown.folder, generations=1, progress=False)

    def born(run: evolve.Run) -> list[tuple[str, tuple[int, ...]]]:
        return [(row.notation, tuple(row.parents)) for row in run.candidates.values()]

    assert born(resumed) == born(straight)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"small_births": 5}, "small_births and small_work go together"),
        ({"small_births": 0, "small_work": 5000}, "small_births must be a whole number of at least 1, not 0"),
        ({"small_births": 5, "small_work": 5000, "evaluations": 5}, "small_births must be less than the 5 births"),
        ({"small_births": 5, "small_work": 5000, "max_work": 5000}, "small_work must be less than max_work = 5000"),
        ({"small_births": 5, "small_work": 5000, "strategy": "neat"}, "it cannot begin with small_births"),
    ],
)
def test_growth_that_cannot_be(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        evolve.run(**settings, progress=False)
