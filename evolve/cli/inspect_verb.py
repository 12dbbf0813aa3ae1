"""The verb that looks into a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evolve.cli.app import CANDIDATE, RESULTS, Json, Results, RunName, Trust, app, print_json


@app.command()
def inspect(
    run: RunName,
    candidate: Annotated[str, typer.Argument(metavar="[CANDIDATE]", help=CANDIDATE)] = "best",
    images: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Images in sub-folders called as the classes, instead of the run's own."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(metavar="PART", help="test, selection or validation. Default: test, an opening on record."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Page to write. Default: made from run and candidate.")
    ] = None,
    trust: Trust = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Look into a trained model: what it confuses, mistakes by name, where it looks, filters, costs; as a page, too."""
    from evolve.display.console import show_text
    from evolve.display.text import printable
    from evolve.models.inspect import inspect as inspect_model
    from evolve.reporting import inspection_page, inspection_text

    inspection_page.check_output(output)
    found = inspect_model(
        run, candidate, images=images, part=part, results=results, trust=trust or (), progress=not as_json
    )
    if as_json:
        print_json(found.to_json(pictures=False))
    else:
        show_text(inspection_text.inspection(found))
    if output is not None or not as_json:
        written = inspection_page.write_inspection(found, output)
        if not as_json:
            print(printable(f"with pictures: {written}"))
