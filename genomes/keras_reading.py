"""Keras layers -> the words of the notation, for people who wrote a network in Keras: the nearest line, and what it
lacks."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from genomes.gene_bounds import FUNCTION
from genomes.genes import domains
from genomes.layers import BatchNorm

Settings = Mapping[str, Any]
"""Arguments of a layer by their names in Keras; those that are not given are missing."""
Named = tuple[str, Settings]
"""Name of a Keras class, and its arguments."""

WINDOW = ("strides", "padding")
POSITIONS: dict[str, tuple[str, ...]] = {
    "Conv2D": ("filters", "kernel_size", *WINDOW),
    "SeparableConv2D": ("filters", "kernel_size", *WINDOW),
    "DepthwiseConv2D": ("kernel_size", *WINDOW),
    "MaxPooling2D": ("pool_size", *WINDOW),
    "AveragePooling2D": ("pool_size", *WINDOW),
    "Dense": ("units", "activation"),
    "Activation": ("activation",),
    "LeakyReLU": ("negative_slope",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Dropout": ("rate",),
    "SpatialDropout2D": ("rate",),
    "GaussianNoise": ("stddev",),
    "ZeroPadding2D": ("padding",),
    "Rescaling": ("scale", "offset"),
}
OTHER_NAMES = {
    "Convolution2D": "Conv2D",
    "MaxPool2D": "MaxPooling2D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
}
WITHOUT_A_WORD = ("Input", "InputLayer", "Rescaling", "Normalization")  # evolve adds these itself
LAYER_FUNCTIONS = ("ReLU", "LeakyReLU")
FLATTENING = ("flatten", "global_average", "global_max")
FUNCTIONS = {
    **{str(name): str(name) for name in FUNCTION.all},
    **{"silu": "swish", "hard_silu": "hard_swish", "leaky_relu": "leaky_relu 0.2"},
}


def line_of(layers: Iterable[Named]) -> tuple[str, list[str]]:
    """The line of the notation that is nearest to a chain of Keras layers, and the names of what it has no words for.
    The last dense layer and its softmax, which are added anyway, are left out; one flattening is put in if there is
    none."""
    given = [(OTHER_NAMES.get(name, name), settings) for name, settings in layers]
    without_softmax = [one for one in given if not _is_softmax(*one)]
    if without_softmax and without_softmax[-1][0] == "Dense" and _is_last(without_softmax[-1][1], len(given) == 1):
        without_softmax.pop()
    words: list[str] = []
    unknown: list[str] = []
    for name, settings in without_softmax:
        made = [] if name in WITHOUT_A_WORD and not words else _words(name, settings)
        words += [word for word in made if word]
        unknown += [name] * (None in made)
    if given and given[-1][0] == "Dense" and given[-1][1].get("activation") == "sigmoid":
        unknown.append("Dense")  # it says classes, each by itself
    if not any(word in FLATTENING for word in words):
        before = next((at for at, word in enumerate(words) if word.startswith("dense ")), len(words))
        words.insert(before, "flatten")
    return ", ".join(words), list(dict.fromkeys(unknown))


def calls(text: str) -> list[Named]:
    """The Keras layers that Python text makes, in their order; none if it is no such text."""
    try:
        return list(_calls(ast.parse(text.strip().rstrip(","), mode="eval").body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _calls(node: ast.AST) -> Iterator[Named]:
    if isinstance(node, ast.Tuple | ast.List):
        for element in node.elts:
            yield from _calls(element)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Call):  # a layer that is called on its input
        for one in (*node.args, node.func):
            yield from _calls(one)
    elif isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("Sequential", "add"):
            for argument in (*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "layers")):
                yield from _calls(argument)
        elif name[:1].isupper():
            name = OTHER_NAMES.get(name, name)
            values = {**dict(zip(POSITIONS.get(name, ()), node.args, strict=False))}
            values |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            yield name, {argument: _value(value) for argument, value in values.items()}


def _value(node: ast.AST) -> Any:
    """A value as it is written; the last part of a name such as keras.activations.relu."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node).rpartition(".")[2]


def _is_softmax(name: str, settings: Settings) -> bool:
    return name == "Softmax" or (name == "Activation" and settings.get("activation") == "softmax")


def _is_last(settings: Settings, alone: bool) -> bool:
    """Whether a dense layer at the end says the classes; one that stands alone may be any."""
    activation = settings.get("activation") or "linear"
    return activation == "softmax" or (activation == "linear" and not alone)


def _words(name: str, settings: Settings) -> list[str | None]:
    """The words of one layer; None stands for something that has none, such as its activation alone."""
    with suppress(ValueError):
        return [*words_of(name, settings)]
    with suppress(ValueError):
        return [*words_of(name, {**settings, "activation": "linear"}), None]
    return [None]


def words_of(name: str, settings: Settings) -> list[str]:
    """The words of one layer, that of its activation behind its own. Raises ValueError saying what has none."""
    if name not in WORDS:
        raise ValueError(f"there is no word for {name}")
    try:
        words = [WORDS[name](settings), *([] if name == "Activation" else _function(settings))]
    except KeyError as error:
        raise ValueError(f"{error} is missing") from None
    except TypeError as error:
        raise ValueError(str(error)) from None
    return [word for word in words if word]


def _function(settings: Settings) -> list[str]:
    """The word of an activation, none for linear and softmax. Raises ValueError for one that has none."""
    named = settings.get("activation") or "linear"
    if isinstance(named, Mapping) and named.get("class_name") in LAYER_FUNCTIONS:  # a layer is given as activation
        return [str(WORDS[named["class_name"]](named["config"]))]
    if not isinstance(named, str) or (named not in FUNCTIONS and named not in ("linear", "softmax")):
        name = named.get("class_name", "?") if isinstance(named, Mapping) else named
        raise ValueError(f"there is no word for the activation {name!s:.40}")
    return [] if named in ("linear", "softmax") else [FUNCTIONS[named]]


def _square(value: Any) -> int:
    """The one number of a size such as 3 or (3, 3). Raises ValueError for another one."""
    sides = {*value} if isinstance(value, tuple | list) else {value}
    if len(sides) != 1 or not isinstance(side := sides.pop(), int):
        raise ValueError(f"{value!s:.40} is not square")
    return side


def _window(settings: Settings) -> str:
    stride, dilation = (_square(settings.get(name, 1)) for name in ("strides", "dilation_rate"))
    genes = [f" stride={stride}"] * (stride != 1) + [f" dilation={dilation}"] * (dilation != 1)
    return "".join(genes) + (" padding=valid" if settings.get("padding", "valid") == "valid" else "")


def _pool(word: str) -> Callable[[Settings], str]:
    def words(settings: Settings) -> str:
        size = _square(settings.get("pool_size", 2))
        stride = size if settings.get("strides") is None else _square(settings["strides"])
        padding = str(settings.get("padding", "valid")).lower()
        if padding not in ("valid", "same"):
            raise ValueError(f"its padding is {padding:.40}, not valid or same")
        padding = " padding=same" if padding == "same" else ""
        return f"{word} {size}{f' stride={stride}' if stride != size else ''}{padding}"

    return words


def _pad(settings: Settings) -> str:
    """Zeros around maps: one number for all sides, one for each direction, or two for each."""
    given = settings.get("padding", 1)
    pairs = given if isinstance(given, tuple | list) else (given, given)
    sides = [side for pair in pairs for side in (pair if isinstance(pair, tuple | list) else (pair, pair))]
    return " ".join(["pad", *(str(_number(side)) for side in sides)])


def _relu(settings: Settings) -> str:
    """The word of a relu, with a slope below zero or an end at six. Raises ValueError for another one."""
    _without(settings, "threshold")
    slope, end = settings.get("negative_slope") or 0, settings.get("max_value")
    if end is None:
        return f"leaky_relu {_number(slope)}" if slope else "relu"
    if slope or _number(end) != 6:
        raise ValueError(f"it ends at {end}{f', with a slope of {slope}' if slope else ''}; there is a word for 6 only")
    return "relu6"


def _number(value: Any) -> int | float:
    """The number that is written there. Raises ValueError for a name or anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value} is no number")
    return value


def _without(settings: Settings, *names: str) -> str:
    """Nothing. Raises ValueError for settings that there is no word for."""
    if given := [name for name in names if settings.get(name)]:
        raise ValueError(f"there is no word for its {' and '.join(given)}")
    return ""


def _convolution(word: str) -> Callable[[Settings], str]:
    return lambda s: f"{word} {_number(s['filters'])} {_square(s['kernel_size'])}{_window(s)}"


def _off(settings: Settings, argument: str, gene: str) -> str:
    """The gene that says that something is left out, where an argument does."""
    return f" {gene}=False" if settings.get(argument) is False else ""


def _momentum(settings: Settings) -> str:
    """The momentum of a batch normalisation, where it is neither Keras's default nor evolve's, and can be a gene."""
    given = settings.get("momentum", 0.99)
    usual = given in (0.99, 0.9) or domains(BatchNorm)["momentum"].problem(given)
    return "" if usual else f" momentum={given}"


def _scale(settings: Settings) -> str:
    """The word of a factor that is the same everywhere. Raises ValueError for anything else."""
    factors, offsets = (_figures(settings.get(name, 0)) for name in ("scale", "offset"))
    if len(factors) != 1 or any(offsets):
        raise ValueError("it has several factors, or an offset; evolve has one factor behind the first layer")
    return f"scale {_number(factors.pop())}"


def _figures(value: Any) -> set[float]:
    return set(map(float, value)) if isinstance(value, list | tuple) else {float(value)}


WORDS: dict[str, Callable[[Settings], str | None]] = {
    "Conv2D": lambda s: _convolution("conv")(s) + _off(s, "use_bias", "bias"),
    "SeparableConv2D": _convolution("separable"),
    "DepthwiseConv2D": lambda s: f"depthwise {_square(s['kernel_size'])}{_window(s)}",
    "MaxPooling2D": _pool("maxpool"),
    "AveragePooling2D": _pool("avgpool"),
    "BatchNormalization": lambda s: "batchnorm" + _momentum(s) + _off(s, "scale", "gain"),
    "LayerNormalization": lambda s: "layernorm",
    "Activation": lambda s: "".join(_function(s)),
    "ReLU": _relu,
    "ELU": lambda s: "elu",
    "PReLU": lambda s: "prelu",
    "LeakyReLU": lambda s: f"leaky_relu {_number(s.get('negative_slope', s.get('alpha', 0.3)))}",
    "Dropout": lambda s: f"dropout {_number(s['rate'])}",
    "SpatialDropout2D": lambda s: f"spatial_dropout {_number(s['rate'])}",
    "GaussianNoise": lambda s: f"gaussian_noise {_number(s['stddev'])}",
    "ZeroPadding2D": _pad,
    "Flatten": lambda s: "flatten",
    "GlobalAveragePooling2D": lambda s: "global_average",
    "GlobalMaxPooling2D": lambda s: "global_max",
    "Dense": lambda s: f"dense {_number(s['units'])}",
    "Rescaling": _scale,
}
