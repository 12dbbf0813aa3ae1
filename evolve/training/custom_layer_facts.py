"""Layers of the user's own: each is built once, in a process of its own that has Keras, before anything is trained.

What is found out: that the class can be imported and takes its arguments, that it keeps the shape of its input, how
many weights it has, and its source.
"""

from __future__ import annotations

import importlib.util
import inspect
import tokenize
from collections.abc import Mapping
from typing import Any

from evolve.errors import ConfigError, RunError, in_words
from evolve.execution.isolated import call_isolated
from evolve.values import digest
from genomes.custom_layers import custom_arguments, is_custom

SIZES: dict[str, list[tuple[int, ...]]] = {"body": [(2, 8, 8), (2, 6, 10)], "head": [(2,)]}
PASSES_ON = "__init__ must take **kwargs and hand them on with super().__init__(**kwargs)"
CHANNELS = (2, 4, 6, 8)  # three determine a parabola, the fourth checks it


def custom_layers(layers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is known of each layer of the user's own in a table of layers: "place", "weights" (see `alphabet`),
    "version" and "source". Raises ConfigError naming what is wrong with one."""
    own = {kind: change for kind, change in layers.items() if is_custom(change)}
    if not own:
        return {}
    try:
        return dict(call_isolated("evolve.training.custom_layer_facts:examine_all", {"layers": own}))
    except RunError as error:  # that process has ended, whatever ended it
        raise ConfigError(f"layers: {', '.join(own)} cannot be tried out: {error}") from None


def examine_all(layers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is found out about each layer. Raises ConfigError."""
    try:
        return {kind: examine(kind, change) for kind, change in layers.items()}
    except ValueError as error:
        raise ConfigError(f"layers: {error}") from None


def examine(kind: str, change: Mapping[str, Any]) -> dict[str, Any]:
    """What is found out about one layer. Raises ValueError, in words. Imports Keras."""
    import keras

    from genomes.decode import custom_class

    path = change["class"]
    try:
        cls = custom_class(path)
    except BaseException as error:  # whatever the user's module raises; it may want to exit, too
        raise ValueError(f"{kind}: class '{path}' cannot be imported: {_said(error)}") from None
    if not (isinstance(cls, type) and issubclass(cls, keras.layers.Layer)):
        raise ValueError(f"{kind}: '{path}' must be a class derived from keras.layers.Layer, not {cls!r}")
    wanted = change.get("place", ["body", "head"])
    factors: set[str] = set()
    usable: list[str] = []
    refused = ""
    for place in [wanted] if isinstance(wanted, str) else wanted:
        try:
            for arguments in _variants(custom_arguments(change)):
                _check_restored(cls, arguments, (*SIZES[place][0], CHANNELS[0]))
            counts = [
                [_weights(cls, arguments, (*size, channels)) for channels in CHANNELS]
                for arguments in _variants(custom_arguments(change))
                for size in SIZES[place]
            ]
        except BaseException as error:
            refused = " ".join(_said(error).split())[:200]
            continue
        usable.append(place)
        factors |= {_polynomial(kind, numbers) for numbers in counts}
    if not usable or ("place" in change and refused):
        raise ValueError(f"{kind}: '{path}' cannot be used: {refused}")
    if len(factors) > 1:
        raise ValueError(
            f"{kind}: '{path}' has other numbers of weights with other arguments, at other image sizes, or in the head "
            "than in the body; they must depend on its channels only. Fix that argument, or set place to one of them"
        )
    source = _source(cls)
    return {
        "place": sorted(usable),
        "weights": factors.pop(),
        "version": digest(source)[:8],
        "source": source,
    }


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, Exception) else in_words(error)


def _variants(genes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Arguments to try a layer with: the first value of each gene, and each other one beside the first of the rest."""
    values = {name: given if isinstance(given, list) else [given] for name, given in genes.items()}
    first = {name: given[0] for name, given in values.items()}
    return [first, *({**first, name: value} for name, given in values.items() for value in given[1:])]


def _weights(cls: Any, arguments: Mapping[str, Any], shape: tuple[int, ...]) -> int:
    """Number of weights of a layer built for inputs of that shape. Raises ValueError if it changes the shape."""
    import numpy as np

    built: Any = _named(cls, arguments)
    output = tuple(built(np.ones(shape, np.float32)).shape)
    if output != shape:
        raise ValueError(f"it must keep the shape of its input, but turns {shape} into {output}")
    return int(built.count_params())


def _named(cls: Any, arguments: Mapping[str, Any]) -> Any:
    """The layer of these arguments, with a name, as it has one in a network. Raises ValueError if it takes none."""
    try:
        return cls(**arguments, name="tried_out")
    except TypeError as error:
        if "'name'" not in str(error):
            raise
        raise ValueError(f"{error}, which Keras gives; {PASSES_ON}") from None


def _check_restored(cls: Any, arguments: Mapping[str, Any], shape: tuple[int, ...]) -> None:
    """Raises ValueError for a layer that is another one, or none, when a model that has it is saved and loaded."""
    import numpy as np

    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    built = _named(cls, arguments)
    before, once_more = np.asarray(built(images)), np.asarray(built(images))
    try:
        restored = cls.from_config(built.get_config())
    except Exception as error:
        why = str(error).rpartition("Exception encountered: ")[2]
        raise ValueError(f"what its get_config returns does not make it again ({why}); {PASSES_ON}") from None
    restored(images)
    restored.set_weights(built.get_weights())
    if np.array_equal(before, once_more) and not np.allclose(before, np.asarray(restored(images)), atol=1e-5):
        raise ValueError(
            f"made again from what its get_config returns, with {dict(arguments)}, it gives other values; "
            "get_config must return all arguments of __init__"
        )


def _polynomial(kind: str, counts: list[int]) -> str:
    """Factors of 1, channels and channels squared that give these numbers of weights."""
    a, b, c, _ = counts
    square = (c - 2 * b + a) // 8  # differences of a parabola at steps of two
    linear = (b - a - square * 12) // 2
    constant = a - square * 4 - linear * 2
    if [constant + linear * n + square * n * n for n in CHANNELS] != counts:
        raise ValueError(f"{kind}: its number of weights must depend on its channels only, as c, or c squared")
    return f"{constant} {linear} {square}"


def _source(cls: Any) -> str:
    """The text of the module of a class; nothing for one of an installed package, which is imported instead."""
    file = inspect.getsourcefile(cls)
    spec = importlib.util.find_spec(cls.__module__.partition(".")[0])
    installed = spec is None or "site-packages" in str(spec.origin)
    if installed or file is None:
        return ""
    with tokenize.open(file) as opened:
        return opened.read()
