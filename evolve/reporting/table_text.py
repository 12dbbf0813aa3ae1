"""What is in a table, as text for people."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from evolve.display.table import Column, FoldingTable
from evolve.display.text import duration, plural, score
from evolve.problems.recorded_tables import RecordedDataset, RecordedTable
from evolve.problems.table_files import Table, truth
from evolve.values import Status


def about(table: Table | RecordedTable) -> RenderableType:
    """How large a table is, and what is best in it; of a recorded one how much of it is there."""
    if isinstance(table, RecordedTable):
        return _recorded(table)
    best = max(table.entries, key=lambda code: truth(table.entries[code]))
    genes = f"{plural(len(table.choices), 'gene')} of up to {max(table.choices)} choices"
    trainings = f"at least {plural(table.trainings, 'training')} each"
    return Text(
        f"{table.name}: {len(table.entries):,} entries, {genes}, {trainings}\n"
        f"best: {best}, {score(truth(table.entries[best]))}"
    )


def _recorded(table: RecordedTable) -> RenderableType:
    first = next(iter(table.datasets.values()))
    budgets = ", ".join(f"{budget} ({repeats})" for budget, repeats in first.budgets.items())
    head = Text(
        f"{table.name}: {plural(len(first.genomes), 'genome')}, {len(first.founders)} of them founders\n"
        f"budgets, images x epochs (repeats): {budgets}\n"
    )
    columns = [Column("data set", folds=True), *(Column(str(budget), spare=2) for budget in first.budgets)]
    rows = FoldingTable((*columns, Column("failed"), Column("time", spare=3), Column("best", folds=True)))
    for data in table.datasets.values():
        rows.add_row(data.name, *_amounts(data))
    told = Text("trainings that are recorded of those that were to be; time of one core; best on the selection part\n")
    return Group(head, rows, told, _networks(table))


def _networks(table: RecordedTable) -> RenderableType:
    """What each network comes to on each data set with the largest budget."""
    datasets = list(table.datasets.values())
    rows = FoldingTable((Column("network", folds=True), *(Column(data.name, spare=1) for data in datasets)))
    for name in datasets[0].genomes:
        founder = " (founder)" if name in datasets[0].founders else ""
        rows.add_row(f"{name}{founder}", *(score(data.mean(name, data.largest)) for data in datasets))
    return Group(rows, Text(f"accuracy on the selection part with {datasets[0].largest}, mean of its repeats"))


def _amounts(data: RecordedDataset) -> list[str]:
    done = [sum(len(data.repeats(name, budget)) for name in data.genomes) for budget in data.budgets]
    wanted = [repeats * len(data.genomes) for repeats in data.budgets.values()]
    failed = sum(one.status is not Status.OK for one in data.trainings.values())
    seconds = sum(one.seconds or 0.0 for one in data.trainings.values())
    worth = {name: value for name in data.genomes if (value := data.mean(name, data.largest)) is not None}
    best = max(worth, key=lambda name: worth[name], default=None)
    said = f"{best} {score(worth[best])}" if best else "-"
    shares = [f"{is_there}/{all_of_it}" for is_there, all_of_it in zip(done, wanted, strict=True)]
    return [*shares, str(failed), duration(seconds), said]
