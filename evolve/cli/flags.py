"""Flags that are made from the settings of a run, when a verb that has them is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

Verb = Callable[..., None]
PANELS = {  # of the help on all verbs, in its order
    "Search": ("run", "resume", "adopt", "baseline"),
    "Look at a run": ("list", "show", "report", "inspect", "draw", "history", "tensorboard"),
    "Take a network": ("export", "predict", "train", "ensemble", "shelf", "pick"),
    "Compare": ("experiment", "table"),
    "This machine": ("info", "clean"),
}
_VERBS: dict[str, Verb] = {}


class Verbs(typer.core.TyperGroup):
    """The verbs. Those with flags of settings get them when they are called, so that help on all need not wait."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, panel by panel."""
        return [name for names in PANELS.values() for name in names]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb of that name, in its panel; None if there is none."""
        command: Any = super().get_command(ctx, cmd_name)
        for panel, names in PANELS.items():
            if command is not None and cmd_name in names:
                command.rich_help_panel = panel
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that is called, with all of its flags."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, _command(_VERBS[name]) if name in _VERBS else command, rest


def with_settings(app: typer.Typer) -> Callable[[Verb], Verb]:
    """A verb whose `**settings` are the settings that name it in `Shown.verbs`: each is a flag, but for those that the
    verb has flags of its own for. Values come as they were typed; None is a flag that was not given."""

    def register(verb: Verb) -> Verb:
        def listed() -> None: ...

        listed.__name__, listed.__doc__ = verb.__name__, verb.__doc__
        app.command()(listed)
        _VERBS[verb.__name__] = verb
        return verb

    return register


def _command(verb: Verb) -> Any:
    """The command of a verb with all of its flags, by groups, in each of them its own ones first."""
    own = [one for one in inspect.signature(verb, eval_str=True).parameters.values() if one.kind is not one.VAR_KEYWORD]

    def call(**values: Any) -> None:
        verb(**values)

    flags = sorted((*own, *settings_of(verb.__name__, {one.name for one in own})), key=_place)
    call.__doc__ = verb.__doc__
    call.__signature__ = inspect.Signature([one.replace(kind=one.KEYWORD_ONLY) for one in flags])  # type: ignore[attr-defined]
    call.__annotations__ = {one.name: one.annotation for one in flags}
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(call)
    return typer.main.get_command(alone)


def _place(flag: inspect.Parameter) -> int:
    """Where the group of a flag stands; what has none comes first."""
    from evolve.config_values import Group

    groups = [getattr(one, "rich_help_panel", None) for one in getattr(flag.annotation, "__metadata__", ())]
    return max((list(Group).index(Group(group)) for group in groups if group), default=-1)


def settings_of(verb: str, own: set[str]) -> list[inspect.Parameter]:
    """Flags of the settings that a verb takes, but for those that it has flags of its own for."""
    from evolve.config import RunConfig

    taken = {f"--{name}" for name in own}
    names = [name for name in RunConfig.of_verb(verb) if name not in own and not taken & {*RunConfig.flags(name)}]
    return [_option(name, verb) for name in names if RunConfig.flags(name)]


def _option(name: str, verb: str) -> inspect.Parameter:
    from evolve.config import RunConfig

    shown = RunConfig.shown(name)
    assert shown
    usual = "as the run has it" if verb == "resume" else RunConfig.usual(name)
    help = shown.help + (f" Default: {usual}." if usual else "")
    is_switch = RunConfig.takes(name) == [bool]
    option = typer.Option(
        *RunConfig.flags(name), metavar="" if is_switch else shown.value, help=help, rich_help_panel=shown.group
    )
    kind: Any = Annotated[(bool if is_switch else str) | None, option]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def typed(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that were given."""
    return {name: value for name, value in flags.items() if value is not None}
