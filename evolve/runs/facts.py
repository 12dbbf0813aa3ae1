"""What is known of one candidate, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evolve.problems.spaces import WORKER_BYTES
from evolve.runs.run import Run
from evolve.runs.trainings import done
from evolve.storage.rows import CandidateRow
from evolve.values import Result
from genomes.genome import recipe_of


def candidate_json(run: Run, number: int) -> dict[str, Any]:
    """All that is known of one candidate. Raises RunError if it was never born."""
    row = run.candidate(number)
    requests = list(run.history(candidate=number))
    trained = run.full_training(number)
    return {
        "candidate": number,
        "notation": row.notation,
        "genome": row.genome,
        "parents": row.parents,
        "steps": [step.to_json() for step in row.steps],
        "parameters": row.parameters,
        "multiply_adds": row.multiply_adds,
        "layers": _layers(run, number),
        "memory": _memory(run, row, requests),
        "requests": requests,
        "in_full": done(trained[0].budget, trained[1]) if trained else None,
        "family": _family(run, number),
        "recognised": recalls(trained[1], run.class_names) if trained else {},
    }


def _memory(run: Run, row: CandidateRow, requests: list[dict[str, Any]]) -> dict[str, int]:
    """Bytes that a worker was estimated to hold while it trains a candidate, and the most that one was seen to hold."""
    peaks = [entry["timing"]["peak_bytes"] for entry in requests if "peak_bytes" in entry["timing"]]
    memory = {"measured": max(peaks)} if peaks else {}
    if spec := run.network(row.number):
        memory["estimated"] = WORKER_BYTES + spec.memory(recipe_of(run.genome(row.number)).batch_size)
    return memory


def _layers(run: Run, number: int) -> list[dict[str, Any]]:
    spec = run.network(number)
    if spec is None:
        return []
    names = ("name", "op", "shape", "parameters", "multiply_adds")
    return [{**{n: getattr(node, n) for n in names}, "settings": dict(node.settings)} for node in spec.nodes]


def _family(run: Run, number: int) -> list[dict[str, Any]]:
    """A candidate and all its ancestors, youngest first."""
    members: dict[int, dict[str, Any]] = {}
    waiting = [number]
    with run.log() as log:
        while waiting:
            member = waiting.pop()
            row = None if member in members else log.candidate(member)
            if row is not None:
                told = {"parents": row.parents, "notation": row.notation}
                told |= {"steps": [step.to_json() for step in row.steps]}
                known = log.score(member)
                members[member] = {
                    "candidate": member,
                    **told,
                    "score": known and log.objectives.first.shown(known.fitness),
                }
                waiting += row.parents
    return [members[member] for member in sorted(members, reverse=True)]


def recalls(result: Result, class_names: Sequence[str]) -> dict[str, float]:
    """Share of each class's test images that was recognised after a full training, by class name."""
    shares = {name: result.measures.get(f"recall_{number}") for number, name in enumerate(class_names)}
    return {name: value for name, value in shares.items() if value is not None}
