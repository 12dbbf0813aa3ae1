"""Verbs for models: train, export, predict, ensemble, baseline; and clean, for what they leave on disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from evolve.cli.app import RESULTS, Candidate, Json, Results, RunName, Trust, app, complain, number, print_json
from evolve.cli.flags import typed, with_settings


@app.command()
def train(
    run: RunName,
    candidate: Candidate,
    epochs: Annotated[int | None, number("--epochs", "Epochs. Default: those of the run's last training.")] = None,
    trust: Trust = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Train a candidate in full, with all cores; the test part is opened for it, on record."""
    from evolve.display.console import show_text
    from evolve.models.train import train as train_model
    from evolve.reporting import model_text

    made = train_model(run, candidate, epochs=epochs, results=results, trust=trust or (), progress=not as_json)
    if as_json:
        print_json(made.to_json())
    else:
        show_text(model_text.trained(made))


@app.command()
def export(
    run: RunName,
    candidate: Candidate,
    format: Annotated[str, typer.Option(help="keras, python, onnx, litert or litert-int8.")] = "keras",
    output: Annotated[Path | None, typer.Option(help="File to write. Default: made from run and candidate.")] = None,
    trust: Trust = None,
    results: Results = RESULTS,
) -> None:
    """Write a candidate as a stand-alone file, and check it on real images."""
    from evolve.display.quantities import shown_size
    from evolve.display.text import printable
    from evolve.models.export import export as export_model

    made = export_model(run, candidate, format, output=output, results=results, trust=trust or ())
    for path in (made.path, *made.beside):
        print(printable(f"wrote {path}"))
    if made.reads:
        print(printable(f"the script {made.reads}"))
    if made.accuracies:
        before, after = made.accuracies
        print(f"{shown_size(made.path.stat().st_size)}; with 8 bits it recognises {after:.2%} of {made.images} images,")
        print(f"with 32 bits {before:.2%} (the selection part, on which it was trained, too)")
        if made.too_large:
            complain(f"{made.too_large}; another candidate: evolve pick", "too large")
            raise typer.Exit(2)
        return
    print(
        f"checked on {made.images} real images: class probabilities differ from the Keras model's by at most "
        f"{made.difference:.1g}"
    )


@app.command()
def predict(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A .keras file, RUN (its winner) or RUN:CANDIDATE, as RUN:best.")
    ],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")],
    top: Annotated[int, number("--top", "Classes to show for each image.")] = 3,
    trust: Trust = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Classify images with a trained model; for a folder with a sub-folder for each class, also say its accuracy."""
    from evolve.display.console import show_text
    from evolve.models.predict import predict as predict_model
    from evolve.reporting import model_text

    said = predict_model(model, images, trust=trust or (), results=results, progress=not as_json)
    if as_json:
        print_json(model_text.predictions_json(said))
    else:
        show_text(model_text.predictions(said, top))


@app.command()
def ensemble(
    run: RunName,
    top: Annotated[int, number("--top", "Leaders to combine.")] = 3,
    epochs: Annotated[int | None, number("--epochs", "Epochs of each. Default: those that they have had.")] = None,
    trust: Trust = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Test the averaged predictions of leaders, on record; those not trained in full are trained first."""
    from evolve.display.console import show_text
    from evolve.models.ensemble import ensemble as ensemble_model
    from evolve.reporting import model_text

    made = ensemble_model(run, top, epochs=epochs, results=results, trust=trust or (), progress=not as_json)
    if as_json:
        print_json({"single": made.single, "together": made.accuracy, "images": made.images})
    else:
        show_text(model_text.together(made))


@app.command()
def adopt(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A .keras file.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name to ask for it by. Default: the file's.")
    ] = None,
    pixels: Annotated[
        str | None,
        typer.Option(
            metavar="RANGE",
            help="What it expects: 0-1, 0-255 or -1-1. Default: what its first layers tell, else 0-1.",
        ),
    ] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Make a Keras model of your own a founder, with its weights."""
    from dataclasses import asdict

    from evolve.display.console import show_text
    from evolve.display.text import printable
    from evolve.models.adopt import adopt as adopt_model
    from evolve.reporting import model_text

    made = adopt_model(model, name=name, pixels=pixels, results=results)
    if as_json:
        print_json({**asdict(made), "founder": made.founder})
    else:
        show_text(model_text.adopted(made))
        print(f"\n{printable(model_text.search_on(made, results))}")


@with_settings(app)
def baseline(
    founder: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Name or notation of the network. Default: article-1, or fast where that does not fit.",
            rich_help_panel="Search",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="A .keras model of your own instead, trained as it stands.", rich_help_panel="Search"
        ),
    ] = None,
    pixels: Annotated[
        str | None,
        typer.Option(
            metavar="RANGE",
            help="What that expects: 0-1, 0-255 or -1-1. Default: as for adopt.",
            rich_help_panel="Data",
        ),
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(metavar="N", help="Epochs. Default: as in the article, else 40.", rich_help_panel="Budget"),
    ] = None,
    work: Annotated[
        str | None,
        typer.Option(metavar="UNITS", help="Units of work, as for run: what epochs fit in.", rich_help_panel="Budget"),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="No epoch begins after this time.", rich_help_panel="Budget"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the files that are written.", rich_help_panel="Machine")
    ] = None,
    as_json: Json = False,
    **settings: Any,
) -> None:
    """Train one network without a search, on all training images; the test part is scored after each epoch."""
    from evolve.config_files import from_flags
    from evolve.display.console import show_text
    from evolve.models.baseline import baseline as train_baseline
    from evolve.reporting import model_text

    flags = typed({"duration": duration, "final_epochs": epochs, "work": work, "name": name, **settings})
    given = from_flags(flags, spelled={"final_epochs": "--epochs"})
    made = train_baseline(founder, settings=given, progress=not as_json, model=model, pixels=pixels)
    if as_json:
        print_json(made.report)
    else:
        show_text(model_text.baseline(made.report, made.path))


@app.command()
def clean(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run to delete as a whole.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Show what may be deleted, with sizes, and delete it if you say so."""
    from evolve.display.console import show_text
    from evolve.display.text import size
    from evolve.reporting import model_text
    from evolve.runs import disk
    from evolve.runs.find import find

    things = [disk.whole_run(find(run, results))] if run else disk.disposables(results)
    if as_json:
        print_json([{"path": str(thing.path), "bytes": thing.size, "why": thing.why} for thing in things])
        return
    show_text(model_text.disposables(things, disk.size_of(results) if results.exists() else 0))
    if not things or not (yes or (sys.stdin.isatty() and typer.confirm("delete all of these?"))):
        print("nothing was deleted" + ("; --yes deletes without asking" if things and not sys.stdin.isatty() else ""))
        return
    print(f"freed {size(disk.delete(things))}")
