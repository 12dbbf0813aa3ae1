"""What a search begins with."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import DATA, command, stack_space

from evolve.engine.initial_population import founder, founders
from evolve.errors import ConfigError
from evolve.search.births import Births
from evolve.search.strategy import Proposal
from genomes.graph.space import GraphSpace
from genomes.stack.founders import GROUPS
from genomes.stack.space import StackSpace

SPACE = stack_space((32, 32, 3))


def named(*wanted: str, space: Any = SPACE, results: Path = Path("none")) -> tuple[list[str], list[str]]:
    """What the founders are, in words, and what was noted."""
    notes: list[str] = []
    found = founders(space, wanted, results, notes.append)
    return [in_words(proposal) for proposal in found], notes


def in_words(proposal: Proposal) -> str:
    return "; ".join(map(str, proposal.steps))


def test_groups_names_and_notations_in_order_each_once() -> None:
    text = "conv 8 3, relu, flatten"
    begun, notes = named("vgg", "article", text, "zoo", "random", "vgg")
    expected = ["vgg", *GROUPS["article"], text, *GROUPS["zoo"][1:]]
    assert begun == [f"founder {name}" for name in expected]
    assert notes == []


def test_none_given_are_the_portfolio() -> None:
    space = stack_space((32, 32, 3), max_multiply_adds=300_000_000)
    found = founders(space, None, Path("none"), lambda note: None)
    assert [in_words(p) for p in found] == [f"founder {name}" for name in GROUPS["portfolio"]]


def test_those_of_a_group_are_made_as_wide_as_the_limits_allow() -> None:
    tight = stack_space((32, 32, 3), max_work=20_000_000)
    narrow = founders(tight, ["fast-sizes"], Path("none"), lambda note: None)
    assert list(map(in_words, narrow)) == [
        "founder fast; 0.6875 times as wide",
        "founder fast-wide; 0.3125 times as wide",
        "founder fast-large; 0.1875 times as wide",
    ]
    roomy = stack_space((32, 32, 3), max_work=120_000_000, max_multiply_adds=300_000_000)
    wide = founders(roomy, ["fast-sizes", "article-1"], Path("none"), lambda note: None, fill=True)
    assert list(map(in_words, wide)) == [
        "founder fast; 2 times as wide",
        "founder fast-large; 0.5625 times as wide",
        "founder article-1",  # asked for by itself
    ]


def test_those_of_a_group_with_a_layer_that_is_off_are_left_out_and_one_asked_for_is_refused() -> None:
    space = stack_space((32, 32, 3), layers={"residual": False})
    begun, notes = named("zoo", space=space)
    assert "founder resnet" not in begun
    assert notes == ["built-in founders that do not fit these images and settings are left out: resnet"]
    with pytest.raises(ConfigError, match="'residual' is switched off in this search"):
        named("residual 8 3, flatten", space=space)


def test_those_that_are_out_of_narrowed_bounds_are_changed_and_that_is_said_once() -> None:
    space = stack_space((32, 32, 3), layers={"batchnorm": False}, recipe={"flip": False, "label_smoothing": 0})
    begun, notes = named("fast-sizes", "resnet", "conv 8 3, relu, flatten | adam 0.01, flip", space=space)
    change = "batchnorm left out, smoothing 0.1 -> off, flip on -> off"
    assert begun == [
        f"founder fast; {change}",
        f"founder fast-wide; {change}; 0.75 times as wide",
        f"founder fast-large; {change}; 0.375 times as wide",
        "founder resnet; batchnorm left out",
        "founder conv 8 3, relu, flatten | adam 0.01, flip; flip on -> off",
    ]
    assert notes == [
        "founders are changed where they are out of the bounds of this run: "
        f"fast, fast-wide, fast-large ({change}); resnet (batchnorm left out); "
        "conv 8 3, relu, flatten | adam 0.01, flip (flip on -> off)"
    ]


def test_one_that_cannot_be_built_without_what_is_off_is_left_out() -> None:
    space = stack_space((32, 32, 3), layers={"maxpool": False}, max_parameters=50_000)
    text = "conv 16 3, relu, maxpool 4, flatten, dense 32, relu"
    begun, notes = named(text, "conv 8 3, relu, global_max", space=space)
    assert begun == ["founder conv 8 3, relu, global_max"]
    assert notes == [f"founder {text} left out: 525,098 parameters, more than max_parameters=50,000"]


@pytest.mark.parametrize("side", [3, 4, 8])
@pytest.mark.parametrize("kind", [StackSpace, GraphSpace])
def test_of_small_images_founders_pool_less_often(kind: Any, side: int) -> None:
    """None is lost, and what was changed is said."""
    notes: list[str] = []
    space = kind((side, side, 1), 10)
    found = founders(space, None, Path("results"), notes.append)
    assert [one.steps[0].detail["founder"] for one in found] == [*GROUPS["portfolio"]]
    pooled = [step.text for one in found for step in one.steps if "pooling" in step.text]
    assert "the last pooling left out, as images are small" in pooled
    assert all(space.problem(one.genome) is None for one in found)
    [note] = notes
    assert "whitened-average" in note
    assert "as images are small" in note


def test_random_alone_is_no_founder() -> None:
    assert named("random") == ([], [])


def test_those_of_a_group_that_do_not_fit_are_named_and_left_out() -> None:
    begun, notes = named("article", "zoo", space=stack_space((8, 8, 1)))
    assert begun == [f"founder {name}" for name in GROUPS["zoo"]]
    assert notes == ["built-in founders that do not fit these images and settings are left out: article-1, article-2"]


def test_one_asked_for_that_does_not_fit_says_why() -> None:
    begun, notes = named("article-1", "vgg", space=stack_space((8, 8, 1)))
    assert begun == ["founder vgg"]
    assert notes[0].startswith("founder article-1 left out: layer 7")
    with pytest.raises(ConfigError, match="none of the founders given fits; the last one: article-1: layer 7"):
        named("article-1", space=stack_space((8, 8, 1)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("vg", "founder 'vg' is unknown; did you mean 'vgg'"),
        ("zoos", "founder 'zoos' is unknown; did you mean 'zoo'"),
        ("conv 32, flatten", "kernel is missing"),
        ("conv 32 9, flatten", "kernel must be a whole number from 1 to 7, not 9"),
        ("nowhere:3", "there is no run 'nowhere'"),
    ],
)
def test_what_cannot_be_read_says_so(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=reason):
        founder(SPACE, text, tmp_path)


def test_a_candidate_of_another_run_begins_a_new_one(tmp_path: Path) -> None:
    table = ("--table", DATA / "table.json", "--encoding", "choices", "--evaluations", "4")
    assert command("run", *table, "--name", "first", cwd=tmp_path).returncode == 0
    second = command("run", *table, "--name", "second", "--founder", "first:3", cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    shown = command("show", "second", "1", cwd=tmp_path).stdout
    assert "founder first:3" in shown
    wrong = command("run", *table, "--name", "third", "--founder", "first:9", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "founder 'first:9': run 'first' has candidates 1 to 4, not 9" in wrong.stderr
    images = command("run", "--name", "fourth", "--founder", "first:3", cwd=tmp_path)
    assert "is of the encoding 'choices', this run is 'stack'" in images.stderr


def test_without_random_the_first_population_are_founders_and_their_mutants() -> None:
    begin_with = founders(SPACE, ["vgg"], Path("none"), lambda note: None)
    births = Births(SPACE, begin_with, mutants=True)
    first, second = (births.newcomer(Random(n)) for n in range(2))
    assert first is not None
    assert second is not None
    assert in_words(first) == "founder vgg"
    assert second.steps[0] == first.steps[0]
    assert len(second.steps) > 1
    assert SPACE.distance(first.genome, second.genome) < 0.4


def test_a_call_of_keras_is_told_in_the_words_of_the_notation(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        named("layers.Conv2D(32, 3, padding='same', activation='relu'), Attention() | adam 0.01")
    said = str(refused.value)
    assert "is a call of Keras; a network is written as layers in words, separated by commas" in said
    assert said.endswith("(without Attention, for which there is no word) is: 'conv 32 3, relu, flatten | adam 0.01'")
    with pytest.raises(ConfigError, match=r"none\.keras': there is no such file"):
        named(f"{tmp_path}/none.keras")


def test_a_model_file_is_told_in_the_words_of_the_notation(tmp_path: Path) -> None:
    kernel = {"filters": 8, "kernel_size": [3, 3], "strides": [1, 1], "padding": "same", "activation": "relu"}
    end = {"units": 10, "activation": "softmax"}
    layers = [
        {"class_name": name, "config": config}
        for name, config in (("InputLayer", {}), ("Conv2D", kernel), ("Flatten", {}), ("Dense", end))
    ]
    with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Functional", "config": {"layers": layers}}))
    with pytest.raises(ConfigError, match=r"is a model file; .*the nearest line is: 'conv 8 3, relu, flatten'"):
        named(f"{tmp_path}/net.keras")
    (tmp_path / "net.keras").write_text("no archive")
    with pytest.raises(ConfigError, match="it cannot be read as a"):
        named(f"{tmp_path}/net.keras")
