"""Verbs for tables of trainings, under `evolve table`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evolve.cli.app import RESULTS, Results, app

tables = typer.Typer(no_args_is_help=True, add_completion=False, help="Make tables of trainings, to search them.")
app.add_typer(tables, name="table")


@tables.command()
def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML file of networks, data sets and budgets.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table to write, or to go on with. Default: made from FILE.")
    ] = None,
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder that the paths of data sets start from.")
    ] = Path(),
    workers: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Worker processes. Default: one per core.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Train networks on data sets with several budgets, and write a table of it."""
    from evolve.research.recording import record_table

    print(record_table(file, output, data=data, results=results, workers=workers))
