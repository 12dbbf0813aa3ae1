"""What graphs came to in an experiment: scores, sizes, what the networks look like, and species over generations.

    python benchmarks/graphs_page.py results/graphs results/graphs-cifar10 --output results/published/graphs

Each folder is that of an experiment, see benchmarks/experiments/graphs.toml; its runs are read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

import evolve
from evolve.display.text import count
from evolve.reporting.markdown import table
from evolve.reporting.static_charts import COLOURS, SETTINGS
from evolve.research.trials import Trial, folder_name, read_trials
from evolve.runs.leader import Leader
from genomes.spec import ModelSpec

COMMAND = "python benchmarks/graphs_page.py results/graphs results/graphs-cifar10 --output results/published/graphs"
COLUMNS = ("data set", "arm", "seed", "re-scored", "test", "candidates", "weights", "multiply-adds", "layers", "merges")


@dataclass(frozen=True)
class Winner:
    """The winner of a trial, and the run that found it."""

    trial: Trial
    run: evolve.Run
    leader: Leader

    @property
    def network(self) -> ModelSpec:
        network = self.run.network(self.leader.candidate)
        assert network is not None
        return network

    @property
    def merges(self) -> int:
        return sum(node.op in ("add", "concatenate") for node in self.network.nodes)

    @property
    def bred(self) -> Leader | None:
        """The best network that was bred, where that is not the winner."""
        bred = (one for one in self.run.hall_of_fame if one.parents and not one.origin.startswith("founder"))
        best = next(bred, None)
        return best if best != self.leader else None


def winner(folder: Path, trial: Trial) -> Winner:
    run = evolve.find(trial.folder, folder / "runs")
    leader = next(one for one in run.hall_of_fame if one.candidate == run.winner)
    return Winner(trial, run, leader)


def page(folders: list[Path], output: Path) -> str:
    """All of it, as Markdown; pictures of networks are written beside it."""
    trials = [(folder, trial) for folder in folders for trial in read_trials(folder / "rows.jsonl")]
    found = [winner(folder, trial) for folder, trial in trials if trial.ok]
    failed = [
        f"{trial.arm} on {trial.dataset}, seed {trial.seed}, failed: {trial.reason}"
        for _, trial in trials
        if not trial.ok
    ]
    parts = ["# Graphs", f"    {COMMAND}", table(COLUMNS, [_row(one) for one in found]), *failed]
    return "\n\n".join([*parts, *("\n".join(_section(one, output)) for one in found)]) + "\n"


def _row(one: Winner) -> list[str]:
    trial, leader = one.trial, one.leader
    scores = ["-" if leader.rescored is None else f"{leader.rescored:.1%}", f"{trial.test:.1%}"]
    candidates = f"{trial.evaluations:,}"
    costs = [count(leader.parameters), count(leader.multiply_adds), str(len(one.network.nodes)), str(one.merges)]
    return [trial.dataset, trial.arm, str(trial.seed), *scores, candidates, *costs]


def _section(one: Winner, output: Path) -> Iterator[str]:
    """What a winner looks like, and the species of its run."""
    trial, name = one.trial, folder_name(*one.trial.key)
    yield f"## {trial.arm} on {trial.dataset}, seed {trial.seed}\n"
    yield from _shown(one.run, one.leader, output / f"{name}.svg")
    if one.bred is not None:
        yield "\nThe best that was bred:\n"
        yield from _shown(one.run, one.bred, output / f"{name}-bred.svg")
    for of in dict.fromkeys(told["of"] for told in one.run.species):
        generations = [told for told in one.run.species if told["of"] == of]
        picture = output / f"{name}-{of}.svg"
        draw_species(generations, of, picture)
        died = sum(len(told["died"]) for told in generations)
        yield f"\nSpecies of {of} over generations, each with the best score that one of it had at last; {died} died:\n"
        yield f"![How many are of which species]({picture.name})"


def draw_species(generations: Sequence[Mapping[str, Any]], of: str, picture: Path) -> None:
    """How many belong to each species in each generation, as bars that stand on each other."""
    figure = Figure(figsize=(6, 2.4), layout="constrained")
    axes = figure.add_subplot()
    last = {one["species"]: one["best"] for told in generations for one in told["species"]}
    below = [0] * len(generations)
    for (species, best), colour in zip(last.items(), cycle(COLOURS), strict=False):
        sizes = [sum(one["size"] for one in told["species"] if one["species"] == species) for told in generations]
        axes.bar(range(len(sizes)), sizes, bottom=below, label=f"{species}: {best:.3f}", color=colour)
        below = [low + size for low, size in zip(below, sizes, strict=True)]
    axes.set_xlabel("generation")
    axes.set_ylabel(of)
    axes.set_xticks(range(len(generations)), [str(told["generation"]) for told in generations])
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(title="species: best", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")
    with rc_context(SETTINGS):
        figure.savefig(picture, metadata={"Date": None})


def _shown(run: evolve.Run, leader: Leader, picture: Path) -> Iterator[str]:
    """A network: where it comes from, its score, its line and its picture."""
    yield f"{leader}\n"
    yield f"    {leader.notation}\n"
    picture.write_text(run.picture(leader.candidate), encoding="utf-8")
    yield f"![The layers of that network]({picture.name})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "README.md").write_text(page(options.folders, options.output), encoding="utf-8")


if __name__ == "__main__":
    main()
