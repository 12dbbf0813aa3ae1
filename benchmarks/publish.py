"""A run as evidence: its hall of fame and history as JSON, and a table of all candidates with the founders marked.

python benchmarks/publish.py results/RUN results/published/RUN "the command that made it"
"""

from __future__ import annotations

import json
import sys
from math import inf
from pathlib import Path

from evolve.reporting.training_text import amount
from evolve.runs.run import Run
from evolve.values import Purpose
from genomes import Step


def table(run: Run) -> str:
    """All candidates of the search in Markdown, best score first."""
    rescored = {leader.candidate: leader.rescored for leader in run.hall_of_fame}
    rows = []
    for request in run.requests:
        result = run.results.get(request.number)
        if request.purpose is not Purpose.SEARCH or result is None:
            continue
        row = run.candidates[request.candidate]
        mean, score = rescored.get(row.number), result.measures.get(run.objective.name)
        rows.append(
            (
                inf if result.fitness is None else -result.fitness,
                f"| {row.number} | {_origin(row.parents, row.steps)} "
                f"| {result.status if score is None else format(score, '.4f')} "
                f"| {'-' if mean is None else format(mean, '.4f')} | {row.parameters:,} | {row.multiply_adds:,} "
                f"| {result.timing.get('seconds', 0):.0f} |",
            )
        )
    head = "| candidate | born | score | re-scored | weights | multiply-adds | seconds |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *(line for _, line in sorted(rows))])


def _origin(parents: tuple[int, ...], steps: tuple[Step, ...]) -> str:
    if parents:
        return "evolved from " + " and ".join(map(str, parents))
    return f"**{steps[0]}**" if steps[0].operator == "founder" else f"{steps[0]}"


def main() -> None:
    run, target, command = Run(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3]
    target.mkdir(parents=True, exist_ok=True)
    shown = {**run.summary(), "hall_of_fame": [leader.to_json() for leader in run.hall_of_fame], "winner": run.winner}
    (target / "show.json").write_text(json.dumps(shown, indent=1) + "\n")
    (target / "history.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in run.history()))
    budget = run.requests[0].budget
    winner = run.candidates[run.winner or 1]
    about = run.problem
    (target / "README.md").write_text(
        f"""# {run.name}

    {command}

{about.get("name")}, {about.get("backend")}, {about.get("device")}, seed {run.config.seed}. Score: accuracy on the
validation part after {budget.epochs} epochs on {budget.images:,} images. Re-scored: mean of {run.config.rescorings}
fresh trainings on the selection part.

The winner, candidate {run.winner}, was trained for {amount(run.in_full or {})} and reached
**{run.test_accuracy:.2%} on the test part**, opened {run.test_openings} time(s):

    {winner.notation}

{table(run)}
"""
    )


if __name__ == "__main__":
    main()
