"""The command line itself: what all verbs share, and how it ends. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from evolve.cli.flags import Verbs

app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CANDIDATE = "Birth number of a candidate, or best."


def _with_home(path: Path) -> Path:
    from evolve.settings import path_of

    return path_of(path)


def number(flag: str, told: str) -> Any:
    """An option whose value is a whole number of at least 1. told: its help."""

    def read(typed: str | int | None) -> int | None:
        if typed is None:
            return None
        if (text := str(typed)).isdecimal() and int(text) >= 1:
            return int(text)
        from evolve.errors import ConfigError

        shown = text if text.lstrip("-").isdecimal() else f"'{text}'"
        raise ConfigError(f"{flag} must be a whole number of at least 1, not {shown}; for example {flag} 3")

    return typer.Option(flag, metavar="N", parser=str, callback=read, help=told)


Results = Annotated[
    Path, typer.Option("--results", metavar="FOLDER", callback=_with_home, help="Folder that holds the runs.")
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run, or its folder.")]
Candidate = Annotated[str, typer.Argument(metavar="CANDIDATE", help=CANDIDATE)]
Trust = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="A module, or a data set, that the run or model names and you trust; repeatable."
    ),
]
RESULTS = Path("results")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"evolve {version('evolve-convnets')}")
        raise typer.Exit


@app.callback()
def evolve(
    version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Evolve convolutional networks instead of guessing them."""


def print_json(value: Any) -> None:
    """Prints JSON, indented."""
    print(json.dumps(value, indent=1))


def complain(text: str, kind: str = "error") -> None:
    """Says on the standard error what is wrong."""
    from evolve.display.text import printable

    print(f"{kind}: {printable(text)}", file=sys.stderr)


def main() -> None:
    """The console script. A user's mistake ends in one message and exit code 2, Ctrl-C in 130."""
    from evolve.errors import EvolveError, TrustError
    from evolve.trust import flags

    try:
        app()
    except EvolveError as error:
        complain(str(error))
        if isinstance(error, TrustError) and error.names:
            complain(f"evolve {shlex.join(sys.argv[1:])} {flags(error.names)}", "in full")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(141) from None
    except OSError as error:
        complain(f"cannot use {error.filename or 'a file'}: {error.strerror or error}")
        raise SystemExit(2) from None
