"""What graphs came to in an experiment: scores, sizes, what the networks look like, and species over generations.

    python benchmarks/graphs_page.py results/graphs results/graphs-cifar10 --output results/published/graphs

Each folder is that of an experiment, see benchmarks/experiments/graphs.toml; its runs are read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import evolve
from evolve.research.trials import Trial, read_trials
from evolve.runs.leader import Leader


def page(folders: list[Path]) -> str:
    """All of it, as Markdown."""
    parts = [f"# Graphs\n\n    {COMMAND}"]
    for folder in folders:
        for trial in read_trials(folder / "rows.jsonl"):
            parts.append("\n".join(_trial(folder, trial)))
    return "\n\n".join(parts) + "\n"


COMMAND = "python benchmarks/graphs_page.py results/graphs results/graphs-cifar10 --output results/published/graphs"


def _trial(folder: Path, trial: Trial) -> Iterator[str]:
    yield f"## {trial.arm} on {trial.dataset}, seed {trial.seed}\n"
    if trial.test is None:
        yield f"Failed: {trial.reason}"
        return
    run = evolve.find(trial.folder, folder / "runs")
    first: Leader = run.hall_of_fame[0]
    rescored = "-" if first.rescored is None else f"{first.rescored:.4f}"
    yield f"- re-scored {rescored}, test {trial.test:.4f}; {run.summary()['evaluations']} candidates"
    yield f"- {first.parameters:,} weights, {first.multiply_adds:,} multiply-adds; {first.origin}"
    spec = run.network(first.candidate)
    assert spec is not None
    merges = sum(node.op in ("add", "concatenate") for node in spec.nodes)
    yield f"- {len(spec.nodes)} nodes, {merges} of them merge\n"
    yield f"    {first.notation}"
    for told in run.species:
        sizes = ", ".join(f"{one['size']} (born in {one['born']}, best {one['best']:.3f})" for one in told["species"])
        died = f"; {len(told['died'])} died" if told["died"] else ""
        yield f"\n- generation {told['generation']} of {told['of']}: species of {sizes}{died}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "README.md").write_text(page(options.folders))


if __name__ == "__main__":
    main()
