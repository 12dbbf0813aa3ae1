"""Checked settings: frozen Pydantic models whose errors name the argument, the rule, the value and an example, spelled
as where the value came from: a flag, a TOML file, or Python."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from evolve.errors import ConfigError, nearest

LARGE = 1e6  # from which on a number is written as 2e13


def path_of(text: str | Path) -> Path:
    """The path that somebody means: ~ is a home folder. Raises ConfigError if there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(f"'{text}' begins with a home folder that is not there; write the path in full") from None


@dataclass(frozen=True)
class Shown:
    """What people are told of a setting beside its rule; stands in the `Annotated` of its field.

    group: the heading that it stands under. help: a sentence on what it does. usual: what holds if it is not given,
    where that is no fixed value. value: what stands for its value in help. flags: its flags, if they are not just its
    name; empty for a setting that has none. verbs: the commands that take it.
    """

    group: str
    help: str
    usual: str | None = None
    value: str = "TEXT"
    flags: tuple[str, ...] | None = None
    verbs: tuple[str, ...] = ("run",)


@dataclass(frozen=True)
class Source:
    """Where a setting is given. name: how it is spelled there: `--for`, `for` or `duration`. file: where that is a TOML
    file, its name."""

    name: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.name} in {self.file}" if self.file else self.name

    @property
    def place(self) -> str:
        """The beginning of a message on this setting alone."""
        return f"{self.file}: " if self.file else ""

    def assigned(self, value: Any) -> str:
        """How a value is given there: `--for 10m`, `for = "10m"` in TOML, `duration = '10m'` in Python."""
        if self.name.startswith("--"):
            return self.name if value is True else f"{self.name} {shlex.quote(_typed(value))}"
        return f"{self.name} = {_toml(value) if self.file else _python(value)}"


@dataclass(frozen=True)
class Given:
    """Values of settings by the names of their fields, and where settings are given. What is not in `sources` is
    spelled as in Python."""

    values: Mapping[str, Any]
    sources: Mapping[str, Source] = field(default_factory=dict, compare=False)

    def source(self, name: str) -> Source:
        """Where a setting is, or would be, given."""
        return self.sources.get(name, Source(name))

    def over(self, other: Given) -> Given:
        """These values, and behind them others, each spelled as where it comes from."""
        behind = {name: source for name, source in other.sources.items() if name not in self.values}
        return Given({**other.values, **self.values}, {**self.sources, **behind})


class Settings(BaseModel):
    """Base of all settings. Each field's description completes the sentence '<name> must be ...'."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)
    _given: Given = PrivateAttr(default=Given({}))

    def model_post_init(self, context: Any) -> None:
        """Remembers how the settings are spelled where they come from."""
        if isinstance(context, Given):
            self._given = Given({}, context.sources)

    @classmethod
    def given(cls, values: Mapping[str, Any], file: str = "", where: str = "") -> Given:
        """Values by names or aliases as they are written, in Python or in a TOML file. Raises ConfigError for a name
        that is unknown, and for two names of one setting."""
        where = where or (f"{file}: " if file else "")
        names = {name: name for name in cls.model_fields}
        names |= {field.alias: name for name, field in cls.model_fields.items() if field.alias}
        found: dict[str, str] = {}
        for key in values:
            if key not in names:
                raise ConfigError(f"{where}unknown setting '{key}'{nearest(key, names)}")
            if (other := found.setdefault(names[key], key)) != key:
                raise ConfigError(f"{where}'{other}' and '{key}' are two names of one setting; give one of them")
        sources = {name: Source(key, file) for name, key in found.items()}
        return Given({name: values[key] for name, key in found.items()}, sources)

    @classmethod
    def checked(cls, values: Mapping[str, Any] | Given, where: str = "") -> Self:
        """The settings of `values`. Raises ConfigError for the first one that is unknown or breaks its rule.

        where: text put before the name of a setting, for settings that stand in a table of another one.
        """
        given = values if isinstance(values, Given) else cls.given(values, where=where)
        for name, value in given.values.items():
            if isinstance(value, bool) and not {bool, Any} & {*cls.takes(name)}:  # it would pass as 0 or 1
                raise ConfigError(where + cls._rule(name, given))
        try:
            return cls.model_validate(dict(given.values), context=given, by_alias=False, by_name=True)
        except ValidationError as error:
            raise ConfigError(where + cls._message(error, given)) from None

    @classmethod
    def _message(cls, error: ValidationError, given: Given) -> str:
        first = error.errors()[0]
        if not first["loc"]:
            return first["msg"].removeprefix("Value error, ")
        name = str(first["loc"][0])
        setting, source = cls.model_fields[name], given.source(name)
        if isinstance(inner := first.get("ctx", {}).get("error"), ConfigError):
            return f"{source.place}{source.name} {inner}"
        if first["type"] == "missing":
            source = Source(name, next((one.file for one in given.sources.values()), ""))
        if first["type"] == "missing":
            example = f"; for example {source.assigned(setting.examples[0])}" if setting.examples else ""
            return f"{source.place}{source.name} is missing; it must be {setting.description}{example}"
        return cls._rule(name, given)

    @classmethod
    def _rule(cls, name: str, given: Given) -> str:
        """What a setting must be, and what was given instead."""
        setting, source = cls.model_fields[name], given.source(name)
        example = f"; for example {source.assigned(setting.examples[0])}" if setting.examples else ""
        shown = _shown(given.values.get(name), source)
        return f"{source.place}{source.name} must be {setting.description}, not {shown}{example}"

    def spelled_as(self, other: Settings) -> Self:
        """The same settings, with those that `other` was given spelled as there."""
        copied = self.model_copy()
        copied._given = Given({}, {**self._given.sources, **other._given.sources})
        return copied

    def spelled(self, name: str) -> str:
        """The name of a setting as it is, or would be, given: --max-work; or max_work, in which file."""
        return str(self._given.source(name))

    def assigned(self, name: str, value: Any) -> str:
        """How a setting is given a value, where these settings come from."""
        return self._given.source(name).assigned(value)

    def changed(self, **values: Any) -> Self:
        """These settings, some of them with other values, all checked again. Raises ConfigError."""
        return self.checked(Given({**self.model_dump(), **values}, self._given.sources))

    @classmethod
    def shown(cls, name: str) -> Shown | None:
        """What people are told of a setting."""
        return next((one for one in cls.model_fields[name].metadata if isinstance(one, Shown)), None)

    @classmethod
    def flags(cls, name: str) -> tuple[str, ...]:
        """Flags of a setting; empty if it has none."""
        shown = cls.shown(name)
        if shown is None or shown.flags is not None:
            return shown.flags or () if shown else ()
        return (f"--{(cls.model_fields[name].alias or name).replace('_', '-')}",)

    @classmethod
    def takes(cls, name: str) -> list[Any]:
        """The types that a setting may be given as."""
        return input_types(get_type_hints(cls, include_extras=True)[name])

    @classmethod
    def usual(cls, name: str) -> str:
        """What holds if a setting is not given, in words; empty if that is nothing worth saying."""
        value = cls.model_fields[name].get_default(call_default_factory=True)
        said = (shown.usual if (shown := cls.shown(name)) else None) or value
        if said is None or said is False or said == () or said == {}:
            return ""
        return f"{said:,}" if isinstance(said, int) else str(said)

    @classmethod
    def of_verb(cls, verb: str) -> list[str]:
        """Names of the settings that a command takes."""
        return [name for name in cls.model_fields if (shown := cls.shown(name)) and verb in shown.verbs]


def input_types(annotation: Any) -> list[Any]:
    """The types that a setting may be given as, from the annotation of its field."""
    if get_origin(annotation) is Annotated:
        stated = (getattr(one, "json_schema_input_type", None) for one in annotation.__metadata__)
        return input_types(next((one for one in stated if isinstance(one, UnionType)), annotation.__origin__))
    if get_origin(annotation) in (Union, UnionType):
        return [kind for inner in get_args(annotation) for kind in input_types(inner)]
    if annotation is Path:
        return [str, Path]
    if get_origin(annotation) is tuple:
        return [list[get_args(annotation)[0]], annotation]  # type: ignore[misc]
    return [annotation]


def _typed(value: Any) -> str:
    """A value as a flag has it."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else _large(value) or str(value)


def _python(value: Any) -> str:
    """A value as it stands in Python."""
    return _large(value) or repr(value)


def _large(value: Any) -> str:
    """A large number as people write it, such as 2e13; empty for anything else."""
    if not isinstance(value, float) or not LARGE <= value < math.inf:
        return ""
    digits, _, power = f"{value:g}".partition("e+")
    short = f"{digits}e{int(power)}" if power else digits
    return short if float(short) == value else ""


def _toml(value: Any) -> str:
    """A value as it stands in TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return _large(value) or json.dumps(value, default=str, ensure_ascii=False)


def _shown(value: Any, source: Source) -> str:
    """A value that was received, as it was written, and not too long; numbers of flags are text without quotes."""
    typed = source.name.startswith("--") and isinstance(value, str) and value.replace(".", "").lstrip("-").isdigit()
    text = value if typed else _toml(value) if source.file else repr(value)
    return text if len(text) < 80 else text[:77] + "..."
