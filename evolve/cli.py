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
    dataset: Annotated[str | None, typer.Option(help="digits, cifar10 or an .npz file.  [digits]")] = None,
    encoding: Annotated[str | None, typer.Option(help="stack or choices.  [stack]")] = None,
    strategy: Annotated[str | None, typer.Option(help="genetic, neat or random.  [genetic]")] = None,
    table: Annotated[Path | None, typer.Option(help="Table of scores, for the encoding choices.")] = None,
    founder: Annotated[list[str] | None, typer.Option(help="Name or notation to start from; repeatable.")] = None,
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
    config: Annotated[Path | None, typer.Option(help="TOML file of settings; flags win over it.")] = None,
) -> None:
    """Evolve networks on images, re-score the leaders, train the winner in full."""
    flags = {
        "dataset": dataset,
        "encoding": encoding,
        "strategy": strategy,
        "table": table,
        "founders": tuple(founder) if founder else None,
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
    }
    from evolve import api
    from evolve.config import merged
    from evolve.reporting import inspect

    made = api.run(**merged(config, {name: value for name, value in flags.items() if value is not None}))
    inspect.show(inspect.hall_of_fame(made))
    print(inspect.next_steps(made))


@app.command()
def resume(
    run: RunName,
    generations: Annotated[int | None, typer.Option(help="Generations to add.")] = None,
    duration: Annotated[str | None, typer.Option("--for", help="Time for the search from now on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.")] = None,
    results: Results = RESULTS,
) -> None:
    """Continue a killed, stopped or finished run."""
    from evolve import api
    from evolve.reporting import inspect

    made = api.resume(run, generations=generations, duration=duration, workers=workers, results=results)
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
        raise RunError(f"run '{found.name}' has candidates 1 to {len(found.candidates)}, not {candidate}")
    elif as_json:
        _print_json(inspect.candidate_json(found, candidate))
    else:
        inspect.show(inspect.candidate(found, candidate))


@app.command()
def history(run: RunName, results: Results = RESULTS, as_json: Json = False) -> None:
    """Every request of a run in order; with --json one object a line, clock times under 'timing' only."""
    from evolve.run_view import find

    for entry in find(run, results).history():
        if as_json:
            print(json.dumps(entry))
        else:
            score = f"{entry['objectives'][0]:.4f}" if entry["objectives"] else entry["status"] or "not done"
            born = f"candidate {entry['candidate']:<5}"
            print(f"{entry['request']:5} {entry['purpose']:8} {born} {score:14} {entry['notation']}")


@app.command()
def info(as_json: Json = False) -> None:
    """Versions, backend, devices, memory and data sets at hand."""
    from evolve.reporting import inspect

    if as_json:
        _print_json(inspect.machine())
    else:
        inspect.show(inspect.machine_table())


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


if __name__ == "__main__":
    main()
