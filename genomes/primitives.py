"""The closed set of primitive layers: what each does to shapes and what it costs, worked out without Keras.

Every layer kind of every encoding, composites included, ends as nodes of the table `PRIMITIVES`.

Shapes are those of one image without the batch axis: (height, width, channels) before the flattening, (units,)
after it. Costs: `parameters` counts what Keras's `count_params` counts (the running averages of batch
normalisation included); `multiply_adds` counts the multiplications of convolutions and dense layers for one image,
forward only, which is half of what TensorFlow's profiler calls float operations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Shape = tuple[int, ...]


class InvalidGenome(ValueError):
    """A genome that cannot be built, or breaks a limit of its search space. The message is the reason."""


@dataclass(frozen=True)
class Primitive:
    """What one kind of node does to shapes and what it costs.

    shape: from input shapes and settings to the output shape; raises InvalidGenome.
    parameters, multiply_adds: from input shape, output shape and settings to a count.
    """

    shape: Callable[[list[Shape], Mapping[str, Any]], Shape]
    parameters: Callable[[Shape, Shape, Mapping[str, Any]], int] = lambda *_: 0
    multiply_adds: Callable[[Shape, Shape, Mapping[str, Any]], int] = lambda *_: 0
    commutative: bool = False


def _same(shapes: list[Shape], settings: Mapping[str, Any]) -> Shape:
    return shapes[0]


def _feature_map(shape: Shape, what: str) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise InvalidGenome(f"{what} needs a feature map, but stands behind the flattening (shape {shape})")
    return shape[0], shape[1], shape[2]


def _window(shape: Shape, size: int, s: Mapping[str, Any], what: str) -> tuple[int, int]:
    height, width, _ = _feature_map(shape, what)
    stride, padding = s["stride"], s["padding"]
    if padding == "same":
        return math.ceil(height / stride), math.ceil(width / stride)
    if min(height, width) < size:
        raise InvalidGenome(
            f"{what} needs a feature map of at least {size}x{size}, but gets {height}x{width}; "
            "use fewer poolings, padding=same or a smaller window"
        )
    return (height - size) // stride + 1, (width - size) // stride + 1


def _convolved(shapes: list[Shape], s: Mapping[str, Any]) -> tuple[int, int]:
    dilation = s.get("dilation", 1)
    if dilation > 1 and s["stride"] > 1:
        raise InvalidGenome(f"stride {s['stride']} and dilation {dilation} do not go together; set one of them to 1")
    reach = dilation * (s["kernel"] - 1) + 1
    return _window(shapes[0], reach, s, f"convolution {s['kernel']}x{s['kernel']}")


def _convolution_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    return (*_convolved(shapes, s), s["filters"])


def _convolution_parameters(before: Shape, after: Shape, s: Mapping[str, Any]) -> int:
    return int(s["kernel"] ** 2 * before[2] * after[2] + (after[2] if s["bias"] else 0))


def _convolution_multiply_adds(before: Shape, after: Shape, s: Mapping[str, Any]) -> int:
    return int(math.prod(after) * s["kernel"] ** 2 * before[2])


def _whitening_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    window = _window(
        shapes[0], s["kernel"], {"stride": 1, "padding": "valid"}, f"whitening {s['kernel']}x{s['kernel']}"
    )
    return (*window, s["filters"])


def _separable_parameters(before: Shape, after: Shape, s: Mapping[str, Any]) -> int:
    return int(s["kernel"] ** 2 * before[2] + before[2] * after[2] + after[2])


def _separable_multiply_adds(before: Shape, after: Shape, s: Mapping[str, Any]) -> int:
    return int(after[0] * after[1] * before[2] * (s["kernel"] ** 2 + after[2]))


def _depthwise_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    return (*_convolved(shapes, s), shapes[0][2])


def _pool_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    """size_across, stride_across: along the width, where they are others than along the height."""
    size, across = s["size"], s.get("size_across", s["size"])
    what, of_width = f"pooling {size}x{across}", {**s, "stride": s.get("stride_across", s["stride"])}
    height, width, channels = _feature_map(shapes[0], what)
    rows, _ = _window((height, height, channels), size, s, what)
    _, columns = _window((width, width, channels), across, of_width, what)
    return rows, columns, channels


def _padded_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    height, width, channels = _feature_map(shapes[0], "padding")
    return height + s["top"] + s["bottom"], width + s["left"] + s["right"], channels


def _channel_means_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    return (1, 1, _feature_map(shapes[0], "the mean of each channel")[2])


def _map_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    return _feature_map(shapes[0], "dropping whole channels")


def _concatenation_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    if len({shape[:-1] for shape in shapes}) != 1:
        raise InvalidGenome(f"concatenate needs maps of one size, but gets {' and '.join(map(str, shapes))}")
    return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))


def _product_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    features, weights = shapes
    if weights != (1, 1, features[-1]):
        raise InvalidGenome(f"multiply needs one weight per channel of {features}, but gets {weights}")
    return features


def _own_parameters(before: Shape, after: Shape, s: Mapping[str, Any]) -> int:
    """Weights of a user's own layer: a polynomial in its channels."""
    return sum(int(factor) * before[-1] ** power for power, factor in enumerate(s["weights"].split()))


def _channels(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    return (_feature_map(shapes[0], "global pooling")[2],)


def _flatten_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    return (math.prod(_feature_map(shapes[0], "flatten")),)


def _dense_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    if len(shapes[0]) != 1:
        raise InvalidGenome(f"dense needs a flattened input, but gets a feature map (shape {shapes[0]})")
    return (s["units"],)


def _sum_shape(shapes: list[Shape], s: Mapping[str, Any]) -> Shape:
    if len(set(shapes)) != 1:
        raise InvalidGenome(f"add needs inputs of one shape, but gets {' and '.join(map(str, shapes))}")
    return shapes[0]


PRIMITIVES: dict[str, Primitive] = {
    "input": Primitive(_same),
    "convolution": Primitive(_convolution_shape, _convolution_parameters, _convolution_multiply_adds),
    "separable_convolution": Primitive(_convolution_shape, _separable_parameters, _separable_multiply_adds),
    "depthwise_convolution": Primitive(
        _depthwise_shape,
        parameters=lambda before, after, s: (s["kernel"] ** 2 + 1) * before[2],
        multiply_adds=lambda before, after, s: math.prod(after) * s["kernel"] ** 2,
    ),
    "max_pool": Primitive(_pool_shape),
    "average_pool": Primitive(_pool_shape),
    "pad": Primitive(_padded_shape),
    "whitening": Primitive(
        _whitening_shape,
        parameters=lambda before, after, s: s["kernel"] ** 2 * before[2] * after[2],
        multiply_adds=_convolution_multiply_adds,
    ),
    "batch_norm": Primitive(_same, parameters=lambda before, after, s: (4 if s.get("gain", True) else 3) * after[-1]),
    "layer_norm": Primitive(_same, parameters=lambda before, after, s: 2 * after[-1]),
    "activation": Primitive(_same),
    "leaky_relu": Primitive(_same),
    "prelu": Primitive(_same, parameters=lambda before, after, s: after[-1]),
    "dropout": Primitive(_same),
    "spatial_dropout": Primitive(_map_shape),
    "gaussian_noise": Primitive(_same),
    "scale": Primitive(_same),
    "flatten": Primitive(_flatten_shape),
    "global_average": Primitive(_channels),
    "global_max": Primitive(_channels),
    "channel_means": Primitive(_channel_means_shape),
    "dense": Primitive(
        _dense_shape,
        parameters=lambda before, after, s: (before[0] + 1) * after[0],
        multiply_adds=lambda before, after, s: before[0] * after[0],
    ),
    "add": Primitive(_sum_shape, commutative=True),
    "concatenate": Primitive(_concatenation_shape),
    "multiply": Primitive(_product_shape),
    "own": Primitive(_same, parameters=_own_parameters),
}
