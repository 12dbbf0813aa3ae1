"""Verbs for research: experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evolve.cli.app import RESULTS, Json, Results, app, print_json


@app.command()
def experiment(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML file that says what is compared.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Its folder. Default: NAME-experiment below the results.")
    ] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Compare arms on data sets with several seeds at equal budget; called again, it goes on."""
    from evolve import api

    made = api.experiment(file, output=output, results=results, progress=not as_json)
    if as_json:
        print_json([trial.to_json() for trial in made.trials])
