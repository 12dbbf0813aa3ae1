"""The verb that writes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evolve.cli.app import RESULTS, Results, Trust, app


@app.command()
def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs, or folders of experiments.")],
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write. Default: RUN-report.html, or report.html.")
    ] = None,
    format: Annotated[str, typer.Option(metavar="FORMAT", help="html or markdown.")] = "html",
    inside: Annotated[
        bool, typer.Option("--inside/--no-inside", help="Look inside the winner, at the test part, once, on record.")
    ] = True,
    trust: Trust = None,
    results: Results = RESULTS,
) -> None:
    """Write a run up in one file: what came out, how, the network, and what was not shown to be better."""
    from evolve.display.text import printable, size
    from evolve.reporting.report import report as write

    path = write(
        runs, output=output, format=format, inside=inside, results=results, trust=trust or ()  # type: ignore[arg-type]  # checked there
    )  # fmt: skip
    print(printable(f"{path} ({size(path.stat().st_size)})"))
