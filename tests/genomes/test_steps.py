"""Steps: a closed register of operators, JSON that says where, from and to, and text for people."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from conftest import stack_space

from genomes.recipe import Recipe
from genomes.stack.operators import OPERATORS, Stack, mutate_stack
from genomes.steps import STEPS, Step, read_step

SPACE = stack_space((32, 32, 3))
SEEDS = 40


def taken(operator: str) -> list[tuple[Stack, Stack, tuple[Recipe, Recipe], Step]]:
    """Stacks before and after, recipes before and after, and the step between, for some seeds."""
    found = []
    for seed in range(SEEDS):
        rng = Random(seed)
        parent = SPACE.random(rng).genome
        stack, recipe, [step] = mutate_stack(parent.layers, parent.recipe, 1, rng, SPACE.alphabet, only=operator)
        found.append((parent.layers, stack, (parent.recipe, recipe), step))
    return found


@pytest.mark.parametrize("operator", [*OPERATORS, "recipe"])
def test_each_operator_says_in_json_what_it_did(operator: str) -> None:
    for _, _, _, step in taken(operator):
        assert step.operator == operator in STEPS
        assert read_step(json.loads(json.dumps(step.to_json()))) == step
        assert step.detail
        assert step.text


def test_the_detail_is_what_was_done() -> None:
    for before, after, _, step in taken("insert"):
        place = step.detail["at"]
        assert isinstance(place, int)
        assert str(after[place - 1]) == step.detail["to"]
        assert (*after[: place - 1], *after[place:]) == before
    for before, after, _, step in taken("remove stage"):
        detail: Any = step.detail
        start, end = detail["at"] - 1, detail["at"] - 1 + len(detail["from"])
        assert list(map(str, before[start:end])) == detail["from"]
        assert (*before[:start], *before[end:]) == after
        assert step.text.startswith(f"remove stage: {before[start].word}")
    for before, after, _, step in taken("change"):
        detail = step.detail
        old, new = before[detail["at"] - 1], after[detail["at"] - 1]
        assert (old.kind, getattr(old, detail["gene"])) == (detail["layer"], detail["from"])
        assert getattr(new, detail["gene"]) == detail["to"]
    for _, _, (old_recipe, new_recipe), step in taken("recipe"):
        detail = step.detail
        for name, value in detail["from"].items():
            assert (getattr(old_recipe, name), getattr(new_recipe, name)) == (value, detail["to"][name])


def test_an_operator_that_is_not_registered_is_refused() -> None:
    with pytest.raises(ValueError, match="operator 'flatten' is unknown; known are founder, random, insert"):
        Step("flatten", {}, "flatten by maxpool at 3")


@pytest.mark.parametrize("detail", [{"to": float("nan")}, {"to": object()}])
def test_a_detail_is_json(detail: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        Step("insert", detail, "insert something")


@pytest.mark.parametrize(
    "data", [3, None, [], {}, {"operator": "insert", "text": "x"}, {"operator": "insert", "detail": [], "text": "x"}]
)
def test_what_is_no_step_is_refused(data: Any) -> None:
    with pytest.raises(ValueError, match="is not a step"):
        read_step(data)


def test_steps_of_version_0_9_are_known_by_their_text() -> None:
    assert read_step("flatten by maxpool at 3") == Step("recorded", {}, "flatten by maxpool at 3")


def test_equal_steps_are_equal_however_their_detail_was_given() -> None:
    one, other = (Step("swap", {"from": pair}, "swap") for pair in (("a", "b"), ["a", "b"]))
    assert one == other
    assert len({one, other}) == 1
    assert one != Step("swap", {"from": ["b", "a"]}, "swap")
