"""Verbs that search: run and resume."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evolve.cli.app import RESULTS, Results, RunName, Trust, app, given


@app.command()
def run(
    dataset: Annotated[
        str | None,
        typer.Option(
            help="digits, cifar10, cifar100, mnist, fashion_mnist, an .npz file or a folder. Default: digits."
        ),
    ] = None,
    image_size: Annotated[int | None, typer.Option(help="Pixels a side to resize a folder's images to.")] = None,
    colour: Annotated[str | None, typer.Option(help="grey or colour, for a folder. Default: what they are.")] = None,
    metric: Annotated[str | None, typer.Option(help="accuracy, balanced_accuracy or loss. Default: accuracy.")] = None,
    encoding: Annotated[str | None, typer.Option(help="stack or choices. Default: stack.")] = None,
    strategy: Annotated[str | None, typer.Option(help="aging, genetic, neat or random. Default: aging.")] = None,
    table: Annotated[Path | None, typer.Option(help="Table of scores, for the encoding choices.")] = None,
    founders: Annotated[
        str | None,
        typer.Option(help="Groups: fast, zoo, article, random, separated by commas. Default: fast,zoo,article,random."),
    ] = None,
    founder: Annotated[
        list[str] | None, typer.Option(help="Name, notation or RUN:CANDIDATE to start from; repeatable.")
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="A Keras layer of your own, as my_layers.Swirl; repeatable.")
    ] = None,
    generations: Annotated[int | None, typer.Option(help="Generations at most.")] = None,
    evaluations: Annotated[int | None, typer.Option(help="Candidates at most.")] = None,
    duration: Annotated[
        str | None,
        typer.Option("--for", help="Time for all of it: 90s, 10m, 1h30m. Default: 10m, if nothing else limits it."),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Do what a run with --for has planned: its folder, or its plan.json.")
    ] = None,
    population: Annotated[int | None, typer.Option(help="Candidates in a generation. Default: 16.")] = None,
    images: Annotated[int | None, typer.Option(help="Images of a brief training. Default: at most 10000.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs of a brief training. Default: by images.")] = None,
    rungs: Annotated[
        str | None, typer.Option(help="Budgets, images x epochs, that the best climb: 3000x1,9000x2.")
    ] = None,
    final_epochs: Annotated[int | None, typer.Option(help="Epochs of the winner's full training. Default: 40.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32 or bfloat16, to train with. Default: what is faster here.")
    ] = None,
    reuse: Annotated[
        str | None, typer.Option(help="A run, by name or folder, whose results are copied where jobs are equal.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same history. Default: 0.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes. Default: one per core.")] = None,
    fast: Annotated[
        bool | None, typer.Option("--fast", help="Tell results as they come: a seed then has many histories.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run. Default: made from data and strategy.")] = None,
    results: Annotated[Path | None, typer.Option(help="Folder for runs. Default: results.")] = None,
    disk_limit: Annotated[float | None, typer.Option(help="GiB that the folder for runs may hold.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings; flags win over it.")] = None,
) -> None:
    """Evolve networks on images, re-score the leaders, train the winner in full."""
    flags = given(locals())
    from evolve import api
    from evolve.config_files import merge_settings
    from evolve.display.console import show_text
    from evolve.reporting import run_text

    made = api.run(**merge_settings(flags.pop("config", None), _joined(flags)))
    show_text(run_text.hall_of_fame(made))
    print(run_text.next_steps(made))


def _joined(flags: dict[str, Any]) -> dict[str, Any]:
    """Flags that stand for one setting put together: founders and their groups; layers as a table."""
    from evolve.config_files import layer_flags

    groups = [name.strip() for name in flags.pop("founders", "").split(",") if name.strip()]
    if begin_with := (*flags.pop("founder", ()), *groups):
        flags["founders"] = begin_with
    if "layer" in flags:
        flags["layers"] = layer_flags(flags.pop("layer"))
    return flags


@app.command()
def resume(
    run: RunName,
    generations: Annotated[int | None, typer.Option(help="Generations to add.")] = None,
    duration: Annotated[str | None, typer.Option("--for", help="Time for all that is still to be done.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes.")] = None,
    disk_limit: Annotated[float | None, typer.Option(help="GiB that the folder for runs may hold.")] = None,
    trust: Trust = None,
    results: Results = RESULTS,
) -> None:
    """Continue a killed, stopped or finished run."""
    from evolve import api
    from evolve.display.console import show_text
    from evolve.reporting import run_text

    made = api.resume(
        run,
        generations=generations,
        duration=duration,
        workers=workers,
        disk_limit=disk_limit,
        results=results,
        trust=trust or (),
    )
    show_text(run_text.hall_of_fame(made))
    print(run_text.next_steps(made))
