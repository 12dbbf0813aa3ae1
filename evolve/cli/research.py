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
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder that the paths in it start from. Default: that of FILE."),
    ] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Compare arms on data sets with several seeds at equal budget; run it again to continue."""
    from evolve import api
    from evolve.display.console import show_text
    from evolve.reporting import experiment_text

    made = api.experiment(file, output=output, data=data, results=results, progress=not as_json)
    if as_json:
        print_json([trial.to_json() for trial in made.trials])
    else:
        show_text(experiment_text.experiment(made.analysis, made.page, made.seen))
