"""Steps: a closed register of operators, JSON that says where, from and to, and text for people."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest
from conftest import stack_space

from genomes.recipe import Recipe, difference, in_words
from genomes.stack.operators import OPERATORS, Stack, cross_stacks, mutate_stack
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


def test_the_text_names_layers_by_their_places_and_has_one_word_for_one_thing() -> None:
    for before, _, _, step in taken("swap"):
        detail: Any = step.detail
        at = detail["at"]
        assert step.text == f"swap {before[at - 1].word} at {at} and {before[at].word} at {at + 1}"
    for operator, verb, key in (("remove stage", "remove", "from"), ("deepen", "insert", "to")):
        for before, after, _, step in taken(operator):
            detail = step.detail
            stack, at, count = (before if key == "from" else after), detail["at"], len(detail[key])
            stage = stack[at - 1 : at - 1 + count]
            place = f"{at}" if count == 1 else f"{at}-{at + count - 1}"
            assert step.text == f"{verb} stage: {'+'.join(layer.word for layer in stage)} at {place}"
            assert stage[0].begins_stage and not any(layer.begins_stage for layer in stage[1:])
    texts = {step.text for operator in OPERATORS for _, _, _, step in taken(operator)}
    assert any(re.fullmatch(r"change \w+ at \d+ to \w+", text) for text in texts)
    assert not [text for text in texts if re.search(r"block\b(?<!dense_block)|deepen|widen|narrow", text)]


def test_a_recipe_is_told_in_the_words_of_the_notation() -> None:
    before = Recipe("sgd", 0.1, 64, flip=True, label_smoothing=0.1)
    after = Recipe("sgd", 0.05, 32, schedule="cosine", mixup=0.2)
    assert in_words(difference(before, after)) == (
        "learning rate 0.1 -> 0.05, batch 64 -> 32, schedule constant -> cosine, smoothing 0.1 -> off, flip on -> off, "
        "mixup off -> 0.2"
    )


def test_a_crossover_says_which_layers_come_from_which_parent() -> None:
    orders = set()
    for seed in range(SEEDS):
        rng = Random(seed)
        a, b = SPACE.random(rng).genome, SPACE.random(rng).genome
        child, _, [step] = cross_stacks((a.layers, a.recipe), (b.layers, b.recipe), rng)
        detail: Any = step.detail
        front, back = (a, b) if detail["front"] == "first" else (b, a)
        cut = len(back.layers) - detail["rest"]
        assert child == front.layers[: detail["first"]] + back.layers[cut:]
        other = "second" if detail["front"] == "first" else "first"
        if detail["first"] > 1 and detail["rest"] > 1:
            places = f"layers 1-{detail['first']} of the {detail['front']} parent, layers {cut + 1}-{len(back.layers)}"
            assert step.text == f"crossover: {places} of the {other} one"
            orders.add(other)
    assert orders == {"first", "second"}


def test_an_operator_that_is_not_registered_is_refused() -> None:
    with pytest.raises(ValueError, match="operator 'flatten' is unknown; known are founder, random, adopt"):
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
