"""What a script carries of the training: where weights begin, the optimizer, and how images are changed; each as this
project has it, without type hints."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evolve.training.augment import alternates, changes_of, mirror, mixup
from genomes.keras_calls import TRIANGLE
from genomes.source import optimizer_source
from genomes.spec import ModelSpec

_START = '''def start(model, images):
    """The weights that the training begins with."""
'''
_HAND_ON = """    for layer in model.layers:
        if isinstance(layer, layers.Conv2D) and layer.trainable:
            hand_on(layer)
"""
_WHITEN = """    for layer in model.layers:
        if isinstance(layer, layers.Conv2D) and not layer.trainable:
            whiten(layer, model.layers[1], images)
"""


def start_source(spec: ModelSpec, recipe: Mapping[str, Any]) -> str:
    """A function `start(model, images)` and what it calls, where the network does not begin as Keras has it."""
    whitens = any(node.op == "whitening" for node in spec.nodes)
    names = ["hand_on"] * recipe["dirac"] + ["whiten"] * whitens
    lines = _HAND_ON * recipe["dirac"] + _WHITEN * whitens
    return (
        "\n\n\n".join([*(_source_with_keras("starting_weights", name) for name in names), _START + lines])
        if lines
        else ""
    )


def recipe_source(recipe: Mapping[str, Any]) -> str:
    """`optimizer_source`, and the schedule and the loss where Keras has none such."""
    triangle = [_source_with_keras("optimizers", TRIANGLE)] if _has_triangle(recipe) else []
    weighted = [_source_with_keras("losses", "weighted_crossentropy")] if recipe["class_weights"] else []
    return "\n\n\n".join([*triangle, optimizer_source(recipe), *weighted])


def has_own_loss_or_rate(recipe: Mapping[str, Any]) -> bool:
    """Whether a saved model could be loaded by its script alone."""
    return bool(recipe["class_weights"]) or _has_triangle(recipe)


def _has_triangle(recipe: Mapping[str, Any]) -> bool:
    return f"{TRIANGLE}(" in optimizer_source(recipe)


def augmentation_source(recipe: Mapping[str, Any]) -> str:
    """The functions of augmentation that the recipe uses, as they are, and `augment(images, targets, rng)`."""
    used = changes_of(recipe)
    functions = [change.function for change in used] + ([mixup] if recipe["mixup"] else [])
    functions = [mirror, *functions] if alternates(recipe) else functions
    lines = []
    for change in used:
        values = [*map(str, change.values(recipe)), *(("LOW", "HIGH") if change.ranged else ())]
        lines.append(f"    images = {change.function.__name__}({', '.join(['images', *values, 'rng'])})")
    if recipe["mixup"]:
        lines.append(f"    images, targets = mixup(images, targets, {recipe['mixup']}, rng)")
    body = "\n".join([*lines, "    return images, targets"])
    title = "# 4. Change the training images at random, anew in each epoch."
    return "\n\n\n".join([title, *map(_plain, functions), f"def augment(images, targets, rng):\n{body}"]) + "\n"


def _source_with_keras(module: str, name: str) -> str:
    """The source of a class or function of a module of `evolve.training` without type hints, read from its file:
    imported, the module would bring Keras, which takes seconds."""
    found = find_spec(f"evolve.training.{module}")
    assert found is not None and found.origin is not None
    text = Path(found.origin).read_text(encoding="utf-8")
    defined = {one.name: one for one in ast.parse(text).body if isinstance(one, ast.ClassDef | ast.FunctionDef)}
    source = str(ast.get_source_segment(text, defined[name]))
    return _without_hints(re.sub(r"  # (type|noqa):.*", "", source))


def _without_hints(source: str) -> str:
    """Source in which functions whose head is one line are without type hints."""
    return re.sub(r"(?m)^ *def .*$", lambda line: re.sub(r" -> .*(?=:)|: [^,:)]*(?=[,)])", _default, line[0]), source)


def _default(hint: re.Match[str]) -> str:
    """What stays of a type hint: the default behind it."""
    _, equals, value = hint[0].partition(" = ")
    return f"={value}" if equals else ""


def _plain(function: Any) -> str:
    """The source of a function without type hints, as a tutorial has it."""
    source = _without_hints(inspect.getsource(function).rstrip())
    head, colon, body = source.partition(':\n    """')
    parameters = ", ".join(inspect.signature(function).parameters)
    return f'def {function.__name__}({parameters}):\n    """{body}' if colon and head else source
