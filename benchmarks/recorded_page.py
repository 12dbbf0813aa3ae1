"""Reads a table of our own trainings and says what it shows.

    python benchmarks/recorded_page.py recorded.jsonl --output results/published/experiment

What images that are all changed in one way keep of the accuracy above guessing, with networks that were trained without
augmentation; how the difference between twins, with and without augmentation, moves with the budget; which networks are
best where, and what small budgets tell of that. Writes recorded.md and two pictures.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
from matplotlib.figure import Figure
from recorded_effects import Gap, gap, kept_in
from scipy.stats import spearmanr

from evolve.problems.recorded_files import load_recorded
from evolve.problems.recorded_tables import RecordedDataset, RecordedTable
from evolve.reporting.markdown import table as markdown_table
from evolve.reporting.static_charts import COLOURS, drawing, save
from evolve.search.augmentation import DESTROYS, SURVIVES
from evolve.values import Budget
from genomes.recipe import AUGMENTATION, PROBED_GROUPS

BEST = 3
ACROSS = 3  # panels beside one another


def probes(table: RecordedTable) -> Iterator[str]:
    """A table for each group: what is kept, by data set and budget."""
    yield (
        "Median over the trainings of plain networks that are clearly better than guessing (in brackets the middle "
        "half, and how many trainings those are). 1: a change costs nothing. 0: nothing is left but guessing.\n"
    )
    for group in PROBED_GROUPS:
        budgets = list(next(iter(table.datasets.values())).budgets)
        rows = [
            [name, *(_spread([one.share for one in kept_in(dataset, budget, group)]) for budget in budgets)]
            for name, dataset in table.datasets.items()
        ]
        yield f"{markdown_table([group, *map(str, budgets)], rows)}\n"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "no answer"
    low, high = np.quantile(values, (0.25, 0.75))
    return f"{median(values):.2f} ({low:.2f} to {high:.2f}; {len(values)})"


def verdicts(table: RecordedTable) -> Iterator[str]:
    """How often single trainings would decide what."""
    yield (
        "What single trainings would say, if a change *destroys* where the interval over images (two standard errors) "
        f"lies below {DESTROYS}, and *survives* where it lies above {SURVIVES}; else the question is *open*. All "
        "budgets together.\n"
    )
    rows = [[name, *(_verdicts(dataset, group) for group in PROBED_GROUPS)] for name, dataset in table.datasets.items()]
    yield f"{markdown_table(['', *PROBED_GROUPS], rows)}\n"


def _verdicts(dataset: RecordedDataset, group: str) -> str:
    counts = Counter(one.verdict for budget in dataset.budgets for one in kept_in(dataset, budget, group))
    told = [f"{counts[what]} {what}" for what in ("destroys", "open", "survives") if counts[what]]
    return ", ".join(told) or "no answer"


def twins(table: RecordedTable) -> Iterator[str]:
    """A table for each data set: the gap of each pair, by budget."""
    yield (
        "Accuracy on validation images with augmentation less that without, in points, with one standard error (paired "
        "over images, or over two repeats where that is larger). Twins begin with the same weights and see the same "
        "images in the same order.\n"
    )
    for name, dataset in table.datasets.items():
        rows = [
            [twin, augmentation(dataset, twin), *(_gap(gap(dataset, twin, plain, one)) for one in dataset.budgets)]
            for twin, plain in dataset.twins.items()
        ]
        yield f"{markdown_table([name, 'augmentation', *map(str, dataset.budgets)], rows)}\n"


def augmentation(dataset: RecordedDataset, name: str) -> str:
    """The random changes of a network's recipe, in the notation."""
    words = dataset.genomes[name].partition(" | ")[2].split(", ")
    return ", ".join(word for word in words if word.split()[0] in AUGMENTATION)


def _gap(one: Gap | None) -> str:
    return "-" if one is None else f"{one.points:+.1f} ± {one.error:.1f}"


def winners(table: RecordedTable) -> Iterator[str]:
    """The best of the largest budget, and how well small budgets order networks."""
    yield (
        "The best three after the largest budget, by accuracy on selection images, which chose nothing, and how the "
        "order after a smaller budget agrees with that (Spearman's rank correlation over all networks).\n"
    )
    small = list(next(iter(table.datasets.values())).budgets)[:-1]
    rows = []
    for name, dataset in table.datasets.items():
        scores = {one: dataset.mean(one, dataset.largest) for one in dataset.genomes}
        known = {one: score for one, score in scores.items() if score is not None}
        best = sorted(known, key=lambda one: -known[one])[:BEST]
        shown = ", ".join(f"{one} {100 * known[one]:.1f}" for one in best) or "not trained yet"
        cells = [_agreement(dataset, known, budget) for budget in small]
        rows.append([name, shown, f"{100 * dataset.chance['selection']:.1f}", *cells])
    yield f"{markdown_table(['', 'best', 'guessing', *(f'order after {one}' for one in small)], rows)}\n"
    yield "All networks after the largest budget, on selection images; of twins with / without augmentation.\n"
    rows = [[name, *(_worth(one, name) for one in table.datasets.values())] for name in _drawn(table)]
    yield f"{markdown_table(['', *table.datasets], rows)}\n"


def _drawn(table: RecordedTable) -> list[str]:
    """All networks but those that are another one's twin without augmentation."""
    first = next(iter(table.datasets.values()))
    return [name for name in first.genomes if name not in first.twins.values()]


def _worth(dataset: RecordedDataset, name: str) -> str:
    """As "76.3", or "76.3 / 74.3"; "-" for what failed."""
    names = [name, dataset.twins[name]] if name in dataset.twins else [name]
    scores = [dataset.mean(one, dataset.largest) for one in names]
    return " / ".join("-" if score is None else f"{100 * score:.1f}" for score in scores)


def _agreement(dataset: RecordedDataset, known: dict[str, float], budget: Budget) -> str:
    pairs = [(dataset.mean(name, budget, part="validation"), score) for name, score in known.items()]
    both = [(small, large) for small, large in pairs if small is not None]
    if len(both) < BEST:
        return "-"
    return f"{spearmanr(*zip(*both, strict=True)).statistic:.2f}"


def facts(table: RecordedTable) -> Iterator[str]:
    """What was recorded, where, and how long it took."""
    trainings = [one for dataset in table.datasets.values() for one in dataset.trainings.values()]
    wanted = sum(len(one.genomes) * sum(one.budgets.values()) for one in table.datasets.values())
    failed = [one for one in trainings if one.status != "ok"]
    machines = Counter(f"{one.machine.get('processor')}, {one.machine.get('backend')}" for one in trainings)
    hours = sum(one.seconds or 0.0 for one in trainings) / 3600
    seen = sum(int(one.spent.get("seen", 0)) for one in trainings) / 1e6
    yield (
        f"{len(trainings)} of {wanted} trainings, {len(failed)} of them failed; {seen:.1f} million images seen in "
        f"{hours:.1f} hours of one core.\n"
    )
    for machine, count in machines.most_common():
        yield f"- {count} on {machine}"
    yield ""


def gaps_picture(table: RecordedTable) -> Figure:
    """How the gaps of twins move with the budget, a panel for each data set."""
    rows = math.ceil(len(table.datasets) / ACROSS)
    figure = Figure(figsize=(9, 2.7 * rows + 0.6), layout="constrained")
    panels = [panel for row in figure.subplots(rows, ACROSS, squeeze=False) for panel in row]
    for panel in panels[len(table.datasets) :]:
        panel.set_axis_off()
    for panel, (name, dataset) in zip(panels, table.datasets.items(), strict=False):
        for colour, (with_it, without) in zip(COLOURS, dataset.twins.items(), strict=False):
            found = [(place, gap(dataset, with_it, without, one)) for place, one in enumerate(dataset.budgets)]
            known = [(place, one) for place, one in found if one is not None]
            panel.errorbar(
                [place for place, _ in known],
                [one.points for _, one in known],
                [2 * one.error for _, one in known],
                color=colour,
                label=f"{with_it}: {augmentation(dataset, with_it)}",
                marker="o",
                markersize=3,
                linewidth=1,
            )
        panel.axhline(0, color="0.6", linewidth=0.8)
        panel.set_title(name, fontsize=10)
        panel.set_xticks(range(len(dataset.budgets)), list(map(str, dataset.budgets)), rotation=45, fontsize=7)
        panel.tick_params(axis="y", labelsize=8)
    figure.supylabel("points gained by augmentation", fontsize=9)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8, frameon=False
    )
    return figure


def probes_picture(table: RecordedTable) -> Figure:
    """What changed images keep after the largest budget for which that is known: a point for each training."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    panel = figure.subplots()
    for colour, (at, (name, dataset)) in zip(COLOURS, enumerate(table.datasets.items()), strict=False):
        for place, group in enumerate(PROBED_GROUPS):
            budgets = [one for one in dataset.budgets if kept_in(dataset, one, group)]
            values = [one.share for one in kept_in(dataset, budgets[-1], group)] if budgets else []
            where = place + 0.15 * (at - (len(table.datasets) - 1) / 2)
            panel.scatter([where] * len(values), values, s=9, alpha=0.7, color=colour, label=None if place else name)
    for bound in (DESTROYS, SURVIVES):
        panel.axhline(bound, color="0.6", linewidth=0.8, linestyle=":")
    panel.axhline(0, color="0.6", linewidth=0.8)
    panel.set_xticks(range(len(PROBED_GROUPS)), PROBED_GROUPS)
    panel.set_ylabel("kept of the accuracy above guessing")
    figure.legend(loc="outside upper center", ncols=len(table.datasets), fontsize=8, frameon=False)
    return figure


def page(table: RecordedTable, conclusions: str) -> str:
    """The page. conclusions: written by hand, from what the tables show."""
    parts = [
        "# A table of our own trainings\n",
        "    evolve table record benchmarks/experiments/recorded.toml --data FOLDER --output recorded.jsonl",
        "    python benchmarks/recorded_page.py recorded.jsonl --output results/published/experiment\n",
        *([conclusions] if conclusions else []),
        *facts(table),
        "## What changed images keep\n",
        *probes(table),
        "![what changed images keep](recorded-probes.svg)\n",
        *verdicts(table),
        "## Twins: what augmentation gains, by budget\n",
        *twins(table),
        "![what augmentation gains, by budget](recorded-twins.svg)\n",
        "## Which networks win where\n",
        *winners(table),
    ]
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--output", type=Path, default=Path("results/experiment"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    write(load_recorded(options.table), options.output)


def write(table: RecordedTable, output: Path) -> None:
    """Writes the page and its pictures. What recorded-conclusions.md says, if it is there, stands at the top."""
    beside = output / "recorded-conclusions.md"
    text = page(table, beside.read_text() if beside.exists() else "")
    (output / "recorded.md").write_text(text)
    with drawing():
        figures = {"probes": probes_picture(table), "twins": gaps_picture(table)}
    for name, figure in figures.items():
        save(figure, output / f"recorded-{name}.svg")
    print(text)


if __name__ == "__main__":
    main()
