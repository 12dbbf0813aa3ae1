"""Settings from a TOML file, and flags that win over it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evolve.config import RunConfig
from evolve.errors import ConfigError


def read_toml(path: Path) -> dict[str, Any]:
    """The settings of a TOML file. Raises ConfigError if it cannot be read."""
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"--config {path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--config {path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"--config {path}: not valid TOML: {error}") from None


def layer_flags(paths: Iterable[str]) -> dict[str, Any]:
    """Entries of the table of layers for Keras classes named by dotted paths; the word is the class name."""
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path.rpartition(".")[2]).lower(): {"class": path} for path in paths}


def merge_settings(file: Path | None, flags: dict[str, Any]) -> dict[str, Any]:
    """Settings of a TOML file, if given, with the flags in front. Raises ConfigError."""
    if file is None:
        return flags
    settings = read_toml(file)
    RunConfig.known(settings, where=f"{file}: ")
    if "for" in flags:
        settings.pop("duration", None)
    if "layers" in flags and isinstance(settings.get("layers"), dict):
        flags = {**flags, "layers": {**settings["layers"], **flags["layers"]}}
    return {**settings, **flags}
