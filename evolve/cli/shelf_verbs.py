"""Verbs for networks under a limit: shelf and pick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from evolve.cli.app import RESULTS, Json, Results, RunName, Trust, app, complain, print_json

Limit = Annotated[str | None, typer.Option(metavar="N", help="Largest number of weights, such as 100k.")]
MultiplyAdds = Annotated[str | None, typer.Option(metavar="N", help="Largest number of multiply-adds, such as 5M.")]
Size = Annotated[str | None, typer.Option(metavar="SIZE", help="Largest file with numbers of 8 bits, such as 30kB.")]
Latency = Annotated[str | None, typer.Option(metavar="TIME", help="Longest time for one image, such as 2ms.")]
Activations = Annotated[str | None, typer.Option(metavar="SIZE", help="Largest memory of activations, such as 64kB.")]


LIMITED = ("parameters", "multiply_adds", "activations", "size_int8", "latency")


def limits(*typed: str | None) -> dict[str, float]:
    """Limits as they were typed, in the order of `LIMITED`, by name. Raises ConfigError for what is no quantity."""
    from evolve.display.quantities import count, latency, size
    from evolve.errors import ConfigError

    readers = {"activations": (size, "64kB"), "size_int8": (size, "30kB"), "latency": (latency, "2ms")}
    found: dict[str, float] = {}
    for name, text in zip(LIMITED, typed, strict=True):
        if text is None:
            continue
        read, example = readers.get(name, (count, "100k"))
        flag = f"--max-{name.replace('_int8', '').replace('_', '-')}"
        try:
            found[name] = read(text)
        except ValueError:
            what = "a time with its unit" if name == "latency" else "a quantity"
            raise ConfigError(f"{flag} must be {what}, not {text!r}; for example {flag} {example}") from None
    return found


def say_unknown(count: int, names: Sequence[str]) -> None:
    """Says that candidates were left out, as not all of these measures are known of them."""
    from evolve.display.text import plural
    from evolve.objectives import MEASURED

    if count:
        words = " and ".join(name.replace("_", "-") for name in names)
        measured = "; evolve pick measures it" if {*names} & {*MEASURED} else ""
        complain(f"{plural(count, 'candidate')}, as {words} is not known of them{measured}", "left out")


@app.command()
def shelf(
    run: RunName,
    by: Annotated[str, typer.Option(metavar="MEASURES", help="Costs that cells are cut by.")] = (
        "parameters,multiply-adds"
    ),
    max_parameters: Limit = None,
    max_multiply_adds: MultiplyAdds = None,
    max_activations: Activations = None,
    max_size: Size = None,
    max_latency: Latency = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Show the best network of each size, of all that a run ever scored; sizes double from cell to cell."""
    from evolve.display.console import show_text
    from evolve.errors import ConfigError
    from evolve.objectives import COSTS, MEASURED
    from evolve.reporting import shelf_text
    from evolve.runs.find import find
    from evolve.runs.shelf import cells, items, measure_names, unknown, within

    found = find(run, results)
    names, costs = measure_names(found, by.split(",")), [*COSTS, *MEASURED]
    if not set(names) <= set(costs):
        raise ConfigError(f"--by must name costs, some of {', '.join(costs)}, not {by!r}")
    asked = limits(max_parameters, max_multiply_adds, max_activations, max_size, max_latency)
    needed = list(dict.fromkeys((*names, *asked)))
    every = items(found, needed)
    best = list(cells(found, within(every, asked), names).values())
    if as_json:
        print_json([item.to_json() for item in best])
    elif not best:
        print(shelf_text.nothing(found, every, needed, asked))
    else:
        show_text(shelf_text.table(best, names))
        show_text(shelf_text.legend(found, best))
    if best or as_json:
        say_unknown(unknown(every, needed), needed)


@app.command()
def pick(
    run: RunName,
    max_parameters: Limit = None,
    max_multiply_adds: MultiplyAdds = None,
    max_activations: Activations = None,
    max_size: Size = None,
    max_latency: Latency = None,
    rescore: Annotated[bool, typer.Option(help="Score the best few that fit again, if they were not.")] = True,
    train: Annotated[bool, typer.Option("--train", help="Train it in full, and open the test part for it.")] = False,
    trust: Trust = None,
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Pick the best network within limits, of all that a run ever scored."""
    from dataclasses import asdict

    from evolve.display.console import show_text
    from evolve.models.pick import pick as pick_one
    from evolve.reporting import model_text, shelf_text

    asked = limits(max_parameters, max_multiply_adds, max_activations, max_size, max_latency)
    given: dict[str, Any] = {"results": results, "trust": trust or (), "progress": not as_json}
    made = pick_one(run, asked, rescore=rescore, in_full=train, **given)
    if as_json:
        told = {"measured": made.looked and asdict(made.looked), "training": made.trained and made.trained.to_json()}
        print_json({**made.item.to_json(), "others": [one.candidate for one in made.others], **told})
        return
    shown = [made.item, *made.others[:4]]
    show_text(shelf_text.table(shown, tuple(made.item.costs)))
    show_text(shelf_text.legend(made.run, shown))
    known = " are known to" if made.looked else ""
    print(f"\ncandidate {made.item.candidate} is the best of {len(made.others) + 1} that{known} fit")
    for line in shelf_text.measured(made.item, made.looked.in_words() if made.looked else ""):
        print(line)
    print(made.item.notation)
    if made.trained:
        show_text(model_text.trained(made.trained))
