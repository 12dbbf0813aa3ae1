"""Verbs for tables: record, convert, show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evolve.cli.app import RESULTS, Results, app, number

table = typer.Typer(no_args_is_help=True, help="Tables that are searched without training: record, convert, show.")
app.add_typer(table, name="table")


@table.command()
def record(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML file of networks, data sets and budgets.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Table to write, or to go on with. Default: made from FILE.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder that the paths in it start from. Default: that of FILE."),
    ] = None,
    workers: Annotated[int | None, number("--workers", "Worker processes. Default: one per core.")] = None,
    results: Results = RESULTS,
) -> None:
    """Train networks on data sets with several budgets, and write a table of it."""
    from evolve.research.recording import record_table

    print(record_table(file, output, data=data, results=results, workers=workers))


@table.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The published file of NAS-Bench-Macro.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The table to write, in JSON.")],
) -> None:
    """Make a table of a published file, to be searched with run --table."""
    from evolve.display.text import printable
    from evolve.problems.table_files import convert_table

    made = convert_table(source, target)
    print(printable(f"wrote {target}: {len(made.entries):,} entries"))


@table.command()
def show(file: Annotated[Path, typer.Argument(metavar="FILE", help="A table, published or recorded.")]) -> None:
    """Show what is in a table, and how complete it is."""
    from evolve.display.console import show_text
    from evolve.problems.table_files import open_table
    from evolve.reporting.table_text import about

    show_text(about(open_table(file)))
