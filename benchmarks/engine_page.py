"""Writes the page of the engine's evidence from the JSON beside it.

python benchmarks/engine_page.py results/published/engine
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

from throughput_table import tables

HEAD = """# The engine: what is lost and what is wasted

Made by `python benchmarks/engine_page.py results/published/engine` from the JSON files in this folder; each part names
the command that made its file. All on two shared server cores.
"""


def soak(found: dict[str, Any]) -> str:
    rows = "\n".join(f"| {what} | {count} |" for what, count in sorted(found["by point and victim"].items()))
    verdict = (
        "Nothing was lost, nothing that was finished was trained again, and nothing differed: history, hall of fame "
        "and the winner's weights are those of the undisturbed runs with 1, 2 and 4 workers."
        if found["one history"]
        else f"Something went wrong: {found['faults']}"
    )
    return f"""## kill -9, {found["kills"]} times

`python benchmarks/crash_soak.py --kills 100 --output results/published/engine` ([soak.json](soak.json))

{found["runs"]} runs with `{found["flags"]}`, killed at random moments ("any") and at named points, each time continued
with `evolve resume`. {verdict}

| point, victim | kills |
|---|---|
{rows}
"""


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return text.replace("|", "&#124;")


def memory(found: dict[str, Any]) -> str:
    night = found["overnight"]
    figures = {key: value for key, value in night.items() if isinstance(value, int | float)}
    rows = "\n".join(f"| {name} | {value:,} |" for name, value in figures.items())
    sizes = "\n".join(
        f"| {_cell(row['network'])} | {row['estimated MB']:,} | {row['measured MB']:,} | "
        f"{row['estimate over measured']} |"
        for row in found["sizes"]
    )
    ratio = night["estimate over measured peak"]
    return f"""## Memory

`python benchmarks/memory.py cifar10.npz --output results/published/engine` ([memory.json](memory.json))

| {night["candidates"]} candidates in a row | |
|---|---|
{rows}

The estimate, by which too large networks are refused, over the measured peak of the worker that trained the candidate:
{ratio["smallest"]} to {ratio["largest"]}, median {ratio["median"]}. With networks of growing size, each in a fresh
worker:

| network | estimated MB | measured MB | ratio |
|---|---|---|---|
{sizes}
"""


def throughput(found: dict[str, Any]) -> str:
    budgets = {int(epochs): figures for epochs, figures in found["budgets"].items()}
    return f"""## Brief trainings by the hour

`python benchmarks/throughput.py cifar10.npz --output results/published/engine` ([throughput.json](throughput.json))

{tables(budgets)}
"""


def fast(found: dict[str, Any]) -> str:
    rows = "\n".join(
        f"| {row['look_ahead']} | {row['virtual clock']} | {row['fast']} | {row['ratio']} |" for row in found["rows"]
    )
    return f"""## --fast against the virtual clock

`python benchmarks/fast.py --output results/published/engine` ([fast.json](fast.json))

| look_ahead | seconds, virtual clock | seconds, --fast | ratio |
|---|---|---|---|
{rows}
"""


def coordinator(found: dict[str, Any]) -> str:
    names = [name for name in ("random", "genetic", "neat") if name in found]
    lines = ["requests per second", "processor time, last tenth over second", "bytes per request", "MB on disk"]
    rows = [f"| {line} | {' | '.join(f'{found[name][line]:,}' for name in names)} |" for line in lines]
    commands = found[names[0]]["seconds"]
    rows += [f"| {what}, seconds | {' | '.join(str(found[n]['seconds'][what]) for n in names)} |" for what in commands]
    body = "\n".join(rows)
    return f"""## The coordinator, {found["requests"]:,} requests

`python benchmarks/coordinator.py --output results/published/engine` ([coordinator.json](coordinator.json))

| | {" | ".join(names)} |
|---|{"---|" * len(names)}
{body}
"""


def costs(found: dict[str, Any]) -> str:
    rows = "\n".join(
        f"| {name} | {', '.join(f'{what} {value:,}' for what, value in figures.items())} |"
        for name, figures in found.items()
    )
    return f"""## Where the seconds and the memory of a brief training went

`python benchmarks/training_costs.py --output results/published/engine` ([training-costs.json](training-costs.json));
what the words mean is said in that script.

| | |
|---|---|
{rows}
"""


def page_faults(found: dict[str, Any]) -> str:
    rows = "\n".join(
        f"| {arm} | {mean(row['seconds'] for row in each):.1f} | {max(row['seconds'] for row in each):.1f} | "
        f"{mean(row['system'] for row in each):.1f} | {max(row['faults'] for row in each):,} | "
        f"{max(row['most_mb'] for row in each):,} |"
        for arm, each in found.items()
    )
    count = len(next(iter(found.values())))
    return f"""## Memory that is kept between training steps

`python benchmarks/page_faults.py --processes {count} --output results/published/engine`
([page-faults.json](page-faults.json)): the same three epochs in {count} fresh processes each.
By itself the C library now and then hands memory back after every step.

| memory that is freed is | seconds, mean | worst process | of the system, s | most page faults | most memory, MB |
|---|---|---|---|---|---|
{rows}
"""


PARTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "soak.json": soak,
    "memory.json": memory,
    "throughput.json": throughput,
    "fast.json": fast,
    "training-costs.json": costs,
    "page-faults.json": page_faults,
    "coordinator.json": coordinator,
}


def main() -> None:
    folder = Path(sys.argv[1])
    there = [name for name in PARTS if (folder / name).exists()]
    page = "\n".join([HEAD, *(PARTS[name](json.loads((folder / name).read_text())) for name in there)])
    (folder / "README.md").write_text(page)
    print(f"wrote {folder / 'README.md'} from {', '.join(there)}")


if __name__ == "__main__":
    main()
