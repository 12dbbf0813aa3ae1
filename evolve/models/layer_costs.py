"""What the layers of a Keras model cost for one image, call by call, those of models within, too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evolve.training.keras_graph import calls, is_model, kind_of

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")  # weights that are used once for each place
PLACED = ("Dense", *(f"{kind}{sides}D" for kind in ("Conv", "DepthwiseConv", "SeparableConv") for sides in (1, 2, 3)))
TRANSPOSED = tuple(f"Conv{sides}DTranspose" for sides in (1, 2, 3))
PRODUCTS = ("Matmul", "Einsum", "Dot", "Tensordot", "Inner", "Outer", "Conv", "Attention", "AdditiveAttention")
Shape = Sequence[int | None]


@dataclass(frozen=True)
class Cost:
    """Of one call for one image. multiply_adds: of convolutions and dense layers; None for a layer that has some, which
    are not counted. values: that it puts out."""

    layer: str
    kind: str
    multiply_adds: int | None
    values: int


def costs_of(model: Any) -> Iterator[Cost]:
    """Of every call of a layer or operation; the image itself costs nothing."""
    for call in calls(model):
        operation = call.operation
        if is_model(operation):
            yield from costs_of(operation)
        elif kind_of(operation) != "InputLayer":
            shapes = [tuple(one.shape) for one in call.input_tensors], [tuple(one.shape) for one in call.output_tensors]
            values = sum(map(_size, shapes[1]))
            yield Cost(operation.name, kind_of(operation), _multiply_adds(operation, *shapes), values)


def _size(shape: Shape) -> int:
    """Numbers of one image; a length that is not known counts as one."""
    return math.prod(side for side in shape[1:] if side is not None)


def _multiply_adds(layer: Any, given: list[tuple[int | None, ...]], made: list[tuple[int | None, ...]]) -> int | None:
    kind = kind_of(layer)
    if kind in PLACED:
        return _places(layer, made[0]) * _kernels(layer)
    if kind in TRANSPOSED:  # its kernel is used once for each place of what it reads
        return _places(layer, given[0]) * _kernels(layer)
    if kind == "EinsumDense":
        return _einsum(layer.equation, given[0], tuple(layer.kernel.shape))
    if kind == "MultiHeadAttention":
        return _attention(layer, given)
    multiplies = any("kernel" in weight.path.rpartition("/")[2] for weight in getattr(layer, "weights", ()))
    return None if multiplies or kind in PRODUCTS else 0


def _kernels(layer: Any) -> int:
    return sum(math.prod(one.shape) for one in layer.weights if one.path.rpartition("/")[2] in KERNELS)


def _places(layer: Any, shape: Shape) -> int:
    first = getattr(layer, "data_format", None) == "channels_first"
    return _size((None, *shape[2:]) if first else shape[:-1])


def _einsum(equation: str, given: Shape, kernel: Shape) -> int | None:
    """One for each combination of what the letters of the equation count, but for the images."""
    read, by = equation.partition("->")[0].split(",")
    if "." in equation or len(read) != len(given):
        return None
    sides = {**dict(zip(by, kernel, strict=True)), **dict(zip(read, given, strict=True))}
    return _size((None, *(side for letter, side in sides.items() if letter != read[0])))


def _attention(layer: Any, given: list[tuple[int | None, ...]]) -> int:
    """Of the projections, of each query with each key, and of the values that are summed."""
    config = layer.get_config()
    heads, key_size = config["num_heads"], config["key_dim"]
    queries, keys = _size(given[0][:-1]), _size(given[1][:-1])
    used = {"query": queries, "attention_output": queries, "key": keys, "value": keys}
    kernels = {one.path.split("/")[-2]: math.prod(one.shape) for one in layer.weights if one.path.endswith("/kernel")}
    projected = sum(used[part] * size for part, size in kernels.items())
    return int(projected + queries * keys * heads * (key_size + (config["value_dim"] or key_size)))
