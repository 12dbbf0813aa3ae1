"""The best small networks on CIFAR-10: 1.2e14 units of work under each limit.

    python benchmarks/small_networks.py --data FOLDER --output results/published/small

FOLDER holds cifar10.npz. Each network is chosen without the test part, which is opened once for it. That work takes two
server cores about half an hour for each, slow ones up to an hour and a half; goes on where it was ended, and behind a
search that failed with the next one. Beside the limits stand the front and the shelf of a run with several objectives.
Rows go into rows.jsonl, the page into README.md.
"""

from __future__ import annotations

import argparse
import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from rich.console import Console
from rows import append, read

import evolve
from evolve.display.text import count, size
from evolve.errors import EvolveError
from evolve.models.recognition import accuracy
from evolve.reporting import shelf_text
from evolve.reporting.markdown import code, table
from evolve.runs import shelf
from genomes.spec import ModelSpec
from genomes.stack.space import StackSpace

WORK = "1.2e14"
SEARCHES: dict[str, dict[str, Any]] = {
    "5k weights": {"max_parameters": 5_000},
    "25k weights": {"max_parameters": 25_000},
    "100k weights": {"max_parameters": 100_000},
    "30 kB with 8 bits": {"max_size": 30_000},
    "several objectives": {"objectives": ["accuracy", "parameters", "multiply_adds"], "max_parameters": 200_000},
}
ARTICLE = {"article-1": 79.35, "article-2": 81.40}  # its nets, and what it says of them
PUBLISHED = (
    ("uNAS", "86.5 %", "11.4 KB", "https://arxiv.org/abs/2010.14246"),
    ("LEMONADE", "91.1 %", "47 k weights", "https://arxiv.org/abs/1804.09081"),
    ("NASNet, as LEMONADE reports it", "88.0 %", "38 k weights", "https://arxiv.org/abs/1804.09081"),
)
COLUMNS = (
    "limit", "test accuracy", "interval over images", "weights", "multiply-adds", "LiteRT", "LiteRT, 8 bits",
    "selection accuracy, floats and 8 bits", "network",
)  # fmt: skip


def searched(name: str, settings: dict[str, Any], data: Path, results: Path) -> evolve.Run:
    """The finished run of one limit; one that was ended goes on."""
    folder = results / name.replace(" ", "-")
    if not (folder / "run.sqlite").exists():
        given = {"dataset": str(data / "cifar10.npz"), "work": float(WORK), "results": results, "name": folder.name}
        return evolve.run(**given, **settings)
    run = evolve.find(folder)
    return run if run.state == "finished" else evolve.resume(folder.name, results=results)


def measured(name: str, run: evolve.Run, folder: Path) -> dict[str, Any]:
    """What the winner of a run is: a row."""
    winner = run.winner
    assert winner is not None
    floats = evolve.export(run.folder, winner, "litert", output=folder / "floats.tflite")
    bits = evolve.export(run.folder, winner, "litert-int8", output=folder / "bits.tflite")
    row = run.candidate(winner)
    return {
        "limit": name,
        "test": run.test_accuracy,
        "images": run.problem["sizes"]["test"],
        "openings": run.test_openings,
        "parameters": row.parameters,
        "multiply_adds": row.multiply_adds,
        "litert": floats.path.stat().st_size,
        "litert_int8": bits.path.stat().st_size,
        "on_selection": list(bits.accuracies or ()),
        "notation": row.notation,
        "births": len(run.candidates),
        "front": [item.to_json() for item in shelf.front_of_objectives(run)] if len(run.config.objectives) > 1 else [],
        "shelf": _printed(run) if len(run.config.objectives) > 1 else "",
    }


def _printed(run: evolve.Run) -> str:
    """The shelf of a run as `evolve shelf` prints it."""
    names = ("parameters", "multiply_adds")
    found = shelf.cells(run, shelf.items(run, names), names)
    text = io.StringIO()
    with redirect_stdout(text):
        Console(width=100, file=text).print(shelf_text.table([*found.values()], names))
    return text.getvalue().rstrip()


def page(rows: list[dict[str, Any]]) -> str:
    """What the rows say."""
    lines = [_line(row) for row in rows]
    openings = max(row["openings"] for row in rows)
    opened = "once" if openings == 1 else f"up to {openings} times"
    blocks = [
        "# The best small networks on CIFAR-10",
        f"`python benchmarks/small_networks.py --data FOLDER --output results/published/small`: {WORK} units of work "
        "for each search, training of the winner included: about half an hour of two server cores. Networks were "
        f"chosen on the selection part; the test part was opened {opened} for each. Files were measured on "
        "disk. "
        "The final model was trained on the selection part, too: its accuracies there say what 8 bits cost, no more.",
        table(COLUMNS, [*lines, *map(_by_hand, ARTICLE)]),
        "Published small networks, of searches and trainings that are thousands of times as long:",
        table(("network", "test accuracy", "size", "source"), [list(row) for row in PUBLISHED]),
        *_smallest(rows),
        *_front(rows),
    ]
    return "\n\n".join(blocks) + "\n"


def _line(row: dict[str, Any]) -> list[str]:
    found = accuracy(round(row["test"] * row["images"]), row["images"])
    kept = " and ".join(f"{share:.1%}" for share in row["on_selection"])
    sizes = (count(row["parameters"]), count(row["multiply_adds"]), size(row["litert"]), size(row["litert_int8"]))
    return [
        row["limit"],
        f"{found.share:.1%}",
        f"{found.low:.1%} to {found.high:.1%}",
        *sizes,
        kept,
        _in_cell(row["notation"]),
    ]


def _by_hand(founder: str) -> list[str]:
    """The line of one of the article's nets."""
    spec = _network(founder)
    costs = (count(spec.parameters), count(spec.multiply_adds), "-", f"about {size(spec.likely_size)}")
    return [f"`{founder}`, by hand", f"{ARTICLE[founder]} %", "-", *costs, "-", "-"]


def _in_cell(notation: str) -> str:
    """A network as code in a cell of a table, which a bar would end."""
    escaped = notation.replace("|", r"\|")
    return f"`{escaped}`"


def _network(founder: str) -> ModelSpec:
    space = StackSpace((32, 32, 3), 10)
    return space.blueprint(space.parse(space.founders[founder]))


def _smallest(rows: list[dict[str, Any]]) -> list[str]:
    """The smallest networks that are better than those of the article."""
    said = []
    for name, test in ARTICLE.items():
        better = [row for row in rows if 100 * row["test"] > test]
        if better:
            one = min(better, key=lambda row: row["parameters"])
            beaten = f"{test} % ({name}, {_network(name).parameters:,} weights)"
            reached = f"{one['parameters']:,} weights: {one['test']:.1%} (limit: {one['limit']})"
            said.append(f"The smallest here that beats {beaten} has {reached}.")
        else:
            said.append(f"None here beats the {test} % of {name}.")
    return said


def _front(rows: list[dict[str, Any]]) -> list[str]:
    several = next((row for row in rows if row["front"]), None)
    if several is None:
        return []
    names = ("weights", "multiply-adds", "score of a brief training", "network")
    front = [
        [count(one["parameters"]), count(one["multiply_adds"]), f"{one['score']:.1%}", _in_cell(one["notation"])]
        for one in sorted(several["front"], key=lambda one: one["parameters"])
    ]
    head = "The shelf of that search, as `evolve shelf` prints it, by scores of brief trainings:"
    return [
        "## Front and shelf",
        f"The front of the search with several objectives, of {several['births']} networks:",
        table(names, front),
        head,
        code(several["shelf"], "text"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--results", type=Path, default=Path("results/small"))
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    log = asked.output / "rows.jsonl"
    for name, settings in SEARCHES.items():
        if name not in {row["limit"] for row in read(log)}:
            try:
                run = searched(name, settings, asked.data, asked.results)
                append(log, measured(name, run, run.folder))
            except EvolveError as error:
                print(f"{name}: {error}", flush=True)
                continue
        (asked.output / "README.md").write_text(page(read(log)), encoding="utf-8")
        print(f"{name}: {next(row['test'] for row in read(log) if row['limit'] == name):.2%}", flush=True)


if __name__ == "__main__":
    main()
