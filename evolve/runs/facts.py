"""What is known of one candidate, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evolve.problems.spaces import WORKER_BYTES
from evolve.runs.origin import origin
from evolve.runs.run import Run
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
        "origin": origin(row),
        "parents": row.parents,
        "steps": [step.to_json() for step in row.steps],
        "parameters": row.parameters,
        "multiply_adds": row.multiply_adds,
        "layers": _layers(run, number),
        "stages": _stages(run, number),
        "memory": _memory(run, row, requests),
        "requests": requests,
        "in_full": run.done(trained[0].budget, trained[1]) if trained else None,
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
    """The nodes of a network. number: that of the layer that a node is of, as it is counted in steps; or None."""
    spec = run.network(number)
    if spec is None:
        return []
    names = ("name", "op", "shape", "parameters", "multiply_adds")
    numbers = {at: place for place, part in enumerate(spec.parts, start=1) for at in range(part.start, part.end)}
    return [
        {"number": numbers.get(at), **{n: getattr(node, n) for n in names}, "settings": dict(node.settings)}
        for at, node in enumerate(spec.nodes)
    ]


def _stages(run: Run, number: int) -> list[dict[str, Any]]:
    """A network stage by stage, with its layers as they are counted in steps; nothing if its encoding counts none.

    first, last: numbers of its layers.
    """
    spec = run.network(number)
    found: list[dict[str, Any]] = []
    for place, part in enumerate(spec.parts if spec else (), start=1):
        assert spec
        if part.begins_stage or not found:
            found.append({"first": place, "layers": [], "parameters": 0, "multiply_adds": 0})
        nodes, stage = spec.nodes[part.start : part.end], found[-1]
        stage["last"], stage["shape"] = place, nodes[-1].shape
        stage["layers"].append(part.text)
        for name in ("parameters", "multiply_adds"):
            stage[name] += sum(getattr(node, name) for node in nodes)
    return found


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
