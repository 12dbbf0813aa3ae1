"""ModelSpec + recipe -> the parts of a stand-alone Keras script, as a tutorial would write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from genomes.keras_calls import (
    LAYERS,
    NOT_DECAYED,
    RISES,
    TRIANGLE,
    Call,
    Settings,
    normalisation,
    schedule,
)
from genomes.keras_calls import optimizer as optimizer_words
from genomes.spec import ModelSpec, Node


def model_source(spec: ModelSpec, pixels: Settings) -> str:
    """A function `build_model()` that makes the network of `spec` layer by layer."""
    readers: dict[int, list[int]] = {}
    for position, node in enumerate(spec.nodes):
        for source in node.inputs:
            readers.setdefault(source, []).append(position)

    def variable(position: int) -> str:
        """`x` for what the next line alone reads, a name of its own for what is read elsewhere, too."""
        if readers.get(position) == [position + 1]:
            return "x"
        return f"{spec.nodes[position].op}_{position}" if position else "pixels"

    lines = [f"image = keras.Input(shape={spec.input_shape})"]
    lines.append(f"{variable(0)} = {_call(normalisation(pixels), 'layers.')}(image)  # raw pixels in")
    for position, node in enumerate(spec.nodes[1:], start=1):
        sources = [variable(source) for source in node.inputs]
        inputs = sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"
        last = position == len(spec.nodes) - 1
        target = "probabilities" if last else variable(position)
        lines.append(f"{target} = {_layer(node)}({inputs}){_shape(node)}")
    lines.append("return keras.Model(image, probabilities)")
    return "def build_model():\n" + "\n".join(f"    {line}" for line in lines) + "\n"


def optimizer_source(recipe: Mapping[str, Any]) -> str:
    """A function `build_optimizer(steps)` for a training of that many steps. It may name the class
    `Triangle` of `evolve.training.optimizers`."""
    called = schedule(recipe, _Name("steps"), _Name("rise"), _Name("steps - rise"))
    rate = literal(recipe["learning_rate"])
    if called:
        rate = _call(called, "" if called[0] == TRIANGLE else "keras.optimizers.schedules.")
    lines = [f"rise = round({RISES[recipe['schedule']]} * steps)"] if "rise" in rate else []
    kind, named = optimizer_words(recipe)
    options = "".join(f", {name}={literal(value)}" for name, value in named.items())
    lines += [f"learning_rate = {rate}", f"optimizer = keras.optimizers.{kind}(learning_rate=learning_rate{options})"]
    if recipe["kernels_only"]:
        lines.append(f"optimizer.exclude_from_weight_decay(var_names={literal(list(NOT_DECAYED))})")
    lines.append("return optimizer")
    return "def build_optimizer(steps):\n" + "\n".join(f"    {line}" for line in lines) + "\n"


class _Name(str):
    """A name in the script, which is written without quotes."""


def custom_paths(spec: ModelSpec) -> list[str]:
    """Dotted paths of the user's own layers in a network, each once."""
    return list(dict.fromkeys(str(dict(node.settings)["class"]) for node in spec.nodes if node.op == "own"))


def _layer(node: Node) -> str:
    call = LAYERS[node.op](dict(node.settings))
    if node.op == "own":
        return _call((call[0].rpartition(".")[2], *call[1:]), "")
    return _call(call, "layers.")


def _call(call: Call, prefix: str) -> str:
    kind, positional, named = call
    arguments = [*map(literal, positional), *(f"{name}={literal(value)}" for name, value in named.items())]
    return f"{prefix}{kind}({', '.join(arguments)})"


def literal(value: Any) -> str:
    """A value as Python spells it, words in double quotes."""
    if isinstance(value, _Name):
        return str(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) or _words(value) else repr(value)


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _shape(node: Node) -> str:
    """The output's shape as a comment, where a layer changes it."""
    changes = node.op in (
        "convolution",
        "whitening",
        "separable_convolution",
        "concatenate",
        "dense",
        "max_pool",
        "average_pool",
        "pad",
    )
    shown = changes or node.op in ("depthwise_convolution", "flatten", "global_average", "global_max")
    return f"  # {'x'.join(map(str, node.shape))}" if shown else ""
