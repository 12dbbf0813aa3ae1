"""Networks as Keras has them are told in words of the notation: each layer that this project writes as a call of Keras
is read back from that call."""

from __future__ import annotations

import pytest

from genomes.keras_calls import LAYERS
from genomes.keras_reading import calls, line_of
from genomes.limits import Limits
from genomes.source import literal
from genomes.stack.space import StackSpace

CHAINS = (
    "conv 8 3, relu, conv 16 5 stride=2, batchnorm, gelu, conv 8 3 dilation=2 padding=valid, elu, maxpool 2, selu, "
    "separable 8 3 stride=2, swish, depthwise 3, tanh, avgpool 2, spatial_dropout 0.1, flatten, dense 32, "
    "layernorm, leaky_relu 0.1, dropout 0.5, dense 16, gaussian_noise 0.1",
    "conv 8 3, prelu, global_average, dense 16, relu",
    "separable 8 3 padding=valid, global_max, scale 0.11",
    "maxpool 3 stride=2 padding=same, avgpool 8, maxpool 2 stride=1, flatten",
    "pad 0 1 0 1, conv 1024 3 padding=valid, relu6, hard_swish, sigmoid, global_max, dense 4096, mish",
)


def as_calls(line: str) -> str:
    """The network of a line as calls of Keras, one after the other."""
    space = StackSpace((48, 48, 3), 10, Limits(max_parameters=10**7, max_multiply_adds=10**9))
    text = []
    for node in space.blueprint(space.parse(line)).nodes[1:]:
        name, positional, named = LAYERS[node.op](dict(node.settings))
        arguments = [*map(literal, positional), *(f"{key}={literal(value)}" for key, value in named.items())]
        text.append(f"layers.{name}({', '.join(arguments)})")
    return f"keras.Sequential([keras.Input((48, 48, 3)), {', '.join(text)}])"


@pytest.mark.parametrize("line", CHAINS)
def test_what_is_written_as_calls_is_read_back(line: str) -> None:
    assert line_of(calls(as_calls(line))) == (line, [])


@pytest.mark.parametrize(
    ("text", "line", "unknown"),
    [
        ("Conv2D(32, 3)", "conv 32 3 padding=valid, flatten", []),
        ("Conv2D(32, (3, 3), (2, 2), 'same', activation='relu')", "conv 32 3 stride=2, relu, flatten", []),
        ("Rescaling(1 / 255), Conv2D(4, 3), Rescaling(2.0, 1)", "conv 4 3 padding=valid, flatten", ["Rescaling"]),
        ("Dense(10, activation=keras.activations.silu)", "flatten, dense 10, swish", []),
        ("MaxPool2D(), Flatten(), Dense(64), Dense(10, 'softmax')", "maxpool 2, flatten, dense 64", []),
        ("Flatten(), Dense(64, 'relu'), Dense(10)", "flatten, dense 64, relu", []),
        ("Flatten()(Conv2D(8, 3, padding='same')(x))", "conv 8 3, flatten", []),
        ("model.add(layers.GlobalAvgPool2D())", "global_average", []),
        (
            "Conv2D(8, (3, 5)), Attention(), Dense(8, 'sigmoid')",
            "flatten, dense 8, sigmoid",
            ["Conv2D", "Attention", "Dense"],
        ),
        ("Conv2D(filters)", "flatten", ["Conv2D"]),
        ("MaxPooling2D(2, padding='SAME')", "maxpool 2 padding=same, flatten", []),
        ("MaxPooling2D(2, padding=around)", "flatten", ["MaxPooling2D"]),
        ("Conv2D(filters, 3)", "flatten", ["Conv2D"]),
        ("LeakyReLU(alpha=0.1), MaxPooling2D(2, strides=2)", "leaky_relu 0.1, maxpool 2, flatten", []),
        ("ReLU(6), MaxPooling2D(3, strides=2)", "relu6, maxpool 3 stride=2, flatten", []),
        ("ReLU(max_value=6.0), ReLU(negative_slope=0.2), ReLU(4)", "relu6, leaky_relu 0.2, flatten", ["ReLU"]),
        ("ReLU(threshold=1), ReLU(6, 0.1), Activation('silu')", "swish, flatten", ["ReLU"]),
        ("ZeroPadding2D(), Activation('hard_silu')", "pad 1 1 1 1, hard_swish, flatten", []),
        ("ZeroPadding2D((1, 2)), ZeroPadding2D(((0, 1), (2, 3)))", "pad 1 1 2 2, pad 0 1 2 3, flatten", []),
        ("ZeroPadding2D(((0, 1), (2, border)))", "flatten", ["ZeroPadding2D"]),
    ],
)
def test_calls_as_people_write_them(text: str, line: str, unknown: list[str]) -> None:
    assert line_of(calls(text)) == (line, unknown)


@pytest.mark.parametrize(
    "text", ["", "conv 8 3, relu", "vgg", "photos:1", "conv(8, 3)", "Conv2D(8", "((((", "x" * 9999]
)
def test_other_text_is_no_call(text: str) -> None:
    assert calls(text) == []
