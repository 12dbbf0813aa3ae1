"""Verbs that look: list, show, history, info."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evolve.cli.app import CANDIDATE, RESULTS, Json, Results, RunName, app, complain, print_json


@app.command("list")
def list_runs(results: Results = RESULTS, as_json: Json = False) -> None:
    """All runs, newest first."""
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
    candidate: Annotated[str | None, typer.Argument(help=CANDIDATE)] = None,
    top: Annotated[
        int | None, typer.Option(min=1, help="How many leaders to show. Default: ten, and all that were scored again.")
    ] = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """The hall of fame of a run, or one of its candidates."""
    from evolve.display.console import show_text
    from evolve.reporting import candidate_text, run_text
    from evolve.runs.facts import candidate_json
    from evolve.runs.find import find
    from evolve.runs.selection import selection_json

    found = find(run, results)
    if candidate is None:
        if as_json:
            leaders = [leader.to_json() for leader in (found.leaders(top) if top else found.hall_of_fame)]
            told = {"hall_of_fame": leaders, "winner": found.winner, "species": found.species}
            print_json({**found.summary(), **selection_json(found), **told})
        else:
            show_text(run_text.hall_of_fame(found, top))
    elif as_json:
        print_json(candidate_json(found, found.number(candidate)))
    else:
        show_text(candidate_text.candidate(found, found.number(candidate)))


@app.command()
def history(
    run: RunName,
    last: Annotated[int, typer.Option(min=1, help="How many requests to show, counted from the end.")] = 100,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """The requests of a run in order; with --json all of them, one object a line, clock times under 'timing' only."""
    from evolve.display.console import show_text
    from evolve.reporting import run_text
    from evolve.runs.find import find

    found = find(run, results)
    if as_json:
        sys.stdout.writelines(f"{line}\n" for line in found.history_lines())
    else:
        show_text(run_text.history(found, last))


@app.command()
def info(results: Results = RESULTS, as_json: Json = False) -> None:
    """Versions, backend, devices, threads, memory, data sets at hand."""
    from evolve.display.console import show_text
    from evolve.reporting.machine_text import machine, machine_table

    if as_json:
        print_json(machine(results))
    else:
        show_text(machine_table(results))
