"""Several objectives, limits, fronts, shelves, and what is picked from them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from conftest import DATA, command, stack_space
from typer.testing import CliRunner

import evolve
from evolve.cli.app import app
from evolve.config import RunConfig
from evolve.display.quantities import count, latency, seconds, shown_cost, shown_size, size
from evolve.engine.config_checks import check_objectives, latency_remarks
from evolve.engine.initial_population import founders
from evolve.engine.small_networks import for_small_networks
from evolve.errors import ConfigError, RunError
from evolve.models.export import Exported
from evolve.models.pick import pick
from evolve.objectives import Objectives
from evolve.problems.spaces import image_space, recorded_genome, recorded_space
from evolve.runs.picking import picked
from evolve.runs.shelf import (
    Item,
    beyond,
    cells,
    front,
    front_of_objectives,
    items,
    measure_names,
    ordered,
    within,
)
from evolve.search.births import Births
from evolve.search.nsga2 import Nsga2
from evolve.search.strategy import Proposal
from evolve.values import Budget, Candidate, Purpose, Request, Result, Status
from genomes.layer import LAYERS
from genomes.limits import Limits, TooLarge
from genomes.spec import SpecBuilder

TABLE = {"table": DATA / "table.json", "encoding": "choices", "progress": False}


# Quantities


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (count, "100k", 100_000),
        (count, "1.5M", 1_500_000),
        (count, "2_000", 2000),
        (count, 7, 7),
        (size, "30kB", 30_000),
        (size, "256KiB", 262_144),
        (size, "1.5 MB", 1_500_000),
        (size, "512", 512),
        (seconds, "2ms", 0.002),
        (latency, "2 ms", 0.002),
        (latency, "500us", 0.0005),
        (latency, "500\N{MICRO SIGN}s", 0.0005),
        (latency, "500\N{GREEK SMALL LETTER MU}s", 0.0005),
        (latency, 0.002, 0.002),
        (seconds, "1m30s", 90),
    ],
)
def test_quantities_have_units(read: Any, text: Any, value: float) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *[(count, "100kB"), (count, "few"), (size, "30kg"), (count, "1.5"), (size, ""), (latency, "2")],
        *[(latency, "1s500"), (latency, "1 000us"), (latency, "2 2ms"), (latency, "1s5ms")],
        (seconds, "1 000us"),
    ],
)
def test_quantities_that_are_none(read: Any, text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        read(text)


def test_sizes_are_shown_as_they_are_written() -> None:
    assert [shown_size(value) for value in (512, 30_000, 1_500_000)] == ["512 bytes", "30 kB", "1.5 MB"]
    costs = {"parameters": 5000.0, "latency": 0.0005, "size_int8": 30_000.0}
    said = ["5,000 parameters", "500 us latency", "30 kB size-int8"]
    assert [shown_cost(name, value) for name, value in costs.items()] == said


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (("--max-parameters", "100q"), "--max-parameters must be a whole number of at least 100, not '100q'"),
        (("--max-activations", "10 kilos"), "--max-activations must be a size of at least 100 bytes, not '10 kilos'"),
        (("--objectives", "accuracy,speed"), "--objectives names 'speed', which must be one of accuracy, balanced"),
        (("--objectives", "acuracy,size"), "after 'maximise' or 'minimise'; did you mean 'accuracy'?"),
        (("--max-latency", "2"), "--max-latency must be a time above zero with its unit, such as 2ms or 500us, not 2"),
        (("--objectives", "parameters,accuracy"), "'parameters' cannot be the first"),
        (("--objectives", "accuracy,accuracy"), "'accuracy' stands there twice"),
        (("--objectives", "accuracy,parameters", "--strategy", "aging"), "or use --strategy nsga2"),
    ],
)
def test_mistakes_are_told(flags: tuple[str, ...], why: str, tmp_path: Path) -> None:
    done = command("run", "--dataset", "digits", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert why in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_latency": "2ms"}, "max_latency is checked at the end only, .* with objectives = .'accuracy', 'latency'"),
        ({"max_latency": "2ms", "metric": "loss"}, r"objectives = \['loss', 'latency'\] the search itself looks"),
        ({"max_latency": "2ms", "objectives": ["accuracy", "parameters"], "strategy": "random"}, "at the end only"),
        ({"max_latency": "2ms", "objectives": ["accuracy", "parameters"], "strategy": "nsga2"}, None),
        ({"max_size": "30kB"}, None),
    ],
)
def test_a_limit_that_the_search_does_not_heed_is_said_to_be_one(settings: dict[str, Any], said: str | None) -> None:
    found = latency_remarks(RunConfig.checked(settings))
    assert (len(found) == 1 and re.search(said, found[0])) if said else found == []


# Costs and limits


def net(*nodes: tuple[str, dict[str, Any]]) -> SpecBuilder:
    made = SpecBuilder((8, 8, 3))
    for op, settings in nodes:
        made.add(op, **settings)
    return made


CONV = {"filters": 4, "kernel": 3, "stride": 1, "dilation": 1, "padding": "same", "bias": True}


def test_activations_are_what_is_held_at_once() -> None:
    """The image (192) and the first maps (256); these and the next ones (256); activations work in place."""
    plain = net(("convolution", CONV), ("activation", {"function": "relu"}), ("convolution", CONV)).spec()
    assert plain.activations == 512
    pooled = net(("convolution", CONV), ("max_pool", {"size": 2, "stride": 2, "padding": "valid"})).spec()
    assert pooled.activations == 192 + 256


def test_a_separable_convolution_has_maps_of_its_own_between_its_steps() -> None:
    """As much as its two steps one behind the other."""
    settings = {"filters": 4, "kernel": 3, "stride": 1, "padding": "same"}
    one = net(("convolution", {**CONV, "filters": 16}), ("separable_convolution", settings)).spec()
    pointwise = {**CONV, "kernel": 1}
    depthwise = ("depthwise_convolution", {"kernel": 3, "stride": 1, "padding": "same"})
    two = net(("convolution", {**CONV, "filters": 16}), depthwise, ("convolution", pointwise)).spec()
    assert one.activations == two.activations == 2 * 16 * 64


def test_what_a_later_layer_reads_is_held_meanwhile() -> None:
    made = net(("convolution", CONV))
    first = made.last
    made.add("activation", first, function="relu")  # not in place: the sum reads what it reads
    made.add("convolution", **CONV)
    made.add("add", first, made.last)
    assert made.spec().activations == 3 * 256


@pytest.mark.parametrize("limits", [Limits(max_activations=6_000), Limits(max_parameters=2_000)], ids=str)
def test_no_candidate_over_a_limit_is_ever_made(limits: Limits) -> None:
    space = stack_space((16, 16, 3)).with_limits(limits)
    rng = Random(1)
    pool = [space.random(rng).genome for _ in range(8)]
    for _ in range(300):
        child = space.mutate(rng.choice(pool), rng)
        spec = space.blueprint(child.genome)
        assert spec.parameters <= limits.max_parameters
        assert limits.max_activations is None or spec.activations <= limits.max_activations
        pool[rng.randrange(8)] = child.genome


def test_near_a_limit_what_grows_is_made_narrower_and_not_thrown_away() -> None:
    space = stack_space((16, 16, 3)).with_limits(Limits(max_parameters=5_000))
    rng, scaled = Random(2), 0
    genome = space.parse("conv 16 3, relu, conv 24 3, relu, global_average | adam 0.001, batch 32")
    for _ in range(100):
        steps = [step.operator for step in space.mutate(genome, rng).steps]
        scaled += "scale" in steps
    assert scaled > 10


def test_what_the_search_takes_a_file_to_have_is_within_its_limit() -> None:
    space = stack_space((32, 32, 3)).with_limits(Limits(max_size=30_000))
    for founder in founders(space, ["small-portfolio"], Path(), print):
        assert 3_000 < space.blueprint(founder.genome).likely_size <= 30_000


@pytest.mark.parametrize(
    ("settings", "small"),
    [
        ({}, None),
        ({"max_parameters": "1M"}, None),
        ({"max_parameters": "150k"}, "wide"),
        ({"max_multiply_adds": "3M"}, "wide"),
        ({"max_size": "120kB"}, "wide"),
        ({"max_activations": "256kB"}, None),
        ({"max_activations": "30kB"}, "wide"),
        ({"max_latency": "0.5ms"}, "small"),
        ({"max_latency": "0.5ms", "max_parameters": "150k"}, "small"),
        ({"max_latency": "5ms"}, None),
        ({"objectives": ["accuracy", "parameters"], "strategy": "nsga2"}, "small"),
        ({"objectives": ["accuracy", "parameters"], "strategy": "nsga2", "max_parameters": "50k"}, "small"),
        ({"objectives": ["loss"]}, None),
    ],
    ids=str,
)
def test_who_wants_small_networks_begins_with_small_ones_too(settings: dict[str, Any], small: str | None) -> None:
    config = RunConfig.checked(settings)
    found = for_small_networks(config, image_space(config, (32, 32, 3), 10))
    assert found == ({"founders": ("small-portfolio",), "fill": small == "wide"} if small else {})


def test_what_the_user_says_of_founders_and_widths_stays() -> None:
    config = RunConfig.checked({"max_parameters": "50k", "founders": ["portfolio"], "fill": True})
    assert for_small_networks(config, image_space(config, (32, 32, 3), 10)) == {}


def test_a_run_is_read_though_its_files_are_estimated_to_be_larger_now(tmp_path: Path) -> None:
    config = RunConfig.checked({"max_size": "12kB"})
    known = {"input_shape": [32, 32, 3], "class_names": ["a", "b"]}
    line = "conv 64 3, relu, conv 32 3, relu, global_average | adam 0.01, batch 32"
    born = stack_space((32, 32, 3)).parse(line).to_json()
    with pytest.raises(TooLarge, match="more than max_size=12,000"):
        image_space(config, (32, 32, 3), 2).blueprint(stack_space((32, 32, 3)).parse(line))
    assert recorded_genome(recorded_space(config, known, "the run"), born, "candidate 1").notation() == line


def test_an_export_that_is_too_large_ends_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "net.tflite"
    file.write_bytes(bytes(31_000))
    made = Exported(file, "litert-int8", 10, 0.0, (), accuracies=(0.9, 0.8), most=30_000)
    monkeypatch.setattr("evolve.models.export.export", lambda *_, **__: made)
    done = CliRunner().invoke(app, ["export", "r", "1", "--format", "litert-int8"])
    assert done.exit_code == 2
    assert "too large: the file has 31,000 bytes, more than the 30,000 of the run's max_size" in done.output
    monkeypatch.setattr("evolve.models.export.export", lambda *_, **__: replace(made, most=31_000))
    assert CliRunner().invoke(app, ["export", "r", "1", "--format", "litert-int8"]).exit_code == 0


def test_a_limit_that_is_broken_is_named() -> None:
    space = stack_space((16, 16, 3)).with_limits(Limits(max_activations=100))
    with pytest.raises(TooLarge, match="771 bytes for activations, more than max_activations=100"):
        space.blueprint(space.parse("global_average | adam 0.001, batch 32"))


def test_small_founders_come_in_turn_with_the_portfolio() -> None:
    space = stack_space((32, 32, 3)).with_limits(Limits(max_parameters=50_000))
    found = founders(space, ["small-portfolio"], Path(), lambda text: None)
    names = [str(one.steps[0].detail["founder"]) for one in found]
    assert names[:4] == ["small-plain", "fast-average", "small-separable", "no-pooling"]
    assert {"tiny", "small-depthwise"} <= set(names)


def test_small_founders_are_as_wide_as_limits_allow_where_nothing_else_counts() -> None:
    space = stack_space((32, 32, 3)).with_limits(Limits(max_parameters=25_000))
    small, wide = (
        {
            one.steps[0].detail["founder"]: space.blueprint(one.genome).parameters
            for one in founders(space, ["small"], Path(), print, fill=fill)
        }
        for fill in (False, True)
    )
    assert small["small-depthwise"] < 5_000
    assert all(20_000 < weights <= 25_000 for weights in wide.values()), wide


@pytest.mark.slow
def test_small_founders_take_part_where_the_users_limits_are_tight(tmp_path: Path, tiny_npz: Path) -> None:
    few: dict[str, Any] = {"images": 64, "epochs": 1, "final_epochs": 1, "evaluations": 1, "population": 2}
    given: dict[str, Any] = {"dataset": str(tiny_npz), "results": tmp_path, "progress": False, "max_parameters": "50k"}
    assert evolve.run(**given, **few).candidate(1).steps[0].detail["founder"] == "small-plain"


def test_small_founders_are_small() -> None:
    space = stack_space((32, 32, 3))
    sizes = {
        name: space.blueprint(space.parse(space.founders[name])).parameters for name in space.founder_groups["small"]
    }
    assert all(1_000 <= value <= 30_000 for value in sizes.values()), sizes
    assert {"separable", "depthwise"} <= set(LAYERS)


# NSGA-II


def play(fitness: Any, births: int = 150, population: int = 12) -> list[tuple[Proposal, tuple[float, ...]]]:
    space = stack_space((16, 16, 3))
    strategy = Nsga2(Births(space, ()), population, Nsga2.Options())
    born: list[tuple[Proposal, tuple[float, ...]]] = []
    for number in range(1, births + 1):
        answer = strategy.ask(Random(number))
        assert isinstance(answer, Proposal)
        values = fitness(space.blueprint(answer.genome))
        result = Result(number, Status.OK, {"accuracy": 0.5}, objectives=values)
        request = Request(number, Candidate(number, answer.genome, "key"), Budget(1, 1), 0, Purpose.SEARCH, "key")
        strategy.tell(request, result)
        born.append((answer, values))
    return born


def test_it_moves_a_whole_front_not_one_end_of_it() -> None:
    """Of two costs that pull apart both ends get better than at random."""

    def apart(spec: Any) -> tuple[float, float]:
        return min(1.0, spec.multiply_adds / 3e6), -spec.parameters / 1e5

    best = sorted(sum(values) for _, values in play(apart))[-20:]
    space = stack_space((16, 16, 3))
    at_random = sorted(sum(apart(space.blueprint(space.random(Random(seed)).genome))) for seed in range(150))[-20:]
    assert sum(best) > sum(at_random)


def test_what_is_within_limits_comes_before_what_is_not() -> None:
    """However good that is; of those beyond, the nearest first."""
    space = stack_space((16, 16, 3))
    strategy = Nsga2(Births(space, ()), 4, Nsga2.Options())
    for number, (accuracy, violation) in enumerate(
        [(0.9, 2.0), (0.1, 0.0), (0.8, 0.5), (0.2, 0.0), (0.7, 1.0)], start=1
    ):
        answer = strategy.ask(Random(number))
        assert isinstance(answer, Proposal)
        result = Result(number, Status.OK, {"accuracy": accuracy}, objectives=(accuracy, -1.0), violation=violation)
        request = Request(number, Candidate(number, answer.genome, "key"), Budget(1, 1), 0, Purpose.SEARCH, "key")
        strategy.tell(request, result)
    assert [one.member.number for one in strategy._members] == [4, 2, 3, 5]


def test_violations_are_shares_of_limits() -> None:
    given = {"objectives": ["accuracy", "latency"], "max_latency": 0.002, "max_size": 30_000}
    objectives = Objectives.of(given)
    assert objectives.violation({"latency": 0.003, "size_int8": 45_000}) == pytest.approx(1.0)
    assert objectives.violation({"latency": 0.001}) == 0


def test_objectives_have_their_costs_without_any_worker(tmp_path: Path) -> None:
    run = evolve.run(**TABLE, objectives=["score", "parameters"], evaluations=40, results=tmp_path, name="n")
    assert run.config.strategy == "nsga2"
    with run.log() as log:
        for request in log.requests(Purpose.SEARCH):
            result = log.result(request.number)
            assert result is not None
            assert result.measures["parameters"] == run.candidate(request.candidate).parameters
            assert result.objectives == (result.measures["score"], -result.measures["parameters"])


def test_one_history_with_several_objectives(tmp_path: Path) -> None:
    def history(name: str) -> list[Any]:
        run = evolve.run(**TABLE, objectives=["score", "parameters"], evaluations=30, results=tmp_path, name=name)
        return [(row["notation"], row["parents"], row["objectives"]) for row in run.history()]

    first = history("one")
    assert first == history("two")
    evolve.resume("one", generations=1, results=tmp_path, progress=False)


def test_the_hall_of_fame_of_several_objectives_has_their_front(tmp_path: Path) -> None:
    run = evolve.run(**TABLE, objectives=["score", "parameters"], evaluations=60, results=tmp_path, name="n")
    told = json.loads(command("show", "n", "--json", "--results", tmp_path, cwd=tmp_path).stdout)
    by_hand = {
        one.candidate
        for one in items(run)
        if not any(
            other.score >= one.score
            and (other.costs["parameters"] or 0) <= (one.costs["parameters"] or 0)
            and (other.score, other.costs["parameters"]) != (one.score, one.costs["parameters"])
            for other in items(run)
        )
    }
    assert {item["candidate"] for item in told["front"]} == by_hand
    text = command("show", "n", "--results", tmp_path, cwd=tmp_path, COLUMNS="200").stdout
    assert f"the front: {len(by_hand)} candidates that none is better than in all of score, parameters" in text


def test_what_is_beyond_a_measured_limit_is_not_on_the_front(run: evolve.Run) -> None:
    best = items(run)[0]
    slow = replace(best, costs={**best.costs, "latency": 0.003})
    assert beyond(slow, {"latency": 0.002})
    assert not beyond(slow, {"latency": 0.004})
    assert not beyond(best, {"latency": 0.002})  # it was not measured
    assert front_of_objectives(run) == [max(items(run), key=lambda item: (item.score, -item.candidate))]


# Fronts, shelves, picks


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> evolve.Run:
    folder = tmp_path_factory.mktemp("shelf")
    return evolve.run(**TABLE, strategy="random", evaluations=60, results=folder, name="r")


def test_a_front_holds_what_none_is_better_than(run: evolve.Run) -> None:
    found = items(run)
    best = front(run, found, ["score", "parameters"])
    assert best
    for one in found:
        better = [
            other
            for other in best
            if other.score >= one.score
            and (other.costs["parameters"] or 0) <= (one.costs["parameters"] or 0)
            and other.candidate != one.candidate
        ]
        assert one in best or better
    scores = [one.score for one in best]
    assert scores == sorted(scores, reverse=True)
    weights = [one.costs["parameters"] for one in best]
    assert weights == sorted(weights, reverse=True)  # type: ignore[type-var]


def test_a_cell_has_its_best(run: evolve.Run) -> None:
    found = items(run)
    for (cell,), best in cells(run, found, ["parameters"]).items():
        inside = [one for one in found if 2**cell <= (one.costs["parameters"] or 0) < 2 ** (cell + 1)]
        assert best in inside
        first = max(inside, key=lambda one: (one.score, -one.candidate))
        again = [one.rescored for one in inside if one.rescored is not None]
        assert best == first if first.rescored is None else best.rescored == max(again)


def test_what_fits_is_picked_those_scored_again_first(run: evolve.Run) -> None:
    limit = sorted(one.costs["parameters"] or 0 for one in items(run))[30]
    fitting = picked(run, {"parameters": limit})
    assert all((one.costs["parameters"] or 0) <= limit for one in fitting)
    assert {one.candidate for one in fitting} == {one.candidate for one in within(items(run), {"parameters": limit})}
    every = picked(run, {"parameters": 1e9})
    again = [one for one in every if one.rescored is not None]
    assert every[: len(again)] == again
    assert len(again) >= 3
    assert pick("r", {"parameters": limit}, results=run.folder.parent, progress=False).item == fitting[0]


def test_where_nothing_fits_the_nearest_is_named(run: evolve.Run) -> None:
    smallest = min(items(run), key=lambda one: one.costs["parameters"] or 0)
    with pytest.raises(RunError, match=f"the nearest is candidate {smallest.candidate} with"):
        picked(run, {"parameters": 1})


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"parameters": 0}, "the limit of parameters must be above 0, not 0"),
        ({"foo": 5}, "'foo' is no cost of a network"),
    ],
)
def test_limits_that_cannot_be(limits: dict[str, float], why: str, run: evolve.Run) -> None:
    with pytest.raises(ConfigError, match=why):
        picked(run, limits)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({**TABLE, "max_size": "30kB"}, "max_size is measured with networks of images, and a table has none"),
        (
            {**TABLE, "max_parameters": "10k"},
            "max_parameters limits networks that are bred, and those of a table are as",
        ),
        ({**TABLE, "max_activations": "10kB"}, "max_activations limits networks that are bred"),
        (
            {**TABLE, "objectives": ["score", "activations"], "strategy": "nsga2"},
            "activations of the networks of a table",
        ),
    ],
)
def test_tables_have_nothing_to_measure(settings: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=why):
        evolve.run(**settings, evaluations=4, results=tmp_path)


def test_items_are_ordered_by_any_measure(run: evolve.Run) -> None:
    found = ordered(run, items(run), "parameters")
    weights = [one.costs["parameters"] or 0 for one in found]
    assert weights == sorted(weights)
    assert ordered(run, found, "score")[0].score == max(one.score for one in found)


def test_names_of_measures(run: evolve.Run) -> None:
    assert measure_names(run, ["score", "multiply-adds", " parameters"]) == ["score", "multiply_adds", "parameters"]
    with pytest.raises(ConfigError, match="'speed' is no measure of a candidate"):
        measure_names(run, ["speed"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "r", "--front", "score,parameters"), "weights"),
        (("show", "r", "--sort", "multiply-adds", "--top", "3"), "multiply-adds"),
        (("shelf", "r"), "origin"),
        (("pick", "r", "--max-parameters", "10M"), "is the best of 60 that fit"),
    ],
)
def test_commands(words: tuple[str, ...], said: str, run: evolve.Run) -> None:
    results = ("--results", run.folder.parent)
    done = command(*words, *results, cwd=run.folder)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert json.loads(command(*words, "--json", *results, cwd=run.folder).stdout)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("pick", "r", "--max-parameters", "1"), "nothing of run 'r' is within 1 parameters; the nearest is candidate"),
        (("pick", "r", "--max-parameters", "1q"), "--max-parameters must be a quantity, not '1q'"),
        (("pick", "r", "--max-latency", "2"), "--max-latency must be a time with its unit, not '2'; for example"),
        (("pick", "r", "--max-latency", "2m"), "--max-latency must be a time with its unit, not '2m'; for example"),
        (("shelf", "r", "--by", "score"), "--by must name costs"),
        (("show", "r", "--front", "score,speed"), "'speed' is no measure of a candidate"),
        (("show", "r", "1", "--sort", "score"), "a candidate does not go together with --front"),
    ],
)
def test_commands_that_cannot_be(words: tuple[str, ...], why: str, run: evolve.Run) -> None:
    done = command(*words, "--results", run.folder.parent, cwd=run.folder)
    assert done.returncode == 2
    assert why in " ".join(done.stderr.split())


@pytest.mark.slow
def test_a_pick_is_scored_again_and_trained_where_it_was_not(tmp_path: Path, tiny_npz: Path) -> None:
    few: dict[str, Any] = {"images": 100, "epochs": 1, "final_epochs": 1, "population": 4, "evaluations": 6}
    given: dict[str, Any] = {"dataset": str(tiny_npz), "leaders": 1, "rescorings": 2, "results": tmp_path}
    names, objectives = ["small-plain", "tiny", "small-depthwise"], ["accuracy", "parameters"]
    run = evolve.run(**given, **few, founders=names, objectives=objectives, name="p", progress=False)
    small = min(items(run), key=lambda one: one.costs["parameters"] or 0)
    limit = small.costs["parameters"] or 0
    made = pick("p", {"parameters": limit}, in_full=True, results=tmp_path, progress=False)
    assert made.item.candidate == small.candidate
    assert made.item.rescored is not None
    assert made.trained is not None
    assert made.trained.path.exists()
    assert not pick("p", {"parameters": limit}, in_full=True, results=tmp_path, progress=False).trained.new  # type: ignore[union-attr]
    with made.run.log() as log:
        assert len(log.requests(Purpose.RESCORE, candidate=small.candidate)) == 2
        before = len(log.requests(Purpose.RESCORE))
    assert pick("p", {"parameters": 10**9}, results=tmp_path, progress=False).item.candidate == run.winner
    with made.run.log() as log:
        assert len(log.requests(Purpose.RESCORE)) == before
    words = ("pick", "p", "--max-parameters", str(int(limit)), "--train", "--json", "--results", tmp_path)
    told = json.loads(command(*words, cwd=tmp_path).stdout)
    assert told["training"] == {**made.trained.to_json(), "new": False}
    assert told["training"]["measures"]["accuracy"] == made.trained.result.measures["accuracy"]


# What is measured


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> evolve.Run:
    """A run with the size of its files as an objective, and a limit on what wins."""
    pytest.importorskip("tensorflow")
    few: dict[str, Any] = {"images": 100, "epochs": 1, "final_epochs": 1, "population": 4, "evaluations": 4}
    given: dict[str, Any] = {"dataset": str(tiny_npz), "leaders": 2, "rescorings": 1, "max_size": "12kB"}
    lines = [f"conv {width} 3, relu, global_average | adam 0.01, batch 32" for width in (4, 8, 16)]
    folder = tmp_path_factory.mktemp("measured")
    objectives = ["accuracy", "size", "latency"]
    return evolve.run(**given, **few, founders=lines, objectives=objectives, results=folder, name="m", progress=False)


@pytest.mark.slow
def test_sizes_and_latencies_are_objectives_that_are_measured(measured: evolve.Run) -> None:
    with measured.log() as log:
        for request in log.requests(Purpose.SEARCH):
            result = log.result(request.number)
            assert result is not None
            assert 2_000 < result.measures["size"] < 100_000
            assert 0 < result.measures["latency"] < 1
            assert result.objectives[1:] == (-result.measures["size"], -result.measures["latency"])
    sizes = {one.candidate: one.costs["size"] or 0 for one in items(measured)}
    assert sizes[1] < sizes[2] < sizes[3]


@pytest.mark.slow
def test_what_wins_is_within_what_was_measured_and_so_is_its_file(measured: evolve.Run) -> None:
    acts = [act.detail for act in measured.acts if act.kind == "measured"]
    assert measured.winner in [act["candidate"] for act in acts]
    assert measured.winner is not None
    target = measured.folder / "net.tflite"
    made = evolve.export(measured.folder, measured.winner, "litert-int8", output=target)
    [known] = [act["measures"] for act in acts if act["candidate"] == measured.winner]
    assert target.stat().st_size <= 12_000
    assert (made.most, made.too_large) == (12_000, "")
    less = target.stat().st_size - 1
    assert replace(made, most=less).too_large.endswith(f"bytes, more than the {less:,} of the run's max_size")
    assert abs(target.stat().st_size - known["size_int8"]) < 500
    assert made.accuracies is not None
    assert abs(made.accuracies[0] - made.accuracies[1]) < 0.2


@pytest.mark.slow
@pytest.mark.filterwarnings(r"ignore:\s*Warning. tf.lite.Interpreter is deprecated:UserWarning")
def test_a_machine_that_has_other_work_shows_in_the_spread_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the smallest networks hundreds are timed before another process has its turn."""
    pytest.importorskip("tensorflow")
    from evolve.training import litert
    from genomes.decode import decode

    space = stack_space((8, 8, 1))
    model = decode(space.blueprint(space.parse("global_average")), {"scale": 1 / 255, "offset": 0.0})
    content, image = litert.as_floats(model), np.zeros((8, 8, 1))
    assert litert.latency(content, image).median < 0.001
    monkeypatch.setattr("time.thread_time", lambda: 0.0)  # the thread did nothing of all that time
    found = litert.latency(content, image)
    assert found.spread >= found.median


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs:UserWarning")  # TensorFlow's, in this process
@pytest.mark.parametrize("name", ["fast", "no-pooling", "residual", "small-separable", "small-depthwise", "tiny"])
def test_the_size_of_a_file_is_known_within_a_few_per_cent(name: str) -> None:
    pytest.importorskip("tensorflow")
    from evolve.training import litert
    from genomes.decode import decode

    space = stack_space((32, 32, 3))
    spec = space.blueprint(space.parse(space.founders[name]))
    model = decode(spec, {"scale": [0.02] * 3, "offset": [-2.0] * 3})
    litert.tell_weights_apart(model)
    images = np.random.default_rng(0).uniform(0, 255, (litert.SEEN, 32, 32, 3))
    assert 0.98 < spec.likely_size / len(litert.as_int8(model, images)) < 1.06


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs:UserWarning")  # TensorFlow's, in this process
def test_what_is_measured_before_a_training_is_the_size_of_the_file_after_it() -> None:
    """Biases and normalisation are equal numbers before it, which a file holds once."""
    pytest.importorskip("tensorflow")
    from evolve.jobs import MeasureJob
    from evolve.training import litert
    from evolve.training.measuring import Measurer
    from genomes.decode import decode

    space = stack_space((8, 8, 1))
    spec = space.blueprint(space.parse("conv 8 3, batchnorm, relu, conv 8 3, batchnorm, relu, global_average"))
    pixels = {"scale": 1 / 255, "offset": 0.0}
    settings = {"pixels": {"scale": pixels}, "low": 0.0, "high": 255.0}
    job = MeasureJob(number=1, spec=spec, pixels="scale", names=("size", "size_int8"))
    before = Measurer(settings).evaluate(job).measures
    for _ in range(10):  # the files of the eleventh are as large, though Keras numbers networks
        decode(spec, pixels)
    rng, trained = np.random.default_rng(1), decode(spec, pixels)
    for weight in trained.weights:
        weight.assign(np.asarray(weight) + rng.uniform(0.01, 0.1, weight.shape))
    images = rng.uniform(0, 255, (50, 8, 8, 1))
    assert before == {"size": len(litert.as_floats(trained)), "size_int8": len(litert.as_int8(trained, images))}


@pytest.mark.slow
def test_a_run_that_measures_times_says_that_they_differ(measured: evolve.Run) -> None:
    shown = " ".join(command("show", "m", "--results", measured.folder.parent, cwd=measured.folder).stdout.split())
    assert "latency was measured on this machine: another run with this seed may differ" in shown
    front_of = ("show", "m", "--front", "accuracy,size", "--results", measured.folder.parent)
    assert "size" in command(*front_of, cwd=measured.folder).stdout


@pytest.mark.slow
def test_a_pick_is_measured_where_it_was_not(measured: evolve.Run) -> None:
    words = ("pick", "m", "--max-size", "11kB", "--no-rescore", "--results", measured.folder.parent, "--json")
    done = command(*words, cwd=measured.folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["size_int8"] <= 11_000


@pytest.mark.slow
def test_where_nothing_is_within_what_is_measured_that_is_said(tmp_path: Path, tiny_npz: Path) -> None:
    pytest.importorskip("tensorflow")
    few = ("--images", "100", "--epochs", "1", "--final-epochs", "1", "--evaluations", "2", "--population", "2")
    words = ("run", "--dataset", tiny_npz, *few, "--max-latency", "1ns", "--name", "n")
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert "max_latency must be a time above zero" in done.stderr.replace("--max-latency", "max_latency")
    words = [word if word != "1ns" else "0.0001ms" for word in words]
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert "measuring the smallest network for these images" in done.stdout
    assert "the smallest network for these images is beyond a limit: an image takes" in done.stderr
    assert "more than max_latency=0.1 us; raise that limit" in " ".join(done.stderr.split())
    assert not (tmp_path / "results" / "n").exists()


def test_a_limit_that_nothing_fits_names_the_smallest_network(tmp_path: Path) -> None:
    images, labels = np.zeros((60, 16, 16, 3), np.uint8), np.arange(60)[:, np.newaxis] % 3
    images[:] = 40 * labels[..., np.newaxis, np.newaxis] + np.arange(60)[:, np.newaxis, np.newaxis, np.newaxis]
    np.savez(tmp_path / "data.npz", x_train=images, y_train=labels)
    words = ("run", "--dataset", "data.npz", "--max-activations", "100", "--evaluations", "2")
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 2
    # three means of three channels and the image; three weights and an offset for each of three classes
    assert "the smallest network for these images has 12 weights, 9 multiply-adds, 771 bytes" in done.stderr
    done = command(*words, "--max-parameters", "100", cwd=tmp_path)  # which a few are within
    assert "error: 771 bytes for activations, more than max_activations=100; the smallest" in done.stderr


def test_an_item_knows_its_measures() -> None:
    item = Item(1, 0.5, None, {"parameters": 10.0}, "random", "line", False)
    assert (item.value("score"), item.value("rescored"), item.value("parameters")) == (0.5, None, 10.0)
    assert item.to_json()["parameters"] == 10.0


def test_several_objectives_in_a_file(tmp_path: Path) -> None:
    config = RunConfig.checked({"objectives": "accuracy, multiply-adds", "strategy": "nsga2"})
    check_objectives(config)
    assert config.objectives == ("accuracy", " multiply-adds")
