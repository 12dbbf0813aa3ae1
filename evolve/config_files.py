"""Settings from flags and, behind them, from a TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from evolve.config import RunConfig
from evolve.errors import ConfigError
from evolve.settings import Given, Source, path_of


def read_toml(path: Path, flag: str = "") -> dict[str, Any]:
    """What a TOML file says. flag: that it was named with. Raises ConfigError if it cannot be read."""
    named = f"{flag} {path}".strip()
    try:
        return tomllib.loads(path_of(path).read_text(encoding="utf-8-sig"))  # with the mark of some editors or without
    except FileNotFoundError:
        raise ConfigError(f"{named}: there is no such file") from None
    except OSError as error:
        raise ConfigError(f"{named}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{named}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{named}: not valid TOML: {error}") from None


def layer_flags(paths: Iterable[str]) -> dict[str, Any]:
    """Entries of the table of layers for Keras classes named by dotted paths; the word is the class name."""
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path.rpartition(".")[2]).lower(): {"class": path} for path in paths}


def from_flags(flags: Mapping[str, Any], file: Path | None = None, spelled: Mapping[str, str] | None = None) -> Given:
    """Settings of flags, by the names of fields, that win over those of a TOML file. Raises ConfigError.

    spelled: names -> flags, where the flag is not the setting's usual one.
    """
    read = RunConfig.given(read_toml(file, "--config"), file=str(file)) if file else Given({})
    values = dict(flags)
    if "layers" in flags and isinstance(others := read.values.get("layers"), Mapping):
        values["layers"] = {**others, **flags["layers"]}
    usual = {name: (*RunConfig.flags(name), name)[0] for name in RunConfig.model_fields}
    return Given(values, {name: Source(flag) for name, flag in {**usual, **(spelled or {})}.items()}).over(read)
