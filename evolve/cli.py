"""The command line: verbs and their flags, no logic. Heavy imports wait until a verb needs them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="Evolve convolutional networks instead of guessing them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Results = Annotated[Path, typer.Option("--results", help="Folder that holds the runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of a run, or its folder.")]
RESULTS = Path("results")


@app.command()
def run(
    dataset: Annotated[
        str | None,
        typer.Option(help="digits, cifar10, cifar100, mnist, fashion_mnist, an .npz file or a folder.  [digits]"),
    ] = None,
    image_size: Annotated[int | None, typer.Option(help="Pixels a side to resize a folder's images to.")] = None,
    colour: Annotated[str | None, typer.Option(help="grey or colour, for a folder.  [what they are]")] = None,
    metric: Annotated[str | None, typer.Option(help="accuracy, balanced_accuracy or loss.  [accuracy]")] = None,
    encoding: Annotated[str | None, typer.Option(help="stack or choices.  [stack]")] = None,
    strategy: Annotated[str | None, typer.Option(help="genetic, neat or random.  [genetic]")] = None,
    table: Annotated[Path | None, typer.Option(help="Table of scores, for the encoding choices.")] = None,
    founders: Annotated[
        str | None, typer.Option(help="Groups: article, zoo, random, parted by commas.  [article,zoo,random]")
    ] = None,
    founder: Annotated[
        list[str] | None, typer.Option(help="Name, notation or RUN:CANDIDATE to start from; repeatable.")
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="A Keras layer of your own, as my_layers.Swirl; repeatable.")
    ] = None,
    generations: Annotated[int | None, typer.Option(help="Generations at most.  [8]")] = None,
    evaluations: Annotated[int | None, typer.Option(help="Candidates at most.")] = None,
    duration: Annotated[str | None, typer.Option("--for", help="Time for the search: 90s, 10m, 1h30m.")] = None,
    population: Annotated[int | None, typer.Option(help="Candidates in a generation.  [16]")] = None,
    images: Annotated[int | None, typer.Option(help="Images of a brief training.  [at most 10000]")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of a brief training.  [by images]")] = None,
    final_epochs: Annotated[int | None, typer.Option(help="Epochs of the winner's full training.  [40]")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same history.  [0]")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.  [one per core]")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run.  [made from data and strategy]")] = None,
    results: Annotated[Path | None, typer.Option(help="Folder for runs.  [results]")] = None,
    disk_limit: Annotated[float | None, typer.Option(help="GiB that the folder for runs may hold.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings; flags win over it.")] = None,
) -> None:
    """Evolve networks on images, re-score the leaders, train the winner in full."""
    from evolve import api
    from evolve.config import layer_flags, merged
    from evolve.reporting import inspect

    begin_with = (*(founder or ()), *(name.strip() for name in (founders or "").split(",") if name.strip()))
    flags = {
        "dataset": dataset,
        "image_size": image_size,
        "colour": colour,
        "metric": metric,
        "encoding": encoding,
        "strategy": strategy,
        "table": table,
        "founders": begin_with or None,
        "layers": layer_flags(layer) if layer else None,
        "generations": generations,
        "evaluations": evaluations,
        "for": duration,
        "population": population,
        "images": images,
        "epochs": epochs,
        "final_epochs": final_epochs,
        "seed": seed,
        "workers": workers,
        "name": name,
        "results": results,
        "disk_limit": disk_limit,
    }
    made = api.run(**merged(config, {name: value for name, value in flags.items() if value is not None}))
    inspect.show(inspect.hall_of_fame(made))
    print(inspect.next_steps(made))


@app.command()
def baseline(
    dataset: Annotated[str, typer.Option(help="A data set's name, an .npz file or a folder of images.")] = "digits",
    founder: Annotated[str, typer.Option(help="Name or notation of the network.")] = "article-1",
    epochs: Annotated[int | None, typer.Option(help="Epochs.  [as in the article, else 40]")] = None,
    duration: Annotated[str | None, typer.Option("--for", help="No epoch begins after that time.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the training.")] = 0,
    image_size: Annotated[int | None, typer.Option(help="Resize the images of a folder.")] = None,
    colour: Annotated[str | None, typer.Option(help="grey or colour, for a folder.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the files that are written.")] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Train one network by hand, as the article did: all training images, the test part watched."""
    from evolve.baseline import run_baseline
    from evolve.reporting import inspect, takeaway

    given = {
        "dataset": dataset,
        "for": duration,
        "seed": seed,
        "image_size": image_size,
        "colour": colour,
        "name": name,
        "results": results,
    }
    settings = {key: value for key, value in given.items() if value is not None}
    made = run_baseline(founder, epochs, settings, progress=not as_json)
    if as_json:
        _print_json(made.report)
    else:
        inspect.show(takeaway.baseline(made.report, made.path))


@app.command()
def resume(
    run: RunName,
    generations: Annotated[int | None, typer.Option(help="Generations to add.")] = None,
    duration: Annotated[str | None, typer.Option("--for", help="Time for the search from now on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.")] = None,
    disk_limit: Annotated[float | None, typer.Option(help="GiB that the folder for runs may hold.")] = None,
    results: Results = RESULTS,
) -> None:
    """Continue a killed, stopped or finished run."""
    from evolve import api
    from evolve.reporting import inspect

    made = api.resume(
        run,
        generations=generations,
        duration=duration,
        workers=workers,
        disk_limit=disk_limit,
        results=results,
    )
    inspect.show(inspect.hall_of_fame(made))
    print(inspect.next_steps(made))


@app.command("list")
def list_runs(results: Results = RESULTS, as_json: Json = False) -> None:
    """All runs, newest first."""
    from evolve.reporting import inspect
    from evolve.run_view import all_runs

    found = all_runs(results, lambda problem: print(f"left out: {problem}", file=sys.stderr))
    if as_json:
        _print_json([run.summary() for run in found])
    elif not found:
        print(f"there are no runs in {results} yet; make one with: evolve run")
    else:
        inspect.show(inspect.runs(found))


@app.command()
def show(
    run: RunName,
    candidate: Annotated[int | None, typer.Argument(help="Birth number of a candidate.")] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """The hall of fame of a run, or one of its candidates."""
    from evolve.errors import RunError
    from evolve.reporting import candidate as view
    from evolve.reporting import inspect
    from evolve.run_view import find

    found = find(run, results)
    if candidate is None:
        if as_json:
            leaders = [leader.to_json() for leader in found.hall_of_fame]
            _print_json({**found.summary(), "hall_of_fame": leaders, "winner": found.winner})
        else:
            inspect.show(inspect.hall_of_fame(found))
    elif candidate not in found.candidates:
        raise RunError(found.no_candidate(candidate))
    elif as_json:
        _print_json(view.candidate_json(found, candidate))
    else:
        inspect.show(view.candidate(found, candidate))


Candidate = Annotated[int, typer.Argument(metavar="CANDIDATE", help="Birth number of a candidate.")]


@app.command()
def train(
    run: RunName,
    candidate: Candidate,
    epochs: Annotated[int | None, typer.Option(help="Epochs.  [as the run's final training]")] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Train a candidate in full, with all cores; the test part is opened for it, on record."""
    from evolve import models
    from evolve.reporting import inspect, takeaway

    made = models.train(run, candidate, epochs=epochs, results=results, progress=not as_json)
    if as_json:
        _print_json({"candidate": candidate, "measures": dict(made.result.measures), "model": str(made.path)})
    else:
        inspect.show(takeaway.trained(made))


@app.command()
def export(
    run: RunName,
    candidate: Candidate,
    format: Annotated[str, typer.Option(help="keras, python, onnx or litert.")] = "keras",
    output: Annotated[Path | None, typer.Option(help="File to write.  [made from run and candidate]")] = None,
    results: Results = RESULTS,
) -> None:
    """Write a candidate as a file that lives without evolve, and check it on real images."""
    from evolve import models

    made = models.export(run, candidate, format, output=output, results=results)
    for path in (made.path, *made.beside):
        print(f"wrote {path}")
    print(
        f"checked on {made.images} images that it was not trained on: class probabilities differ from the Keras "
        f"model's by at most {made.difference:.1g}"
    )


@app.command()
def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A .keras file, RUN (its winner) or RUN:CANDIDATE.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")],
    top: Annotated[int, typer.Option(help="Classes to show for each image.")] = 3,
    layer: Annotated[list[str] | None, typer.Option(help="A layer of your own in it, as my_layers.Swirl.")] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """What a trained model says of images: classes and their probabilities."""
    from evolve import models
    from evolve.reporting import inspect, takeaway

    said = models.predict(model, images, own=layer or (), results=results)
    if as_json:
        _print_json([{"image": str(one.image), "classes": dict(one.ranked)} for one in said])
    else:
        inspect.show(takeaway.predictions(said, top))


@app.command()
def ensemble(
    run: RunName,
    top: Annotated[int, typer.Option(help="Leaders to put together.")] = 3,
    epochs: Annotated[int | None, typer.Option(help="Epochs of those that are trained now.")] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Test accuracy of the leaders together; those not trained in full yet are trained first."""
    from evolve import models
    from evolve.reporting import inspect, takeaway

    made = models.ensemble(run, top, epochs=epochs, results=results, progress=not as_json)
    if as_json:
        _print_json({"single": made.single, "together": made.accuracy, "images": made.images})
    else:
        inspect.show(takeaway.together(made))


@app.command()
def clean(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="A run to delete as a whole.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Show what may be deleted, with sizes, and delete it if you say so."""
    from evolve import housekeeping
    from evolve.reporting import inspect, takeaway
    from evolve.reporting.words import size
    from evolve.run_view import find

    things = [housekeeping.whole_run(find(run, results))] if run else housekeeping.disposables(results)
    if as_json:
        _print_json([{"path": str(thing.path), "bytes": thing.size, "why": thing.why} for thing in things])
        return
    inspect.show(takeaway.disposables(things, housekeeping.size_of(results) if results.exists() else 0))
    if not things or not (yes or (sys.stdin.isatty() and typer.confirm("delete all of these?"))):
        print("nothing was deleted" + ("; say so with --yes" if things and not sys.stdin.isatty() else ""))
        return
    print(f"freed {size(housekeeping.delete(things))}")


@app.command()
def history(run: RunName, results: Results = RESULTS, as_json: Json = False) -> None:
    """Every request of a run in order; with --json one object a line, clock times under 'timing' only."""
    from evolve.reporting import inspect
    from evolve.run_view import find

    found = find(run, results)
    if as_json:
        for entry in found.history():
            print(json.dumps(entry))
    else:
        inspect.show(inspect.history(found))


@app.command()
def info(results: Results = RESULTS, as_json: Json = False) -> None:
    """Versions, backend, devices, threads, memory, data sets at hand."""
    from evolve.reporting import inspect
    from evolve.reporting.machine import machine, machine_table

    if as_json:
        _print_json(machine(results))
    else:
        inspect.show(machine_table(results))


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1))


def main() -> None:
    """The console script. A user's mistake ends in one message and exit code 2, Ctrl-C in 130."""
    from evolve.errors import EvolveError

    try:
        app()
    except EvolveError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(141) from None
    except OSError as error:
        print(f"error: cannot use {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
