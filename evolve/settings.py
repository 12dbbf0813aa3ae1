"""Checked settings: frozen Pydantic models whose errors name the argument, the rule, the value and an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from evolve.errors import ConfigError, nearest


class Settings(BaseModel):
    """Base of all settings. Each field's description completes the sentence '<name> must be ...'."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    @classmethod
    def known(cls, values: Mapping[str, Any], where: str = "") -> dict[str, str]:
        """Names and aliases of all settings -> names of fields. Raises ConfigError for a value of an unknown name."""
        names = {name: name for name in cls.model_fields}
        names |= {field.alias: name for name, field in cls.model_fields.items() if field.alias}
        for key in values:
            if key not in names:
                raise ConfigError(f"{where}unknown setting '{key}'{nearest(key, names)}")
        return names

    @classmethod
    def checked(cls, values: Mapping[str, Any], where: str = "") -> Self:
        """The settings of `values`. Raises ConfigError for the first one that is unknown or breaks its rule.

        where: text put before the name of a setting, such as the file it was read from.
        """
        names = cls.known(values, where)
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            inner = first.get("ctx", {}).get("error")
            if isinstance(inner, ConfigError):
                raise ConfigError(f"{where}{inner}") from None
            if not first["loc"]:
                raise ConfigError(f"{where}{first['msg'].removeprefix('Value error, ')}") from None
            name = str(first["loc"][0])
            field = cls.model_fields[names[name]]
            example = f"; for example {name} = {field.examples[0]!r}" if field.examples else ""
            raise ConfigError(
                f"{where}{name} must be {field.description}, not {_shown(values.get(name))}{example}"
            ) from None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."
