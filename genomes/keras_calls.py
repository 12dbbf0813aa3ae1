"""What each primitive is called in Keras, as data: the same table builds models and writes scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Settings = Mapping[str, Any]
Call = tuple[str, tuple[Any, ...], dict[str, Any]]
"""Name of a class, its arguments by position, and those by name."""

OWN = ("class", "weights", "version")  # settings of a user's own layer that are not arguments of its class


def _given(**settings: Any) -> dict[str, Any]:
    """Settings that differ from Keras's defaults."""
    defaults = {"strides": 1, "dilation_rate": 1, "padding": "valid", "use_bias": True}
    return {name: value for name, value in settings.items() if name not in defaults or value != defaults[name]}


def _convolution(s: Settings) -> Call:
    options = _given(strides=s["stride"], dilation_rate=s["dilation"], padding=s["padding"], use_bias=s["bias"])
    return "Conv2D", (s["filters"], s["kernel"]), options


def _batch_norm(s: Settings) -> Call:
    without_gain = {} if s.get("gain", True) else {"scale": False}
    return "BatchNormalization", (), {"momentum": s.get("momentum", 0.9), **without_gain}


def _pool(kind: str) -> Callable[[Settings], Call]:
    def call(s: Settings) -> Call:
        size, stride = s["size"], s["stride"]
        if "size_across" in s:
            size, stride = (size, s["size_across"]), (stride, s["stride_across"])
        strides = {} if stride == size else {"strides": stride}
        return kind, (size,), {**strides, **_given(padding=s["padding"])}

    return call


LAYERS: dict[str, Callable[[Settings], Call]] = {
    "convolution": _convolution,
    "separable_convolution": lambda s: (
        "SeparableConv2D",
        (s["filters"], s["kernel"]),
        _given(strides=s["stride"], padding=s["padding"]),
    ),
    "depthwise_convolution": lambda s: (
        "DepthwiseConv2D",
        (s["kernel"],),
        _given(strides=s["stride"], padding=s["padding"]),
    ),
    "max_pool": _pool("MaxPooling2D"),
    "average_pool": _pool("AveragePooling2D"),
    "pad": lambda s: ("ZeroPadding2D", (((s["top"], s["bottom"]), (s["left"], s["right"])),), {}),
    "whitening": lambda s: ("Conv2D", (s["filters"], s["kernel"]), {"use_bias": False, "trainable": False}),
    "batch_norm": _batch_norm,
    "layer_norm": lambda s: ("LayerNormalization", (), {}),
    "activation": lambda s: ("Activation", (s["function"],), {}),
    "leaky_relu": lambda s: ("LeakyReLU", (), {"negative_slope": s["slope"]}),
    "prelu": lambda s: ("PReLU", (), {"shared_axes": [1, 2]} if s["per_channel"] else {}),
    "dropout": lambda s: ("Dropout", (s["rate"],), {}),
    "spatial_dropout": lambda s: ("SpatialDropout2D", (s["rate"],), {}),
    "gaussian_noise": lambda s: ("GaussianNoise", (s["deviation"],), {}),
    "scale": lambda s: ("Rescaling", (s["factor"],), {}),
    "flatten": lambda s: ("Flatten", (), {}),
    "global_average": lambda s: ("GlobalAveragePooling2D", (), {}),
    "global_max": lambda s: ("GlobalMaxPooling2D", (), {}),
    "channel_means": lambda s: ("GlobalAveragePooling2D", (), {"keepdims": True}),
    "dense": lambda s: ("Dense", (s["units"],), {}),
    "add": lambda s: ("Add", (), {}),
    "concatenate": lambda s: ("Concatenate", (), {}),
    "multiply": lambda s: ("Multiply", (), {}),
    "own": lambda s: (s["class"], (), {name: value for name, value in s.items() if name not in OWN}),
}


def normalisation(pixels: Settings) -> Call:
    """The layer that normalises raw pixels: pixel * "scale" + "offset", each a number or a list by channel."""
    return "Rescaling", (pixels["scale"],), {"offset": pixels["offset"]}


OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"nesterov": True}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
    "rmsprop": ("RMSprop", {}),
    "lion": ("Lion", {}),
}


def optimizer(recipe: Settings) -> tuple[str, dict[str, Any]]:
    """Name of the optimizer of a recipe, and its arguments but for the learning rate."""
    name, options = OPTIMIZERS[recipe["optimizer"]]
    options = dict(options)
    if name == "SGD":
        options = {"momentum": recipe["momentum"], **options}
    decay, clip = recipe["weight_decay"], recipe["clip"]
    if decay or name == "AdamW":
        options["weight_decay"] = decay
    if clip:
        options["global_clipnorm"] = clip
    return name, options


TRIANGLE = "Triangle"  # a schedule that Keras has no class for, see `evolve.training.optimizers`
NOT_DECAYED = ("bias", "beta", "gamma", "alpha")  # weights that are not of a kernel, by their names in Keras
RISES = {"one-cycle": 0.3, "triangle": 0.23}  # share of the steps of a schedule in which the rate rises
RISE_FROM = 25  # the rate a one-cycle schedule begins with is that part of the largest


def schedule(recipe: Settings, steps: Any, rise: Any, fall: Any) -> Call | None:
    """The schedule of a recipe's learning rate; None for a constant rate.

    steps: of the whole training. rise, fall: parts of them in which the rate rises and falls, where it does both.
    All three are numbers, or names that stand for them in a script.
    """
    rate = recipe["learning_rate"]
    calls: dict[str, Call] = {
        "cosine": ("CosineDecay", (rate, steps), {}),
        "linear": ("PolynomialDecay", (rate, steps), {"end_learning_rate": 0.0}),
        "one-cycle": ("CosineDecay", (rate / RISE_FROM, fall), {"warmup_target": rate, "warmup_steps": rise}),
        "triangle": (TRIANGLE, (rate, rise, fall), {}),
    }
    return calls.get(recipe["schedule"])
