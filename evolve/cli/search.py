"""Verbs that search: run and resume."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evolve.cli.app import RESULTS, Results, RunName, Trust, app
from evolve.cli.flags import typed, with_settings

if TYPE_CHECKING:
    from evolve.runs.run import Run


@with_settings(app)
def run(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file of settings; flags win over it.")
    ] = None,
    founders: Annotated[
        str | None,
        typer.Option(
            metavar="GROUPS",
            help="Groups: portfolio, small, fast-sizes, whitened-sizes, zoo, article, random, separated by commas. "
            "Default: portfolio, with small ones where limits are tight.",
            rich_help_panel="Search",
        ),
    ] = None,
    founder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="Name, notation or RUN:CANDIDATE to start from; repeatable.", rich_help_panel="Search"
        ),
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="A Keras layer of your own, as my_layers.Swirl; repeatable.",
            rich_help_panel="Search",
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Do what a run with --for or --work has planned: its folder, or its plan.json.",
            rich_help_panel="Budget",
        ),
    ] = None,
    **settings: Any,
) -> None:
    """Evolve networks on images, re-score the leaders, train the winner in full."""
    from evolve.config_files import from_flags, layer_flags
    from evolve.engine.running import run_given

    flags = typed(settings)
    groups = [name.strip() for name in (founders or "").split(",") if name.strip()]
    if begin_with := (*(founder or ()), *groups):
        flags["founders"] = begin_with
    if layer:
        flags["layers"] = layer_flags(layer)
    spelled = {"plan": "--plan", **({"founders": "--founder"} if founder else {})}
    _say(run_given(from_flags(flags, config, spelled), plan))


@with_settings(app)
def resume(
    run: RunName,
    generations: Annotated[
        str | None, typer.Option(metavar="N", help="Generations to add.", rich_help_panel="Budget")
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Time for what is still to be done.", rich_help_panel="Budget"),
    ] = None,
    trust: Trust = None,
    results: Results = RESULTS,
    **settings: Any,
) -> None:
    """Continue a killed, stopped or finished run."""
    from evolve.config_files import from_flags
    from evolve.engine.running import resume_given
    from evolve.runs.find import find

    given = from_flags(typed({"generations": generations, "duration": duration, **settings}))
    _say(resume_given(find(run, results).trusting(trust or ()), given))


def _say(made: Run) -> None:
    """What came out of a run, and what may be done with it."""
    from evolve.display.console import show_text, terminal_width
    from evolve.reporting import run_text

    show_text(run_text.hall_of_fame(made))
    trained = sum(leader.in_full is not None for leader in made.hall_of_fame)
    if made.config.ensemble and trained > 1:
        from evolve.models.ensemble import ensemble
        from evolve.reporting import model_text

        together = ensemble(made.folder, min(trained, made.config.ensemble), trust=made.trust)
        show_text(model_text.together(together))
    print(run_text.next_steps(made, terminal_width()))
