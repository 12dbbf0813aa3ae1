"""Species: what is told of them, and the traps of neat-python that lie on our way."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import DATA, command, scored

import evolve
from evolve.search.births import Births
from evolve.search.neat import Neat
from evolve.search.strategy import Proposal
from evolve.storage.store import Store
from evolve.values import Budget, Candidate, Fact, Purpose, Request, Result, Status
from genomes.graph.operators import split
from genomes.graph.space import GraphSpace
from genomes.stack.space import StackSpace

SPACE = StackSpace((16, 16, 3), 5)
TABLE = {"table": DATA / "table.json", "encoding": "choices", "strategy": "neat", "population": 8, "progress": False}


def play(
    population: int = 8,
    births: int = 60,
    fitness: Any = lambda number: 1 / number,
    space: Any = SPACE,
    **options: Any,
) -> Neat:
    """A strategy that was told that many births. fitness: of a birth number; None is a failure."""
    strategy = Neat(Births(space, ()), population, Neat.Options(**options))
    number = 0
    while number < births:
        answer = strategy.ask(Random(number))
        assert isinstance(answer, Proposal), strategy.stop_reasons()
        number += 1
        value = fitness(number)
        result = Result(number, Status.FAILED, reason="a test") if value is None else scored(number, value)
        candidate = Candidate(number, answer.genome, "key")
        strategy.tell(Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key"), result)
    return strategy


def species_of(strategy: Neat) -> list[dict[str, Any]]:
    return [detail for _, detail in strategy.facts()]


def test_each_generation_that_was_told_is_a_fact() -> None:
    found = species_of(play())
    assert [one["generation"] for one in found] == list(range(len(found)))
    assert len(found) > 3
    for told in found:
        assert told["of"] == "networks"
        assert sum(one["size"] for one in told["species"]) == 8
        assert all(one["born"] <= told["generation"] for one in told["species"])


def test_the_champion_of_a_species_is_its_best_and_stagnation_counts_from_when_it_came() -> None:
    found = species_of(play(births=40))
    first = found[0]["species"][0]
    assert (first["champion"], first["best"], first["unimproved"]) == (1, 1.0, 0)
    later = [one for told in found[1:] for one in told["species"] if one["champion"] == 1]
    assert [one["unimproved"] for one in later] == [told["generation"] for told in found[1:]][: len(later)]


def test_species_that_stagnate_die_and_are_told() -> None:
    found = species_of(play(births=80, max_stagnation=2, compatibility_threshold=0.3))
    died = [(told["generation"], one["species"]) for told in found for one in told["died"]]
    assert died
    for generation, number in died:
        assert number in [one["species"] for one in found[generation - 1]["species"]]
        assert all(number != one["species"] for told in found[generation:] for one in told["species"])


def test_where_all_species_died_a_new_first_generation_is_born() -> None:
    options = {"max_stagnation": 1, "species_elitism": 0, "compatibility_threshold": 1.0, "species": 1}
    found = species_of(play(births=60, **options))
    extinct = [told for told in found[1:] if all(one["born"] == told["generation"] for one in told["species"])]
    assert extinct
    assert extinct[0]["died"]


def test_facts_are_stored_once_shown_and_survive_going_on(tmp_path: Path) -> None:
    run = evolve.run(**TABLE, evaluations=30, results=tmp_path, name="n")
    before = run.species
    assert before
    evolve.resume("n", generations=2, results=tmp_path, progress=False)
    after = run.species
    assert after[: len(before)] == before
    assert [one["generation"] for one in after] == list(range(len(after)))
    assert len(after) > len(before)
    shown = command("show", "n", "--results", tmp_path, cwd=tmp_path).stdout
    assert f"{len(after[-1]['species'])} species of networks in generation {after[-1]['generation']}" in shown
    assert json.loads(command("show", "n", "--json", "--results", tmp_path, cwd=tmp_path).stdout)["species"] == after
    history = " ".join(command("history", "n", "--results", tmp_path, cwd=tmp_path).stdout.split())
    assert "generation 0 of networks: " in history


def test_the_same_seed_has_the_same_species_whatever_the_look_ahead(tmp_path: Path) -> None:
    found = [
        evolve.run(**TABLE, evaluations=40, look_ahead=ahead, workers=ahead, results=tmp_path, name=f"n{ahead}").species
        for ahead in (1, 2)
    ]
    assert found[0]
    assert found[0] == found[1]


def test_a_file_without_facts_is_read_and_gets_them_when_it_is_written(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "run", {"config": {"seed": 0}})
    store._connection.execute("DROP TABLE fact")
    store._connection.execute("UPDATE meta SET value = '3' WHERE key = 'schema_version'")
    store.close()
    with Store.read(tmp_path / "run") as found:
        assert found.facts() == []
    fact = Fact(3, "species", {"of": "networks", "generation": 0, "species": [], "died": []})
    with Store.open(tmp_path / "run") as found:
        found.add(facts=[fact])
        assert found.facts() == found.facts("species") == [fact]
        assert found.facts("ranks") == []
        assert found.meta()["schema_version"] == 4


# The traps: failures and the fitness that is none, more species than the population holds, the global generator,
# marks that a generation forgets, founders that have nothing in common.


@pytest.mark.parametrize("fails", [lambda number: number % 3 == 0, lambda number: number <= 8], ids=["some", "first"])
def test_a_failure_keeps_the_averages_of_species_finite(fails: Any) -> None:
    strategy = play(fitness=lambda number: None if fails(number) else number / 100)
    for told in species_of(strategy):
        assert all(math.isfinite(one["best"]) for one in told["species"])
    for genome in strategy._population.members.values():
        assert genome.fitness is None or math.isfinite(genome.fitness)


def test_the_smallest_population_may_be_all_species() -> None:
    found = species_of(play(population=4, births=40, compatibility_threshold=1e-9, max_stagnation=3))
    assert max(len(told["species"]) for told in found) == 4


def test_elites_are_not_trained_again() -> None:
    strategy = Neat(Births(SPACE, ()), 8, Neat.Options())
    keys = set()
    for number in range(1, 50):
        answer = strategy.ask(Random(number))
        assert isinstance(answer, Proposal)
        keys.add(answer.genome.notation())
        candidate = Candidate(number, answer.genome, "key")
        strategy.tell(Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key"), scored(number, 1 / number))
    assert len(keys) == 49


def test_what_draws_between_two_asks_changes_nothing() -> None:
    """As a Keras model does that is built in the same process."""
    quiet = play(births=30)

    def disturbed(number: int) -> float:
        random.seed(number)
        random.random()
        return 1 / number

    assert play(births=30, fitness=disturbed).facts() == quiet.facts()


def test_the_same_split_has_the_same_mark_in_whichever_generation() -> None:
    space = GraphSpace((16, 16, 3), 5)
    genome = space.parse("conv 8 3, relu, global_average | adam 0.001, batch 32")
    for seed in range(20):
        one, step = split(genome, Random(seed), space.alphabet)
        other, _ = split(genome, Random(seed), GraphSpace((16, 16, 3), 5).alphabet)
        assert step is not None
        assert {vertex.mark for vertex in one.graph.vertices} == {vertex.mark for vertex in other.graph.vertices}
    marks = {
        tuple(step.detail["edge"]): tuple(step.detail["marks"])
        for seed in range(60)
        for _, step in [split(genome, Random(seed), space.alphabet)]
        if step is not None
    }
    assert len(marks) == 3  # image -> conv, conv -> relu, relu -> out
    assert len(set(marks.values())) == 3


def first_species(births: Births) -> int:
    """How many species the first generation has, where no number is wanted."""
    strategy = Neat(births, 6, Neat.Options(species=1, compatibility_threshold=0.3))
    for number in range(1, 7):
        answer = strategy.ask(Random(number))
        assert isinstance(answer, Proposal)
        candidate = Candidate(number, answer.genome, "key")
        strategy.tell(Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key"), scored(number, 0.5))
    [first] = species_of(strategy)
    return len(first["species"])


def test_mutants_of_one_graph_are_of_its_species_and_random_graphs_are_not() -> None:
    """However many layers it has: they are homologous by their marks."""
    space = GraphSpace((16, 16, 3), 5)
    line = "conv 8 3, batchnorm, relu, conv 16 3, maxpool 2, relu, global_average | adam 0.001, batch 32"
    assert first_species(Births(space, (Proposal(space.parse(line)),), mutants=True)) == 1
    assert first_species(Births(space, ())) >= 4


@pytest.mark.parametrize("begin", [("minimal",), ("fast", "residual", "no-pooling")], ids=len)
def test_there_are_as_many_species_as_are_wanted_also_of_graphs(begin: tuple[str, ...]) -> None:
    space = GraphSpace((32, 32, 3), 10)
    founders = [Proposal(space.parse(space.founders[name])) for name in begin]
    for wanted in (2, 4):
        strategy = Neat(Births(space, founders, mutants=True), 12, Neat.Options(species=wanted))
        for number in range(1, 60):
            answer = strategy.ask(Random(number))
            assert isinstance(answer, Proposal), strategy.stop_reasons()
            candidate = Candidate(number, answer.genome, "key")
            told = scored(number, Random(number).random())
            strategy.tell(Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key"), told)
        found = [len(told["species"]) for told in species_of(strategy)]
        assert len(found) >= 3
        assert min(found) >= wanted


def test_species_with_far_too_many_children_have_as_many_as_there_is_room_for() -> None:
    """neat-python takes one child from each species, and gives up."""
    from neat.reporting import ReporterSet

    from evolve.search.speciation import _Reproduction

    made = _Reproduction(SimpleNamespace(elitism=1), ReporterSet(), None)
    assert made._adjust_spawn_exact([9, 6], 8, 1) == [5, 3]
    assert made._adjust_spawn_exact([3, 2], 8, 1) == [4, 4]
    with pytest.raises(RuntimeError, match="Cannot satisfy per-species minima"):
        made._adjust_spawn_exact([2, 2, 2], 2, 1)
