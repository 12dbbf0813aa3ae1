"""Keras's own settings: those in the user's `keras.json`, read without importing Keras, and those of trainings, which
are always the same, so that a file outside of a run changes no result."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from evolve.errors import ConfigError

OF_TRAININGS: Mapping[str, Any] = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}
KNOWN = {
    "floatx": ("float16", "float32", "float64"),
    "image_data_format": ("channels_first", "channels_last"),
}


def keras_home() -> Path:
    """The folder of Keras's settings and downloads."""
    if (named := os.environ.get("KERAS_HOME")) is not None:
        return Path(os.path.expanduser(named))  # noqa: PTH111  # without a home Keras takes it as it is, and so do we
    home = os.path.expanduser("~")  # noqa: PTH111
    return Path(home if os.access(home, os.W_OK) else "/tmp", ".keras")


def keras_json() -> Path:
    """The file of the user's settings, which need not be there."""
    return keras_home() / "keras.json"


def settings_of_user() -> dict[str, Any]:
    """What stands in that file; nothing, as for Keras, if it is not there or is no JSON. Like Keras, a process reads it
    once."""
    return _read(keras_json())


@cache
def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def overruled() -> dict[str, Any]:
    """The user's settings that trainings do not follow. Raises ConfigError for those with which Keras
    cannot be imported."""
    found = settings_of_user()
    for name, known in KNOWN.items():
        if name in found and found[name] not in known:
            raise ConfigError(f"{keras_json()}: {name} must be one of {', '.join(known)}, not {found[name]!r}")
    if not isinstance(epsilon := found.get("epsilon", 1e-7), float):
        raise ConfigError(f"{keras_json()}: epsilon must be a number with a point, such as 1e-07, not {epsilon!r}")
    return {name: found[name] for name, ours in OF_TRAININGS.items() if found.get(name, ours) != ours}


@contextmanager
def settings_of_trainings() -> Iterator[None]:
    """Inside of the block Keras has the settings of trainings; then those that it had before. Imports Keras."""
    import keras

    before = {name: getattr(keras.config, name)() for name in OF_TRAININGS}
    policy = keras.config.dtype_policy()
    _set(OF_TRAININGS)
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        _set(before)
        keras.config.set_dtype_policy(policy)


def _set(values: Mapping[str, Any]) -> None:
    import keras

    for name, value in values.items():
        getattr(keras.config, f"set_{name}")(value)
