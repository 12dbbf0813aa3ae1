"""CoDeepNEAT: networks that are put together from modules, and what modules are worth."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import command, scored

import evolve
from evolve.errors import ConfigError
from evolve.search.births import Births
from evolve.search.codeepneat import CoDeepNeat
from evolve.search.codeepneat_parts import Module
from evolve.search.strategy import Member, Proposal
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes import candidate_key
from genomes.graph.modules import (
    Slot,
    assembled,
    blueprint_distance,
    module_of,
    mutate_blueprint,
    mutate_module,
    pointing,
    slots_of,
    taken_apart,
)
from genomes.graph.space import GraphSpace
from genomes.graph.structure import chain_of
from genomes.limits import Limits
from genomes.steps import Step

SPACE = GraphSpace((16, 16, 3), 5)
FOUNDERS = ("fast", "residual", "no-pooling")


def founder(name: str) -> Any:
    return SPACE.parse(SPACE.founders[name])


@pytest.mark.parametrize("name", SPACE.founders)
def test_what_was_taken_apart_is_put_together_again(name: str) -> None:
    space = GraphSpace((32, 32, 3), 5, Limits(max_multiply_adds=10**9))
    genome = founder(name)
    blueprint, modules = taken_apart(genome)
    again = assembled(blueprint, dict(enumerate(modules)))
    assert space.blueprint(again).fingerprint == space.blueprint(genome).fingerprint
    assert (again.head, again.recipe) == (genome.head, genome.recipe)


def test_a_chain_is_cut_where_maps_become_smaller() -> None:
    genome = SPACE.parse(
        "conv 8 3, relu, maxpool 2, relu, conv 16 3 stride=2, conv 32 3, maxpool 3 stride=1, conv 8 3, flatten "
        "| adam 0.001, batch 32"
    )
    _, modules = taken_apart(genome)
    told = [[str(one.layer) for one in module.graph.vertices if one.layer] for module in modules]
    assert told == [
        ["conv 8 3", "relu", "maxpool 2", "relu"],
        ["conv 16 3 stride=2"],
        ["conv 32 3", "maxpool 3 stride=1", "conv 8 3"],
    ]


def test_one_module_in_several_slots_is_there_several_times() -> None:
    blueprint, _ = taken_apart(founder("fast"))
    marks = list(slots_of(blueprint))
    blueprint = pointing(blueprint, dict.fromkeys(marks, 7))
    stage = SPACE.parse("conv 8 3, relu, flatten | adam 0.001, batch 32").graph
    module = module_of([one.layer for one in stage.vertices if one.layer])
    spec = SPACE.blueprint(assembled(blueprint, {7: module}))
    assert sum(node.op == "convolution" for node in spec.nodes) == len(marks)


def test_what_is_put_together_of_mutated_parts_is_written_and_read_again() -> None:
    rng = Random(3)
    found = 0
    for _ in range(150):
        blueprint, modules = taken_apart(founder(rng.choice(FOUNDERS)))
        for _ in range(4):
            modules = [mutate_module(one, rng, SPACE.alphabet) for one in modules]
            blueprint = mutate_blueprint(blueprint, range(len(modules)), rng, SPACE.alphabet)
        fitting = SPACE.narrowed(assembled(blueprint, dict(enumerate(modules))))
        if fitting is not None:
            assert SPACE.parse(fitting.genome.notation()) == fitting.genome
            found += 1
    assert found > 75


def test_blueprints_are_alike_by_slots_edges_head_and_recipe() -> None:
    one, _ = taken_apart(founder("fast"))
    other, _ = taken_apart(founder("residual"))
    assert blueprint_distance(one, one) == 0
    assert blueprint_distance(one, other) == blueprint_distance(other, one) > 0
    moved = pointing(one, {next(iter(slots_of(one))): 99})
    assert 0 < blueprint_distance(one, moved) < blueprint_distance(one, other) <= 1


def play(births: int = 90, fitness: Any = None, founders: tuple[str, ...] = FOUNDERS, **options: Any) -> Any:
    """A strategy that was told that many births, and what was born. fitness: of a number and a genome."""
    given = tuple(Proposal(founder(name)) for name in founders)
    strategy = CoDeepNeat(Births(SPACE, given), 8, CoDeepNeat.Options(blueprints=4, modules=8, **options))
    born: list[Proposal] = []
    while len(born) < births:
        answer = strategy.ask(Random(len(born)))
        assert isinstance(answer, Proposal), strategy.stop_reasons()
        born.append(answer)
        number = len(born)
        candidate = Candidate(number, answer.genome, "key", answer.parents, answer.steps)
        value = 1 / number if fitness is None else fitness(number, answer.genome)
        failed = Result(number, Status.FAILED, reason="a test")
        result = failed if value is None else scored(number, value)
        strategy.tell(Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key"), result)
    return strategy, born


def test_networks_are_put_together_after_the_founders() -> None:
    _, born = play()
    assert [one.steps for one in born[:3]] == [(), (), ()]
    later = [one.steps[0].operator for one in born[3:]]
    assert later.count("assemble") >= len(later) - 2  # and the best, once wider
    assert len({candidate_key(one.genome, SPACE.blueprint(one.genome)) for one in born}) == len(born)


def test_networks_come_from_those_that_their_parts_come_from() -> None:
    """Of blueprint and modules; and none of what is put together claims weights that were adopted."""
    _, born = play(founders=("fast",))
    put_together = [one for one in born if one.steps and one.steps[0].operator == "assemble"]
    assert len(put_together) > 50
    assert all(one.parents for one in put_together)
    assert any(len(one.parents) > 2 for one in put_together)
    adopted = Step("adopt", {"weights": "w", "model": "mine"}, "with weights of mine")
    strategy = CoDeepNeat(Births(SPACE, (Proposal(founder("fast"), (), (adopted,)),)), 8, CoDeepNeat.Options())
    for number in range(1, 40):
        answer = strategy.ask(Random(number))
        assert isinstance(answer, Proposal)
        assert number == 1 or answer.steps[0].operator != "assemble" or adopted not in answer.steps
        candidate = Candidate(number, answer.genome, "key", answer.parents, answer.steps)
        strategy.tell(Request(number, candidate, Budget(1, 1), 0, Purpose.SEARCH, "key"), scored(number, 1 / number))


def test_a_module_is_worth_its_best_network_not_their_mean() -> None:
    module = Module(1)
    for value in (0.2, 0.9, 0.1):
        module.tell(Member(round(10 * value), founder("fast"), value))
    module.tell(None)
    assert module.fitness == 0.9
    assert module.champion() == 9


def test_no_part_is_worth_what_a_network_is_that_was_mutated_as_a_whole() -> None:
    strategy, born = play(70, founders=("minimal",), fitness=lambda number, _: number / 100)
    mutated = {
        number
        for number, one in enumerate(born, start=1)
        if one.steps and one.steps[0].operator == "assemble" and {step.operator for step in one.steps[1:]} - {"scale"}
    }
    assert 10 < len(mutated) < 70
    parts = [*strategy._modules.members.values(), *strategy._blueprints.members.values()]
    champions = {part.champion() for part in parts if part.best is not None}
    assert champions and not champions & mutated


def test_both_populations_are_told_generation_by_generation() -> None:
    strategy, _ = play()
    facts = strategy.facts()
    assert not strategy.facts()
    for name, size in (("modules", 8), ("blueprints", 4)):
        told = [detail for _, detail in facts if detail["of"] == name]
        assert [one["generation"] for one in told] == list(range(len(told)))
        assert len(told) > 5
        assert all(sum(one["size"] for one in generation["species"]) == size for generation in told)


@pytest.mark.parametrize(
    "founders", [(), ("minimal",), ("fast",), FOUNDERS], ids=lambda names: "+".join(names) or "random"
)
def test_modules_are_in_several_species_whatever_they_came_from(founders: tuple[str, ...]) -> None:
    """They hardly differ where it began with one founder, and in nearly everything where with random networks."""
    strategy, _ = play(births=36, founders=founders, module_species=4)
    told = [len(one["species"]) for _, one in strategy.facts() if one["of"] == "modules"]
    assert len(told) > 2
    assert all(4 <= count <= 6 for count in told), told


def test_a_network_is_widened_once_and_not_if_it_was_scaled_before() -> None:
    """Where what is larger is better, the widened one is the best of the next generation, too."""

    def large(number: int, genome: Any) -> float:
        return SPACE.blueprint(genome).parameters / SPACE.limits.max_parameters

    _, born = play(births=50, founders=("minimal",), fitness=large)
    scaled = {number for number, one in enumerate(born, start=1) if "scale" in [step.operator for step in one.steps]}
    widened = [one for one in born if [step.operator for step in one.steps] == ["scale"]]
    assert widened
    assert all(scaled.isdisjoint(one.parents) for one in widened)


def test_slots_stand_for_living_species_only() -> None:
    strategy, _ = play(births=120, max_stagnation=1)
    assert any(one["died"] for _, one in strategy.facts() if one["of"] == "modules")
    living = set(strategy._modules.species_of.values())
    for blueprint in strategy._blueprints.members.values():
        assert set(slots_of(blueprint.graph).values()) <= living


def test_every_module_is_in_a_network_as_far_as_blueprints_have_slots_for_its_species() -> None:
    strategy, _ = play(births=3 + 8)
    wanted = {species for one in strategy._blueprints.members.values() for species in slots_of(one.graph).values()}
    of = strategy._modules.species_of
    by_species = {species: [key for key in of if of[key] == species] for species in wanted}
    used = {key for key, one in strategy._modules.members.items() if one.best is not None}
    for keys in by_species.values():
        assert len(used & set(keys)) >= min(len(keys), 2)


def test_starts_without_any_layer_are_enough() -> None:
    _, born = play(births=20, founders=("minimal",))
    assert max(len(one.genome.graph.vertices) for one in born) > 2


def test_failures_leave_averages_whole() -> None:
    strategy, _ = play(fitness=lambda number, genome: None if number % 3 == 0 else 1 / number)
    for _, told in strategy.facts():
        assert all(0 < one["best"] <= 1 for one in told["species"])


@pytest.mark.slow
def test_it_learns_what_a_landscape_with_structure_rewards() -> None:
    """Depth with merges: what no founder has, and what a single mutation hardly brings."""

    def reward(number: int, genome: Any) -> float:
        spec = SPACE.blueprint(genome)
        merges = sum(node.op in ("add", "concatenate") for node in spec.nodes)
        return min(1.0, merges / 8) - len(spec.nodes) / 2000

    _, born = play(births=200, fitness=reward, founders=("fast",))
    best = sorted((reward(0, one.genome) for one in born), reverse=True)[:10]
    at_random = sorted((reward(0, SPACE.random(Random(seed)).genome) for seed in range(200)), reverse=True)[:10]
    assert sum(best) > sum(at_random)


@pytest.mark.slow
def test_a_run_from_the_first_command_to_the_last_page(tmp_path: Path, tiny_npz: Path) -> None:
    few = ("--population", "3", "--images", "100", "--epochs", "1", "--final-epochs", "1", "--leaders", "1")
    words = ("run", "--encoding", "graph", "--strategy", "codeepneat", "--founders", "fast", "--evaluations", "6")
    done = command(*words, "--dataset", tiny_npz, *few, "--name", "c", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    history = command("history", "c", cwd=tmp_path).stdout
    assert "blueprint" in history
    assert "with module" in history
    shown = command("show", "c", cwd=tmp_path).stdout
    assert "species of modules" in shown
    assert "species of blueprints" in shown


def test_it_searches_graphs_alone() -> None:
    with pytest.raises(
        ConfigError, match=r"'codeepneat' searches graph alone, not the encoding 'stack'; use encoding ="
    ):
        evolve.run(strategy="codeepneat", dataset="digits", progress=False)


def test_no_slot_is_ever_in_a_network() -> None:
    _, born = play(births=30)
    for one in born:
        assert not any(isinstance(vertex.layer, Slot) for vertex in one.genome.graph.vertices)
    assert all(isinstance(one.layer, Slot) for one in chain_of([Slot(1)]).vertices[:1])
