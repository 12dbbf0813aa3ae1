"""Verbs that look: list, show, draw, history, tensorboard, info."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evolve.cli.app import CANDIDATE, RESULTS, Json, Results, RunName, app, complain, number, print_json
from evolve.cli.shelf_verbs import Activations, Latency, Limit, MultiplyAdds, Size, limits, say_unknown
from evolve.errors import ConfigError

if TYPE_CHECKING:
    from evolve.runs.run import Run


@app.command("list")
def list_runs(results: Results = RESULTS, as_json: Json = False) -> None:
    """List all runs, newest first."""
    from evolve.display.console import show_text
    from evolve.reporting import run_text
    from evolve.runs.find import all_runs

    found = all_runs(results, lambda problem: complain(str(problem), "left out"))
    if as_json:
        print_json([run.summary() for run in found])
    elif not found:
        print(f"there are no runs in {results} yet; make one with: evolve run")
    else:
        show_text(run_text.runs(found))


@app.command()
def show(
    run: RunName,
    candidate: Annotated[str | None, typer.Argument(metavar="CANDIDATE", help=CANDIDATE)] = None,
    top: Annotated[
        int | None, number("--top", "Networks to show. Default: ten, and all that were scored again.")
    ] = None,
    front: Annotated[
        str | None, typer.Option(metavar="MEASURES", help="The Pareto front of these measures: score,parameters.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="MEASURE", help="All that were scored, in the order of score, parameters, ...")
    ] = None,
    max_parameters: Limit = None,
    max_multiply_adds: MultiplyAdds = None,
    max_activations: Activations = None,
    max_size: Size = None,
    max_latency: Latency = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Show the hall of fame of a run, one of its candidates, its front, or all within limits."""
    from evolve.display.console import show_text
    from evolve.reporting import candidate_text, run_text
    from evolve.runs.facts import candidate_json
    from evolve.runs.find import find
    from evolve.runs.selection import selection_json
    from evolve.runs.shelf import front_of_objectives

    found = find(run, results)
    asked = limits(max_parameters, max_multiply_adds, max_activations, max_size, max_latency)
    if front or sort or asked:
        if candidate is not None:
            raise ConfigError("a candidate does not go together with --front, --sort and limits; leave it out")
        _show_items(found, front, sort, asked, top, as_json)
    elif candidate is None:
        if as_json:
            leaders = [leader.to_json() for leader in (found.leaders(top) if top else found.hall_of_fame)]
            front_of = [item.to_json() for item in front_of_objectives(found)]
            told = {"hall_of_fame": leaders, "winner": found.winner, "species": found.species, "front": front_of}
            print_json({**found.summary(), **selection_json(found), **told})
        else:
            show_text(run_text.hall_of_fame(found, top))
    elif as_json:
        print_json(candidate_json(found, found.number(candidate)))
    else:
        show_text(candidate_text.candidate(found, found.number(candidate)))


def _show_items(
    run: Run, front: str | None, sort: str | None, asked: dict[str, float], top: int | None, as_json: bool
) -> None:
    """A run's candidates as rows: those of its front, or all, within limits and in an order."""
    from evolve.display.console import show_text
    from evolve.reporting import shelf_text
    from evolve.runs import shelf

    names = shelf.measure_names(run, front.split(",")) if front else []
    [by] = shelf.measure_names(run, [sort]) if sort else [names[0] if names else shelf.SCORE]
    needed = list(dict.fromkeys((*names, by, *asked)))
    every = shelf.items(run, needed)
    found = shelf.within(every, asked)
    if names:
        found = shelf.front(run, found, names)
    found = shelf.ordered(run, found, by)[:top]
    if as_json:
        print_json([item.to_json() for item in found])
    elif not found:
        print(shelf_text.nothing(run, every, needed, asked))
    else:
        costs = [name for name in needed if name not in (shelf.SCORE, shelf.RESCORED)]
        show_text(shelf_text.table(found, tuple(dict.fromkeys((*costs, "parameters", "multiply_adds")))))
        show_text(shelf_text.legend(run, found))
    if found or as_json:
        say_unknown(shelf.unknown(every, needed), needed)


@app.command()
def draw(
    run: RunName,
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help=CANDIDATE)] = "best",
    beside: Annotated[
        str | None, typer.Option(metavar="CANDIDATE", help="Another one, to its left; what differs is marked.")
    ] = None,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="Its parent to its left, the first one if it has two.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="An .svg, or a .png by an installed Chromium. Default: made from run and candidate."
        ),
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Draw the network of a candidate: its blocks, branches and recipe."""
    from evolve.display.text import printable
    from evolve.reporting.network_pictures import PARENT
    from evolve.reporting.network_pictures import draw as draw_network
    from evolve.runs.find import find

    if beside is not None and with_parent:
        raise ConfigError("--beside and --with-parent do not go together; leave one of them out")
    found = find(run, results)
    number = found.number(candidate)
    path = output or Path(f"{found.name}-{number}.svg")
    draw_network(found, number, beside=PARENT if with_parent else beside, output=path)
    print(printable(f"wrote {path}"))


@app.command()
def history(
    run: RunName,
    last: Annotated[int, number("--last", "Requests to show, counted from the end.")] = 100,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Print the trainings of a run; with --json all of them, one object a line, clock times under 'timing' only."""
    from evolve.display.console import show_text
    from evolve.reporting import run_text
    from evolve.runs.find import find

    found = find(run, results)
    if as_json:
        sys.stdout.writelines(f"{line}\n" for line in found.history_lines())
    else:
        show_text(run_text.history(found, last))


@app.command()
def tensorboard(
    run: RunName,
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder to write. Default: tensorboard in that of the run.")
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Write all of a run for TensorBoard."""
    from evolve.display.console import show_text
    from evolve.reporting.run_text import for_tensorboard
    from evolve.runs.find import find

    found = find(run, results)
    show_text(for_tensorboard(found, found.to_tensorboard(output)))


@app.command()
def info(results: Results = RESULTS, as_json: Json = False) -> None:
    """Show versions, backend, devices, threads, memory and the data sets at hand."""
    from evolve.display.console import show_text
    from evolve.reporting.machine_text import machine, machine_table

    if as_json:
        print_json(machine(results))
    else:
        show_text(machine_table(results))
